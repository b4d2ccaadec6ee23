//! Weighted moments of a tile about a point.
//!
//!   s0 = Σ r_n      s1 = Σ r_n z_n      s2 = Σ r_n z_n z_nᵀ      with z_n = x_n − anchor

use pulp::Simd;

use super::{vectors, vectors_mut, vectors_per_row};
use crate::linalg::packed_index;
use crate::tile::TILE;

/// The moments of one component that a tile is added to.
#[derive(Debug)]
pub(crate) struct Moments<'a> {
    /// s0.
    pub(crate) zeroth: &'a mut f64,
    /// s1, one entry a feature.
    pub(crate) first: &'a mut [f64],
    /// s2, packed lower triangle.
    pub(crate) second: &'a mut [f64],
}

/// Adds the first `active` vectors of a tile. Lanes that hold no row have responsibility 0.
///
/// `centred` holds z; `weighted` is scratch of the same size for r z.
#[inline(always)]
pub(crate) fn add_moments<S: Simd>(
    simd: S,
    centred: &[f64],
    resp: &[f64],
    active: usize,
    weighted: &mut [f64],
    into: &mut Moments<'_>,
) {
    let resp = &vectors::<S>(resp)[..active];
    let mut total = simd.splat_f64s(0.0);
    for &r in resp {
        total = simd.add_f64s(total, r);
    }
    let total = simd.reduce_sum_f64s(total);
    if total == 0.0 {
        return;
    }
    *into.zeroth += total;

    let rows = centred
        .chunks_exact(TILE)
        .zip(weighted.chunks_exact_mut(TILE));
    for ((row, weighted), first) in rows.zip(into.first.iter_mut()) {
        let mut sum = simd.splat_f64s(0.0);
        let lanes = vectors::<S>(row).iter().zip(vectors_mut::<S>(weighted));
        for ((&z, product), &r) in lanes.zip(resp) {
            *product = simd.mul_f64s(z, r);
            sum = simd.add_f64s(sum, *product);
        }
        *first += simd.reduce_sum_f64s(sum);
    }

    if const { S::REGISTER_COUNT >= 32 } {
        add_products::<S, 4>(simd, weighted, centred, active, into);
    } else {
        add_products::<S, 3>(simd, weighted, centred, active, into);
    }
}

/// s2 += weighted · centredᵀ, lower triangle, in blocks of `B` × `B` features.
#[inline(always)]
fn add_products<S: Simd, const B: usize>(
    simd: S,
    weighted: &[f64],
    centred: &[f64],
    active: usize,
    into: &mut Moments<'_>,
) {
    let n_features = into.first.len();
    let whole = n_features - n_features % B;
    let (weighted, centred) = (vectors::<S>(weighted), vectors::<S>(centred));
    for i in (0..whole).step_by(B) {
        for j in (0..=i).step_by(B) {
            add_block::<S, B, B>(simd, weighted, centred, active, (i, j), into.second);
        }
    }
    for i in whole..n_features {
        for j in (0..whole).step_by(B) {
            add_block::<S, 1, B>(simd, weighted, centred, active, (i, j), into.second);
        }
        for j in whole..=i {
            add_block::<S, 1, 1>(simd, weighted, centred, active, (i, j), into.second);
        }
    }
}

/// The block of s2 whose first entry is (i, j), `A` × `B`; entries above the diagonal are dropped.
#[inline(always)]
fn add_block<S: Simd, const A: usize, const B: usize>(
    simd: S,
    weighted: &[S::f64s],
    centred: &[S::f64s],
    active: usize,
    (i, j): (usize, usize),
    second: &mut [f64],
) {
    let row = vectors_per_row::<S>();
    let mut sums = [[simd.splat_f64s(0.0); B]; A];
    let left: [&[S::f64s]; A] = std::array::from_fn(|a| &weighted[(i + a) * row..][..active]);
    let right: [&[S::f64s]; B] = std::array::from_fn(|b| &centred[(j + b) * row..][..active]);
    for v in 0..active {
        for a in 0..A {
            for b in 0..B {
                sums[a][b] = simd.mul_add_e_f64s(left[a][v], right[b][v], sums[a][b]);
            }
        }
    }
    for a in 0..A {
        for b in 0..B {
            if j + b <= i + a {
                second[packed_index(i + a, j + b)] += simd.reduce_sum_f64s(sums[a][b]);
            }
        }
    }
}
