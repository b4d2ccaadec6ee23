//! Rows of given numbers.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::answer::Request;
use super::pass::Pass;
use super::span_sums::Sum;
use crate::float::Float;
use crate::parallel::Spans;

/// The pass that finds them.
pub(super) struct Gather<'a> {
    /// In order; a number may be there more than once.
    pub(super) numbers: &'a [usize],
    /// The number of the row that passes call the first.
    pub(super) first_row: usize,
    pub(super) n_features: usize,
}

/// The values of rows, one row after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gathered(pub(super) Vec<f64>);

impl Sum for Gathered {
    fn merge(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

impl<T: Float> Pass<T> for Gather<'_> {
    type Sum = Gathered;

    fn spans(&self, n_samples: usize) -> Spans {
        Spans::new(n_samples, self.n_features, self.n_features, 0)
    }

    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> Gathered {
        let first = self.first_row + start;
        let from = self.numbers.partition_point(|&n| n < first);
        let to = self.numbers.partition_point(|&n| n < first + rows.nrows());
        let numbers = self.numbers[from..to].iter();
        let mut values = Vec::with_capacity((to - from) * self.n_features);
        for &n in numbers {
            values.extend(rows.row(n - first).iter().map(|x| x.to_f64()));
        }
        Gathered(values)
    }

    fn request(&self) -> Option<Request> {
        Some(Request::Rows(self.numbers.to_vec()))
    }
}
