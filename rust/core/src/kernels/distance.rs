//! Squared distances of a tile from points, each feature in its own unit.
//!
//!   distance_n = Σ_d ((x_nd − point_d) · scale_d)²

use pulp::Simd;

use super::{group, vectors, vectors_mut, vectors_per_row, vectors_per_tile};

/// Writes the squared distances from `point` for the first `active` vectors of a tile.
#[inline(always)]
pub(crate) fn squared_distances<S: Simd>(
    simd: S,
    values: &[f64],
    active: usize,
    point: &[f64],
    scale: &[f64],
    out: &mut [f64],
) {
    let values = vectors::<S>(values);
    let out = &mut vectors_mut::<S>(out)[..active];
    if const { vectors_per_tile::<S>() == 6 } {
        sum_squares::<S, 6>(simd, values, point, scale, out);
    } else {
        sum_squares::<S, 2>(simd, values, point, scale, out);
    }
}

/// The sums of squares, `V` vectors of rows at a time.
#[inline(always)]
fn sum_squares<S: Simd, const V: usize>(
    simd: S,
    values: &[S::f64s],
    point: &[f64],
    scale: &[f64],
    out: &mut [S::f64s],
) {
    for (index, out) in out.chunks_exact_mut(V).enumerate() {
        let mut sums = [simd.splat_f64s(0.0); V];
        let features = values.chunks_exact(vectors_per_row::<S>());
        for ((row, &coordinate), &scale) in features.zip(point).zip(scale) {
            let x = group::<S, V>(row, index * V);
            let (coordinate, scale) = (simd.splat_f64s(coordinate), simd.splat_f64s(scale));
            for v in 0..V {
                let difference = simd.mul_f64s(simd.sub_f64s(x[v], coordinate), scale);
                sums[v] = simd.mul_add_e_f64s(difference, difference, sums[v]);
            }
        }
        out.copy_from_slice(&sums);
    }
}

/// Lowers `nearest` to `distances` where these are smaller.
#[inline(always)]
pub(crate) fn lower<S: Simd>(simd: S, distances: &[f64], active: usize, nearest: &mut [f64]) {
    let pairs = vectors_mut::<S>(nearest)[..active].iter_mut();
    for (nearest, &distance) in pairs.zip(vectors::<S>(distances)) {
        *nearest = simd.min_f64s(*nearest, distance);
    }
}

/// The same, and sets `label` to `index` there.
#[inline(always)]
pub(crate) fn lower_and_label<S: Simd>(
    simd: S,
    distances: &[f64],
    active: usize,
    index: f64,
    nearest: &mut [f64],
    label: &mut [f64],
) {
    let index = simd.splat_f64s(index);
    let pairs = vectors_mut::<S>(nearest)[..active].iter_mut();
    let lanes = pairs.zip(vectors_mut::<S>(label));
    for ((nearest, label), &distance) in lanes.zip(vectors::<S>(distances)) {
        let closer = simd.less_than_f64s(distance, *nearest);
        *nearest = simd.select_f64s(closer, distance, *nearest);
        *label = simd.select_f64s(closer, index, *label);
    }
}

/// Σ min(nearest, distance).
#[inline(always)]
pub(crate) fn sum_of_lower<S: Simd>(
    simd: S,
    distances: &[f64],
    active: usize,
    nearest: &[f64],
) -> f64 {
    let mut sum = simd.splat_f64s(0.0);
    let pairs = vectors::<S>(nearest)[..active].iter();
    for (&nearest, &distance) in pairs.zip(vectors::<S>(distances)) {
        sum = simd.add_f64s(sum, simd.min_f64s(nearest, distance));
    }
    simd.reduce_sum_f64s(sum)
}
