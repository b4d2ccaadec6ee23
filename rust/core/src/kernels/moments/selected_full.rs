//! s0, s1 and the lower triangle of s2 of selected rows, vectors along the features.
//!
//! The rows are first written as √r z, so that s2 is a Gram matrix: symmetric, and never indefinite
//! by more than the rounding of its sums.

use super::{Moments, total};
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Anchor;
use crate::rows::{Buffer, Panel, buffer, padded};

/// Tables for the weighted rows of one component.
#[derive(Debug)]
pub(crate) struct WeightedRows<E> {
    roots: Buffer<E>,
    /// √r z of each row.
    rows: Panel<E>,
}

impl<E: Float> WeightedRows<E> {
    /// Room for `capacity` rows.
    pub(crate) fn new(n_features: usize, capacity: usize) -> Self {
        Self {
            roots: buffer(capacity),
            rows: Panel::new(n_features, capacity),
        }
    }
}

/// Adds the rows `indices` with their `weights`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "one call, all of different kinds"
)]
pub(crate) fn add_selected_full<L: Lanes>(
    lanes: L,
    rows: &Panel<L::Element>,
    n_features: usize,
    anchor: &Anchor<L::Element>,
    indices: &[u32],
    weights: &[L::Element],
    scratch: &mut WeightedRows<L::Element>,
    into: &mut Moments<'_>,
) {
    *into.zeroth += total(lanes, weights);
    for (root, &weight) in L::vectors_mut(&mut scratch.roots)
        .iter_mut()
        .zip(L::vectors(weights))
    {
        *root = lanes.sqrt(weight);
    }
    let roots = &scratch.roots[..indices.len()];
    for block in 0..n_features.div_ceil(L::LANES) {
        let from = rows.block::<L>(block);
        let to = scratch.rows.block_mut::<L>(block);
        let sum = weigh(lanes, from, anchor.block::<L>(block), indices, roots, to);
        lanes.add_to(
            sum,
            &mut into.first[block * L::LANES..(block + 1) * L::LANES],
        );
    }
    let (len, rows) = (indices.len(), &scratch.rows);
    match const { L::GRAM_ROWS } {
        8 => add_gram::<L, 8>(lanes, rows, n_features, len, into.second),
        4 => add_gram::<L, 4>(lanes, rows, n_features, len, into.second),
        2 => add_gram::<L, 2>(lanes, rows, n_features, len, into.second),
        _ => add_gram::<L, 1>(lanes, rows, n_features, len, into.second),
    }
}

/// Writes √r z of the rows `indices` of a block to `to`, and returns Σ r z.
#[inline(always)]
fn weigh<L: Lanes>(
    lanes: L,
    from: &[L::Vector],
    anchor: L::Vector,
    indices: &[u32],
    roots: &[L::Element],
    to: &mut [L::Vector],
) -> L::Vector {
    // Several sums take turns, as one alone would wait for itself.
    const TURNS: usize = 4;
    let mut sums = [lanes.splat(L::Element::default()); TURNS];
    let (index_turns, rest) = indices.as_chunks::<TURNS>();
    let (root_turns, root_rest) = roots.as_chunks::<TURNS>();
    let (to_turns, to_rest) = to[..indices.len()].as_chunks_mut::<TURNS>();
    for ((indices, roots), to) in index_turns.iter().zip(root_turns).zip(to_turns) {
        for turn in 0..TURNS {
            let root = lanes.splat(roots[turn]);
            to[turn] = lanes.mul(lanes.sub(from[indices[turn] as usize], anchor), root);
            sums[turn] = lanes.mul_add(root, to[turn], sums[turn]);
        }
    }
    for ((&n, &root), to) in rest.iter().zip(root_rest).zip(to_rest) {
        let root = lanes.splat(root);
        *to = lanes.mul(lanes.sub(from[n as usize], anchor), root);
        sums[0] = lanes.mul_add(root, *to, sums[0]);
    }
    let halves = [lanes.add(sums[0], sums[1]), lanes.add(sums[2], sums[3])];
    lanes.add(halves[0], halves[1])
}

/// Adds Σ y yᵀ over the first `len` rows y, `R` rows of the triangle at a time. Entries above
/// the diagonal get any value.
#[inline(always)]
fn add_gram<L: Lanes, const R: usize>(
    lanes: L,
    rows: &Panel<L::Element>,
    n_features: usize,
    len: usize,
    second: &mut [f64],
) {
    for i in (0..n_features).step_by(R) {
        let n_blocks = (i + R).min(n_features).div_ceil(L::LANES);
        let mut block = 0;
        while block < n_blocks {
            let at = (i, block);
            block += match (n_blocks - block).min(L::GRAM_VECTORS) {
                1 => add_tile::<L, R, 1>(lanes, rows, at, n_features, len, second),
                2 => add_tile::<L, R, 2>(lanes, rows, at, n_features, len, second),
                _ => add_tile::<L, R, 3>(lanes, rows, at, n_features, len, second),
            };
        }
    }
}

/// The tile of `R` rows and `V` vectors whose first row and vector are `at`. Returns `V`.
#[inline(always)]
fn add_tile<L: Lanes, const R: usize, const V: usize>(
    lanes: L,
    rows: &Panel<L::Element>,
    at: (usize, usize),
    n_features: usize,
    len: usize,
    second: &mut [f64],
) -> usize {
    let (i, block) = at;
    let offset = i % L::LANES;
    let left = rows
        .block_elements::<L>(i / L::LANES)
        .chunks_exact(L::LANES);
    let right: [&[L::Vector]; V] = std::array::from_fn(|v| &rows.block::<L>(block + v)[..len]);
    let mut sums = [[lanes.splat(L::Element::default()); V]; R];
    for (n, left) in left.take(len).enumerate() {
        let left: &[L::Element; R] = left[offset..offset + R].try_into().expect("R elements");
        for r in 0..R {
            let y = lanes.splat(left[r]);
            for v in 0..V {
                sums[r][v] = lanes.mul_add(y, right[v][n], sums[r][v]);
            }
        }
    }
    let stride = padded(n_features);
    for r in 0..R {
        let row = &mut second[(i + r) * stride + block * L::LANES..];
        for (v, row) in row.chunks_exact_mut(L::LANES).take(V).enumerate() {
            lanes.add_to(sums[r][v], row);
        }
    }
    V
}
