//! What a mixture says of some features, whatever the others are.
//!
//! The marginal distribution of the features a of a Gaussian is N(μ_a, Σ_aa) (Bishop 2006, eq. 2.98), and that of a mixture
//! is the mixture of these, with the same weights.

use ndarray::Axis;

use super::features::{Features, covariances_of};
use crate::error::GmmError;
use crate::model::Mixture;

/// The mixture of the features `indices` of `mixture`, in this order, with covariances of the same type.
///
/// ```
/// use gmm_core::{Covariances, Mixture, marginal};
/// use ndarray::array;
///
/// let covariances = Covariances::Tied(array![[4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]]);
/// let mixture = Mixture::new(array![1.0], array![[7.0, 8.0, 9.0]], covariances)?;
/// let of_two = marginal(&mixture, &[2, 1])?;
/// assert_eq!(of_two.means(), array![[9.0, 8.0]]);
/// assert_eq!(of_two.covariances(), &Covariances::Tied(array![[1.0, 0.5], [0.5, 2.0]]));
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
///
/// # Errors
/// [`GmmError::Parameter`] if `indices` are none, out of range or not of different features.
pub fn marginal(mixture: &Mixture, indices: &[usize]) -> Result<Mixture, GmmError> {
    let features = Features::new(indices, mixture.n_features())?.chosen;
    Mixture::new(
        mixture.weights().clone(),
        mixture.means().select(Axis(1), &features),
        covariances_of(mixture.covariances(), &features),
    )
}
