//! Weighted moments of the rows of a tile about an anchor:
//!
//!   s0 = Σ r_n      s1 = Σ r_n z_n      s2 = Σ r_n z_n z_nᵀ, or its diagonal      with z_n = x_n − anchor
//!
//! Where most rows matter to a component, all of them are added, one lane per row: [`small`] and [`narrow`] rows, and
//! the [`diagonal`]. Where few do, these are selected and added one lane per feature: [`selected_full`],
//! [`selected_diagonal`]; so are all rows that aren't narrow. Sums over one tile are in the element type; they are added
//! to sums in `f64`.

pub(crate) mod diagonal;
pub(crate) mod narrow;
pub(crate) mod selected_diagonal;
pub(crate) mod selected_full;
pub(crate) mod small;

use super::lanes::Lanes;
use crate::float::Float;

/// The moments of one component that a tile is added to.
#[derive(Debug)]
pub(crate) struct Moments<'a> {
    /// s0.
    pub(crate) zeroth: &'a mut f64,
    /// s1, [`padded`](crate::rows::padded) to whole vectors.
    pub(crate) first: &'a mut [f64],
    /// The diagonal of s2, padded likewise; or its rows, each padded; or nothing.
    pub(crate) second: &'a mut [f64],
}

/// Σ weights, in vectors of zeros and weights.
#[inline(always)]
fn total<L: Lanes>(lanes: L, weights: &[L::Element]) -> f64 {
    // Several sums take turns, as one alone would wait for itself.
    const TURNS: usize = 4;
    let mut sums = [lanes.splat(L::Element::default()); TURNS];
    let (turns, rest) = L::vectors(weights).as_chunks::<TURNS>();
    for turn in turns {
        for (sum, &w) in sums.iter_mut().zip(turn) {
            *sum = lanes.add(*sum, w);
        }
    }
    for (sum, &w) in sums.iter_mut().zip(rest) {
        *sum = lanes.add(*sum, w);
    }
    let halves = [lanes.add(sums[0], sums[1]), lanes.add(sums[2], sums[3])];
    lanes.sum(lanes.add(halves[0], halves[1])).to_f64()
}
