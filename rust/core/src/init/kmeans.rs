//! Hard labels by k-means: greedy k-means++ centres, then Lloyd's iterations (Lloyd 1982).
//!
//! Distances are those of [`ScaledRows`], so units don't matter.

use std::ops::Range;

use ndarray::{Axis, s};
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scaled_rows::ScaledRows;
use super::seeding::greedy_centres;
use crate::float::{Element, Float};
use crate::kernels;
use crate::kernels::distance::scaled_squared_distances;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::tile::{MAX_TILE, Tile, buffer};

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
        let lanes = T::lanes(simd);
        if const { T::Lanes::<S>::GROUP == 6 } {
            self.groups::<_, 6>(lanes)
        } else {
            self.groups::<_, 2>(lanes)
        }
    }
}

impl<T: Float> Assign<'_, '_, T> {
    #[inline(always)]
    fn groups<L: Lanes<Element = T>, const V: usize>(self, lanes: L) -> SpanSums {
        let ScaledRows { rows, scale, .. } = self.data;
        let mut sums = SpanSums {
            counts: vec![0.0; self.centres.len()],
            shifts: vec![vec![0.0; rows.n_features()]; self.centres.len()],
            inertia: 0.0,
        };
        let points: Vec<Point<T>> = self
            .centres
            .iter()
            .map(|centre| Point::new(centre))
            .collect();
        let mut tile = Tile::new(rows.n_features(), MAX_TILE);
        let (mut nearest, mut label) = (buffer::<T>(MAX_TILE), buffer::<T>(MAX_TILE));
        let span = rows.view().slice_move(s![self.span, ..]);
        let tiles = span.axis_chunks_iter(Axis(0), MAX_TILE);
        for (values, labels) in tiles.zip(self.labels.chunks_mut(MAX_TILE)) {
            tile.load::<L, T>(values);
            for (index, group) in tile.groups::<L>().enumerate() {
                let (distance, cluster) =
                    nearest_points::<L, V>(lanes, group.as_chunks().0, &points, scale);
                let group = index * V..(index + 1) * V;
                L::vectors_mut(&mut nearest)[group.clone()].copy_from_slice(&distance);
                L::vectors_mut(&mut label)[group].copy_from_slice(&cluster);
            }
            sums.inertia += nearest[..tile.len()]
                .iter()
                .map(|x| x.to_f64())
                .sum::<f64>();
            for ((row, out), &label) in values.axis_iter(Axis(0)).zip(labels).zip(label.iter()) {
                let cluster = label.to_f64() as usize;
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

/// The squared distance of each row from the nearest of `points`, and which one that is, the first of equals.
#[inline(always)]
fn nearest_points<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    points: &[Point<L::Element>],
    scale: &[L::Element],
) -> ([L::Vector; V], [L::Vector; V]) {
    let mut nearest = scaled_squared_distances(lanes, x, &points[0], scale);
    let mut label = [lanes.splat(L::Element::default()); V];
    for (index, point) in points.iter().enumerate().skip(1) {
        let distance = scaled_squared_distances(lanes, x, point, scale);
        let index = lanes.splat(L::Element::from_f64(index as f64));
        for v in 0..V {
            let farther = lanes.at_least(distance[v], nearest[v]);
            label[v] = lanes.select(farther, label[v], index);
            nearest[v] = lanes.min(distance[v], nearest[v]);
        }
    }
    (nearest, label)
}
