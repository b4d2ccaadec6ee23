//! How far the values of each feature reach, and whether all of them are numbers.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::answer::Request;
use super::pass::Pass;
use super::span_sums::Sum;
use crate::error::GmmError;
use crate::float::Float;
use crate::parallel::Spans;
use crate::rows::{Units, all_finite};

/// The least and the largest value of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extent {
    low: Vec<f64>,
    high: Vec<f64>,
    /// Row, column and value of the first entry that is NaN or infinite.
    non_finite: Option<(usize, usize, f64)>,
}

impl Extent {
    /// Of rows that are finite, with these bounds.
    pub(super) fn new(low: Vec<f64>, high: Vec<f64>) -> Self {
        Self {
            low,
            high,
            non_finite: None,
        }
    }

    /// Of no rows.
    pub(crate) fn none(n_features: usize) -> Self {
        Self::new(
            vec![f64::INFINITY; n_features],
            vec![f64::NEG_INFINITY; n_features],
        )
    }

    /// Of `rows`, of which the first has the number `first_row`.
    pub(crate) fn of<T: Float>(rows: ArrayView2<'_, T>, first_row: usize) -> Self {
        let mut extent = Self::none(rows.ncols());
        match rows.as_slice() {
            Some(values) => widen(&mut extent.low, &mut extent.high, values),
            None => {
                let bounds = extent.low.chunks_mut(1).zip(extent.high.chunks_mut(1));
                for (column, (low, high)) in rows.columns().into_iter().zip(bounds) {
                    let column = column.as_standard_layout();
                    widen(low, high, column.as_slice().expect("copied if need be"));
                }
            }
        }
        if !all_finite(rows) {
            let mut entries = rows.indexed_iter();
            let found = entries.find(|(_, x)| !x.to_f64().is_finite());
            extent.non_finite =
                found.map(|((row, column), x)| (first_row + row, column, x.to_f64()));
        }
        extent
    }

    /// # Errors
    /// [`GmmError::NonFinite`] for the first entry that is NaN or infinite.
    pub(crate) fn check_finite(&self) -> Result<(), GmmError> {
        match self.non_finite {
            None => Ok(()),
            Some((row, column, value)) => Err(GmmError::NonFinite {
                name: "X",
                row,
                column,
                value,
            }),
        }
    }

    /// The least and the largest value of each feature.
    pub(crate) fn bounds(&self) -> (&[f64], &[f64]) {
        (&self.low, &self.high)
    }

    /// Half the difference between both, which can't overflow.
    pub(crate) fn half_ranges(&self) -> Vec<f64> {
        let bounds = self.low.iter().zip(&self.high);
        bounds.map(|(low, high)| 0.5 * high - 0.5 * low).collect()
    }

    /// The same in other units.
    pub(super) fn scaled(&self, units: &Units) -> Self {
        let mut scaled = self.clone();
        units.scale_row(&mut scaled.low);
        units.scale_row(&mut scaled.high);
        scaled
    }
}

/// Widens the bounds to rows whose values lie one after another. Several rows are compared as one long row, so that
/// vectors are full however few features there are.
fn widen<T: Float>(low: &mut [f64], high: &mut [f64], values: &[T]) {
    const LONG: usize = 128;
    let n_features = low.len();
    let n_rows = LONG.div_ceil(n_features);
    let (mut lows, mut highs) = (low.repeat(n_rows), high.repeat(n_rows));
    for values in values.chunks(n_features * n_rows) {
        for (x, (low, high)) in values.iter().zip(lows.iter_mut().zip(&mut highs)) {
            let x = x.to_f64();
            *low = if x < *low { x } else { *low };
            *high = if x > *high { x } else { *high };
        }
    }
    for (place, (least, largest)) in lows.into_iter().zip(highs).enumerate() {
        let d = place % n_features;
        low[d] = low[d].min(least);
        high[d] = high[d].max(largest);
    }
}

impl Sum for Extent {
    fn merge(&mut self, later: Self) {
        let least = self.low.iter_mut().zip(later.low);
        least.for_each(|(low, other)| *low = low.min(other));
        let largest = self.high.iter_mut().zip(later.high);
        largest.for_each(|(high, other)| *high = high.max(other));
        self.non_finite = self.non_finite.or(later.non_finite);
    }
}

/// The pass that finds it.
pub(super) struct ExtentPass {
    /// The number of the row that passes call the first.
    pub(super) first_row: usize,
    pub(super) n_features: usize,
}

impl<T: Float> Pass<T> for ExtentPass {
    type Sum = Extent;

    fn spans(&self, n_samples: usize) -> Spans {
        Spans::new(n_samples, self.n_features, 2 * self.n_features, 0)
    }

    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> Extent {
        Extent::of(rows, self.first_row + start)
    }

    fn request(&self) -> Option<Request> {
        Some(Request::Extent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn extents_join_and_the_first_bad_entry_is_named() {
        let rows = array![[1.0, -2.0], [3.0, f64::NAN], [f64::INFINITY, 7.0]];
        let mut extent = Extent::of(rows.slice(ndarray::s![..1, ..]), 10);
        assert_eq!(extent.check_finite(), Ok(()));
        extent.merge(Extent::of(rows.slice(ndarray::s![1.., ..]), 11));
        assert_eq!(extent.bounds().0, [1.0, -2.0]);
        assert!(matches!(
            extent.check_finite(),
            Err(GmmError::NonFinite {
                row: 11,
                column: 1,
                ..
            })
        ));
        let all = Extent::of(rows.view(), 10);
        let by_columns = rows.t().as_standard_layout().into_owned();
        assert_eq!(Extent::of(by_columns.t(), 10).bounds(), all.bounds());
        assert_eq!(all.bounds().1, [f64::INFINITY, 7.0]);
        let wide = Extent::of(array![[-1.5e308], [1.5e308]].view(), 0);
        assert_eq!(wide.half_ranges(), [1.5e308]);
    }
}
