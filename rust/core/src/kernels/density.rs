//! Weighted log-density of a tile under one component.
//!
//!   out_n = log_constant − ½ ‖L⁻¹ (x_n − μ)‖²
//!
//! The difference x − μ is formed first, so the error does not grow with the distance of the data
//! from the origin or of the components from each other.

use pulp::Simd;

use super::{group, vectors, vectors_mut, vectors_per_row, vectors_per_tile};
use crate::linalg::packed_row;
use crate::tile::TILE;

/// Smallest log-density that is reported, in nats. Where a square overflows, the result is this
/// value and not −∞ or NaN, so that everything derived from it stays finite.
pub(crate) const LOG_DENSITY_FLOOR: f64 = -1e200;

/// One component as the kernel needs it.
#[derive(Debug)]
pub(crate) struct Gaussian {
    /// μ.
    pub(crate) mean: Vec<f64>,
    /// L⁻¹.
    pub(crate) inverse_factor: TriangleBlocks,
    /// Log-density at the mean, log-weight included.
    pub(crate) log_constant: f64,
}

/// Rows of L⁻¹ that the kernel treats together.
const BLOCK: usize = 4;

/// A lower triangle in the order in which the kernel reads it: whole blocks of [`BLOCK`] rows
/// column by column (zeros fill the corner above the diagonal), then the remaining rows.
#[derive(Debug)]
pub(crate) struct TriangleBlocks {
    coefficients: Vec<f64>,
    n_features: usize,
}

impl TriangleBlocks {
    /// Reorders a packed lower triangle of size `n_features`.
    pub(crate) fn new(triangle: &[f64], n_features: usize) -> Self {
        let mut coefficients = Vec::new();
        let whole = n_features - n_features % BLOCK;
        for first in (0..whole).step_by(BLOCK) {
            for j in 0..first + BLOCK {
                let column =
                    (first..first + BLOCK).map(|i| packed_row(triangle, i).get(j).copied());
                coefficients.extend(column.map(Option::unwrap_or_default));
            }
        }
        for i in whole..n_features {
            coefficients.extend_from_slice(packed_row(triangle, i));
        }
        Self {
            coefficients,
            n_features,
        }
    }
}

/// Writes `out_n` for the first `active` vectors of a tile; `centred` is scratch for x − μ.
#[inline(always)]
pub(crate) fn log_density<S: Simd>(
    simd: S,
    values: &[f64],
    active: usize,
    gaussian: &Gaussian,
    centred: &mut [f64],
    out: &mut [f64],
) {
    subtract::<S>(simd, values, active, &gaussian.mean, centred);
    let centred = vectors::<S>(centred);
    let out = &mut vectors_mut::<S>(out)[..active];
    let constant = gaussian.log_constant;
    if const { vectors_per_tile::<S>() == 6 } {
        quadratic_form::<S, 6>(simd, centred, &gaussian.inverse_factor, constant, out);
    } else {
        quadratic_form::<S, 2>(simd, centred, &gaussian.inverse_factor, constant, out);
    }
}

/// Writes `values − point`, feature by feature, into `out`.
#[inline(always)]
pub(crate) fn subtract<S: Simd>(
    simd: S,
    values: &[f64],
    active: usize,
    point: &[f64],
    out: &mut [f64],
) {
    let rows = values.chunks_exact(TILE).zip(out.chunks_exact_mut(TILE));
    for ((from, to), &coordinate) in rows.zip(point) {
        let coordinate = simd.splat_f64s(coordinate);
        let pairs = vectors::<S>(from)[..active].iter();
        for (x, z) in pairs.zip(&mut vectors_mut::<S>(to)[..active]) {
            *z = simd.sub_f64s(*x, coordinate);
        }
    }
}

/// `constant − ½ ‖L⁻¹ z‖²`, `V` vectors of rows at a time.
#[inline(always)]
fn quadratic_form<S: Simd, const V: usize>(
    simd: S,
    centred: &[S::f64s],
    triangle: &TriangleBlocks,
    constant: f64,
    out: &mut [S::f64s],
) {
    let n_features = triangle.n_features;
    let whole = n_features - n_features % BLOCK;
    let (minus_half, constant) = (simd.splat_f64s(-0.5), simd.splat_f64s(constant));
    let floor = simd.splat_f64s(LOG_DENSITY_FLOOR);
    for (index, out) in out.chunks_exact_mut(V).enumerate() {
        let start = index * V;
        let mut squares = [simd.splat_f64s(0.0); V];
        let mut rest = triangle.coefficients.as_slice();
        for first in (0..whole).step_by(BLOCK) {
            let (block, others) = rest.split_at((first + BLOCK) * BLOCK);
            add_squares::<S, V, BLOCK>(simd, centred, start, block, &mut squares);
            rest = others;
        }
        for i in whole..n_features {
            let (row, others) = rest.split_at(i + 1);
            add_squares::<S, V, 1>(simd, centred, start, row, &mut squares);
            rest = others;
        }
        for (out, square) in out.iter_mut().zip(squares) {
            let value = simd.mul_add_e_f64s(minus_half, square, constant);
            // A comparison with NaN is false, so this also replaces NaN (∞ − ∞ after an overflow).
            let representable = simd.greater_than_or_equal_f64s(value, floor);
            *out = simd.select_f64s(representable, value, floor);
        }
    }
}

/// Adds the squares of `B` rows of L⁻¹ z; `block` holds their coefficients, column by column.
#[inline(always)]
fn add_squares<S: Simd, const V: usize, const B: usize>(
    simd: S,
    centred: &[S::f64s],
    start: usize,
    block: &[f64],
    squares: &mut [S::f64s; V],
) {
    let mut sums = [[simd.splat_f64s(0.0); V]; B];
    let rows = centred.chunks_exact(vectors_per_row::<S>());
    for (column, row) in block.as_chunks::<B>().0.iter().zip(rows) {
        let z = group::<S, V>(row, start);
        for b in 0..B {
            let coefficient = simd.splat_f64s(column[b]);
            for v in 0..V {
                sums[b][v] = simd.mul_add_e_f64s(coefficient, z[v], sums[b][v]);
            }
        }
    }
    for row in sums {
        for v in 0..V {
            squares[v] = simd.mul_add_e_f64s(row[v], row[v], squares[v]);
        }
    }
}
