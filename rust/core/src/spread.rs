//! Centre and spread of each feature, which far outliers don't move.
//!
//! A value is far out if it lies more than three interquartile ranges outside the quartiles
//! (Tukey 1977, §2D) and is one of few: at most one in a hundred. Mean and variance are those of the
//! other values. Where nothing is far out they are the plain ones. Multiplying or shifting a feature multiplies or shifts the result.

use std::ops::RangeInclusive;

use ndarray::{ArrayView1, ArrayView2, Axis, s};

use crate::data::Rows;
use crate::error::{GmmError, check_parameter};
use crate::float::Float;
use crate::parallel::{Spans, Threads};

/// Rows that the quartiles are taken from: at most this many, evenly spaced.
const QUARTILE_ROWS: usize = 4096;

/// How far out is far out, in interquartile ranges beyond the quartiles.
const FENCE: f64 = 3.0;

/// One value in so many may be an outlier; if more are far out, they are a part of the data.
const RARE: usize = 100;

/// Mean and variance (divided by the count) of each column, far outliers aside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: Vec<f64>,
    /// Above 0: a constant feature (up to rounding) has the mean of the others, or 1 where all are constant.
    pub(crate) variance: Vec<f64>,
}

impl Spread {
    /// Two passes, each a sum of differences from a value among them, so that the distance of
    /// the data from the origin costs no digits (Chan, Golub & LeVeque 1983).
    ///
    /// # Errors
    /// [`GmmError::Parameter`] where a square overflows.
    pub(crate) fn new<T: Float>(
        rows: Rows<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        threads: &Threads,
    ) -> Result<Self, GmmError> {
        let view = rows.view();
        let sample_weight = sample_weight.as_ref().map(|view| view.reborrow());
        let fence = |column| Fence::new(column, sample_weight);
        let fences = threads.map(view.axis_iter(Axis(1)).collect(), fence);
        let origin: Vec<f64> = fences.iter().map(|fence| fence.quartile).collect();
        let values = Values {
            view,
            fences: &fences,
            sample_weight,
        };
        let shift = values.means(&origin, |difference| difference, threads);
        let mean: Vec<f64> = origin.iter().zip(shift).map(|(o, s)| o + s).collect();
        let mut variance = values.means(&mean, |difference| difference * difference, threads);
        check_parameter(
            variance.iter().all(|v| v.is_finite()),
            "X",
            "so large that its square overflows",
            "below 1e150 in magnitude: divide it by a constant first",
        )?;
        replace_constant(&mut variance, &mean);
        Ok(Self { mean, variance })
    }
}

/// Where the values of a column end that aren't far out.
struct Fence {
    /// The lower quartile.
    quartile: f64,
    /// Everything that isn't far out.
    inside: RangeInclusive<f64>,
}

impl Fence {
    /// The fences of the values in `column` whose weight isn't 0.
    fn new<T: Float>(
        column: ArrayView1<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
    ) -> Self {
        let counts = |n: &usize| sample_weight.is_none_or(|weights| weights[*n] > 0.0);
        let n_values = (0..column.len()).filter(counts).count();
        let step = n_values.div_ceil(QUARTILE_ROWS).max(1);
        let sample = (0..column.len()).filter(counts).step_by(step);
        let mut values: Vec<f64> = sample.map(|n| column[n].to_f64()).collect();
        let mut quantile = |numerator: usize| {
            let index = (values.len() - 1) * numerator / 4;
            *values.select_nth_unstable_by(index, f64::total_cmp).1
        };
        let (lower, upper) = (quantile(1), quantile(3));
        let range = upper - lower;
        let inside = lower - FENCE * range..=upper + FENCE * range;
        let beyond = values.iter().filter(|x| !inside.contains(x)).count();
        let few = (values.len() / RARE).max(1);
        let inside = if range > 0.0 && beyond <= few {
            inside
        } else {
            f64::NEG_INFINITY..=f64::INFINITY
        };
        Self {
            quartile: lower,
            inside,
        }
    }
}

/// The values that aren't far out, and how often each counts.
struct Values<'a, T> {
    view: ArrayView2<'a, T>,
    fences: &'a [Fence],
    sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<T: Float> Values<'_, T> {
    /// The mean of f(x − origin), for each column.
    fn means(&self, origin: &[f64], f: fn(f64) -> f64, threads: &Threads) -> Vec<f64> {
        let spans = Spans::new(self.view.nrows(), 8 * self.view.ncols(), 0);
        let partials = threads.map(spans.ranges(), |span| {
            let mut sums = vec![(0.0, 0.0); origin.len()];
            let rows = self.view.slice(s![span.clone(), ..]);
            for (n, row) in span.zip(rows.axis_iter(Axis(0))) {
                let weight = self.sample_weight.map_or(1.0, |weights| weights[n]);
                let columns = sums.iter_mut().zip(row).zip(origin).zip(self.fences);
                for (((sum, x), origin), fence) in columns {
                    let x = x.to_f64();
                    if fence.inside.contains(&x) {
                        sum.0 += weight * f(x - origin);
                        sum.1 += weight;
                    }
                }
            }
            sums
        });
        let mut totals = vec![(0.0, 0.0); origin.len()];
        for partial in partials {
            for (total, term) in totals.iter_mut().zip(partial) {
                total.0 += term.0;
                total.1 += term.1;
            }
        }
        // The quartiles themselves are inside, so no count is 0.
        totals.into_iter().map(|(sum, count)| sum / count).collect()
    }
}

/// Gives features that are constant, up to rounding, the mean variance of the others.
fn replace_constant(variance: &mut [f64], mean: &[f64]) {
    let varies = |v: f64, m: f64| v > 0.0 && v.sqrt() > 4.0 * f64::EPSILON * m.abs();
    let (mut sum, mut count) = (0.0, 0.0);
    for (&v, &m) in variance.iter().zip(mean) {
        if varies(v, m) {
            sum += v;
            count += 1.0;
        }
    }
    let substitute = if count > 0.0 { sum / count } else { 1.0 };
    for (v, &m) in variance.iter_mut().zip(mean) {
        if !varies(*v, m) {
            *v = substitute;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn spread(data: &Array2<f64>) -> Spread {
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(2).expect("2 threads");
        Spread::new(rows, None, &threads).expect("squares are finite")
    }

    #[test]
    fn a_far_offset_costs_no_digits() {
        let data = Array2::from_shape_fn((1000, 2), |(n, d)| 1e8 + ((n * (4 * d + 3)) % 10) as f64);
        let found = spread(&data);
        assert_eq!(found.mean, [1e8 + 4.5, 1e8 + 4.5]);
        assert_eq!(found.variance, [8.25, 8.25]);
    }

    #[test]
    fn far_outliers_count_for_nothing() {
        let mut data = Array2::from_shape_fn((100, 1), |(n, _)| (n % 10) as f64);
        let without = spread(&data.slice(s![1.., ..]).to_owned());
        data[[0, 0]] = 1e100;
        assert_eq!(spread(&data), without);
        data[[1, 0]] = 1e100;
        // Two in a hundred are a part of the data.
        assert!(spread(&data).variance[0] > 1e196);
    }

    #[test]
    fn constant_features_get_the_variance_of_the_others() {
        let data = Array2::from_shape_fn((4, 2), |(n, d)| if d == 0 { 0.1 } else { n as f64 });
        assert_eq!(spread(&data).variance, [1.25, 1.25]);
        assert_eq!(spread(&Array2::from_elem((3, 2), 7.0)).variance, [1.0, 1.0]);
    }

    #[test]
    fn data_that_cannot_be_squared_are_an_error() {
        let data = Array2::from_shape_fn((9, 1), |(n, _)| 1e200 * n as f64);
        let rows = Rows::new(data.view()).expect("finite");
        let result = Spread::new(rows, None, &Threads::new(1).expect("1 thread"));
        assert!(matches!(result, Err(GmmError::Parameter { name: "X", .. })));
    }
}
