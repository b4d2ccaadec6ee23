//! s0, s1 and the diagonal of s2 (or not even that) of selected rows, vectors along the features.

use super::{Moments, total};
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Anchor;
use crate::rows::Panel;

/// Adds the rows `indices` with their `weights`; without `SECOND`, s2 is left out.
#[inline(always)]
pub(crate) fn add_selected_diagonal<L: Lanes, const SECOND: bool>(
    lanes: L,
    rows: &Panel<L::Element>,
    n_features: usize,
    anchor: &Anchor<L::Element>,
    indices: &[u32],
    weights: &[L::Element],
    into: &mut Moments<'_>,
) {
    *into.zeroth += total(lanes, weights);
    let n_blocks = n_features.div_ceil(L::LANES);
    let mut block = 0;
    // Narrow rows are added to several sums in turn, as one alone would wait for itself.
    if const { L::GROUP == 6 } {
        while block + 4 <= n_blocks {
            add_blocks::<L, SECOND, 4, 1>(lanes, rows, block, anchor, indices, weights, into);
            block += 4;
        }
    }
    while block + 2 <= n_blocks {
        add_blocks::<L, SECOND, 2, 2>(lanes, rows, block, anchor, indices, weights, into);
        block += 2;
    }
    if block < n_blocks {
        add_blocks::<L, SECOND, 1, 4>(lanes, rows, block, anchor, indices, weights, into);
    }
}

/// The same for the `B` vectors of each row from `first_block` on, in `U` sums that take turns.
#[inline(always)]
fn add_blocks<L: Lanes, const SECOND: bool, const B: usize, const U: usize>(
    lanes: L,
    rows: &Panel<L::Element>,
    first_block: usize,
    anchor: &Anchor<L::Element>,
    indices: &[u32],
    weights: &[L::Element],
    into: &mut Moments<'_>,
) {
    let zero = lanes.splat(L::Element::default());
    let blocks: [&[L::Vector]; B] = std::array::from_fn(|b| rows.block::<L>(first_block + b));
    let mut anchors = [zero; B];
    for (b, anchors) in anchors.iter_mut().enumerate() {
        *anchors = anchor.block::<L>(first_block + b);
    }
    let mut first = [[zero; B]; U];
    let mut second = [[zero; B]; U];
    let weights = &weights[..indices.len()];
    let (turns, rest) = indices.as_chunks::<U>();
    let (turn_weights, rest_weights) = weights.as_chunks::<U>();
    for (turn, turn_weights) in turns.iter().zip(turn_weights) {
        for u in 0..U {
            let weight = lanes.splat(turn_weights[u]);
            for b in 0..B {
                let z = lanes.sub(blocks[b][turn[u] as usize], anchors[b]);
                let weighted = lanes.mul(z, weight);
                first[u][b] = lanes.add(first[u][b], weighted);
                if SECOND {
                    second[u][b] = lanes.mul_add(weighted, z, second[u][b]);
                }
            }
        }
    }
    for (&n, &weight) in rest.iter().zip(rest_weights) {
        let weight = lanes.splat(weight);
        for b in 0..B {
            let z = lanes.sub(blocks[b][n as usize], anchors[b]);
            let weighted = lanes.mul(z, weight);
            first[0][b] = lanes.add(first[0][b], weighted);
            if SECOND {
                second[0][b] = lanes.mul_add(weighted, z, second[0][b]);
            }
        }
    }
    for b in 0..B {
        let features = (first_block + b) * L::LANES..(first_block + b + 1) * L::LANES;
        for u in 1..U {
            first[0][b] = lanes.add(first[0][b], first[u][b]);
            second[0][b] = lanes.add(second[0][b], second[u][b]);
        }
        lanes.add_to(first[0][b], &mut into.first[features.clone()]);
        if SECOND {
            lanes.add_to(second[0][b], &mut into.second[features]);
        }
    }
}
