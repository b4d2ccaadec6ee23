//! s0, s1 and the lower triangle of s2 of all rows of a tile that are hardly wider than a vector, vectors along the rows.
//!
//! Vectors along the features would compute as much above the diagonal of s2 as below. As in
//! [`selected_full`](super::selected_full), the rows are first written as √r z.

use super::{Moments, total};
use crate::float::Float;
use crate::kernels::lanes::{Lanes, by_group};
use crate::kernels::point::Anchor;
use crate::rows::{Buffer, Tile, buffer, padded};

/// Features of a register tile, squared.
const BLOCK: usize = 4;

/// Whether rows of so many features are narrow.
#[inline(always)]
pub(crate) fn is_narrow<L: Lanes>(n_features: usize) -> bool {
    n_features <= 2 * L::LANES
}

/// Tables for the weighted rows of one component, in groups as those of a [`Tile`].
#[derive(Debug)]
pub(crate) struct WeightedGroups<E> {
    roots: Buffer<E>,
    /// √r z; features of zeros fill up the last register tile.
    rows: Buffer<E>,
}

impl<E: Float> WeightedGroups<E> {
    /// Room for `capacity` rows.
    pub(crate) fn new(n_features: usize, capacity: usize) -> Self {
        Self {
            roots: buffer(capacity),
            rows: buffer(n_features.next_multiple_of(BLOCK) * capacity),
        }
    }
}

/// Adds all rows of `tile`, whose responsibilities are `resp`, 0 in lanes that hold no row.
#[inline(always)]
pub(crate) fn add_narrow_moments<L: Lanes>(
    lanes: L,
    tile: &Tile<L::Element>,
    n_features: usize,
    anchor: &Anchor<L::Element>,
    resp: &[L::Element],
    scratch: &mut WeightedGroups<L::Element>,
    into: &mut Moments<'_>,
) {
    *into.zeroth += total(lanes, resp);
    by_group!(L, V => { weigh::<L, V>(lanes, tile, n_features, anchor, resp, scratch, into.first);
        add_products::<L, V>(lanes, tile.len(), n_features, scratch, into.second); });
}

/// Writes √r z, and adds Σ r z to `first`.
#[inline(always)]
fn weigh<L: Lanes, const V: usize>(
    lanes: L,
    tile: &Tile<L::Element>,
    n_features: usize,
    anchor: &Anchor<L::Element>,
    resp: &[L::Element],
    scratch: &mut WeightedGroups<L::Element>,
    first: &mut [f64],
) {
    let roots = L::vectors_mut(&mut scratch.roots);
    for (root, &resp) in roots.iter_mut().zip(L::vectors(resp)) {
        *root = lanes.sqrt(resp);
    }
    let roots = roots.as_chunks::<V>().0;
    let height = n_features.next_multiple_of(BLOCK);
    let rows = L::vectors_mut(&mut scratch.rows).as_chunks_mut::<V>().0;
    for (d, first) in first[..n_features].iter_mut().enumerate() {
        let coordinate = anchor.coordinate(lanes, d);
        let mut sums = [lanes.splat(L::Element::default()); V];
        let groups = tile
            .groups::<L>()
            .zip(roots)
            .zip(rows.chunks_exact_mut(height));
        for ((group, root), rows) in groups {
            let x = &group.as_chunks::<V>().0[d];
            for v in 0..V {
                rows[d][v] = lanes.mul(lanes.sub(x[v], coordinate), root[v]);
                sums[v] = lanes.mul_add(root[v], rows[d][v], sums[v]);
            }
        }
        for v in 1..V {
            sums[0] = lanes.add(sums[0], sums[v]);
        }
        *first += lanes.sum(sums[0]).to_f64();
    }
}

/// Adds Σ y yᵀ over the rows y in `scratch`.
#[inline(always)]
fn add_products<L: Lanes, const V: usize>(
    lanes: L,
    len: usize,
    n_features: usize,
    scratch: &WeightedGroups<L::Element>,
    second: &mut [f64],
) {
    let height = n_features.next_multiple_of(BLOCK);
    let n_groups = len.div_ceil(L::LANES * V);
    let rows = &L::vectors(&scratch.rows).as_chunks::<V>().0[..n_groups * height];
    let stride = padded(n_features);
    for i in (0..n_features).step_by(BLOCK) {
        for j in (0..=i).step_by(BLOCK) {
            let sums = if i == j {
                triangle_products(lanes, rows, height, i)
            } else {
                square_products(lanes, rows, height, (i, j))
            };
            let entries = second[i * stride..].chunks_mut(stride).zip(sums);
            for (row, sums) in entries.take(n_features - i) {
                for (entry, sum) in row[j..j + BLOCK].iter_mut().zip(sums) {
                    *entry += lanes.sum(sum).to_f64();
                }
            }
        }
    }
}

/// The sums of products of features i … and j …, a part in each lane.
#[inline(always)]
fn square_products<L: Lanes, const V: usize>(
    lanes: L,
    rows: &[[L::Vector; V]],
    height: usize,
    (i, j): (usize, usize),
) -> [[L::Vector; BLOCK]; BLOCK] {
    let mut sums = [[lanes.splat(L::Element::default()); BLOCK]; BLOCK];
    for group in rows.chunks_exact(height) {
        let left: &[[L::Vector; V]; BLOCK] = group[i..].first_chunk().expect("a whole tile");
        let right: &[[L::Vector; V]; BLOCK] = group[j..].first_chunk().expect("a whole tile");
        for v in 0..V {
            for a in 0..BLOCK {
                for b in 0..BLOCK {
                    sums[a][b] = lanes.mul_add(left[a][v], right[b][v], sums[a][b]);
                }
            }
        }
    }
    sums
}

/// The sums of products of features i …, a part in each lane; 0 above the diagonal.
#[inline(always)]
fn triangle_products<L: Lanes, const V: usize>(
    lanes: L,
    rows: &[[L::Vector; V]],
    height: usize,
    i: usize,
) -> [[L::Vector; BLOCK]; BLOCK] {
    let mut sums = [[lanes.splat(L::Element::default()); BLOCK]; BLOCK];
    for group in rows.chunks_exact(height) {
        let rows: &[[L::Vector; V]; BLOCK] = group[i..].first_chunk().expect("a whole tile");
        for v in 0..V {
            let mut y = sums[0];
            for (y, row) in y.iter_mut().zip(rows) {
                *y = row[v];
            }
            for a in 0..BLOCK {
                for b in 0..=a {
                    sums[a][b] = lanes.mul_add(y[a], y[b], sums[a][b]);
                }
            }
        }
    }
    sums
}
