//! How often each row counts.

use ndarray::{Array1, ArrayView1};

/// Weights of rows in a unit, a power of two, in which the largest is about 1.
///
/// What the kernels leave out is small beside a weight of 1, and large weights overflow in `f32`: in this unit, weights
/// of any size give the same bits but for their exponents.
#[derive(Debug)]
pub(crate) struct RowWeights {
    in_units: Array1<f64>,
    /// What sums of weights in units are to be multiplied by.
    pub(crate) unit: f64,
}

impl RowWeights {
    /// For weights that are finite and not negative, and of which one is positive.
    pub(crate) fn new(weights: ArrayView1<'_, f64>) -> Self {
        let largest = weights.iter().copied().fold(0.0, f64::max);
        // Both the unit and its inverse are normal numbers.
        let unit = largest.log2().floor().clamp(-1022.0, 1022.0).exp2();
        Self {
            in_units: weights.mapv(|w| w / unit),
            unit,
        }
    }

    pub(crate) fn in_units(&self) -> ArrayView1<'_, f64> {
        self.in_units.view()
    }
}
