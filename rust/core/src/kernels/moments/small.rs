//! s0, s1 and s2 of rows with few features, vectors along the rows.

use super::Moments;
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Anchor;
use crate::rows::padded;

/// Adds a group of rows, given as `V` vectors for each of `D` features, to `sums`.
#[inline(always)]
pub(crate) fn add_group<L: Lanes, const V: usize, const D: usize>(
    lanes: L,
    x: &[[L::Vector; V]; D],
    resp: &[L::Vector; V],
    anchor: &Anchor<L::Element>,
    sums: &mut SmallMoments<L, D>,
) {
    for v in 0..V {
        let r = resp[v];
        sums.zeroth = lanes.add(sums.zeroth, r);
        let mut z = [sums.zeroth; D];
        for d in 0..D {
            z[d] = lanes.sub(x[d][v], anchor.coordinate(lanes, d));
        }
        for i in 0..D {
            let weighted = lanes.mul(r, z[i]);
            sums.first[i] = lanes.add(sums.first[i], weighted);
            for (sum, &z) in sums.second[i].iter_mut().zip(&z[..=i]) {
                *sum = lanes.mul_add(weighted, z, *sum);
            }
        }
    }
}

/// Moments of one component, a part of them in each lane.
#[derive(Clone, Copy)]
pub(crate) struct SmallMoments<L: Lanes, const D: usize> {
    zeroth: L::Vector,
    first: [L::Vector; D],
    second: [[L::Vector; D]; D],
}

impl<L: Lanes, const D: usize> SmallMoments<L, D> {
    /// The moments of no rows.
    #[inline(always)]
    pub(crate) fn zero(lanes: L) -> Self {
        let zero = lanes.splat(L::Element::default());
        Self {
            zeroth: zero,
            first: [zero; D],
            second: [[zero; D]; D],
        }
    }

    /// Adds all lanes to `into`.
    #[inline(always)]
    pub(crate) fn add_to(&self, lanes: L, into: &mut Moments<'_>) {
        *into.zeroth += lanes.sum(self.zeroth).to_f64();
        for i in 0..D {
            into.first[i] += lanes.sum(self.first[i]).to_f64();
            for j in 0..=i {
                into.second[i * padded(D) + j] += lanes.sum(self.second[i][j]).to_f64();
            }
        }
    }
}
