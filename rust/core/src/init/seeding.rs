//! Greedy k-means++: starting centres for k-means.
//!
//! Each centre is drawn among 2 + ln K candidates, which are drawn with probabilities proportional to the
//! squared distance from the centres so far; the one that leaves the smallest sum of squared distances is
//! kept (Arthur & Vassilvitskii 2007, §2.2 and the greedy variant of their §7).

use std::ops::Range;

use ndarray::ArrayView2;
use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scaled_rows::ScaledRows;
use crate::float::Float;
use crate::kernels;
use crate::kernels::distance::scaled_squared_distances;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::tile::{Buffer, MAX_TILE, Tile, buffer};

/// `n_clusters` rows as centres. Where rows are fewer or equal, centres are equal, too.
pub(crate) fn greedy_centres<T: Float>(
    data: &ScaledRows<'_, T>,
    n_clusters: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<f64>> {
    let n_samples = data.rows.n_samples();
    let n_candidates = 2 + (n_clusters as f64).ln() as usize;
    let mut nearest = vec![T::from_f64(f64::INFINITY); n_samples];
    let mut centres: Vec<Vec<f64>> = Vec::with_capacity(n_clusters);
    let mut candidates = vec![rng.random_range(0..n_samples)];
    loop {
        let mut points: Vec<_> = candidates.iter().map(|&n| data.point(n)).collect();
        let best = best_candidate(data, &points, &nearest);
        centres.push(points.swap_remove(best));
        if centres.len() == n_clusters {
            return centres;
        }
        lower_nearest(data, &centres[centres.len() - 1], &mut nearest);
        candidates = draw(&nearest, n_candidates, rng);
    }
}

/// Index of the point that would leave the smallest sum of squared distances, the first of equals.
fn best_candidate<T: Float>(data: &ScaledRows<'_, T>, points: &[Vec<f64>], nearest: &[T]) -> usize {
    if points.len() == 1 {
        return 0;
    }
    let partials = data.threads.map(data.spans.ranges(), |span| {
        kernels::run(Potentials {
            data,
            points,
            nearest,
            span,
        })
    });
    let potential = |c: usize| partials.iter().map(|partial| partial[c]).sum::<f64>();
    let potentials: Vec<f64> = (0..points.len()).map(potential).collect();
    (1..points.len()).fold(0, |best, c| {
        if potentials[c] < potentials[best] {
            c
        } else {
            best
        }
    })
}

/// Lowers each row's squared distance from its nearest centre, now that `point` is a centre too.
fn lower_nearest<T: Float>(data: &ScaledRows<'_, T>, point: &[f64], nearest: &mut [T]) {
    let parts = nearest.chunks_mut(data.spans.span_len());
    let work = data.spans.ranges().into_iter().zip(parts).collect();
    data.threads.map(work, |(span, nearest)| {
        kernels::run(LowerNearest {
            data,
            point,
            span,
            nearest,
        });
    });
}

/// `n_draws` rows, drawn with probabilities proportional to `weights`; uniformly where all are 0.
fn draw<T: Float>(weights: &[T], n_draws: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let total: f64 = weights.iter().map(|w| w.to_f64()).sum();
    let mut draws: Vec<f64> = (0..n_draws).map(|_| rng.random::<f64>()).collect();
    if !(total > 0.0 && total.is_finite()) {
        let n = weights.len();
        let row = |u: &f64| ((u * n as f64) as usize).min(n - 1);
        return draws.iter().map(row).collect();
    }
    draws.sort_unstable_by(f64::total_cmp);
    let mut draws = draws.into_iter().peekable();
    let mut chosen = Vec::with_capacity(n_draws);
    let mut sum = 0.0;
    let mut last = 0;
    for (n, weight) in weights.iter().enumerate() {
        let weight = weight.to_f64();
        sum += weight;
        if weight > 0.0 {
            last = n;
            while draws.next_if(|u| u * total < sum).is_some() {
                chosen.push(n);
            }
        }
    }
    chosen.resize(n_draws, last);
    chosen
}

/// Σ_n min(nearest_n, distance_n) over a span, for each point.
struct Potentials<'a, 'd, T> {
    data: &'a ScaledRows<'d, T>,
    points: &'a [Vec<f64>],
    nearest: &'a [T],
    span: Range<usize>,
}

impl<T: Float> WithSimd for Potentials<'_, '_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let lanes = T::lanes(simd);
        let mut potentials = vec![0.0; self.points.len()];
        let points: Vec<Point<T>> = self.points.iter().map(|point| Point::new(point)).collect();
        let mut distances = DistanceTile::new(self.data);
        let nearest = self.nearest[self.span.clone()].chunks(MAX_TILE);
        for (rows, nearest) in self.data.tiles(self.span).zip(nearest) {
            distances.load::<T::Lanes<S>>(rows);
            for (potential, point) in potentials.iter_mut().zip(&points) {
                let lowered = distances.lowered(lanes, point, nearest);
                *potential += lowered.iter().map(|x| x.to_f64()).sum::<f64>();
            }
        }
        potentials
    }
}

/// The work of [`lower_nearest`] on a span, whose part of the distances is `nearest`.
struct LowerNearest<'a, 'd, T> {
    data: &'a ScaledRows<'d, T>,
    point: &'a [f64],
    span: Range<usize>,
    nearest: &'a mut [T],
}

impl<T: Float> WithSimd for LowerNearest<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes(simd);
        let point = Point::new(self.point);
        let mut distances = DistanceTile::new(self.data);
        let nearest = self.nearest.chunks_mut(MAX_TILE);
        for (rows, nearest) in self.data.tiles(self.span).zip(nearest) {
            distances.load::<T::Lanes<S>>(rows);
            nearest.copy_from_slice(distances.lowered(lanes, &point, nearest));
        }
    }
}

/// Squared distances of a tile of rows.
struct DistanceTile<'a, T> {
    tile: Tile<T>,
    scale: &'a [T],
    distances: Buffer<T>,
}

impl<'a, T: Float> DistanceTile<'a, T> {
    fn new(data: &'a ScaledRows<'_, T>) -> Self {
        Self {
            tile: Tile::new(data.rows.n_features(), MAX_TILE),
            scale: &data.scale,
            distances: buffer(MAX_TILE),
        }
    }

    #[inline(always)]
    fn load<L: Lanes<Element = T>>(&mut self, rows: ArrayView2<'_, T>) {
        self.tile.load::<L, T>(rows);
    }

    /// The squared distances from `point` where they are less than `nearest`, else these.
    #[inline(always)]
    fn lowered<L: Lanes<Element = T>>(
        &mut self,
        lanes: L,
        point: &Point<T>,
        nearest: &[T],
    ) -> &[T] {
        if const { L::GROUP == 6 } {
            self.fill::<L, 6>(lanes, point);
        } else {
            self.fill::<L, 2>(lanes, point);
        }
        let distances = &mut self.distances[..self.tile.len()];
        for (distance, &nearest) in distances.iter_mut().zip(nearest) {
            *distance = if *distance < nearest {
                *distance
            } else {
                nearest
            };
        }
        distances
    }

    #[inline(always)]
    fn fill<L: Lanes<Element = T>, const V: usize>(&mut self, lanes: L, point: &Point<T>) {
        let out = L::vectors_mut(&mut self.distances).as_chunks_mut::<V>().0;
        for (group, out) in self.tile.groups::<L>().zip(out) {
            *out = scaled_squared_distances(lanes, group.as_chunks().0, point, self.scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::SeedableRng;

    #[test]
    fn draws_only_rows_of_positive_weight_in_proportion() {
        let weights = [0.0, 1.0, 0.0, 3.0, 0.0];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let draws = draw(&weights, 40_000, &mut rng);
        let count = |n| draws.iter().filter(|&&m| m == n).count();
        assert_eq!(count(1) + count(3), 40_000);
        assert!((count(3) as f64 / 40_000.0 - 0.75).abs() < 0.01);
        let uniform = super::draw(&[0.0; 4], 1000, &mut rng);
        assert!((0..4).all(|n| uniform.contains(&n)));
    }
}
