//! The direction along which whitened rows fall apart: that of least kurtosis.
//!
//! Projected on a direction, one Gaussian has kurtosis 3 whatever the direction; two equal clusters far apart have 1, the least
//! there is (Peña & Prieto 2001). Where one direction of many separates the clusters, it is found here and nowhere in the distances.
//!
//! The extrema of the kurtosis of wᵀy, ‖w‖ = 1, of whitened rows y are the fixed points of
//!   w ← E[y (wᵀy)³] − 3 w,  w ← w / ‖w‖        (Hyvärinen & Oja 1997, eq. 20)

use pulp::{Simd, WithSimd};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::whitening::Whitened;
use crate::kernels;
use crate::linalg::dot;

/// Iterations from one direction.
const ITERATIONS: usize = 8;

/// A direction that turns less than this, 1 − |cos|, has been found.
const TOLERANCE: f64 = 1e-4;

/// The axis, of standardised features, along which the rows have the least kurtosis that is found from `n_tries` random
/// directions.
pub(super) fn least_kurtosis(
    whitened: &Whitened,
    n_tries: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<f64> {
    let n_axes = whitened.axes.len();
    let mut best = (f64::INFINITY, vec![0.0; n_axes]);
    for _ in 0..n_tries {
        let direction = (0..n_axes).map(|_| normal(rng)).collect();
        let (kurtosis, direction) = kernels::run(Pursue {
            columns: &whitened.columns,
            direction,
        });
        if kurtosis < best.0 {
            best = (kurtosis, direction);
        }
    }
    // wᵀ y = wᵀ L⁻¹ z.
    let mut axis = vec![0.0; n_axes];
    for (row, w) in whitened.axes.iter().zip(best.1) {
        for (entry, l) in axis.iter_mut().zip(row) {
            *entry += w * l;
        }
    }
    axis
}

/// About normal: the sum of twelve uniform numbers, less 6.
fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// The search from one direction: the kurtosis and the direction that it ends at.
struct Pursue<'a> {
    columns: &'a [Vec<f64>],
    direction: Vec<f64>,
}

impl WithSimd for Pursue<'_> {
    type Output = (f64, Vec<f64>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (f64, Vec<f64>) {
        let n_rows = self.columns[0].len();
        let mut w = self.direction;
        normalise(&mut w);
        let mut projected = vec![0.0; n_rows];
        let mut cubes = vec![0.0; n_rows];
        for _ in 0..ITERATIONS {
            project(self.columns, &w, &mut projected);
            cube(&projected, &mut cubes);
            let mut next: Vec<f64> = w
                .iter()
                .zip(self.columns)
                .map(|(w, column)| dot(column, &cubes) / n_rows as f64 - 3.0 * w)
                .collect();
            normalise(&mut next);
            let turned = 1.0 - dot(&next, &w).abs();
            w = next;
            if turned < TOLERANCE {
                break;
            }
        }
        project(self.columns, &w, &mut projected);
        cube(&projected, &mut cubes);
        (dot(&cubes, &projected) / n_rows as f64, w)
    }
}

/// wᵀ y of all rows, into `projected`.
#[inline(always)]
fn project(columns: &[Vec<f64>], w: &[f64], projected: &mut [f64]) {
    projected.fill(0.0);
    for (column, &w) in columns.iter().zip(w) {
        for (p, y) in projected.iter_mut().zip(column) {
            *p += w * y;
        }
    }
}

/// p³ of all rows, into `cubes`.
#[inline(always)]
fn cube(projected: &[f64], cubes: &mut [f64]) {
    for (cube, p) in cubes.iter_mut().zip(projected) {
        *cube = p * p * p;
    }
}

/// Makes the length of `w` 1; a vector of length 0 stays.
#[inline(always)]
fn normalise(w: &mut [f64]) {
    let length = dot(w, w).sqrt();
    if length > 0.0 {
        w.iter_mut().for_each(|w| *w /= length);
    }
}
