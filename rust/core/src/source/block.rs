//! A block of rows, kept as they come: row by row or column by column.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, s};

use crate::error::GmmError;
use crate::float::Float;
use crate::rows::{Buffer, buffer};

/// Values of a column that are copied at a time. Of 4096 bytes on, some libraries of C take an instruction that is ten times
/// slower on some processors where both places have nearly the same address in their pages.
const AT_A_TIME: usize = 256;

/// Consecutive rows that have been read. The first that are appended decide whether they lie row by row or column by
/// column: so whatever comes like them is copied as it is.
#[derive(Debug)]
pub struct Block<T> {
    values: Buffer<T>,
    n_features: usize,
    n_rows: usize,
    /// Rows that there is room for.
    capacity: usize,
    is_by_columns: bool,
}

impl<T: Float> Block<T> {
    /// No rows yet, but room for `capacity`.
    pub(super) fn new(n_features: usize, capacity: usize) -> Self {
        Self {
            values: buffer(column_stride::<T>(capacity) * n_features),
            n_features,
            n_rows: 0,
            capacity,
            is_by_columns: false,
        }
    }

    /// Makes room for other rows.
    pub(super) fn clear(&mut self) {
        self.n_rows = 0;
    }

    /// Number of columns, D.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of rows that there is room for.
    pub fn n_missing(&self) -> usize {
        self.capacity - self.n_rows
    }

    /// Appends rows, at most [`n_missing`](Self::n_missing), of any strides.
    ///
    /// # Errors
    /// [`GmmError::Reading`] for another number of columns than others have.
    pub fn append(&mut self, rows: ArrayView2<'_, T>) -> Result<(), GmmError> {
        self.check_width(rows.ncols())?;
        if self.n_rows == 0 {
            let strides = rows.strides();
            self.is_by_columns = strides[0].unsigned_abs() < strides[1].unsigned_abs();
        }
        if self.is_by_columns {
            self.copy_columns(rows.nrows(), rows.columns());
        } else {
            self.places(rows.nrows()).assign(&rows);
            self.n_rows += rows.nrows();
        }
        Ok(())
    }

    /// The same, of rows whose columns lie apart.
    ///
    /// # Errors
    /// [`GmmError::Reading`] for another number of columns than others have, and for columns of different lengths.
    pub fn append_columns(&mut self, columns: &[ArrayView1<'_, T>]) -> Result<(), GmmError> {
        self.check_width(columns.len())?;
        let n_rows = columns.first().map_or(0, |column| column.len());
        if columns.iter().any(|column| column.len() != n_rows) {
            let message = "a part of X has columns of different lengths";
            return Err(GmmError::Reading(message.into()));
        }
        self.is_by_columns |= self.n_rows == 0;
        self.copy_columns(n_rows, columns.iter().copied());
        Ok(())
    }

    fn copy_columns<'a>(
        &mut self,
        n_rows: usize,
        columns: impl IntoIterator<Item = ArrayView1<'a, T>>,
    ) {
        let mut places = self.places(n_rows);
        for (mut places, column) in places.columns_mut().into_iter().zip(columns) {
            let places = places.axis_chunks_iter_mut(Axis(0), AT_A_TIME);
            let parts = column.axis_chunks_iter(Axis(0), AT_A_TIME);
            places
                .zip(parts)
                .for_each(|(mut place, part)| place.assign(&part));
        }
        self.n_rows += n_rows;
    }

    /// All rows.
    pub(super) fn view(&self) -> ArrayView2<'_, T> {
        let shape = (self.n_rows, self.n_features).strides(self.strides());
        ArrayView2::from_shape(shape, &self.values).expect("there is room for all rows")
    }

    /// Where the next rows shall be.
    fn places(&mut self, n_rows: usize) -> ArrayViewMut2<'_, T> {
        let shape = (self.capacity, self.n_features).strides(self.strides());
        let all = ArrayViewMut2::from_shape(shape, &mut self.values);
        let places = s![self.n_rows..self.n_rows + n_rows, ..];
        all.expect("there is room for all rows").slice_move(places)
    }

    fn strides(&self) -> (usize, usize) {
        match self.is_by_columns {
            true => (1, column_stride::<T>(self.capacity)),
            false => (self.n_features, 1),
        }
    }

    fn check_width(&self, n_columns: usize) -> Result<(), GmmError> {
        if n_columns == self.n_features {
            return Ok(());
        }
        Err(GmmError::Reading(format!(
            "a part of X has {n_columns} columns, others have {}",
            self.n_features
        )))
    }
}

/// From one column to the next, where each has `len` values: an odd number of cache lines, so that the values of a row
/// don't fall into few sets of the caches.
fn column_stride<T>(len: usize) -> usize {
    let line = 64 / size_of::<T>();
    (len.div_ceil(line) | 1) * line
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn numbers(n_rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((n_rows, 3), |(n, d)| (10 * n + d) as f64)
    }

    #[test]
    fn parts_of_any_layout_become_one_block() {
        let all = numbers(12);
        let by_columns = all.t().as_standard_layout().into_owned().reversed_axes();
        let wide = ndarray::concatenate![Axis(1), all, all];
        let layouts = [all.view(), by_columns.view(), wide.slice(s![.., ..3])];
        for first in &layouts {
            for second in &layouts {
                let mut block = Block::new(3, 12);
                block.append(first.slice(s![..0, ..])).expect("3 columns");
                block.append(first.slice(s![..5, ..])).expect("3 columns");
                block.append(second.slice(s![5..9, ..])).expect("3 columns");
                let columns: Vec<_> = second.columns().into_iter().collect();
                let columns: Vec<_> = columns.iter().map(|c| c.slice(s![9..11])).collect();
                block.append_columns(&columns).expect("3 columns");
                assert_eq!((block.n_rows(), block.n_missing()), (11, 1));
                assert_eq!(block.view(), all.slice(s![..11, ..]));
                block.clear();
                block.append_columns(&columns).expect("3 columns");
                assert!(block.view().column(2).as_slice().is_some());
                assert_eq!(block.view(), all.slice(s![9..11, ..]));
            }
        }
    }

    #[test]
    fn columns_are_an_odd_number_of_lines_apart() {
        for len in [1, 8, 63, 512, 4096, 12_288] {
            let lines = |bytes: usize| (bytes / 64, bytes % 64);
            for (stride, size) in [
                (column_stride::<f64>(len), 8),
                (column_stride::<f32>(len), 4),
            ] {
                assert!(stride >= len);
                let (whole, rest) = lines(stride * size);
                assert_eq!((whole % 2, rest), (1, 0));
            }
        }
    }

    #[test]
    fn other_widths_and_ragged_columns_are_refused() {
        let mut block = Block::new(3, 9);
        let rows = numbers(4);
        let narrow = block.append(rows.slice(s![.., ..2])).unwrap_err();
        assert!(narrow.to_string().contains("2 columns, others have 3"));
        let columns = [rows.column(0), rows.column(1), rows.slice(s![1.., 2])];
        assert!(block.append_columns(&columns).is_err());
        assert_eq!(block.n_rows(), 0);
    }
}
