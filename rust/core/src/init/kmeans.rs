//! Hard labels by k-means: greedy k-means++ centres, then Lloyd's iterations (Lloyd 1982).
//!
//! Distances are those of [`ScaledRows`], so units don't matter.

use std::ops::Range;

use ndarray::{Axis, s};
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scaled_rows::ScaledRows;
use super::seeding::greedy_centres;
use crate::float::Float;
use crate::kernels::distance::{lower_and_label, squared_distances};
use crate::kernels::{self, active_vectors};
use crate::parallel::tiles;
use crate::tile::{TILE, Tile, lanes};

/// Lloyd's iterations at most.
const MAX_ITERATIONS: usize = 100;

/// Lloyd stops when the sum of squared distances falls by less than this part of itself.
const RELATIVE_TOLERANCE: f64 = 1e-4;

/// A label in 0..n_clusters for each row. Clusters may stay empty where rows are fewer or equal.
pub(crate) fn kmeans_labels<T: Float>(
    data: &ScaledRows<'_, T>,
    n_clusters: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<u32> {
    let mut centres = greedy_centres(data, n_clusters, rng);
    let mut labels = vec![0; data.rows.n_samples()];
    let mut inertia = f64::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        let partials = assign(data, &centres, &mut labels);
        let next = partials.iter().map(|partial| partial.inertia).sum();
        if inertia - next <= RELATIVE_TOLERANCE * next {
            break;
        }
        inertia = next;
        move_centres(&mut centres, &partials);
    }
    labels
}

/// Labels every row with its nearest centre, the first of equals.
fn assign<T: Float>(
    data: &ScaledRows<'_, T>,
    centres: &[Vec<f64>],
    labels: &mut [u32],
) -> Vec<SpanSums> {
    let parts = labels.chunks_mut(data.spans.span_len());
    let work = data.spans.ranges().into_iter().zip(parts).collect();
    data.threads.map(work, |(span, labels)| {
        kernels::run(Assign {
            data,
            centres,
            span,
            labels,
        })
    })
}

/// Moves every centre to the mean of its rows; a centre without rows stays.
fn move_centres(centres: &mut [Vec<f64>], partials: &[SpanSums]) {
    for (cluster, centre) in centres.iter_mut().enumerate() {
        let count: f64 = partials.iter().map(|partial| partial.counts[cluster]).sum();
        if count > 0.0 {
            for (d, coordinate) in centre.iter_mut().enumerate() {
                let shifts = partials.iter().map(|partial| partial.shifts[cluster][d]);
                *coordinate += shifts.sum::<f64>() / count;
            }
        }
    }
}

/// What one span contributes to an iteration of Lloyd's.
struct SpanSums {
    /// Number of rows of each cluster.
    counts: Vec<f64>,
    /// Σ (x − centre) over the rows of each cluster.
    shifts: Vec<Vec<f64>>,
    /// Sum of squared distances from the nearest centre.
    inertia: f64,
}

/// The work of [`assign`] on one span, whose part of the labels is `labels`.
struct Assign<'a, 'd, T> {
    data: &'a ScaledRows<'d, T>,
    centres: &'a [Vec<f64>],
    span: Range<usize>,
    labels: &'a mut [u32],
}

impl<T: Float> WithSimd for Assign<'_, '_, T> {
    type Output = SpanSums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> SpanSums {
        let ScaledRows { rows, scale, .. } = self.data;
        let mut sums = SpanSums {
            counts: vec![0.0; self.centres.len()],
            shifts: vec![vec![0.0; rows.n_features()]; self.centres.len()],
            inertia: 0.0,
        };
        let mut tile = Tile::new(rows.n_features());
        let (mut distances, mut nearest, mut label) = (lanes(1), lanes(1), lanes(1));
        for (range, labels) in tiles(self.span).zip(self.labels.chunks_mut(TILE)) {
            tile.load(rows.view(), range.clone());
            let active = active_vectors::<S>(tile.len());
            nearest.fill(f64::INFINITY);
            for (index, centre) in self.centres.iter().enumerate() {
                squared_distances(simd, tile.values(), active, centre, scale, &mut distances);
                let index = index as f64;
                lower_and_label(simd, &distances, active, index, &mut nearest, &mut label);
            }
            sums.inertia += nearest[..tile.len()].iter().sum::<f64>();
            let values = rows.view().slice_move(s![range, ..]);
            for ((row, out), &label) in values.axis_iter(Axis(0)).zip(labels).zip(label.iter()) {
                let cluster = label as usize;
                *out = cluster as u32;
                sums.counts[cluster] += 1.0;
                let shift = sums.shifts[cluster].iter_mut();
                for ((sum, x), centre) in shift.zip(row).zip(&self.centres[cluster]) {
                    *sum += x.to_f64() - centre;
                }
            }
        }
        sums
    }
}
