//! Points in the precision of the kernels.

use super::lanes::Lanes;
use crate::float::{Element, Float};
use crate::tile::{Buffer, buffer, padded};

/// A point that rows are measured from. Where the element type is too coarse for it (`f32`), it has a second
/// part, so that x − high − low is as exact as x is.
#[derive(Debug, Clone)]
pub(crate) struct Point<E> {
    high: Buffer<E>,
    low: Buffer<E>,
}

impl<E: Float> Point<E> {
    pub(crate) fn new(coordinates: &[f64]) -> Self {
        let mut point = Self {
            high: buffer(padded(coordinates.len())),
            low: buffer(padded(coordinates.len())),
        };
        for (d, &x) in coordinates.iter().enumerate() {
            point.high[d] = E::from_f64(x);
            point.low[d] = E::from_f64(x - point.high[d].to_f64());
        }
        point
    }

    /// Coordinate `d` in all lanes.
    #[inline(always)]
    pub(crate) fn coordinate<L: Lanes<Element = E>>(&self, lanes: L, d: usize) -> Centre<L> {
        Centre {
            high: lanes.splat(self.high[d]),
            low: lanes.splat(self.low[d]),
        }
    }

    /// The coordinates of vector number `block` of a row; 0 beyond the last one.
    #[inline(always)]
    pub(crate) fn block<L: Lanes<Element = E>>(&self, block: usize) -> Centre<L> {
        Centre {
            high: L::vectors(&self.high)[block],
            low: L::vectors(&self.low)[block],
        }
    }
}

/// Coordinates of a [`Point`] in vectors.
#[derive(Clone, Copy)]
pub(crate) struct Centre<L: Lanes> {
    high: L::Vector,
    low: L::Vector,
}

impl<L: Lanes> Centre<L> {
    /// x − centre.
    #[inline(always)]
    pub(crate) fn difference(self, lanes: L, x: L::Vector) -> L::Vector {
        let difference = lanes.sub(x, self.high);
        if const { L::Element::SPLIT_CENTRES } {
            lanes.sub(difference, self.low)
        } else {
            difference
        }
    }
}
