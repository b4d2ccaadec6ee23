//! The direction along which whitened rows fall apart: that of least kurtosis.
//!
//! Projected on a direction, one Gaussian has kurtosis 3 whatever the direction; two equal clusters far apart have 1, the least
//! there is (Peña & Prieto 2001). Where one direction of many separates the clusters, it is found here and nowhere in the distances.
//!
//! The extrema of the kurtosis of wᵀy, ‖w‖ = 1, of whitened rows y = L⁻¹ z are the fixed points of
//!   w ← E[y (wᵀy)³] − 3 w,  w ← w / ‖w‖        (Hyvärinen & Oja 1997, eq. 20)
//! With a = L⁻ᵀ w, wᵀy = aᵀz and E[y (wᵀy)³] = L⁻¹ E[z (aᵀz)³], so that no row need be whitened.

use ndarray::{ArrayView2, s};
use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::whitening::{BLOCK, Whitened};
use crate::kernels;
use crate::linalg::dot;
use crate::parallel::{Spans, Threads};

/// Iterations from one direction.
const ITERATIONS: usize = 8;

/// A direction that turns less than this, 1 − |cos|, has been found.
const TOLERANCE: f64 = 1e-4;

/// Sums over the rows of a block.
const LANES: usize = 8;

/// The axis, of standardised features, along which the rows have the least kurtosis that is found from `n_tries` random
/// directions.
pub(super) fn least_kurtosis(
    whitened: &Whitened,
    n_tries: usize,
    threads: &Threads,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    let n_axes = whitened.axes.len();
    let mut best = (f64::INFINITY, vec![0.0; n_axes]);
    for _ in 0..n_tries {
        let direction = (0..n_axes).map(|_| normal(rng)).collect();
        let (kurtosis, direction) = pursue(whitened, direction, threads);
        if kurtosis < best.0 {
            best = (kurtosis, direction);
        }
    }
    whitened.axis(&best.1)
}

/// About normal: the sum of twelve uniform numbers, less 6.
fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// The search from one direction: the kurtosis and the direction that it ends at.
fn pursue(whitened: &Whitened, direction: Vec<f64>, threads: &Threads) -> (f64, Vec<f64>) {
    let mut w = direction;
    normalise(&mut w);
    for _ in 0..ITERATIONS {
        let mut next = Moments::along(whitened, &w, threads).third;
        next.iter_mut().zip(&w).for_each(|(x, w)| *x -= 3.0 * w);
        normalise(&mut next);
        let turned = 1.0 - dot(&next, &w).abs();
        w = next;
        if turned < TOLERANCE {
            break;
        }
    }
    (Moments::along(whitened, &w, threads).fourth, w)
}

/// Makes the length of `w` 1; a vector of length 0 stays.
fn normalise(w: &mut [f64]) {
    let length = dot(w, w).sqrt();
    if length > 0.0 {
        w.iter_mut().for_each(|w| *w /= length);
    }
}

/// Moments of rows and their projections p = wᵀy, or sums that lead to them.
struct Moments {
    /// E[y p³].
    third: Vec<f64>,
    /// E p⁴.
    fourth: f64,
}

impl Moments {
    /// Those along the direction `w`.
    fn along(whitened: &Whitened, w: &[f64], threads: &Threads) -> Self {
        let (n_features, n_filled) = whitened.features.dim();
        let axis = whitened.axis(w);
        let spans = Spans::new(n_filled, n_features, 4 * n_features, 0);
        let sums = threads.map(spans.ranges(), |span| {
            let features = whitened.features.slice(s![.., span]);
            kernels::run(Project {
                features,
                axis: &axis,
            })
        });
        let sums = sums.into_iter().reduce(Self::plus);
        let sums = sums.expect("there is at least one row");
        let share = 1.0 / whitened.n_rows as f64;
        let mut third = whitened.map(&sums.third);
        third.iter_mut().for_each(|x| *x *= share);
        Self {
            third,
            fourth: sums.fourth * share,
        }
    }

    fn plus(mut self, other: Self) -> Self {
        let third = self.third.iter_mut().zip(other.third);
        third.for_each(|(sum, term)| *sum += term);
        self.fourth += other.fourth;
        self
    }
}

/// Σ z p³ and Σ p⁴ over some rows, with p = aᵀz.
struct Project<'a> {
    /// z, whole blocks of each feature.
    features: ArrayView2<'a, f64>,
    /// a.
    axis: &'a [f64],
}

impl WithSimd for Project<'_> {
    type Output = Moments;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Moments {
        let mut third = vec![[0.0; LANES]; self.axis.len()];
        let mut fourth = [0.0; LANES];
        for block in 0..self.features.ncols() / BLOCK {
            let feature = |d: usize| {
                let feature = self.features.row(d).to_slice();
                &feature.expect("rows side by side").as_chunks::<BLOCK>().0[block]
            };
            let mut p = [0.0; BLOCK];
            for (d, &a) in self.axis.iter().enumerate() {
                for (p, z) in p.iter_mut().zip(feature(d)) {
                    *p += a * z;
                }
            }
            let cubes = p.map(|p| p * p * p);
            for (d, sums) in third.iter_mut().enumerate() {
                add_products(feature(d), &cubes, sums);
            }
            add_products(&p, &cubes, &mut fourth);
        }
        Moments {
            third: third.iter().map(|sums| sums.iter().sum()).collect(),
            fourth: fourth.iter().sum(),
        }
    }
}

/// Adds the products of the entries of `a` and `b` to the sums, which take turns.
#[inline(always)]
fn add_products(a: &[f64; BLOCK], b: &[f64; BLOCK], sums: &mut [f64; LANES]) {
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// The same, row by row, from rows that are whitened first.
    fn moments_of_rows(whitened: &Whitened, w: &[f64]) -> Moments {
        let mut sums = Moments {
            third: vec![0.0; w.len()],
            fourth: 0.0,
        };
        for row in 0..whitened.n_rows {
            let y = whitened.map(&whitened.features.column(row).to_vec());
            let p: f64 = y.iter().zip(w).map(|(y, w)| y * w).sum();
            let third = sums.third.iter_mut().zip(&y);
            third.for_each(|(sum, y)| *sum += y * p.powi(3) / whitened.n_rows as f64);
            sums.fourth += p.powi(4) / whitened.n_rows as f64;
        }
        sums
    }

    #[test]
    fn moments_are_those_of_whitened_rows_for_any_number_of_threads() {
        let n_rows = 100_003;
        let entry = |(d, n): (usize, usize)| match n < n_rows {
            true => ((n * (7 + 4 * d)) % 31) as f64 / 15.0 - 1.0,
            false => 0.0,
        };
        let whitened = Whitened {
            axes: vec![vec![1.5], vec![-0.5, 0.75], vec![0.25, -1.0, 2.0]],
            features: Array2::from_shape_fn((3, n_rows.next_multiple_of(BLOCK)), entry),
            n_rows,
        };
        let w = [0.6, -0.48, 0.64];
        let expected = moments_of_rows(&whitened, &w);
        let found = [1, 2, 3].map(|n| {
            let threads = Threads::new(n).expect("a few threads");
            Moments::along(&whitened, &w, &threads)
        });
        for moments in &found {
            let entries = moments.third.iter().zip(&expected.third);
            for (x, y) in entries.chain([(&moments.fourth, &expected.fourth)]) {
                assert!((x - y).abs() < 1e-12 * expected.fourth, "{x} {y}");
            }
            assert_eq!(moments.third, found[0].third);
        }
    }
}
