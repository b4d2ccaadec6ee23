//! s0, s1 and the diagonal of s2 (or not even that) of all rows of a tile, vectors along the rows.
//!
//! Several components are treated at a time, as the tile comes from the second level cache.

use super::{Moments, total};
use crate::float::Float;
use crate::kernels::lanes::{Lanes, by_group};
use crate::kernels::point::Anchor;
use crate::rows::Tile;

/// One component: where its moments are taken about, and the responsibilities, 0 in lanes that hold no row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighting<'a, E> {
    pub(crate) anchor: &'a Anchor<E>,
    pub(crate) resp: &'a [E],
}

/// Adds all rows of `tile` to `P` components; without `SECOND`, s2 is left out.
///
/// Where all components have the same anchor (`SHARED`), z and its square are those of all of them, and each costs two
/// fused multiplications a feature instead of four operations.
#[inline(always)]
pub(crate) fn add_diagonal_moments<
    L: Lanes,
    const SHARED: bool,
    const SECOND: bool,
    const P: usize,
>(
    lanes: L,
    tile: &Tile<L::Element>,
    n_features: usize,
    components: [Weighting<'_, L::Element>; P],
    mut into: [Moments<'_>; P],
) {
    for p in 0..P {
        *into[p].zeroth += total(lanes, components[p].resp);
    }
    by_group!(L, V => add_features::<L, SHARED, SECOND, P, V>(
        lanes, tile, n_features, components, &mut into,
    ));
}

/// The same for groups of `V` vectors.
#[inline(always)]
fn add_features<
    L: Lanes,
    const SHARED: bool,
    const SECOND: bool,
    const P: usize,
    const V: usize,
>(
    lanes: L,
    tile: &Tile<L::Element>,
    n_features: usize,
    components: [Weighting<'_, L::Element>; P],
    into: &mut [Moments<'_>; P],
) {
    let mut resp: [&[[L::Vector; V]]; P] = [&[]; P];
    for p in 0..P {
        resp[p] = L::vectors(components[p].resp).as_chunks::<V>().0;
    }
    for d in 0..n_features {
        let mut anchors = [lanes.splat(L::Element::default()); P];
        for p in 0..P {
            anchors[p] = components[p].anchor.coordinate(lanes, d);
        }
        // As many sums as the registers hold: the vectors of a group take turns.
        let parts = const {
            let turns = 2 * V / P;
            if turns < V { turns } else { V }
        };
        let mut first = [[lanes.splat(L::Element::default()); V]; P];
        let mut second = first;
        for (index, group) in tile.groups::<L>().enumerate() {
            let x = &group.as_chunks::<V>().0[d];
            for v in 0..V {
                let part = v % parts;
                if SHARED {
                    let z = lanes.sub(x[v], anchors[0]);
                    let square = lanes.mul(z, z);
                    for p in 0..P {
                        let r = resp[p][index][v];
                        first[p][part] = lanes.mul_add(r, z, first[p][part]);
                        if SECOND {
                            second[p][part] = lanes.mul_add(r, square, second[p][part]);
                        }
                    }
                } else {
                    for p in 0..P {
                        let z = lanes.sub(x[v], anchors[p]);
                        let weighted = lanes.mul(resp[p][index][v], z);
                        first[p][part] = lanes.add(first[p][part], weighted);
                        if SECOND {
                            second[p][part] = lanes.mul_add(weighted, z, second[p][part]);
                        }
                    }
                }
            }
        }
        for p in 0..P {
            for part in 1..parts {
                first[p][0] = lanes.add(first[p][0], first[p][part]);
                second[p][0] = lanes.add(second[p][0], second[p][part]);
            }
            into[p].first[d] += lanes.sum(first[p][0]).to_f64();
            if SECOND {
                into[p].second[d] += lanes.sum(second[p][0]).to_f64();
            }
        }
    }
}
