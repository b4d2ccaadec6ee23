//! Greedy k-means++: starting centres for k-means.
//!
//! Each centre is drawn among 2 + ln K candidates, which are drawn with probabilities proportional to the
//! squared distance from the centres so far, times the row's weight; the one that leaves the smallest weighted sum of
//! squared distances is kept (Arthur & Vassilvitskii 2007, §2.2 and the greedy variant of their §7).
//!
//! One pass finds the distances that each candidate would leave. Those of the chosen one are kept, so that nothing
//! is computed twice, with their sums over each tile, so that draws need not go through all rows.

use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::packed_rows::{PackedRows, PackedSpan};
use crate::error::GmmError;
use crate::float::Float;
use crate::init::spaces::FeatureSpace;
use crate::kernels;
use crate::kernels::clusters::distances;
use crate::kernels::lanes::{Lanes, Single, by_group};
use crate::parallel::Threads;
use crate::rows::{Buffer, MAX_TILE, Rows, buffer};
use crate::watch::Watch;

/// A centre for each cluster, one after another: the `known` ones and then rows. Where rows are fewer or equal, centres are
/// equal, too.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn greedy_centres<T: Float>(
    packed: &PackedRows,
    rows: &Rows<'_, T>,
    space: &FeatureSpace<T>,
    known: &[f32],
    threads: &Threads,
    rng: &mut Xoshiro256PlusPlus,
    watch: &Watch,
) -> Result<Vec<f32>, GmmError> {
    let (n_axes, n_clusters) = (space.n_axes(), packed.n_clusters);
    let n_candidates = 2 + (n_clusters as f64).ln() as usize;
    let by_weight: Vec<Distances> = packed.spans.iter().map(Distances::equal).collect();
    let mut potentials: Vec<Potential<'_>> = packed
        .spans
        .iter()
        .map(|rows| Potential::new(rows, n_candidates))
        .collect();
    let mut centres = Vec::with_capacity(n_clusters * n_axes);
    let mut known = known.chunks_exact(n_axes);
    loop {
        let candidates: Vec<Vec<f32>> = match known.next() {
            Some(centre) => vec![centre.to_vec()],
            None => {
                let left = potentials.iter().map(|span| &span.left);
                let mut drawn = match centres.is_empty() {
                    true => draw(by_weight.iter(), 1, rng),
                    false => draw(left, n_candidates, rng),
                };
                if drawn.is_empty() {
                    drawn = draw(by_weight.iter(), n_candidates, rng);
                }
                let row = |&(span, lane)| span * packed.span_len + lane;
                drawn
                    .iter()
                    .map(|drawn| space.point(rows, row(drawn)))
                    .collect()
            }
        };
        threads.map(&mut potentials, |potential| {
            kernels::run(Try {
                potential,
                candidates: &candidates,
            });
        });
        let chosen = best_candidate(&potentials, candidates.len());
        centres.extend_from_slice(&candidates[chosen]);
        if centres.len() == n_clusters * n_axes {
            return Ok(centres);
        }
        for Potential {
            left, candidates, ..
        } in &mut potentials
        {
            std::mem::swap(left, &mut candidates[chosen]);
        }
        watch.check()?;
    }
}

/// Index of the candidate that leaves the smallest sum, the first of equals.
fn best_candidate(potentials: &[Potential<'_>], n_candidates: usize) -> usize {
    let total = |c: usize| -> f64 {
        let spans = potentials.iter().map(|span| &span.candidates[c]);
        spans.flat_map(|candidate| &candidate.tile_sums).sum()
    };
    let totals: Vec<f64> = (0..n_candidates).map(total).collect();
    (1..n_candidates).fold(0, |best, c| if totals[c] < totals[best] { c } else { best })
}

/// `n_draws` rows, as span and lane in it, with probabilities proportional to their weighted distances; none where
/// all of these are 0.
fn draw<'a>(
    spans: impl Iterator<Item = &'a Distances> + Clone,
    n_draws: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<(usize, usize)> {
    let tiles = spans.enumerate().flat_map(|(span, distances)| {
        let tiles = distances.weighted.chunks(MAX_TILE).enumerate();
        let sums = distances.tile_sums.iter();
        tiles
            .zip(sums)
            .map(move |((tile, lanes), &sum)| ((span, tile * MAX_TILE), lanes, sum))
            .filter(|(_, _, sum)| *sum > 0.0)
    });
    let total: f64 = tiles.clone().map(|(_, _, sum)| sum).sum();
    if total == 0.0 {
        return Vec::new();
    }
    let draw = |_| {
        let mut rest = rng.random::<f64>() * total;
        let sums = tiles.clone().map(|(_, _, sum)| sum);
        let tile = position(sums, &mut rest);
        let ((span, first), lanes, _) = tiles.clone().nth(tile).expect("a tile that was found");
        let lane = position(lanes.iter().map(|&x| f64::from(x)), &mut rest);
        (span, first + lane)
    };
    (0..n_draws).map(draw).collect()
}

/// Where `rest` lies on `lengths`, one after another, and how far it is behind the start of that one. Rounding may
/// put it beyond the end; it then belongs to the last that isn't 0.
fn position(lengths: impl Iterator<Item = f64>, rest: &mut f64) -> usize {
    let mut last = 0;
    for (index, length) in lengths.enumerate() {
        if length > 0.0 {
            last = index;
            if *rest < length {
                return index;
            }
            *rest -= length;
        }
    }
    last
}

/// w_n · (squared distance of row n from its nearest centre), for the rows of a span.
struct Distances {
    /// [`MAX_TILE`] for each tile; 0 where there is no row.
    weighted: Buffer<f32>,
    tile_sums: Vec<f64>,
}

impl Distances {
    /// All rows at distance 1.
    fn equal(rows: &PackedSpan) -> Self {
        let tiles = rows.weights.chunks(MAX_TILE);
        Self {
            tile_sums: tiles
                .map(|tile| tile.iter().map(|&w| f64::from(w)).sum())
                .collect(),
            weighted: rows.weights.clone(),
        }
    }
}

/// What the centres chosen so far leave of a span, and what each candidate would.
struct Potential<'a> {
    rows: &'a PackedSpan,
    left: Distances,
    candidates: Vec<Distances>,
}

impl<'a> Potential<'a> {
    /// Before there is any centre.
    fn new(rows: &'a PackedSpan, n_candidates: usize) -> Self {
        let (len, n_tiles) = (rows.weights.len(), rows.tiles.len());
        let unset = |weighted| Distances {
            weighted,
            tile_sums: vec![0.0; n_tiles],
        };
        let mut infinite = buffer(len);
        infinite.fill(f32::INFINITY);
        Self {
            rows,
            left: unset(infinite),
            candidates: (0..n_candidates).map(|_| unset(buffer(len))).collect(),
        }
    }
}

/// Finds what `candidates` would leave of a span.
struct Try<'a, 'b> {
    potential: &'a mut Potential<'b>,
    candidates: &'a [Vec<f32>],
}

impl WithSimd for Try<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = Single(simd);
        by_group!(Single<S>, V => self.groups::<_, V>(lanes));
    }
}

impl Try<'_, '_> {
    #[inline(always)]
    fn groups<L: Lanes<Element = f32>, const V: usize>(self, lanes: L) {
        let Potential {
            rows,
            left,
            candidates,
        } = self.potential;
        for (index, tile) in rows.tiles.iter().enumerate() {
            let lanes_of_tile = index * MAX_TILE..(index + 1) * MAX_TILE;
            let weights = L::vectors(&rows.weights[lanes_of_tile.clone()]);
            let left = L::vectors(&left.weighted[lanes_of_tile.clone()]);
            for candidate in candidates.iter_mut() {
                candidate.tile_sums[index] = 0.0;
            }
            let bounds = left.as_chunks::<V>().0.iter().zip(weights.as_chunks().0);
            for (group, (x, (left, weights))) in tile.groups::<L>().zip(bounds).enumerate() {
                let x = x.as_chunks::<V>().0;
                for (point, candidate) in self.candidates.iter().zip(candidates.iter_mut()) {
                    let distance = distances(lanes, x, point);
                    let out = &mut candidate.weighted[lanes_of_tile.clone()];
                    let out = &mut L::vectors_mut(out).as_chunks_mut::<V>().0[group];
                    let mut sum = lanes.splat(0.0);
                    for v in 0..V {
                        let weights: &[L::Vector; V] = weights;
                        out[v] = lanes.min(left[v], lanes.mul(distance[v], weights[v]));
                        sum = lanes.add(sum, out[v]);
                    }
                    candidate.tile_sums[index] += f64::from(lanes.sum(sum));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::rand_core::SeedableRng;

    fn distances(weighted: &[f32]) -> Distances {
        Distances {
            weighted: Buffer::from_slice(64, weighted),
            tile_sums: vec![weighted.iter().map(|&w| f64::from(w)).sum()],
        }
    }

    #[test]
    fn draws_only_rows_of_positive_weight_in_proportion() {
        let spans = [distances(&[0.0, 1.0, 0.0]), distances(&[0.0, 3.0, 0.0])];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let draws = draw(spans.iter(), 40_000, &mut rng);
        let count = |row| draws.iter().filter(|&&drawn| drawn == row).count();
        assert_eq!(count((0, 1)) + count((1, 1)), 40_000);
        assert!((count((1, 1)) as f64 / 40_000.0 - 0.75).abs() < 0.01);
        assert!(draw([distances(&[0.0; 4])].iter(), 3, &mut rng).is_empty());
    }
}
