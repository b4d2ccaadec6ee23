//! Greedy k-means++: starting centres for k-means.
//!
//! Each centre is drawn among 2 + ln K candidates, which are drawn with probabilities proportional to the
//! squared distance from the centres so far; the one that leaves the smallest sum of squared distances is
//! kept (Arthur & Vassilvitskii 2007, §2.2 and the greedy variant of their §7).

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::scaled_rows::ScaledRows;
use crate::float::Float;
use crate::kernels::distance::{lower, squared_distances, sum_of_lower};
use crate::kernels::{self, active_vectors};
use crate::parallel::tiles;
use crate::tile::{TILE, Tile, lanes};

/// `n_clusters` rows as centres. Where rows are fewer or equal, centres are equal, too.
pub(crate) fn greedy_centres<T: Float>(
    data: &ScaledRows<'_, T>,
    n_clusters: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<Vec<f64>> {
    let n_samples = data.rows.n_samples();
    let n_candidates = 2 + (n_clusters as f64).ln() as usize;
    let mut nearest = vec![f64::INFINITY; n_samples];
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
fn best_candidate<T: Float>(
    data: &ScaledRows<'_, T>,
    points: &[Vec<f64>],
    nearest: &[f64],
) -> usize {
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
fn lower_nearest<T: Float>(data: &ScaledRows<'_, T>, point: &[f64], nearest: &mut [f64]) {
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
fn draw(weights: &[f64], n_draws: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
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
    for (n, &weight) in weights.iter().enumerate() {
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
    nearest: &'a [f64],
    span: Range<usize>,
}

impl<T: Float> WithSimd for Potentials<'_, '_, T> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let mut potentials = vec![0.0; self.points.len()];
        let mut tile = Tile::new(self.data.rows.n_features());
        let (mut distances, mut nearest) = (lanes(1), lanes(1));
        for range in tiles(self.span) {
            tile.load(self.data.rows.view(), range.clone());
            let active = active_vectors::<S>(tile.len());
            nearest[..tile.len()].copy_from_slice(&self.nearest[range]);
            // Lanes without a row add nothing.
            nearest[tile.len()..TILE].fill(0.0);
            for (potential, point) in potentials.iter_mut().zip(self.points) {
                let scale = &self.data.scale;
                squared_distances(simd, tile.values(), active, point, scale, &mut distances);
                *potential += sum_of_lower(simd, &distances, active, &nearest);
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
    nearest: &'a mut [f64],
}

impl<T: Float> WithSimd for LowerNearest<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut tile = Tile::new(self.data.rows.n_features());
        let (mut distances, mut lanes) = (lanes(1), lanes(1));
        for (range, nearest) in tiles(self.span).zip(self.nearest.chunks_mut(TILE)) {
            tile.load(self.data.rows.view(), range);
            let active = active_vectors::<S>(tile.len());
            let scale = &self.data.scale;
            squared_distances(
                simd,
                tile.values(),
                active,
                self.point,
                scale,
                &mut distances,
            );
            lanes[..tile.len()].copy_from_slice(nearest);
            lower(simd, &distances, active, &mut lanes);
            nearest.copy_from_slice(&lanes[..tile.len()]);
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
