//! Mean and variance of each feature.

use crate::data::Rows;
use crate::float::Float;
use crate::parallel::{Spans, Threads};
use ndarray::{Axis, s};

/// Mean and variance (divided by N) of each column of the data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnMoments {
    pub(crate) mean: Vec<f64>,
    pub(crate) variance: Vec<f64>,
}

impl ColumnMoments {
    /// Two passes, each a sum of differences from a point among the data, so that the distance of
    /// the data from the origin costs no digits (Chan, Golub & LeVeque 1983).
    pub(crate) fn new<T: Float>(rows: Rows<'_, T>, threads: &Threads) -> Self {
        let n = rows.n_samples() as f64;
        let first: Vec<f64> = rows.view().row(0).iter().map(|x| x.to_f64()).collect();
        let shift = column_sums(rows, &first, |difference| difference, threads);
        let mean: Vec<f64> = first
            .iter()
            .zip(shift)
            .map(|(x, sum)| x + sum / n)
            .collect();
        let squares = column_sums(rows, &mean, |difference| difference * difference, threads);
        let variance = squares.into_iter().map(|sum| sum / n).collect();
        Self { mean, variance }
    }

    /// The variances, with a stand-in for features that are constant (up to rounding): the mean of
    /// the others, or 1 where all are constant.
    pub(crate) fn positive_variance(&self) -> Vec<f64> {
        let varies = |(variance, mean): (&f64, &f64)| {
            *variance > 0.0 && variance.sqrt() > 4.0 * f64::EPSILON * mean.abs()
        };
        let pairs = || self.variance.iter().zip(&self.mean);
        let varying: Vec<f64> = pairs().filter(|&p| varies(p)).map(|p| *p.0).collect();
        let substitute = if varying.is_empty() {
            1.0
        } else {
            varying.iter().sum::<f64>() / varying.len() as f64
        };
        pairs()
            .map(|p| if varies(p) { *p.0 } else { substitute })
            .collect()
    }
}

/// Σ_n f(x_n − origin) for each column.
fn column_sums<T: Float>(
    rows: Rows<'_, T>,
    origin: &[f64],
    f: fn(f64) -> f64,
    threads: &Threads,
) -> Vec<f64> {
    let spans = Spans::new(rows.n_samples(), 4 * rows.n_features(), 0);
    let partials = threads.map(spans.ranges(), |span| {
        let mut sums = vec![0.0; origin.len()];
        for row in rows.view().slice(s![span, ..]).axis_iter(Axis(0)) {
            for ((sum, x), origin) in sums.iter_mut().zip(row).zip(origin) {
                *sum += f(x.to_f64() - origin);
            }
        }
        sums
    });
    let mut total = vec![0.0; origin.len()];
    for partial in partials {
        for (sum, term) in total.iter_mut().zip(partial) {
            *sum += term;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_far_offset_costs_no_digits() {
        let data = Array2::from_shape_fn((1000, 2), |(n, d)| 1e8 + ((n * (4 * d + 3)) % 10) as f64);
        let rows = Rows::new(data.view()).expect("finite");
        let moments = ColumnMoments::new(rows, &Threads::new(2).expect("2 threads"));
        assert_eq!(moments.mean, [1e8 + 4.5, 1e8 + 4.5]);
        assert_eq!(moments.variance, [8.25, 8.25]);
    }

    #[test]
    fn constant_features_get_the_variance_of_the_others() {
        let data = Array2::from_shape_fn((4, 2), |(n, d)| if d == 0 { 0.1 } else { n as f64 });
        let rows = Rows::new(data.view()).expect("finite");
        let moments = ColumnMoments::new(rows, &Threads::new(1).expect("1 thread"));
        assert_eq!(moments.positive_variance(), [1.25, 1.25]);
        let constant = Array2::from_elem((3, 2), 7.0);
        let rows = Rows::new(constant.view()).expect("finite");
        let moments = ColumnMoments::new(rows, &Threads::new(1).expect("1 thread"));
        assert_eq!(moments.positive_variance(), [1.0, 1.0]);
    }
}
