//! The model: weights, means and full covariances, checked on construction.

use ndarray::{Array1, Array2, Array3};

use crate::error::{GmmError, check_parameter, check_shape};

/// A Gaussian mixture p(x) = Σ_k weights_k N(x | means_k, covariances_k).
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    weights: Array1<f64>,
    means: Array2<f64>,
    covariances: Array3<f64>,
}

impl Mixture {
    /// A mixture from its parameters: `weights` (K,), `means` (K, D), `covariances` (K, D, D).
    ///
    /// Of each covariance the lower triangle is read. Whether it is positive definite shows when
    /// the mixture is first evaluated.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where the shapes disagree; [`GmmError::Parameter`] for weights that are
    /// negative or don't sum to 1 (within 1e-6), and for parameters that aren't finite.
    pub fn new(
        weights: Array1<f64>,
        means: Array2<f64>,
        covariances: Array3<f64>,
    ) -> Result<Self, GmmError> {
        let (k, d) = means.dim();
        check_parameter(
            k > 0 && d > 0,
            "means",
            format!("of shape ({k}, {d})"),
            "not empty",
        )?;
        check_shape("weights", weights.shape(), &[k])?;
        check_shape("covariances", covariances.shape(), &[k, d, d])?;
        let total = weights.sum();
        check_parameter(
            weights.iter().all(|&w| w >= 0.0) && (total - 1.0).abs() <= 1e-6,
            "weights",
            format!("{weights} (sum {total})"),
            "non-negative, with sum 1",
        )?;
        let finite = means.iter().chain(&covariances).all(|x| x.is_finite());
        check_parameter(finite, "means or covariances", "not finite", "finite")?;
        Ok(Self {
            weights,
            means,
            covariances,
        })
    }

    /// Number of components, K.
    pub fn n_components(&self) -> usize {
        self.means.nrows()
    }

    /// Number of features, D.
    pub fn n_features(&self) -> usize {
        self.means.ncols()
    }

    /// Mixing proportions, shape (K,); their sum is 1.
    pub fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// Means, shape (K, D).
    pub fn means(&self) -> &Array2<f64> {
        &self.means
    }

    /// Covariances, shape (K, D, D).
    pub fn covariances(&self) -> &Array3<f64> {
        &self.covariances
    }

    /// Σ_k weights_k covariances_k, the covariance within components, shape (D, D).
    pub(crate) fn pooled_covariance(&self) -> Array2<f64> {
        let mut pooled = Array2::zeros((self.n_features(), self.n_features()));
        for (&weight, covariance) in self.weights.iter().zip(self.covariances.outer_iter()) {
            pooled.scaled_add(weight, &covariance);
        }
        pooled
    }

    /// The diagonal of the covariance within components, length D.
    pub(crate) fn pooled_variance(&self) -> Vec<f64> {
        self.pooled_covariance().diag().to_vec()
    }

    /// The parameters: weights, means, covariances.
    pub fn into_parts(self) -> (Array1<f64>, Array2<f64>, Array3<f64>) {
        (self.weights, self.means, self.covariances)
    }
}
