//! The rows that k-means runs on, mapped and packed, so that its many passes only compute.
//!
//! They are rounded to `f32` when they have been mapped: centres need not be more exact, as EM goes on from them.

use ndarray::{ArrayView1, ArrayView2, Axis, s};
use pulp::{Simd, WithSimd};

use crate::float::Float;
use crate::init::spaces::FeatureSpace;
use crate::kernels;
use crate::kernels::lanes::Single;
use crate::parallel::{Spans, Threads};
use crate::rows::{Buffer, MAX_TILE, RelativeWeights, Rows, Tile, buffer};

/// Mapped rows, with a weight for each.
pub(super) struct PackedRows {
    pub(super) spans: Vec<PackedSpan>,
    pub(super) span_len: usize,
    pub(super) n_clusters: usize,
}

/// Rows that one thread works on.
pub(super) struct PackedSpan {
    /// Full but for the last.
    pub(super) tiles: Vec<Tile<f32>>,
    /// The weight of each lane of the tiles, [`MAX_TILE`] for each of them; 0 where there is no row.
    pub(super) weights: Buffer<f32>,
}

impl PackedRows {
    /// Packs `rows`, mapped into `space`, for passes over so many clusters.
    pub(super) fn new<T: Float>(
        rows: &Rows<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        space: &FeatureSpace<T>,
        n_clusters: usize,
        threads: &Threads,
    ) -> Self {
        let (n_rows, n_axes) = (rows.n_samples(), space.n_axes());
        let weights = RelativeWeights::new(sample_weight);
        let spans = Spans::new(n_rows, n_axes, flops_per_row(n_axes, n_clusters), 0);
        let packed = threads.map(spans.ranges(), |span| {
            let mut packed = PackedSpan {
                tiles: Vec::new(),
                weights: buffer(span.len().next_multiple_of(MAX_TILE)),
            };
            for (n, weight) in span.clone().zip(packed.weights.iter_mut()) {
                *weight = weights.get(n) as f32;
            }
            packed.tiles = kernels::run(Pack {
                space,
                rows: rows.view().slice_move(s![span, ..]),
            });
            packed
        });
        Self {
            spans: packed,
            span_len: spans.span_len(),
            n_clusters,
        }
    }
}

/// About how many floating-point operations one pass of k-means spends on a row.
pub(super) fn flops_per_row(n_features: usize, n_clusters: usize) -> usize {
    n_clusters * (5 * n_features + 6)
}

/// The tiles of a span, mapped.
struct Pack<'a, 'r, T> {
    space: &'a FeatureSpace<T>,
    rows: ArrayView2<'r, T>,
}

impl<T: Float> WithSimd for Pack<'_, '_, T> {
    type Output = Vec<Tile<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Tile<f32>> {
        let lanes = T::lanes(simd);
        let mut loaded = Tile::new(self.rows.ncols(), MAX_TILE);
        let mut mapped = Tile::new(self.space.n_axes(), MAX_TILE);
        let mut tiles = Vec::with_capacity(self.rows.nrows().div_ceil(MAX_TILE));
        for rows in self.rows.axis_chunks_iter(Axis(0), MAX_TILE) {
            loaded.load::<T::Lanes<S>, T>(rows);
            self.space.map_tile(lanes, &loaded, &mut mapped);
            tiles.push(mapped.rounded::<T::Lanes<S>, Single<S>>());
        }
        tiles
    }
}
