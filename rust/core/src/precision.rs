//! A mixture made ready for evaluation.
//!
//! With Σ_k = L Lᵀ the log-density of component k is
//!   log N(x; μ_k, Σ_k) = −½ D log 2π − Σ_i log L_ii − ½ ‖L⁻¹ (x − μ_k)‖²        (Bishop 2006, eq. 2.43)
//! so all that evaluation needs is L⁻¹, μ_k and one constant per component.

use std::f64::consts::TAU;

use ndarray::Axis;

use crate::error::GmmError;
use crate::kernels::density::{Gaussian, TriangleBlocks};
use crate::linalg::{Pivot, cholesky, invert_lower, log_diagonal_sum, packed_len};
use crate::mixture::Mixture;

/// One component, ready for evaluation.
#[derive(Debug)]
pub(crate) struct Component {
    /// What the density kernel reads; its constant is log weights_k − ½ D log 2π − ½ log |Σ_k|.
    pub(crate) gaussian: Gaussian,
    /// L⁻¹, packed lower triangle.
    pub(crate) inverse_factor: Vec<f64>,
    /// log |Σ_k|.
    pub(crate) log_det: f64,
}

/// All components of a mixture, ready for evaluation.
#[derive(Debug)]
pub(crate) struct Precision {
    pub(crate) n_features: usize,
    pub(crate) components: Vec<Component>,
}

impl Precision {
    /// Factorises every covariance of `mixture`.
    ///
    /// # Errors
    /// [`GmmError::DegenerateCovariance`] for the first covariance that isn't positive definite.
    pub(crate) fn new(mixture: &Mixture) -> Result<Self, GmmError> {
        let components = (0..mixture.n_components())
            .map(|k| Component::new(mixture, k))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            n_features: mixture.n_features(),
            components,
        })
    }

    pub(crate) fn n_components(&self) -> usize {
        self.components.len()
    }

    /// The means of all components.
    pub(crate) fn means(&self) -> Vec<&[f64]> {
        self.components.iter().map(Component::mean).collect()
    }
}

impl Component {
    /// μ_k.
    pub(crate) fn mean(&self) -> &[f64] {
        &self.gaussian.mean
    }

    fn new(mixture: &Mixture, k: usize) -> Result<Self, GmmError> {
        let d = mixture.n_features();
        let covariance = mixture.covariances().index_axis(Axis(0), k);
        let mut triangle = Vec::with_capacity(packed_len(d));
        for i in 0..d {
            triangle.extend((0..=i).map(|j| covariance[[i, j]]));
        }
        let factor = cholesky(&triangle, d).map_err(|Pivot { index, value }| {
            GmmError::DegenerateCovariance {
                component: k,
                pivot: index,
                value,
            }
        })?;
        let inverse_factor = invert_lower(&factor, d);
        let log_det = 2.0 * log_diagonal_sum(&factor, d);
        let log_weight = mixture.weights()[k].ln();
        let gaussian = Gaussian {
            mean: mixture.means().row(k).to_vec(),
            inverse_factor: TriangleBlocks::new(&inverse_factor, d),
            log_constant: log_weight - 0.5 * (d as f64 * TAU.ln() + log_det),
        };
        Ok(Self {
            gaussian,
            inverse_factor,
            log_det,
        })
    }
}
