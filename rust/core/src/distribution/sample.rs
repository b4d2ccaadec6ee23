//! Draws from a mixture.
//!
//! How many rows a component has is multinomial, drawn as a chain of binomials: of the n rows that are left, component k
//! takes Binomial(n, weights_k / Σ_{j ≥ k} weights_j) (C. S. Davis: The computer generation of multinomial random
//! variates. Computational Statistics & Data Analysis 16, 1993). A row of it is then
//!   x = μ_k + L_k z,      z ~ N(0, I),      Σ_k = L_k L_kᵀ                               (Bishop 2006, section 11.1.1)
//!
//! Each span of rows has a random stream of its own, 2^128 numbers from the one before, so that the number of threads
//! doesn't matter.

use std::ops::Range;

use ndarray::{ArrayViewMut1, ArrayViewMut2, Axis, s};
use rand::RngExt;
use rand_distr::{Binomial, Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::affine::{LANES, Lanes, affine};
use super::features::packed_covariance;
use super::spans::span_len;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::linalg::{Pivot, cholesky, packed_row};
use crate::model::{Covariances, Mixture, degenerate};
use crate::parallel::Threads;

/// Draws as many rows as `out` (N, D) and `labels` (N,) have; `labels` gets the component of each. They are sorted by
/// component. The same seed gives the same bits at any number of threads.
///
/// ```
/// use gmm_core::{Covariances, Mixture, Threads, sample};
/// use ndarray::{Array1, Array2, array};
///
/// let covariances = Covariances::Spherical(array![1.0, 1e-4]);
/// let mixture = Mixture::new(array![0.0, 1.0], array![[0.0], [7.0]], covariances)?;
/// let (mut rows, mut labels) = (Array2::zeros((100, 1)), Array1::zeros(100));
/// sample(&mixture, 5, &Threads::new(2)?, rows.view_mut(), labels.view_mut())?;
/// assert!(labels.iter().all(|&label| label == 1));
/// assert!(rows.iter().all(|x| (x - 7.0).abs() < 0.06));
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
///
/// # Errors
/// [`GmmError::Parameter`] without rows, [`GmmError::Shape`] where `out` and `labels` don't fit,
/// [`GmmError::DegenerateCovariance`] for a covariance that isn't positive definite.
pub fn sample(
    mixture: &Mixture,
    seed: u64,
    threads: &Threads,
    mut out: ArrayViewMut2<'_, f64>,
    mut labels: ArrayViewMut1<'_, i64>,
) -> Result<(), GmmError> {
    let (n_samples, n_features) = (out.nrows(), mixture.n_features());
    check_parameter(n_samples > 0, "n_samples", n_samples, "at least 1")?;
    check_shape("out", out.shape(), &[n_samples, n_features])?;
    check_shape("labels", labels.shape(), &[n_samples])?;
    let roots = Roots::new(mixture)?;
    let mut stream = Xoshiro256PlusPlus::seed_from_u64(seed);
    let ends = ends(mixture, n_samples, &mut stream);

    let span_len = span_len(n_samples, n_features * (n_features + 20));
    let rows = out.axis_chunks_iter_mut(Axis(0), span_len);
    let labels = labels.axis_chunks_iter_mut(Axis(0), span_len);
    let spans = rows.zip(labels).enumerate().map(|(index, (rows, labels))| {
        stream.jump();
        (index * span_len, stream.clone(), rows, labels)
    });
    threads.map(spans, |(start, mut stream, mut rows, mut labels)| {
        for (k, run) in runs(start..start + rows.nrows(), &ends) {
            let rows = rows.slice_mut(s![run.clone(), ..]);
            labels.slice_mut(s![run]).fill(k as i64);
            draw(mixture, k, roots.of(k), &mut stream, rows);
        }
    });
    Ok(())
}

/// Where the rows of each component end.
fn ends(mixture: &Mixture, n_samples: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let weights = mixture.weights();
    // Σ_{j ≥ k} weights_j: summed from the end, it is weights_k itself, exactly, for the last that isn't 0.
    let mut tails = weights.to_vec();
    for k in (1..tails.len()).rev() {
        tails[k - 1] += tails[k];
    }
    let mut end = 0;
    let mut next_end = |(&weight, &tail): (&f64, &f64)| {
        let left = (n_samples - end) as u64;
        if weight > 0.0 && left > 0 {
            let count = Binomial::new(left, weight / tail).expect("a share is a probability");
            end += count.sample(rng) as usize;
        }
        end
    };
    weights.iter().zip(&tails).map(&mut next_end).collect()
}

/// The components of the rows `span`, and which rows they have, counted from the span's first.
fn runs(span: Range<usize>, ends: &[usize]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut start = span.start;
    ends.iter().enumerate().filter_map(move |(k, &end)| {
        let run = start - span.start..end.clamp(start, span.end) - span.start;
        start += run.len();
        (!run.is_empty()).then_some((k, run))
    })
}

/// Fills `rows` with draws from component `k`, the root of whose covariance is given.
fn draw(
    mixture: &Mixture,
    k: usize,
    root: &Root,
    rng: &mut Xoshiro256PlusPlus,
    mut rows: ArrayViewMut2<'_, f64>,
) {
    let mean = mixture.means().row(k);
    let mut z = vec![[0.0; LANES]; mean.len()];
    for mut block in rows.axis_chunks_iter_mut(Axis(0), LANES) {
        for z in &mut z {
            for z in &mut z[..block.nrows()] {
                *z = rng.sample(StandardNormal);
            }
        }
        for ((d, mut column), &mean) in block.columns_mut().into_iter().enumerate().zip(mean) {
            let values = root.coordinate(d, mean, &z);
            for (out, value) in column.iter_mut().zip(values) {
                *out = value;
            }
        }
    }
}

/// L with Σ = L Lᵀ.
#[derive(Debug)]
enum Root {
    /// A packed lower triangle.
    Triangle(Vec<f64>),
    /// σ of each feature.
    Deviations(Vec<f64>),
}

impl Root {
    /// Coordinate `d` of mean + L z.
    #[inline(always)]
    fn coordinate(&self, d: usize, mean: f64, z: &[Lanes]) -> Lanes {
        match self {
            Self::Triangle(triangle) => affine(mean, packed_row(triangle, d), z),
            Self::Deviations(deviations) => affine(mean, &deviations[d..=d], &z[d..]),
        }
    }
}

/// The roots of all covariances of a mixture.
#[derive(Debug)]
struct Roots(Vec<Root>);

impl Roots {
    fn new(mixture: &Mixture) -> Result<Self, GmmError> {
        let covariances = mixture.covariances();
        let d = mixture.n_features();
        let triangle = |k| {
            cholesky(packed_covariance(covariances, k, 0..d), d)
                .map(Root::Triangle)
                .map_err(|Pivot { index, value }| degenerate(k, index, value))
        };
        let deviations = |k| {
            let deviation = |d| match covariances.variance(k, d) {
                variance if variance > 0.0 => Ok(variance.sqrt()),
                variance => Err(degenerate(k, d, variance)),
            };
            let deviations: Result<Vec<_>, _> = (0..d).map(deviation).collect();
            deviations.map(Root::Deviations)
        };
        let components = 0..mixture.n_components();
        let roots: Result<Vec<_>, _> = match covariances {
            Covariances::Full(_) => components.map(triangle).collect(),
            Covariances::Tied(_) => std::iter::once(0).map(triangle).collect(),
            Covariances::Diag(_) | Covariances::Spherical(_) => {
                components.map(deviations).collect()
            }
        };
        Ok(Self(roots?))
    }

    /// The root of component `k`; the only one is for all.
    fn of(&self, k: usize) -> &Root {
        &self.0[k.min(self.0.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};

    #[test]
    fn every_row_is_drawn_and_components_without_weight_have_none() {
        let weights = ndarray::array![0.0, 0.6, 0.0, 0.4 - 1e-7, 0.0];
        let ones = Covariances::Spherical(Array1::ones(5));
        let mixture = Mixture::new(weights, Array2::zeros((5, 1)), ones).expect("a mixture");
        for n_samples in [1, 10, 1_000_000] {
            for seed in 0..20 {
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
                let ends = ends(&mixture, n_samples, &mut rng);
                assert_eq!((ends[0], ends[4]), (0, n_samples));
                assert!(ends[1] == ends[2] && ends[3] == ends[4]);
            }
        }
    }

    #[test]
    fn runs_split_a_span_at_the_ends_of_components() {
        let ends = [0, 5, 5, 9, 20];
        let found = |span| runs(span, &ends).collect::<Vec<_>>();
        assert_eq!(found(0..20), [(1, 0..5), (3, 5..9), (4, 9..20)]);
        assert_eq!(found(3..7), [(1, 0..2), (3, 2..4)]);
        assert_eq!(found(5..9), [(3, 0..4)]);
        assert_eq!(found(12..20), [(4, 0..8)]);
    }
}
