//! Squared distances of a tile from a point, each feature in its own unit.
//!
//!   out_n = Σ_d ((x_nd − point_d) · scale_d)²

use pulp::Simd;

use super::{vectors, vectors_mut};
use crate::tile::TILE;

/// Writes `out_n` for the first `active` vectors of a tile.
#[inline(always)]
pub(crate) fn squared_distance<S: Simd>(
    simd: S,
    values: &[f64],
    active: usize,
    point: &[f64],
    scale: &[f64],
    out: &mut [f64],
) {
    let out = &mut vectors_mut::<S>(out)[..active];
    out.fill(simd.splat_f64s(0.0));
    for ((row, &coordinate), &scale) in values.chunks_exact(TILE).zip(point).zip(scale) {
        let (coordinate, scale) = (simd.splat_f64s(coordinate), simd.splat_f64s(scale));
        for (sum, &x) in out.iter_mut().zip(vectors::<S>(row)) {
            let difference = simd.mul_f64s(simd.sub_f64s(x, coordinate), scale);
            *sum = simd.mul_add_e_f64s(difference, difference, *sum);
        }
    }
}
