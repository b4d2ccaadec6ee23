//! The scatter of all rows about one point, from which that within components of a shared covariance follows.
//!
//! As the responsibilities of a row sum to its weight w_n, whatever the model,
//!   Σ_k Σ_n r_nk (x_n − x̄_k)(x_n − x̄_k)ᵀ = Σ_n w_n (x_n − c)(x_n − c)ᵀ − Σ_k s0_k (x̄_k − c)(x̄_k − c)ᵀ
//! so that a pass need not take second moments at all: the first term is the same in every iteration.

use ndarray::{ArrayView1, s};

use super::accumulate::Accumulator;
use super::responsibilities::{Responsibilities, TileScratch};
use super::sufficient_stats::{MomentKind, SufficientStats};
use crate::error::GmmError;
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::linalg::packed_index;
use crate::model::Mixture;
use crate::parallel::Threads;
use crate::source::{PortableResponsibilities, Source};
use crate::watch::Watch;

/// Second moments of all rows about a point.
#[derive(Debug)]
pub(crate) struct TotalScatter {
    /// c.
    pub(crate) origin: Vec<f64>,
    /// Σ_n w_n (x_n − c)(x_n − c)ᵀ, packed.
    pub(crate) second: Vec<f64>,
}

impl TotalScatter {
    /// One pass; weights are in units of `weight_unit`.
    ///
    /// # Errors
    /// Those of [`Source::pass`].
    pub(crate) fn new<T: Float>(
        source: &Source<'_, T>,
        origin: &[f64],
        sample_weight: Option<ArrayView1<'_, f64>>,
        weight_unit: f64,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Self, GmmError> {
        let stats =
            moments_of_all(source, origin, sample_weight, threads, watch)?.scaled(weight_unit);
        Ok(Self {
            second: stats.second.into_raw_vec_and_offset().0,
            origin: origin.to_vec(),
        })
    }

    /// Whether the difference in [`m_step`](crate::em::m_step) has lost digits of the covariance of `mixture`, which
    /// was found by it from so many rows: it is then small beside what was subtracted.
    pub(crate) fn loses_digits(&self, mixture: &Mixture, rows: f64) -> bool {
        const FAR: f64 = 1e3;
        (0..self.origin.len()).any(|d| {
            let within = mixture.covariances().variance(0, d) * rows;
            self.second[packed_index(d, d)] > FAR * within
        })
    }
}

/// The moments of all rows about `origin`, as those of a single component: one pass, in `f64` whatever the data are in.
///
/// # Errors
/// Those of [`Source::pass`].
pub(crate) fn moments_of_all<T: Float>(
    source: &Source<'_, T>,
    origin: &[f64],
    sample_weight: Option<ArrayView1<'_, f64>>,
    threads: &Threads,
    watch: &Watch,
) -> Result<SufficientStats, GmmError> {
    let accumulator = Accumulator::<f64>::new(1, origin.len());
    let (anchor, all) = ([origin.to_vec()], SingleComponent(sample_weight));
    let moments = accumulator.moments(&anchor, MomentKind::Full, &all, watch);
    moments.of(source, threads)
}

/// The weights of the rows as responsibilities of a single component.
pub(crate) struct SingleComponent<'a>(pub(crate) Option<ArrayView1<'a, f64>>);

impl Responsibilities<f64> for SingleComponent<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = f64>>(
        &self,
        _: L,
        start: usize,
        scratch: &mut TileScratch<f64>,
    ) -> f64 {
        let len = scratch.tile.len();
        scratch.resp[len..].fill(0.0);
        match self.0 {
            None => scratch.resp[..len].fill(1.0),
            Some(weights) => {
                let weights = weights.slice_move(s![start..start + len]);
                scratch
                    .resp
                    .iter_mut()
                    .zip(weights)
                    .for_each(|(to, &from)| *to = from);
            }
        }
        0.0
    }

    fn portable(&self) -> Option<PortableResponsibilities> {
        Some(PortableResponsibilities::SingleComponent)
    }
}
