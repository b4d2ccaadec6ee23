//! Hard labels by k-means: greedy k-means++ centres, then Lloyd's iterations, on a sample of the rows where they are
//! many; then every row gets the label of its nearest centre.
//!
//! Distances are those of a [`FeatureSpace`], so that units don't matter.

use std::ops::Range;

use ndarray::{Axis, s};
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use super::lloyd::improve;
use super::packed_rows::{PackedRows, flops_per_row};
use super::patience::Patience;
use super::seeding::greedy_centres;
use crate::config::RowKnowledge;
use crate::data::Rows;
use crate::error::GmmError;
use crate::float::Float;
use crate::kernels;
use crate::kernels::clusters::nearest;
use crate::kernels::lanes::Lanes;
use crate::parallel::{Spans, Threads};
use crate::tile::{MAX_TILE, Tile, buffer};

/// A label in 0..n_clusters for each row. Clusters may stay empty where rows are fewer or equal.
///
/// # Errors
/// [`GmmError::Interrupted`] at the end of `patience`.
pub(crate) fn kmeans_labels<T: Float>(
    rows: &Rows<'_, T>,
    knowledge: &RowKnowledge<'_>,
    space: &FeatureSpace<T>,
    n_clusters: usize,
    threads: &Threads,
    rng: &mut Xoshiro256PlusPlus,
    mut patience: Patience<'_>,
) -> Result<Vec<u32>, GmmError> {
    let packed = PackedRows::new(rows, knowledge, space, n_clusters, threads, rng);
    let mut centres = greedy_centres(
        &packed,
        rows,
        space,
        n_clusters,
        threads,
        rng,
        &mut patience,
    )?;
    improve(
        &packed,
        &mut centres,
        rows.n_features(),
        threads,
        &mut patience,
    )?;
    Ok(nearest_labels(rows, space, &centres, threads))
}

/// The nearest centre of each row, the first of equals.
fn nearest_labels<T: Float>(
    rows: &Rows<'_, T>,
    space: &FeatureSpace<T>,
    centres: &[T],
    threads: &Threads,
) -> Vec<u32> {
    let n_features = rows.n_features();
    let flops = flops_per_row(n_features, centres.len() / n_features);
    let spans = Spans::new(rows.n_samples(), flops, 0);
    let mut labels = vec![0; rows.n_samples()];
    let parts = labels.chunks_mut(spans.span_len());
    let work = spans.ranges().into_iter().zip(parts).collect();
    threads.map(work, |(span, labels)| {
        kernels::run(Label {
            rows: rows.reborrow(),
            space,
            centres,
            span,
            labels,
        });
    });
    labels
}

/// The work of [`nearest_labels`] on one span, whose part of the labels is `labels`.
struct Label<'a, T> {
    rows: Rows<'a, T>,
    space: &'a FeatureSpace<T>,
    centres: &'a [T],
    span: Range<usize>,
    labels: &'a mut [u32],
}

impl<T: Float> WithSimd for Label<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes(simd);
        if const { T::Lanes::<S>::GROUP == 6 } {
            self.groups::<_, 6>(lanes);
        } else {
            self.groups::<_, 2>(lanes);
        }
    }
}

impl<T: Float> Label<'_, T> {
    #[inline(always)]
    fn groups<L: Lanes<Element = T>, const V: usize>(self, lanes: L) {
        let mut tile = Tile::new(self.rows.n_features(), MAX_TILE);
        let mut found = buffer::<T>(MAX_TILE);
        let span = self.rows.view().slice_move(s![self.span, ..]);
        let tiles = span.axis_chunks_iter(Axis(0), MAX_TILE);
        for (rows, labels) in tiles.zip(self.labels.chunks_mut(MAX_TILE)) {
            self.space.load(lanes, rows, &mut tile);
            let vectors = L::vectors_mut(&mut found).as_chunks_mut::<V>().0;
            for (group, found) in tile.groups::<L>().zip(vectors) {
                *found = nearest::<L, V>(lanes, group.as_chunks().0, self.centres).1;
            }
            for (label, cluster) in labels.iter_mut().zip(found.iter()) {
                *label = cluster.to_f64() as u32;
            }
        }
    }
}
