//! The rows that k-means runs on: few enough to be kept mapped and packed, so that its many passes only compute.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use super::sample::{RelativeWeights, stratified};
use crate::config::RowKnowledge;
use crate::data::Rows;
use crate::float::Float;
use crate::kernels;
use crate::parallel::{Spans, Threads};
use crate::tile::{Buffer, MAX_TILE, Tile, buffer};

/// Rows at most, unless clusters are many. A cluster of one row in a thousand still has 64 among them.
const MAX_ROWS: usize = 1 << 16;

/// Rows for each cluster that a sample has at least. The centres found from n rows of a cluster leave a sum of
/// squares that is larger by 1/n of itself, on average, than those found from all.
const MIN_ROWS_PER_CLUSTER: usize = 256;

/// Values at most, as far as the rows for each cluster allow it.
const MAX_VALUES: usize = 1 << 23;

/// A sample of the data, or all of them, with a weight for each row.
pub(crate) struct PackedRows<T> {
    pub(super) spans: Vec<PackedSpan<T>>,
    /// Which row of the data each one is; `None`: all, in order.
    sample: Option<Vec<usize>>,
    pub(super) span_len: usize,
    n_rows: usize,
}

/// Rows that one thread works on.
pub(super) struct PackedSpan<T> {
    /// Full but for the last.
    pub(super) tiles: Vec<Tile<T>>,
    /// The weight of each lane of the tiles, [`MAX_TILE`] for each of them; 0 where there is no row.
    pub(super) weights: Buffer<T>,
}

/// How many rows k-means runs on, of data with as many features and clusters.
fn sample_len(n_samples: usize, n_features: usize, n_clusters: usize) -> usize {
    let most = MAX_ROWS.min(MAX_VALUES / n_features);
    n_samples.min(most.max(MIN_ROWS_PER_CLUSTER * n_clusters))
}

impl<T: Float> PackedRows<T> {
    /// Packs what `n_clusters` clusters are to be found from, in `space`.
    pub(crate) fn new(
        rows: &Rows<'_, T>,
        knowledge: &RowKnowledge<'_>,
        space: &FeatureSpace<T>,
        n_clusters: usize,
        threads: &Threads,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Self {
        let n_samples = rows.n_samples();
        let n_rows = sample_len(n_samples, rows.n_features(), n_clusters);
        let weights = knowledge.sample_weight;
        if n_rows < n_samples {
            // The weights are in the sample: a row is there the more often the more it weighs.
            let sample = stratified(n_samples, weights, n_rows, rng);
            Self::pack(rows, Some(sample), None, space, n_clusters, threads)
        } else {
            Self::pack(rows, None, weights, space, n_clusters, threads)
        }
    }

    /// Packs the rows of `sample`, or all with their weights.
    pub(super) fn pack(
        rows: &Rows<'_, T>,
        sample: Option<Vec<usize>>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        space: &FeatureSpace<T>,
        n_clusters: usize,
        threads: &Threads,
    ) -> Self {
        let n_features = rows.n_features();
        let n_rows = sample.as_ref().map_or(rows.n_samples(), Vec::len);
        let weights = RelativeWeights::new(sample_weight);
        let spans = Spans::new(n_rows, flops_per_row(n_features, n_clusters), 0);
        let packed = threads.map(spans.ranges(), |span| {
            let mut packed = PackedSpan {
                tiles: Vec::new(),
                weights: buffer(span.len().next_multiple_of(MAX_TILE)),
            };
            for (n, weight) in span.clone().zip(packed.weights.iter_mut()) {
                *weight = T::from_f64(weights.get(n));
            }
            for start in span.clone().step_by(MAX_TILE) {
                let end = (start + MAX_TILE).min(span.end);
                let mut tile = Tile::new(n_features, MAX_TILE);
                match &sample {
                    None => {
                        let rows = rows.view().slice_move(s![start..end, ..]);
                        kernels::run(Pack {
                            space,
                            rows,
                            tile: &mut tile,
                        });
                    }
                    Some(sample) => {
                        let gathered = gather(rows, &sample[start..end]);
                        let rows = gathered.view();
                        kernels::run(Pack {
                            space,
                            rows,
                            tile: &mut tile,
                        });
                    }
                }
                packed.tiles.push(tile);
            }
            packed
        });
        Self {
            spans: packed,
            sample,
            span_len: spans.span_len(),
            n_rows,
        }
    }

    /// Number of rows held.
    pub(super) fn len(&self) -> usize {
        self.n_rows
    }

    /// The row of the data that row `index` is.
    pub(super) fn row(&self, index: usize) -> usize {
        self.sample.as_ref().map_or(index, |sample| sample[index])
    }
}

/// About how many floating-point operations one pass of k-means spends on a row.
pub(super) fn flops_per_row(n_features: usize, n_clusters: usize) -> usize {
    n_clusters * (5 * n_features + 6)
}

/// The rows `indices`, side by side.
fn gather<T: Float>(rows: &Rows<'_, T>, indices: &[usize]) -> Array2<T> {
    let mut gathered = Array2::from_elem((indices.len(), rows.n_features()), T::default());
    for (mut to, &n) in gathered.rows_mut().into_iter().zip(indices) {
        to.assign(&rows.view().row(n));
    }
    gathered
}

/// Loads a tile, mapped.
struct Pack<'a, 'r, T> {
    space: &'a FeatureSpace<T>,
    rows: ArrayView2<'r, T>,
    tile: &'a mut Tile<T>,
}

impl<T: Float> WithSimd for Pack<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.space.load(T::lanes(simd), self.rows, self.tile);
    }
}
