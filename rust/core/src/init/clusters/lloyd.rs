//! Lloyd's iterations (Lloyd 1982): every row to its nearest centre, every centre to the weighted mean of its rows.

use pulp::{Simd, WithSimd};

use super::packed_rows::{PackedRows, PackedSpan};
use crate::error::GmmError;
use crate::kernels;
use crate::kernels::clusters::{add_members, nearest, select_members};
use crate::kernels::lanes::{Lanes, Single, by_group};
use crate::parallel::Threads;
use crate::rows::MAX_TILE;
use crate::watch::Watch;

/// Iterations at most.
const MAX_ITERATIONS: usize = 100;

/// The end is where the sum of squared distances falls by less than this part of itself.
const RELATIVE_TOLERANCE: f64 = 1e-4;

/// Improves `centres` until that hardly helps.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn improve(
    packed: &PackedRows,
    centres: &mut [f32],
    n_features: usize,
    threads: &Threads,
    watch: &Watch,
) -> Result<(), GmmError> {
    let mut inertia = f64::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        let sums = sums(packed, centres, n_features, threads);
        if inertia - sums.inertia <= RELATIVE_TOLERANCE * sums.inertia {
            break;
        }
        inertia = sums.inertia;
        move_centres(centres, &sums, n_features);
        watch.check()?;
    }
    Ok(())
}

/// Moves every centre to the mean of its rows; a centre without rows stays.
fn move_centres(centres: &mut [f32], sums: &Sums, n_features: usize) {
    let centres = centres.chunks_exact_mut(n_features);
    for ((centre, &count), first) in centres
        .zip(&sums.counts)
        .zip(sums.first.chunks_exact(n_features))
    {
        if count > 0.0 {
            for (coordinate, sum) in centre.iter_mut().zip(first) {
                *coordinate = (sum / count) as f32;
            }
        }
    }
}

/// What an iteration needs to know of some rows.
pub(super) struct Sums {
    /// Σ w_n over the rows of each cluster.
    counts: Vec<f64>,
    /// Σ w_n x_n over the rows of each cluster.
    first: Vec<f64>,
    /// Σ w_n · (squared distance from the nearest centre).
    pub(super) inertia: f64,
}

impl Sums {
    fn zero(n_clusters: usize, n_features: usize) -> Self {
        Self {
            counts: vec![0.0; n_clusters],
            first: vec![0.0; n_clusters * n_features],
            inertia: 0.0,
        }
    }

    /// Adds the sums of other rows.
    fn merge(mut self, other: Self) -> Self {
        let counts = self.counts.iter_mut().zip(other.counts);
        for (sum, term) in counts.chain(self.first.iter_mut().zip(other.first)) {
            *sum += term;
        }
        self.inertia += other.inertia;
        self
    }
}

/// The sums of all rows, each with the cluster of its nearest centre, the first of equals.
pub(super) fn sums(
    packed: &PackedRows,
    centres: &[f32],
    n_features: usize,
    threads: &Threads,
) -> Sums {
    let partials = threads.map(&packed.spans, |rows| {
        kernels::run(Sum {
            rows,
            centres,
            n_features,
        })
    });
    let total = partials.into_iter().reduce(Sums::merge);
    total.expect("there is at least one row")
}

/// The work of [`sums`] on one span.
struct Sum<'a> {
    rows: &'a PackedSpan,
    centres: &'a [f32],
    n_features: usize,
}

impl WithSimd for Sum<'_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let lanes = Single(simd);
        by_group!(Single<S>, V => self.groups::<_, V>(lanes))
    }
}

impl Sum<'_> {
    #[inline(always)]
    fn groups<L: Lanes<Element = f32>, const V: usize>(self, lanes: L) -> Sums {
        let n_clusters = self.centres.len() / self.n_features;
        let mut sums = Sums::zero(n_clusters, self.n_features);
        let (mut labels, mut members) = ([0.0; MAX_TILE], [0.0; MAX_TILE]);
        let weights = self.rows.weights.chunks_exact(MAX_TILE);
        for (tile, weights) in self.rows.tiles.iter().zip(weights) {
            let weights = L::vectors(weights);
            let labels = L::vectors_mut(&mut labels);
            let members = L::vectors_mut(&mut members);
            let mut n_vectors = 0;
            for (group, weights) in tile.groups::<L>().zip(weights.as_chunks::<V>().0) {
                let (distance, label) = nearest::<L, V>(lanes, group.as_chunks().0, self.centres);
                labels[n_vectors..n_vectors + V].copy_from_slice(&label);
                let mut inertia = lanes.splat(0.0);
                for v in 0..V {
                    inertia = lanes.mul_add(distance[v], weights[v], inertia);
                }
                sums.inertia += f64::from(lanes.sum(inertia));
                n_vectors += V;
            }
            let first = sums.first.chunks_exact_mut(self.n_features);
            for (cluster, (count, first)) in sums.counts.iter_mut().zip(first).enumerate() {
                let members = &mut members[..n_vectors];
                let found = select_members(lanes, &labels[..n_vectors], weights, cluster, members);
                if found > 0.0 {
                    *count += found;
                    add_members::<L, V>(lanes, tile, members, first);
                }
            }
        }
        sums
    }
}
