//! Squared distances of a group of rows from a point, feature by feature.

use super::lanes::Lanes;
use super::point::Point;

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
    let mut sums = [lanes.splat(L::Element::default()); V];
    for ((z, &scale), &offset) in z.iter().zip(scales).zip(offsets) {
        let (scale, offset) = (lanes.splat(scale), lanes.splat(offset));
        for v in 0..V {
            let scaled = lanes.mul_add(scale, z[v], offset);
            sums[v] = lanes.mul_add(scaled, scaled, sums[v]);
        }
    }
    sums
}
