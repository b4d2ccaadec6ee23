//! Squared distances of a group of rows from a point.

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

/// Σ_d ((x_nd − point_d) · scale_d)² of the `V` vectors of rows in `x`.
#[inline(always)]
pub(crate) fn scaled_squared_distances<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    point: &Point<L::Element>,
    scales: &[L::Element],
) -> [L::Vector; V] {
    let mut sums = [lanes.splat(L::Element::default()); V];
    for (d, (x, &scale)) in x.iter().zip(scales).enumerate() {
        let (centre, scale) = (point.coordinate(lanes, d), lanes.splat(scale));
        for v in 0..V {
            let difference = lanes.mul(centre.difference(lanes, x[v]), scale);
            sums[v] = lanes.mul_add(difference, difference, sums[v]);
        }
    }
    sums
}
