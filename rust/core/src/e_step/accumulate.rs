//! One fused pass over the data: responsibilities of a tile, straight into sufficient statistics.
//!
//! Nothing of size N × K is kept. Each thread has tables for one tile and the sums of one span of rows.

use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView2, Axis};
use pulp::{Simd, WithSimd};

use super::responsibilities::{Responsibilities, TileScratch};
use super::sufficient_stats::{MomentKind, SufficientStats};
use super::tile_moments::Tables;
use crate::error::GmmError;
use crate::float::Float;
use crate::kernels;
use crate::kernels::point::Anchors;
use crate::parallel::{Spans, Threads};
use crate::source::{Pass, Request, Source};
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

    /// The pass that sums sufficient statistics, and the log-likelihood. They are about the anchors nearest to the wanted
    /// ones, one for each component, that `E` can hold. A pass ends early once `watch` is stopped; what it gives is then of
    /// no use.
    pub(crate) fn moments<'a, R: Responsibilities<E>>(
        &'a self,
        wanted_anchors: &'a [Vec<f64>],
        kind: MomentKind,
        responsibilities: &'a R,
        watch: &'a Watch,
    ) -> Moments<'a, E, R> {
        Moments {
            accumulator: self,
            anchors: Anchors::new(wanted_anchors),
            wanted_anchors,
            kind,
            responsibilities,
            watch,
        }
    }

    /// How a pass splits so many rows.
    pub(crate) fn spans(&self, n_samples: usize, kind: MomentKind) -> Spans {
        let (n_components, n_features) = (self.n_components, self.n_features);
        Spans::new(
            n_samples,
            n_features,
            flops_per_row(n_components, n_features, kind),
            SufficientStats::bytes(n_components, n_features, kind),
        )
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

/// A pass that sums sufficient statistics.
#[derive(Debug)]
pub(crate) struct Moments<'a, E, R> {
    accumulator: &'a Accumulator<E>,
    wanted_anchors: &'a [Vec<f64>],
    anchors: Anchors<E>,
    kind: MomentKind,
    responsibilities: &'a R,
    watch: &'a Watch,
}

impl<E: Float, R: Responsibilities<E>> Moments<'_, E, R> {
    /// The statistics of all rows of `source`.
    ///
    /// # Errors
    /// Those of [`Source::pass`].
    pub(crate) fn of<T: Float>(
        &self,
        source: &Source<'_, T>,
        threads: &Threads,
    ) -> Result<SufficientStats, GmmError> {
        let mut stats = source.pass(self, threads, self.watch)?;
        let anchors = self.anchors.each.iter();
        stats.anchors = anchors
            .map(|anchor| anchor.to_f64(self.accumulator.n_features))
            .collect();
        Ok(stats)
    }

    /// Adds those of `rows`, of which the first has number `start`, to the sums of `tables`.
    fn add_span<T: Float>(&self, rows: ArrayView2<'_, T>, start: usize, tables: &mut Tables<E>) {
        let mut start = start;
        for rows in rows.axis_chunks_iter(Axis(0), tables.tile.capacity) {
            if self.watch.is_stopped() {
                return;
            }
            tables.sums.log_likelihood += kernels::run(Fill {
                rows,
                start,
                responsibilities: self.responsibilities,
                tile: &mut tables.tile,
            });
            kernels::run(Add {
                rows,
                anchors: &self.anchors,
                kind: self.kind,
                tables,
            });
            start += rows.nrows();
        }
    }
}

impl<T: Float, E: Float, R: Responsibilities<E>> Pass<T> for Moments<'_, E, R> {
    type Sum = SufficientStats;

    fn spans(&self, n_samples: usize) -> Spans {
        self.accumulator.spans(n_samples, self.kind)
    }

    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> SufficientStats {
        let Accumulator {
            n_components,
            n_features,
            idle,
        } = self.accumulator;
        let mut tables = self.accumulator.take();
        tables.sums.reset(*n_components, *n_features, self.kind);
        self.add_span(rows, start, &mut tables);
        let stats = tables.sums.unpadded(*n_components, *n_features, self.kind);
        idle.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(tables);
        stats
    }

    fn request(&self) -> Option<Request> {
        Some(Request::Moments {
            anchors: self.wanted_anchors.to_vec(),
            kind: self.kind,
            responsibilities: self.responsibilities.portable()?,
        })
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

/// Loads a tile and fills in its responsibilities; their log-likelihood.
struct Fill<'a, T, E, R> {
    rows: ArrayView2<'a, T>,
    start: usize,
    responsibilities: &'a R,
    tile: &'a mut TileScratch<E>,
}

impl<T: Float, E: Float, R: Responsibilities<E>> WithSimd for Fill<'_, T, E, R> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        self.tile.tile.load::<E::Lanes<S>, T>(self.rows);
        let lanes = E::lanes(simd);
        self.responsibilities.fill(lanes, self.start, self.tile)
    }
}

/// Adds the moments of a tile. Apart from [`Fill`], so that it is compiled once for all kinds of responsibilities.
struct Add<'a, T, E> {
    rows: ArrayView2<'a, T>,
    anchors: &'a Anchors<E>,
    kind: MomentKind,
    tables: &'a mut Tables<E>,
}

impl<T: Float, E: Float> WithSimd for Add<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = E::lanes(simd);
        self.tables.add(lanes, self.rows, self.anchors, self.kind);
    }
}
