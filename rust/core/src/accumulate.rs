//! One fused pass over the data: responsibilities of a tile, straight into sufficient statistics.
//!
//! Nothing of size N × K is kept. Each thread has tables for one tile and the sums of one span of rows.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{Axis, s};
use pulp::{Simd, WithSimd};

use crate::data::Rows;
use crate::float::Float;
use crate::kernels;
use crate::kernels::point::Anchor;
use crate::parallel::{Spans, Threads};
use crate::responsibilities::Responsibilities;
use crate::sufficient_stats::{MomentKind, PairwiseSum, SufficientStats};
use crate::tile_moments::Tables;
use crate::watch::Watch;

/// Passes over rows of one shape: keeps the tables of its threads from one pass to the next.
#[derive(Debug)]
pub(crate) struct Accumulator<E> {
    n_components: usize,
    n_features: usize,
    idle: Mutex<Vec<Tables<E>>>,
}

impl<E: Float> Accumulator<E> {
    pub(crate) fn new(n_components: usize, n_features: usize) -> Self {
        Self {
            n_components,
            n_features,
            idle: Mutex::default(),
        }
    }

    /// Sufficient statistics of all rows, and the log-likelihood. The anchors are those nearest to the wanted ones, one
    /// for each component, that `E` can hold. A pass ends early once `watch` is stopped; what it gives is then of no use.
    pub(crate) fn pass<T: Float, R: Responsibilities<E>>(
        &self,
        rows: Rows<'_, T>,
        wanted_anchors: &[Vec<f64>],
        kind: MomentKind,
        responsibilities: &R,
        threads: &Threads,
        watch: &Watch,
    ) -> SufficientStats {
        let (n_components, n_features) = (self.n_components, self.n_features);
        let spans = Spans::new(
            rows.n_samples(),
            flops_per_row(n_components, n_features, kind),
            SufficientStats::bytes(n_components, n_features, kind),
        );
        let anchors: Vec<Anchor<E>> = wanted_anchors.iter().map(|x| Anchor::new(x)).collect();
        let of_span = |span| {
            let mut tables = self.take();
            tables.sums.reset(n_components, n_features, kind);
            kernels::run(Accumulate {
                rows: rows.reborrow(),
                anchors: &anchors,
                kind,
                responsibilities,
                watch,
                span,
                tables: &mut tables,
            });
            let stats = tables.sums.unpadded(n_components, n_features, kind);
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(tables);
            stats
        };
        let mut partials = PairwiseSum::default();
        for wave in spans.waves() {
            for stats in threads.map(wave, of_span) {
                partials.push(stats);
            }
        }
        let mut sum = partials.total().expect("data have at least one row");
        sum.anchors = anchors
            .iter()
            .map(|anchor| anchor.to_f64(n_features))
            .collect();
        sum
    }

    /// Tables that no thread uses.
    fn take(&self) -> Tables<E> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.unwrap_or_else(|| Tables::new(self.n_components, self.n_features))
    }
}

/// About how many floating-point operations a pass spends on one row.
pub(crate) fn flops_per_row(n_components: usize, n_features: usize, kind: MomentKind) -> usize {
    let per_component = match kind {
        MomentKind::Full => 2 * n_features * (n_features + 1),
        MomentKind::Diagonal => 8 * n_features,
        MomentKind::First => 5 * n_features,
    };
    n_components * (per_component + 40)
}

/// The work of [`Accumulator::pass`] on one span.
struct Accumulate<'a, T, E, R> {
    rows: Rows<'a, T>,
    anchors: &'a [Anchor<E>],
    kind: MomentKind,
    responsibilities: &'a R,
    watch: &'a Watch,
    span: Range<usize>,
    tables: &'a mut Tables<E>,
}

impl<T: Float, E: Float, R: Responsibilities<E>> WithSimd for Accumulate<'_, T, E, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = E::lanes(simd);
        let mut start = self.span.start;
        let span = self.rows.view().slice_move(s![self.span, ..]);
        for rows in span.axis_chunks_iter(Axis(0), self.tables.tile.capacity) {
            if self.watch.is_stopped() {
                return;
            }
            let tables = &mut *self.tables;
            tables.tile.tile.load::<E::Lanes<S>, T>(rows);
            tables.sums.log_likelihood +=
                self.responsibilities.fill(lanes, start, &mut tables.tile);
            tables.add(lanes, rows, self.anchors, self.kind);
            start += rows.nrows();
        }
    }
}
