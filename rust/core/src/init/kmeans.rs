//! Hard labels by k-means: greedy k-means++ seeding, then Lloyd's iterations.
//!
//! Seeding draws each centre among 2 + ln K candidates, drawn with probabilities proportional to the
//! squared distance from the centres so far, and keeps the one that leaves the smallest sum of squared
//! distances (Arthur & Vassilvitskii 2007, §2.2 and the greedy variant of their §7). Every feature is
//! divided by a standard deviation first, so units don't matter.

use std::ops::Range;

use ndarray::{Axis, s};
use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::data::Rows;
use crate::float::Float;
use crate::kernels::distance::squared_distance;
use crate::kernels::{self, active_vectors};
use crate::parallel::{Spans, Threads, tiles};
use crate::tile::{Lanes, Tile, lanes};

/// Lloyd's iterations at most.
const MAX_ITERATIONS: usize = 100;

/// Lloyd stops when the sum of squared distances falls by less than this part of itself.
const RELATIVE_TOLERANCE: f64 = 1e-4;

/// K-means with a given scale for each feature.
pub(crate) struct KMeans<'a, T> {
    rows: Rows<'a, T>,
    scale: Vec<f64>,
    threads: &'a Threads,
    spans: Spans,
    n_clusters: usize,
}

impl<'a, T: Float> KMeans<'a, T> {
    /// Prepares k-means on `rows`, each feature divided by the root of its `variance`.
    pub(crate) fn new(
        rows: Rows<'a, T>,
        n_clusters: usize,
        variance: &[f64],
        threads: &'a Threads,
    ) -> Self {
        let flops = n_clusters * (4 * rows.n_features() + 4);
        Self {
            rows,
            scale: variance.iter().map(|v| 1.0 / v.sqrt()).collect(),
            threads,
            spans: Spans::new(rows.n_samples(), flops, 0),
            n_clusters,
        }
    }

    /// A label in 0..K for each row. Clusters may stay empty where rows are fewer or equal.
    pub(crate) fn labels(&self, rng: &mut Xoshiro256PlusPlus) -> Vec<u32> {
        let mut centres = self.seed(rng);
        let mut labels = vec![0; self.rows.n_samples()];
        let mut inertia = f64::INFINITY;
        for _ in 0..MAX_ITERATIONS {
            let partials = self.assign(&centres, &mut labels);
            let next = partials.iter().map(|p| p.inertia).sum();
            if inertia - next <= RELATIVE_TOLERANCE * next {
                break;
            }
            inertia = next;
            self.move_centres(&mut centres, &partials);
        }
        labels
    }

    /// Greedy k-means++.
    fn seed(&self, rng: &mut Xoshiro256PlusPlus) -> Vec<Vec<f64>> {
        let n_samples = self.rows.n_samples();
        let n_candidates = 2 + (self.n_clusters as f64).ln() as usize;
        let mut nearest = vec![f64::INFINITY; n_samples];
        let mut centres = Vec::with_capacity(self.n_clusters);

        let mut candidates = vec![rng.random_range(0..n_samples)];
        loop {
            let points: Vec<_> = candidates.iter().map(|&n| self.point(n)).collect();
            let best = self.best_candidate(&points, &nearest);
            self.update_nearest(&points[best], &mut nearest);
            centres.push(points[best].clone());
            if centres.len() == self.n_clusters {
                return centres;
            }
            candidates = draw(&nearest, n_candidates, rng);
        }
    }

    /// Row `n` of the data.
    fn point(&self, n: usize) -> Vec<f64> {
        self.rows.view().row(n).iter().map(|x| x.to_f64()).collect()
    }

    /// Index of the point that would leave the smallest sum of squared distances.
    fn best_candidate(&self, points: &[Vec<f64>], nearest: &[f64]) -> usize {
        if points.len() == 1 {
            return 0;
        }
        let partials = self.threads.map(self.spans.ranges(), |span| {
            let mut potentials = vec![0.0; points.len()];
            self.each_distance(span, points, |candidate, range, distances| {
                let nearest = &nearest[range];
                let terms = nearest.iter().zip(distances).map(|(a, b)| a.min(*b));
                potentials[candidate] += terms.sum::<f64>();
            });
            potentials
        });
        let potential = |c: usize| partials.iter().map(|p| p[c]).sum::<f64>();
        let potentials: Vec<f64> = (0..points.len()).map(potential).collect();
        (1..points.len()).fold(0, |best, c| {
            if potentials[c] < potentials[best] {
                c
            } else {
                best
            }
        })
    }

    /// Lowers each row's distance to its nearest centre, now that `point` is a centre too.
    fn update_nearest(&self, point: &Vec<f64>, nearest: &mut [f64]) {
        let parts = nearest.chunks_mut(self.spans.span_len());
        let work = self.spans.ranges().into_iter().zip(parts).collect();
        self.threads
            .map(work, |(span, part): (Range<usize>, &mut [f64])| {
                let first = span.start;
                self.each_distance(span, std::slice::from_ref(point), |_, range, distances| {
                    let part = &mut part[range.start - first..range.end - first];
                    for (nearest, &distance) in part.iter_mut().zip(distances) {
                        *nearest = nearest.min(distance);
                    }
                });
            });
    }

    /// Calls `visit` with the squared distances of each tile of `span` from each point.
    fn each_distance(
        &self,
        span: Range<usize>,
        points: &[Vec<f64>],
        visit: impl FnMut(usize, Range<usize>, &[f64]),
    ) {
        kernels::run(Distances {
            rows: self.rows.reborrow(),
            scale: &self.scale,
            points,
            span,
            visit,
        });
    }

    /// Labels every row with its nearest centre, the first of equals.
    fn assign(&self, centres: &[Vec<f64>], labels: &mut [u32]) -> Vec<SpanSums> {
        let parts = labels.chunks_mut(self.spans.span_len());
        let work = self.spans.ranges().into_iter().zip(parts).collect();
        self.threads
            .map(work, |(span, labels): (Range<usize>, &mut [u32])| {
                let first = span.start;
                let mut sums = SpanSums::zero(self.n_clusters, self.rows.n_features());
                let mut nearest: Lanes = lanes(1);
                self.each_distance(span, centres, |cluster, range, distances| {
                    let labels = &mut labels[range.start - first..range.end - first];
                    for ((nearest, label), &distance) in
                        nearest.iter_mut().zip(&mut *labels).zip(distances)
                    {
                        if cluster == 0 || distance < *nearest {
                            (*nearest, *label) = (distance, cluster as u32);
                        }
                    }
                    if cluster + 1 == centres.len() {
                        sums.inertia += nearest[..labels.len()].iter().sum::<f64>();
                        let rows = self.rows.view().slice_move(s![range, ..]);
                        for (&label, row) in labels.iter().zip(rows.axis_iter(Axis(0))) {
                            let cluster = label as usize;
                            sums.counts[cluster] += 1.0;
                            let centre = &centres[cluster];
                            for ((sum, x), c) in
                                sums.shifts[cluster].iter_mut().zip(row).zip(centre)
                            {
                                *sum += x.to_f64() - c;
                            }
                        }
                    }
                });
                sums
            })
    }

    /// Moves every centre to the mean of its rows; a centre without rows stays.
    fn move_centres(&self, centres: &mut [Vec<f64>], partials: &[SpanSums]) {
        for (cluster, centre) in centres.iter_mut().enumerate() {
            let count: f64 = partials.iter().map(|p| p.counts[cluster]).sum();
            if count > 0.0 {
                for (d, c) in centre.iter_mut().enumerate() {
                    *c += partials.iter().map(|p| p.shifts[cluster][d]).sum::<f64>() / count;
                }
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

impl SpanSums {
    fn zero(n_clusters: usize, n_features: usize) -> Self {
        Self {
            counts: vec![0.0; n_clusters],
            shifts: vec![vec![0.0; n_features]; n_clusters],
            inertia: 0.0,
        }
    }
}

/// `n_draws` rows, drawn with probabilities proportional to `weights`; uniformly where all are 0.
fn draw(weights: &[f64], n_draws: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let mut draws: Vec<f64> = (0..n_draws).map(|_| rng.random::<f64>()).collect();
    if !(total > 0.0 && total.is_finite()) {
        let n = weights.len();
        return draws
            .iter()
            .map(|u| ((u * n as f64) as usize).min(n - 1))
            .collect();
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

/// The work of [`KMeans::each_distance`].
struct Distances<'a, T, V> {
    rows: Rows<'a, T>,
    scale: &'a [f64],
    points: &'a [Vec<f64>],
    span: Range<usize>,
    visit: V,
}

impl<T: Float, V: FnMut(usize, Range<usize>, &[f64])> WithSimd for Distances<'_, T, V> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut tile = Tile::new(self.rows.n_features());
        let mut distances: Lanes = lanes(1);
        for range in tiles(self.span) {
            tile.load(self.rows.view(), range.clone());
            let active = active_vectors::<S>(tile.len());
            for (index, point) in self.points.iter().enumerate() {
                squared_distance(
                    simd,
                    tile.values(),
                    active,
                    point,
                    self.scale,
                    &mut distances,
                );
                (self.visit)(index, range.clone(), &distances[..tile.len()]);
            }
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
        let uniform = draw(&[0.0; 4], 1000, &mut rng);
        assert!((0..4).all(|n| uniform.contains(&n)));
    }
}
