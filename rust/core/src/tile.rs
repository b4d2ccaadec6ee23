//! Packs rows of any stride into lane-major scratch: one SIMD lane per row.

use std::ops::Range;

use aligned_vec::AVec;
use ndarray::{ArrayView2, s};

use crate::float::Float;

/// Rows that a tile holds at most. A multiple of every register tile of the kernels
/// (6 vectors of 8 lanes, 2 vectors of 4, 2 or 1 lanes).
pub(crate) const TILE: usize = 192;

/// Entries of a `TILE`-wide table, one row of lanes per feature or component, aligned to cache lines.
pub(crate) type Lanes = AVec<f64>;

/// A zeroed table of `n_rows` rows of [`TILE`] lanes.
pub(crate) fn lanes(n_rows: usize) -> Lanes {
    AVec::from_iter(64, std::iter::repeat_n(0.0, n_rows * TILE))
}

/// Up to [`TILE`] rows of the data, transposed: feature d of row n is at `values[d * TILE + n]`.
#[derive(Debug)]
pub(crate) struct Tile {
    values: Lanes,
    len: usize,
}

impl Tile {
    pub(crate) fn new(n_features: usize) -> Self {
        Self {
            values: lanes(n_features),
            len: 0,
        }
    }

    /// Loads the rows `range` of `data`. Lanes beyond them repeat the last row, so that whatever
    /// is computed there is as finite as the data.
    pub(crate) fn load<T: Float>(&mut self, data: ArrayView2<'_, T>, range: Range<usize>) {
        self.len = range.len();
        transpose(data.slice(s![range, ..]), &mut self.values);
    }

    /// Number of rows held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Values, feature by feature, [`TILE`] lanes each.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }
}

/// Writes `rows` (at most [`TILE`]) into `out`, column by column; the last row fills up each column.
pub(crate) fn transpose<T: Float>(rows: ArrayView2<'_, T>, out: &mut [f64]) {
    let len = rows.nrows();
    for (n, row) in rows.rows().into_iter().enumerate() {
        for (lane, value) in out[n..].iter_mut().step_by(TILE).zip(row) {
            *lane = value.to_f64();
        }
    }
    for column in out.chunks_exact_mut(TILE).take(rows.ncols()) {
        let last = column[len - 1];
        column[len..].fill(last);
    }
}
