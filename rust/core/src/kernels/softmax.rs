//! From weighted log-densities to responsibilities, by log-sum-exp over the components of each row.
//!
//!   log_prob_norm_n = m_n + log Σ_k exp(a_nk − m_n),   m_n = max_k a_nk
//!   resp_nk = exp(a_nk − m_n) / Σ_j exp(a_nj − m_n)                                (Bishop 2006, eq. 9.13)

use pulp::Simd;

use super::{vectors, vectors_mut};
use crate::tile::{Lanes, TILE, lanes};

/// The two parts of log-sum-exp, a row of lanes each: the maximum m and the sum of exp(a − m),
/// which lies between 1 and the number of components.
#[derive(Debug)]
pub(crate) struct Normaliser {
    pub(crate) maximum: Lanes,
    pub(crate) sum: Lanes,
}

impl Normaliser {
    pub(crate) fn new() -> Self {
        Self {
            maximum: lanes(1),
            sum: lanes(1),
        }
    }

    /// log_prob_norm of row `n` of the tile, in nats.
    pub(crate) fn log_prob_norm(&self, n: usize) -> f64 {
        self.maximum[n] + self.sum[n].ln()
    }

    /// Σ_n log_prob_norm over the first `len` rows of the tile.
    ///
    /// The sums are multiplied before one logarithm is taken of the product, which saves the
    /// logarithm of every row. A factor is at most the number of components, so a product of
    /// 16 factors is finite for fewer than 2^64 components.
    pub(crate) fn total(&self, len: usize) -> f64 {
        const FACTORS: usize = 16;
        let maxima: f64 = self.maximum[..len].iter().sum();
        let logarithms: f64 = self.sum[..len]
            .chunks(FACTORS)
            .map(|factors| factors.iter().product::<f64>().ln())
            .sum();
        maxima + logarithms
    }
}

/// Adds `log_prior` (as laid out as `log_prob`) to `log_prob`.
#[inline(always)]
pub(crate) fn add_log_prior<S: Simd>(
    simd: S,
    log_prob: &mut [f64],
    log_prior: &[f64],
    active: usize,
) {
    let floor = simd.splat_f64s(super::density::LOG_DENSITY_FLOOR);
    let rows = log_prob
        .chunks_exact_mut(TILE)
        .zip(log_prior.chunks_exact(TILE));
    for (row, prior) in rows {
        let pairs = vectors_mut::<S>(row)[..active].iter_mut();
        for (value, &prior) in pairs.zip(vectors::<S>(prior)) {
            *value = simd.max_f64s(simd.add_f64s(*value, prior), floor);
        }
    }
}

/// Replaces log-densities by responsibilities, in place, and fills `normaliser`.
#[inline(always)]
pub(crate) fn softmax<S: Simd>(
    simd: S,
    log_prob: &mut [f64],
    active: usize,
    normaliser: &mut Normaliser,
) {
    let maximum = &mut vectors_mut::<S>(&mut normaliser.maximum)[..active];
    let sum = &mut vectors_mut::<S>(&mut normaliser.sum)[..active];
    maximum.fill(simd.splat_f64s(f64::NEG_INFINITY));
    sum.fill(simd.splat_f64s(0.0));
    for row in log_prob.chunks_exact(TILE) {
        for (maximum, &value) in maximum.iter_mut().zip(vectors::<S>(row)) {
            *maximum = simd.max_f64s(*maximum, value);
        }
    }
    for row in log_prob.chunks_exact_mut(TILE) {
        let values = vectors_mut::<S>(row)[..active].iter_mut();
        for ((value, sum), &maximum) in values.zip(sum.iter_mut()).zip(maximum.iter()) {
            *value = super::exp::exp_non_positive(simd, simd.sub_f64s(*value, maximum));
            *sum = simd.add_f64s(*sum, *value);
        }
    }
    for row in log_prob.chunks_exact_mut(TILE) {
        let values = vectors_mut::<S>(row)[..active].iter_mut();
        for (value, &sum) in values.zip(sum.iter()) {
            *value = simd.div_f64s(*value, sum);
        }
    }
}
