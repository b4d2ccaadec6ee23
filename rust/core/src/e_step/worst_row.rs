//! The row that a mixture explains worst: a component without rows goes there.

use ndarray::{ArrayView2, Axis};
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::accumulate::flops_per_row;
use super::density::Densities;
use super::responsibilities::{Posterior, Responsibilities, RowTerms, TileScratch};
use super::sufficient_stats::MomentKind;
use crate::float::Float;
use crate::kernels;
use crate::model::Precision;
use crate::parallel::Spans;
use crate::source::{Pass, Request, Sum};

/// log p(x) and x of the row with the least density, the first of equals; nothing, if no row counts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WorstRow(pub(crate) Option<(f64, Vec<f64>)>);

impl Sum for WorstRow {
    fn merge(&mut self, later: Self) {
        let least = |row: &Option<(f64, _)>| row.as_ref().map_or(f64::INFINITY, |row| row.0);
        if least(&later.0) < least(&self.0) || self.0.is_none() {
            *self = later;
        }
    }
}

/// The pass that finds it.
#[derive(Debug)]
pub(crate) struct WorstRowPass<'a, T> {
    precision: &'a Precision,
    densities: Densities<T>,
    terms: RowTerms<'a>,
}

impl<'a, T: Float> WorstRowPass<'a, T> {
    /// Under the mixture that has these factors. Rows of weight 0 don't count.
    pub(crate) fn new(precision: &'a Precision, terms: RowTerms<'a>) -> Self {
        Self {
            precision,
            densities: Densities::new(precision),
            terms,
        }
    }
}

impl<T: Float> Pass<T> for WorstRowPass<'_, T> {
    type Sum = WorstRow;

    fn spans(&self, n_samples: usize) -> Spans {
        let n_features = self.precision.n_features();
        let flops = flops_per_row(self.precision.n_components(), n_features, MomentKind::Full);
        Spans::new(n_samples, n_features, flops, 0)
    }

    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> WorstRow {
        let pass = self;
        kernels::run(SpanSearch { pass, rows, start })
    }

    fn request(&self) -> Option<Request> {
        let is_portable = self.terms.log_prior.is_none();
        is_portable.then(|| Request::WorstRow(self.precision.clone()))
    }
}

/// The work of [`WorstRowPass`] on one span.
struct SpanSearch<'a, 'p, 'r, T> {
    pass: &'a WorstRowPass<'p, T>,
    rows: ArrayView2<'r, T>,
    start: usize,
}

impl<T: Float> WithSimd for SpanSearch<'_, '_, '_, T> {
    type Output = WorstRow;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> WorstRow {
        let lanes = T::lanes(simd);
        let WorstRowPass {
            precision,
            densities,
            terms,
        } = self.pass;
        let posterior = Posterior {
            precision,
            densities,
            terms: terms.reborrow(),
        };
        let mut scratch = TileScratch::new(precision.n_components(), precision.n_features());
        let mut worst = WorstRow(None);
        let mut start = self.start;
        for rows in self.rows.axis_chunks_iter(Axis(0), scratch.capacity) {
            scratch.tile.load::<T::Lanes<S>, T>(rows);
            posterior.fill(lanes, start, &mut scratch);
            let counts = |n: &usize| terms.sample_weight.is_none_or(|w| w[start + n] > 0.0);
            let densities = (0..rows.nrows()).filter(counts);
            let densities = densities.map(|n| (scratch.log_prob_norm(n), n));
            if let Some((least, n)) = densities.min_by(|a, b| a.0.total_cmp(&b.0)) {
                let row = rows.row(n).mapv(Float::to_f64).to_vec();
                worst.merge(WorstRow(Some((least, row))));
            }
            start += rows.nrows();
        }
        worst
    }
}
