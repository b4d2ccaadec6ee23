//! Centre and spread of each feature, which far outliers don't move.
//!
//! A value is far out if it lies more than three interquartile ranges outside the quartiles
//! (Tukey 1977, §2D) and is one of few: at most one in a hundred. Mean and variance are those of the
//! other values. Where nothing is far out they are the plain ones. Multiplying or shifting a feature multiplies or shifts the result.

use ndarray::{ArrayView1, ArrayView2, Axis};
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::stratified::stratified;
use super::weights::RelativeWeights;
use crate::error::{GmmError, check_parameter};
use crate::float::Float;
use crate::kernels;
use crate::parallel::{Spans, Threads};
use crate::source::{Pass, Request, Source, Sum};
use crate::watch::Watch;

/// Rows that the quartiles are taken from, at most.
const QUARTILE_ROWS: usize = 1024;

/// How far out is far out, in interquartile ranges beyond the quartiles.
const FENCE: f64 = 3.0;

/// One value in so many may be an outlier; if more are far out, they are a part of the data.
const RARE: usize = 100;

/// Mean and variance (divided by the count) of each column, far outliers aside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    pub(crate) mean: Vec<f64>,
    /// Once [`positive`](Self::positive): a constant feature (up to rounding) has the mean of the others, or 1 where
    /// all are constant.
    pub(crate) variance: Vec<f64>,
}

impl Spread {
    /// [`measured`](Self::measured), with every variance above 0.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] where a square overflows; those of [`Source::pass`].
    pub(crate) fn new<T: Float>(
        source: &Source<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Self, GmmError> {
        Self::measured(source, sample_weight, threads, watch)?.positive()
    }

    /// Mean and variance as they are: 0 for constant features, and not finite where a square overflows.
    ///
    /// One pass, of sums about the lower quartile q. That is near: |mean − q| ≤ √3 standard deviations, for any
    /// distribution (Cantelli), so that E(x − q)² − (E(x − q))² loses two bits at most
    /// (Chan, Golub & LeVeque 1983).
    ///
    /// # Errors
    /// Those of [`Source::pass`].
    pub(crate) fn measured<T: Float>(
        source: &Source<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Self, GmmError> {
        let fences = fences(source, sample_weight, threads, watch)?;
        let pass = SpreadPass {
            fences: &fences,
            weights: RelativeWeights::new(sample_weight),
        };
        let SpreadSums([zeroth, first, second]) = source.pass(&pass, threads, watch)?;
        let (mut mean, mut variance) = (Vec::new(), Vec::new());
        for (d, fence) in fences.iter().enumerate() {
            // The quartiles themselves are inside, so the count isn't 0.
            let (first, second) = (first[d] / zeroth[d], second[d] / zeroth[d]);
            mean.push(fence.quartile + first);
            variance.push(second - first * first);
        }
        Ok(Self { mean, variance })
    }

    /// The same with a positive variance for constant features.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] where a variance is not finite.
    pub(crate) fn positive(mut self) -> Result<Self, GmmError> {
        check_parameter(
            self.variance.iter().all(|v| v.is_finite()),
            "X",
            "so large that its square overflows",
            "below 1e150 in magnitude: divide it by a constant first",
        )?;
        replace_constant(&mut self.variance, &self.mean);
        Ok(self)
    }
}

/// Where the values of a column end that aren't far out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fence {
    quartile: f64,
    low: f64,
    high: f64,
}

/// The fences of all columns, as a sample of the rows has them.
fn fences<T: Float>(
    source: &Source<'_, T>,
    sample_weight: Option<ArrayView1<'_, f64>>,
    threads: &Threads,
    watch: &Watch,
) -> Result<Vec<Fence>, GmmError> {
    let n_samples = source.n_samples();
    let numbers: Vec<usize> = if n_samples <= QUARTILE_ROWS && sample_weight.is_none() {
        (0..n_samples).collect()
    } else {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let n_draws = n_samples.min(QUARTILE_ROWS);
        stratified(n_samples, sample_weight, n_draws, &mut rng)
    };
    let rows = source.rows(&numbers, threads, watch)?;
    let mut values = vec![0.0; numbers.len()];
    let fence = |column: ArrayView1<'_, T>| {
        for (value, x) in values.iter_mut().zip(column) {
            *value = x.to_f64();
        }
        Fence::new(&mut values)
    };
    Ok(rows.columns().into_iter().map(fence).collect())
}

impl Fence {
    /// The fence of `values`, which are reordered.
    fn new(values: &mut [f64]) -> Self {
        let last = values.len() - 1;
        let (first, third) = (last / 4, 3 * last / 4);
        let (_, &mut lower, above) = values.select_nth_unstable_by(first, f64::total_cmp);
        let upper = match third - first {
            0 => lower,
            n => *above.select_nth_unstable_by(n - 1, f64::total_cmp).1,
        };
        let range = upper - lower;
        let (low, high) = (lower - FENCE * range, upper + FENCE * range);
        let beyond = values.iter().filter(|x| **x < low || **x > high).count();
        let few = (values.len() / RARE).max(1);
        let (low, high) = if range > 0.0 && beyond <= few {
            (low, high)
        } else {
            (f64::NEG_INFINITY, f64::INFINITY)
        };
        Self {
            quartile: lower,
            low,
            high,
        }
    }
}

/// Σ w_n, Σ w_n (x − q) and Σ w_n (x − q)² over the values of each column that aren't far out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpreadSums([Vec<f64>; 3]);

impl Sum for SpreadSums {
    fn merge(&mut self, later: Self) {
        for (sums, later) in self.0.iter_mut().zip(later.0) {
            sums.iter_mut().zip(later).for_each(|(sum, x)| *sum += x);
        }
    }
}

/// The pass that finds them.
#[derive(Debug)]
pub(crate) struct SpreadPass<'a> {
    pub(crate) fences: &'a [Fence],
    pub(crate) weights: RelativeWeights<'a>,
}

impl<T: Float> Pass<T> for SpreadPass<'_> {
    type Sum = SpreadSums;

    fn spans(&self, n_samples: usize) -> Spans {
        let n_features = self.fences.len();
        Spans::new(n_samples, n_features, 8 * n_features, 0)
    }

    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> SpreadSums {
        let pass = self;
        kernels::run(SpanSpread { pass, rows, start })
    }

    fn request(&self) -> Option<Request> {
        Some(Request::Spread {
            fences: self.fences.to_vec(),
            largest_weight: self.weights.largest(),
        })
    }
}

/// The work of [`SpreadPass`] on one span.
struct SpanSpread<'a, 'p, 'r, T> {
    pass: &'a SpreadPass<'p>,
    rows: ArrayView2<'r, T>,
    start: usize,
}

impl<T: Float> WithSimd for SpanSpread<'_, '_, '_, T> {
    type Output = SpreadSums;

    /// Reads several rows as one long row, so that vectors are full however few features there are.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> SpreadSums {
        const LONG: usize = 128;
        let SpreadPass { fences, weights } = self.pass;
        let n_features = fences.len();
        let n_rows = LONG.div_ceil(n_features);
        let mut table = LongRow::new(fences, n_rows);
        let mut strided = vec![T::default(); n_rows * n_features];
        let chunks = self.rows.axis_chunks_iter(Axis(0), n_rows);
        for (rows, start) in chunks.zip((self.start..).step_by(n_rows)) {
            let in_table = table.weights.chunks_exact_mut(n_features).zip(start..);
            for (in_table, n) in in_table.take(rows.nrows()) {
                in_table.fill(weights.get(n));
            }
            match rows.as_slice() {
                Some(values) => table.add(values),
                None => {
                    let values = &mut strided[..rows.len()];
                    values.iter_mut().zip(&rows).for_each(|(to, x)| *to = *x);
                    table.add(values);
                }
            }
        }
        SpreadSums(table.sums.map(|sums| {
            let column = |d: usize| sums[d..].iter().step_by(n_features).sum();
            (0..n_features).map(column).collect()
        }))
    }
}

/// Fences and sums of several rows, side by side.
struct LongRow {
    quartile: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    weights: Vec<f64>,
    sums: [Vec<f64>; 3],
}

impl LongRow {
    fn new(fences: &[Fence], n_rows: usize) -> Self {
        let zeros = || vec![0.0; n_rows * fences.len()];
        let repeated = |of: fn(&Fence) -> f64| {
            let row: Vec<f64> = fences.iter().map(of).collect();
            row.repeat(n_rows)
        };
        Self {
            quartile: repeated(|fence| fence.quartile),
            low: repeated(|fence| fence.low),
            high: repeated(|fence| fence.high),
            weights: zeros(),
            sums: [zeros(), zeros(), zeros()],
        }
    }

    /// Adds rows of the values `x`.
    #[inline(always)]
    fn add<T: Float>(&mut self, x: &[T]) {
        let len = x.len();
        let (quartile, low) = (&self.quartile[..len], &self.low[..len]);
        let (high, weights) = (&self.high[..len], &self.weights[..len]);
        let [zeroth, first, second] = &mut self.sums;
        let (zeroth, first) = (&mut zeroth[..len], &mut first[..len]);
        let second = &mut second[..len];
        for i in 0..len {
            let x = x[i].to_f64();
            let counts = (x >= low[i]) & (x <= high[i]) & (weights[i] > 0.0);
            let weight = if counts { weights[i] } else { 0.0 };
            let difference = if counts { x - quartile[i] } else { 0.0 };
            let weighted = weight * difference;
            zeroth[i] += weight;
            first[i] += weighted;
            second[i] += weighted * difference;
        }
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
    use crate::rows::data::Rows;
    use ndarray::{Array1, Array2, s};

    fn spread(data: &Array2<f64>) -> Spread {
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(2).expect("2 threads");
        Spread::new(&rows.into(), None, &threads, &Watch::new(None)).expect("squares are finite")
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
    fn weights_count_as_rows_and_strides_do_not_matter() {
        let data = Array2::from_shape_fn((6000, 3), |(n, d)| ((n * (4 * d + 3)) % 101) as f64);
        let threads = Threads::new(2).expect("2 threads");
        let of = |view, weights: Option<&Array1<f64>>| {
            let rows = Rows::new(view).expect("finite");
            let weights = weights.map(|weights| weights.view());
            Spread::new(&rows.into(), weights, &threads, &Watch::new(None))
                .expect("squares are finite")
        };
        let plain = of(data.view(), None);
        let turned = data.t().as_standard_layout().to_owned();
        assert_eq!(of(turned.t(), None), plain);
        assert_eq!(of(data.view(), Some(&Array1::from_elem(6000, 49.0))), plain);
        let weights = Array1::from_shape_fn(6000, |n| (n / 3000) as f64);
        let half = of(data.slice(s![3000.., ..]), None);
        let weighted = of(data.view(), Some(&weights));
        for (found, expected) in weighted.variance.iter().zip(&half.variance) {
            assert!((found - expected).abs() < 1e-12 * expected);
        }
    }

    #[test]
    fn data_that_cannot_be_squared_are_an_error() {
        let data = Array2::from_shape_fn((9, 1), |(n, _)| 1e200 * n as f64);
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(1).expect("1 thread");
        let result = Spread::new(&rows.into(), None, &threads, &Watch::new(None));
        assert!(matches!(result, Err(GmmError::Parameter { name: "X", .. })));
    }
}
