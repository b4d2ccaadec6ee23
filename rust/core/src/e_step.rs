//! One fused pass over the data: responsibilities of a tile, straight into sufficient statistics.
//!
//! Tile by tile, the pass computes a_nk = log(weights_k p_nk N(x_n; μ_k, Σ_k)), with the row's own
//! class probabilities p_nk where they are given, normalises over k and adds the tile's moments.
//! Nothing of size N × K is kept.

use std::ops::Range;

use ndarray::s;
use pulp::{Simd, WithSimd};

use crate::data::{LogPrior, Rows};
use crate::float::Float;
use crate::kernels::density::{log_density, subtract};
use crate::kernels::moments::add_moments;
use crate::kernels::softmax::{Normaliser, add_log_prior, softmax};
use crate::kernels::{self, active_vectors};
use crate::parallel::{Spans, Threads, tiles};
use crate::precision::Precision;
use crate::stats::SufficientStats;
use crate::tile::{Lanes, TILE, Tile, lanes, transpose};

/// Where the responsibilities of a tile come from.
pub(crate) trait Responsibilities: Sync {
    /// Fills `scratch.resp` for the tile, which starts at row `start` of the data, and returns
    /// Σ_n log p(x_n) over its rows (0 where no model is involved).
    fn fill<S: Simd>(&self, simd: S, tile: &Tile, start: usize, scratch: &mut Scratch) -> f64;
}

/// Tables that a pass needs for one tile, made once for each span.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Responsibilities, a row of lanes for each component; 0 in lanes that hold no row.
    pub(crate) resp: Lanes,
    /// Log-sum-exp of the tile's rows.
    pub(crate) normaliser: Normaliser,
    centred: Lanes,
    weighted: Lanes,
    log_prior: Lanes,
}

impl Scratch {
    pub(crate) fn new(n_components: usize, n_features: usize) -> Self {
        Self {
            resp: lanes(n_components),
            normaliser: Normaliser::new(),
            centred: lanes(n_features),
            weighted: lanes(n_features),
            log_prior: lanes(n_components),
        }
    }
}

/// The posterior of a mixture: P(component | row), the E-step proper.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posterior<'a> {
    pub(crate) precision: &'a Precision,
    pub(crate) log_prior: Option<LogPrior<'a>>,
}

impl Posterior<'_> {
    /// The same posterior, borrowed for a shorter time.
    pub(crate) fn reborrow(&self) -> Posterior<'_> {
        Posterior {
            precision: self.precision,
            log_prior: self.log_prior.as_ref().map(LogPrior::reborrow),
        }
    }
}

impl Responsibilities for Posterior<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, tile: &Tile, start: usize, scratch: &mut Scratch) -> f64 {
        let active = active_vectors::<S>(tile.len());
        let table = scratch.resp.chunks_exact_mut(TILE);
        for (component, out) in self.precision.components.iter().zip(table) {
            let centred = &mut scratch.centred;
            let gaussian = &component.gaussian;
            log_density(simd, tile.values(), active, gaussian, centred, out);
        }
        if let Some(prior) = self.log_prior {
            let rows = prior.view().slice_move(s![start..start + tile.len(), ..]);
            transpose(rows, &mut scratch.log_prior);
            add_log_prior(simd, &mut scratch.resp, &scratch.log_prior, active);
        }
        softmax(simd, &mut scratch.resp, active, &mut scratch.normaliser);
        for row in scratch.resp.chunks_exact_mut(TILE) {
            row[tile.len()..].fill(0.0);
        }
        scratch.normaliser.total(tile.len())
    }
}

/// Sufficient statistics of all rows about `anchors` (K × D), and the log-likelihood.
pub(crate) fn accumulate<T: Float, R: Responsibilities>(
    rows: Rows<'_, T>,
    anchors: &[&[f64]],
    responsibilities: &R,
    threads: &Threads,
) -> SufficientStats {
    let (n_components, n_features) = (anchors.len(), rows.n_features());
    let spans = Spans::new(
        rows.n_samples(),
        flops_per_row(n_components, n_features),
        SufficientStats::bytes(n_components, n_features),
    );
    let partials = threads.map(spans.ranges(), |span| {
        kernels::run(Accumulate {
            rows: rows.reborrow(),
            anchors,
            responsibilities,
            span,
        })
    });
    let mut partials = partials.into_iter();
    let first = partials.next().expect("data have at least one row");
    partials.fold(first, |mut sum, partial| {
        sum.merge(&partial);
        sum
    })
}

/// About how many floating-point operations a pass spends on one row.
pub(crate) fn flops_per_row(n_components: usize, n_features: usize) -> usize {
    n_components * (2 * n_features * (n_features + 1) + 40)
}

/// The work of [`accumulate`] on one span.
struct Accumulate<'a, T, R> {
    rows: Rows<'a, T>,
    anchors: &'a [&'a [f64]],
    responsibilities: &'a R,
    span: Range<usize>,
}

impl<T: Float, R: Responsibilities> WithSimd for Accumulate<'_, T, R> {
    type Output = SufficientStats;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> SufficientStats {
        let (n_components, n_features) = (self.anchors.len(), self.rows.n_features());
        let mut stats = SufficientStats::zero(n_components, n_features);
        let mut tile = Tile::new(n_features);
        let mut scratch = Scratch::new(n_components, n_features);
        for range in tiles(self.span) {
            let start = range.start;
            tile.load(self.rows.view(), range);
            stats.log_likelihood += self.responsibilities.fill(simd, &tile, start, &mut scratch);

            let active = active_vectors::<S>(tile.len());
            let Scratch {
                resp,
                centred,
                weighted,
                ..
            } = &mut scratch;
            for (k, (resp, anchor)) in resp.chunks_exact(TILE).zip(self.anchors).enumerate() {
                let mut moments = stats.moments_mut(k);
                subtract(simd, tile.values(), active, anchor, centred);
                add_moments(simd, centred, resp, active, weighted, &mut moments);
            }
        }
        stats
    }
}
