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

/// Weights of rows in units of the largest: where all are equal, they are exactly those of rows without weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelativeWeights<'a> {
    weights: Option<ArrayView1<'a, f64>>,
    largest: f64,
}

impl<'a> RelativeWeights<'a> {
    pub(crate) fn new(weights: Option<ArrayView1<'a, f64>>) -> Self {
        Self {
            largest: weights.map_or(1.0, |weights| weights.iter().copied().fold(0.0, f64::max)),
            weights,
        }
    }

    /// The same for a part of the rows, where the largest of all weights is known.
    pub(crate) fn in_units_of(largest: f64, weights: Option<ArrayView1<'a, f64>>) -> Self {
        Self { weights, largest }
    }

    /// The largest weight; 1 without weights.
    pub(crate) fn largest(&self) -> f64 {
        self.largest
    }

    /// The weight of row `n`.
    #[inline(always)]
    pub(crate) fn get(&self, n: usize) -> f64 {
        match self.weights {
            None => 1.0,
            Some(weights) => weights[n] / self.largest,
        }
    }

    /// The sum over all `n_samples` rows.
    pub(crate) fn total(&self, n_samples: usize) -> f64 {
        match self.weights {
            None => n_samples as f64,
            Some(_) => (0..n_samples).map(|n| self.get(n)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn weights_of_any_size_are_exact_in_their_unit() {
        let weights = array![0.0, 0.3, 1.7, 3.0];
        for size in [1.0, 2.0f64.powi(-1000), 2.0f64.powi(1000)] {
            let scaled = &weights * size;
            let found = RowWeights::new(scaled.view());
            assert_eq!(found.in_units(), &weights / 2.0);
            assert_eq!(&found.in_units() * found.unit, scaled);
        }
        for extreme in [f64::from_bits(1), f64::MAX] {
            let found = RowWeights::new(array![extreme].view());
            assert!(found.unit.is_normal() && found.in_units()[0].is_finite());
            assert_eq!(found.in_units()[0] * found.unit, extreme);
        }
    }
}
