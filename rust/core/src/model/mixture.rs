//! The model: weights, means and covariances, checked on construction.

use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::covariance::Covariances;
use crate::error::{GmmError, check_parameter, check_shape};

/// A Gaussian mixture p(x) = Σ_k weights_k N(x | means_k, covariances_k).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    weights: Array1<f64>,
    means: Array2<f64>,
    covariances: Covariances,
}

impl Mixture {
    /// A mixture from its parameters: `weights` (K,), `means` (K, D), and `covariances` of a shape that fits.
    ///
    /// Of each covariance matrix the lower triangle is read. Whether it is positive definite shows when
    /// the mixture is first evaluated.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where the shapes disagree; [`GmmError::Parameter`] for weights that are
    /// negative or don't sum to 1 (within 1e-6), and for parameters that aren't finite.
    pub fn new(
        weights: Array1<f64>,
        means: Array2<f64>,
        covariances: Covariances,
    ) -> Result<Self, GmmError> {
        check_weights_and_means(&weights, &means)?;
        covariances.check_shape("covariances", means.nrows(), means.ncols())?;
        let finite = covariances.iter().all(|x| x.is_finite());
        check_parameter(finite, "covariances", "not finite", "finite")?;
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

    /// Covariances.
    pub fn covariances(&self) -> &Covariances {
        &self.covariances
    }

    /// Covariances, to be changed to others that are finite.
    pub(crate) fn covariances_mut(&mut self) -> &mut Covariances {
        &mut self.covariances
    }

    /// The same mixture with its components in another order: number `k` becomes number `names[k]`.
    pub(crate) fn renumbered(&self, names: &[usize]) -> Self {
        let mut order = vec![0; names.len()];
        for (k, &name) in names.iter().enumerate() {
            order[name] = k;
        }
        let covariances = match &self.covariances {
            Covariances::Full(array) => Covariances::Full(array.select(Axis(0), &order)),
            Covariances::Tied(array) => Covariances::Tied(array.clone()),
            Covariances::Diag(array) => Covariances::Diag(array.select(Axis(0), &order)),
            Covariances::Spherical(array) => Covariances::Spherical(array.select(Axis(0), &order)),
        };
        Self {
            weights: self.weights.select(Axis(0), &order),
            means: self.means.select(Axis(0), &order),
            covariances,
        }
    }

    /// The same mixture with component `k` at `mean`: with the weight `weight`, before all weights are made to sum
    /// to 1, and the mean of all covariances.
    pub(crate) fn with_component_moved(&self, k: usize, mean: &[f64], weight: f64) -> Self {
        let mut moved = self.clone();
        let mut row = moved.means.row_mut(k);
        row.iter_mut().zip(mean).for_each(|(to, &from)| *to = from);
        let weights = &self.weights;
        match &mut moved.covariances {
            Covariances::Full(array) => {
                let pooled = pool(array.outer_iter(), weights);
                array.index_axis_mut(Axis(0), k).assign(&pooled);
            }
            Covariances::Tied(_) => {}
            Covariances::Diag(array) => {
                let pooled = pool(array.outer_iter(), weights);
                array.index_axis_mut(Axis(0), k).assign(&pooled);
            }
            Covariances::Spherical(array) => array[k] = array.dot(weights),
        }
        moved.weights[k] = weight;
        let total = moved.weights.sum();
        moved.weights /= total;
        moved
    }

    /// The parameters: weights, means, covariances.
    pub fn into_parts(self) -> (Array1<f64>, Array2<f64>, Covariances) {
        (self.weights, self.means, self.covariances)
    }
}

/// Checks what components have whatever the form of their covariances: `weights` (K,) and `means` (K, D).
///
/// # Errors
/// Those of [`Mixture::new`].
pub(crate) fn check_weights_and_means(
    weights: &Array1<f64>,
    means: &Array2<f64>,
) -> Result<(), GmmError> {
    let (k, d) = means.dim();
    check_parameter(
        k > 0 && d > 0,
        "means",
        format_args!("of shape ({k}, {d})"),
        "not empty",
    )?;
    check_shape("weights", weights.shape(), &[k])?;
    check_weights("weights", weights)?;
    let finite = means.iter().all(|x| x.is_finite());
    check_parameter(finite, "means", "not finite", "finite")
}

/// Checks the mixing proportions called `name`.
pub(crate) fn check_weights(name: &'static str, weights: &Array1<f64>) -> Result<(), GmmError> {
    let total = weights.sum();
    check_parameter(
        weights.iter().all(|&w| w >= 0.0) && (total - 1.0).abs() <= 1e-6,
        name,
        format_args!("{weights} (sum {total})"),
        "non-negative, with sum 1",
    )
}

/// Σ_k weights_k covariances_k.
fn pool<'a, D: ndarray::Dimension>(
    covariances: impl Iterator<Item = ndarray::ArrayView<'a, f64, D>>,
    weights: &Array1<f64>,
) -> ndarray::Array<f64, D> {
    covariances
        .zip(weights)
        .map(|(covariance, &weight)| &covariance * weight)
        .reduce(|sum, term| sum + term)
        .expect("a mixture has at least one component")
}
