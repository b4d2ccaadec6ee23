//! Covariances in and out: NumPy arrays whose number of axes follows from the covariance type.

use gmm_core::{CovarianceType, Covariances, GmmError};
use numpy::ndarray::{ArrayD, Dimension};
use numpy::{IntoPyArray, PyArrayDyn, PyReadonlyArrayDyn};
use pyo3::{Bound, Python};

/// A copy of covariances, or of what else comes in arrays of their shapes; `name` is that of the argument.
pub(crate) fn typed(
    name: &'static str,
    array: &PyReadonlyArrayDyn<'_, f64>,
    covariance_type: &str,
) -> Result<Covariances, GmmError> {
    let array = array.as_array().to_owned();
    Ok(match covariance_type.parse()? {
        CovarianceType::Full => Covariances::Full(with_axes(name, array, "3 axes")?),
        CovarianceType::Tied => Covariances::Tied(with_axes(name, array, "2 axes")?),
        CovarianceType::Diag => Covariances::Diag(with_axes(name, array, "2 axes")?),
        CovarianceType::Spherical => Covariances::Spherical(with_axes(name, array, "1 axis")?),
    })
}

/// The array with the number of axes that its covariance type has.
fn with_axes<D: Dimension>(
    name: &'static str,
    array: ArrayD<f64>,
    needed: &'static str,
) -> Result<numpy::ndarray::Array<f64, D>, GmmError> {
    let given = format!("an array of {} axes", array.ndim());
    array
        .into_dimensionality()
        .map_err(|_| GmmError::Parameter {
            name,
            given,
            needed,
        })
}

/// Covariances as a NumPy array.
pub(crate) fn to_python(py: Python<'_>, covariances: Covariances) -> Bound<'_, PyArrayDyn<f64>> {
    match covariances {
        Covariances::Full(array) => array.into_dyn(),
        Covariances::Tied(array) | Covariances::Diag(array) => array.into_dyn(),
        Covariances::Spherical(array) => array.into_dyn(),
    }
    .into_pyarray(py)
}
