//! Rows and the centres of clusters: distances, the nearest centre, and sums over the rows of a cluster.
//!
//! Rows come in groups of [`GROUP`](Lanes::GROUP) vectors, as a [`Tile`] holds them; a centre is a slice of as many
//! numbers as there are features.

use super::lanes::Lanes;
use crate::float::{Element, Float};
use crate::rows::Tile;

/// Σ_d (x_nd − centre_d)² of the `V` vectors of rows in `x`.
#[inline(always)]
pub(crate) fn distances<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    centre: &[L::Element],
) -> [L::Vector; V] {
    let mut sums = [lanes.splat(L::Element::default()); V];
    for (x, &centre) in x.iter().zip(centre) {
        let centre = lanes.splat(centre);
        for v in 0..V {
            let difference = lanes.sub(x[v], centre);
            sums[v] = lanes.mul_add(difference, difference, sums[v]);
        }
    }
    sums
}

/// The squared distance of each row from the nearest of `centres`, and which one that is, the first of equals.
#[inline(always)]
pub(crate) fn nearest<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    centres: &[L::Element],
) -> ([L::Vector; V], [L::Vector; V]) {
    let mut centres = centres.chunks_exact(x.len()).enumerate();
    let mut nearest = [lanes.splat(L::Element::from_f64(f64::INFINITY)); V];
    let mut label = [lanes.splat(L::Element::default()); V];
    if let Some((_, first)) = centres.next() {
        nearest = distances(lanes, x, first);
    }
    for (cluster, centre) in centres {
        let distance = distances(lanes, x, centre);
        let cluster = lanes.splat(L::Element::from_f64(cluster as f64));
        for v in 0..V {
            let farther = lanes.at_least(distance[v], nearest[v]);
            label[v] = lanes.select(farther, label[v], cluster);
            nearest[v] = lanes.min(distance[v], nearest[v]);
        }
    }
    (nearest, label)
}

/// The weights of the rows whose label is `cluster`, 0 for all others, into `members`; their sum.
#[inline(always)]
pub(crate) fn select_members<L: Lanes>(
    lanes: L,
    labels: &[L::Vector],
    weights: &[L::Vector],
    cluster: usize,
    members: &mut [L::Vector],
) -> f64 {
    let zero = lanes.splat(L::Element::default());
    let cluster = lanes.splat(L::Element::from_f64(cluster as f64));
    let mut count = zero;
    for ((&label, &weight), member) in labels.iter().zip(weights).zip(members) {
        let not_below = lanes.select(lanes.at_least(label, cluster), weight, zero);
        *member = lanes.select(lanes.at_least(cluster, label), not_below, zero);
        count = lanes.add(count, *member);
    }
    lanes.sum(count).to_f64()
}

/// `sums[d] += Σ_n member_n x_nd` over the rows of `tile`.
#[inline(always)]
pub(crate) fn add_members<L: Lanes, const V: usize>(
    lanes: L,
    tile: &Tile<L::Element>,
    members: &[L::Vector],
    sums: &mut [f64],
) {
    const BLOCK: usize = 4;
    let members = members.as_chunks::<V>().0;
    let mut d = 0;
    while d + BLOCK <= sums.len() {
        add_features::<L, V, BLOCK>(lanes, tile, members, d, sums);
        d += BLOCK;
    }
    while d < sums.len() {
        add_features::<L, V, 1>(lanes, tile, members, d, sums);
        d += 1;
    }
}

/// The same for the `B` features from `first` on.
#[inline(always)]
fn add_features<L: Lanes, const V: usize, const B: usize>(
    lanes: L,
    tile: &Tile<L::Element>,
    members: &[[L::Vector; V]],
    first: usize,
    sums: &mut [f64],
) {
    let mut totals = [[lanes.splat(L::Element::default()); V]; B];
    for (group, members) in tile.groups::<L>().zip(members) {
        let features = &group.as_chunks::<V>().0[first..first + B];
        for b in 0..B {
            for v in 0..V {
                totals[b][v] = lanes.mul_add(members[v], features[b][v], totals[b][v]);
            }
        }
    }
    for (parts, sum) in totals.iter().zip(&mut sums[first..]) {
        let mut total = parts[0];
        for &part in &parts[1..] {
            total = lanes.add(total, part);
        }
        *sum += lanes.sum(total).to_f64();
    }
}
