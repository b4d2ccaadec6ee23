//! The inner loops, generic over [`pulp::Simd`], one lane per row of data.
//!
//! Each function here is inlined into one entry point per instruction set; the set is chosen once
//! per process, by [`run`]. Tables are lane-major: [`TILE`](crate::tile::TILE) lanes for each feature or component.

pub(crate) mod density;
pub(crate) mod distance;
pub(crate) mod exp;
mod instruction_set;
pub(crate) mod moments;
pub(crate) mod softmax;

#[cfg(test)]
pub(crate) use instruction_set::instruction_sets;
pub(crate) use instruction_set::run;

use crate::tile::TILE;

/// Smallest number of vectors that hold `len` rows and is a multiple of the register tile.
#[inline(always)]
pub(crate) fn active_vectors<S: pulp::Simd>(len: usize) -> usize {
    let tile = S::F64_LANES * vectors_per_tile::<S>();
    len.div_ceil(tile) * vectors_per_tile::<S>()
}

/// Vectors of rows that a register tile of the density kernel covers.
#[inline(always)]
pub(crate) const fn vectors_per_tile<S: pulp::Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 6 } else { 2 }
}

/// Number of vectors in a full row of lanes.
#[inline(always)]
pub(crate) const fn vectors_per_row<S: pulp::Simd>() -> usize {
    TILE / S::F64_LANES
}

/// `values` as vectors; its length is a multiple of [`TILE`], so nothing is left over.
#[inline(always)]
pub(crate) fn vectors<S: pulp::Simd>(values: &[f64]) -> &[S::f64s] {
    S::as_simd_f64s(values).0
}

/// `values` as mutable vectors; its length is a multiple of [`TILE`].
#[inline(always)]
pub(crate) fn vectors_mut<S: pulp::Simd>(values: &mut [f64]) -> &mut [S::f64s] {
    S::as_mut_simd_f64s(values).0
}

/// The `N` vectors of `row` from `start` on.
#[inline(always)]
pub(crate) fn group<S: pulp::Simd, const N: usize>(row: &[S::f64s], start: usize) -> &[S::f64s; N] {
    row[start..start + N]
        .try_into()
        .expect("the range has N entries")
}
