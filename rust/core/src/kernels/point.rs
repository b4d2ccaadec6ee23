//! Points in the precision of the kernels.

use super::lanes::Lanes;
use crate::float::{Element, Float};
use crate::rows::padded;

/// A point that rows are measured from. Where the element type is too coarse for it (`f32`), it has a second
/// part, so that x − high − low is as exact as x is.
#[derive(Debug, Clone)]
pub(crate) struct Point<E> {
    high: Vec<E>,
    low: Vec<E>,
}

impl<E: Float> Point<E> {
    pub(crate) fn new(coordinates: &[f64]) -> Self {
        let high: Vec<E> = coordinates.iter().map(|&x| E::from_f64(x)).collect();
        let rest = |(x, high): (&f64, &E)| E::from_f64(x - high.to_f64());
        let low = coordinates.iter().zip(&high).map(rest).collect();
        Self { high, low }
    }

    /// Coordinate `d` in all lanes.
    #[inline(always)]
    pub(crate) fn coordinate<L: Lanes<Element = E>>(&self, lanes: L, d: usize) -> Centre<L> {
        Centre {
            high: lanes.splat(self.high[d]),
            low: lanes.splat(self.low[d]),
        }
    }
}

/// A coordinate of a [`Point`] in all lanes.
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

/// A point that moments are taken about: one whose coordinates the element type can hold, near the wanted one.
#[derive(Debug, Clone)]
pub(crate) struct Anchor<E> {
    /// Zeros fill up the last vector.
    coordinates: Vec<E>,
}

impl<E: Float> Anchor<E> {
    pub(crate) fn new(wanted: &[f64]) -> Self {
        let mut coordinates = vec![E::default(); padded(wanted.len())];
        for (coordinate, &wanted) in coordinates.iter_mut().zip(wanted) {
            *coordinate = E::from_f64(wanted);
        }
        Self { coordinates }
    }

    /// Coordinate `d` in all lanes.
    #[inline(always)]
    pub(crate) fn coordinate<L: Lanes<Element = E>>(&self, lanes: L, d: usize) -> L::Vector {
        lanes.splat(self.coordinates[d])
    }

    /// All coordinates, of which there are so many.
    pub(crate) fn to_f64(&self, n_features: usize) -> Vec<f64> {
        self.coordinates[..n_features]
            .iter()
            .map(|x| x.to_f64())
            .collect()
    }

    /// The coordinates of vector number `block` of a row; 0 beyond the last one.
    #[inline(always)]
    pub(crate) fn block<L: Lanes<Element = E>>(&self, block: usize) -> L::Vector {
        L::vectors(&self.coordinates)[block]
    }
}

/// The anchors of all components.
#[derive(Debug)]
pub(crate) struct Anchors<E> {
    pub(crate) each: Vec<Anchor<E>>,
    /// Whether it is one for all.
    pub(crate) are_equal: bool,
}

impl<E: Float> Anchors<E> {
    pub(crate) fn new(wanted: &[Vec<f64>]) -> Self {
        Self {
            each: wanted.iter().map(|x| Anchor::new(x)).collect(),
            are_equal: wanted.windows(2).all(|pair| pair[0] == pair[1]),
        }
    }
}
