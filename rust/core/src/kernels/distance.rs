//! Squared distances of a group of rows from a point, feature by feature.

use super::lanes::Lanes;
use super::point::Point;

/// Features are added to so many sums in turn, as one alone would wait for itself.
const TURNS: usize = 2;

/// Σ_d (x_nd − point_d)² of the `V` vectors of rows in `x`.
#[inline(always)]
pub(crate) fn squared_distances<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    point: &Point<L::Element>,
) -> [L::Vector; V] {
    let mut sums = [lanes.splat(L::Element::default()); V];
    for (d, x) in x.iter().enumerate() {
        let centre = point.coordinate(lanes, d);
        for v in 0..V {
            let difference = centre.difference(lanes, x[v]);
            sums[v] = lanes.mul_add(difference, difference, sums[v]);
        }
    }
    sums
}

/// Σ_d (scale_d z_nd + offset_d)² of the `V` vectors of rows in `z`.
#[inline(always)]
pub(crate) fn scaled_squared_norms<L: Lanes, const V: usize>(
    lanes: L,
    z: &[[L::Vector; V]],
    scales: &[L::Element],
    offsets: &[L::Element],
) -> [L::Vector; V] {
    let mut sums = [[lanes.splat(L::Element::default()); V]; TURNS];
    let (z_turns, z_rest) = z.as_chunks::<TURNS>();
    let (scale_turns, scale_rest) = scales.as_chunks::<TURNS>();
    let (offset_turns, offset_rest) = offsets.as_chunks::<TURNS>();
    for ((z, scales), offsets) in z_turns.iter().zip(scale_turns).zip(offset_turns) {
        for turn in 0..TURNS {
            add_scaled_square(
                lanes,
                &z[turn],
                scales[turn],
                offsets[turn],
                &mut sums[turn],
            );
        }
    }
    for ((z, &scale), &offset) in z_rest.iter().zip(scale_rest).zip(offset_rest) {
        add_scaled_square(lanes, z, scale, offset, &mut sums[0]);
    }
    let [mut total, other] = sums;
    for (total, other) in total.iter_mut().zip(other) {
        *total = lanes.add(*total, other);
    }
    total
}

/// sums += (scale z + offset)².
#[inline(always)]
fn add_scaled_square<L: Lanes, const V: usize>(
    lanes: L,
    z: &[L::Vector; V],
    scale: L::Element,
    offset: L::Element,
    sums: &mut [L::Vector; V],
) {
    let (scale, offset) = (lanes.splat(scale), lanes.splat(offset));
    for v in 0..V {
        let scaled = lanes.mul_add(scale, z[v], offset);
        sums[v] = lanes.mul_add(scaled, scaled, sums[v]);
    }
}
