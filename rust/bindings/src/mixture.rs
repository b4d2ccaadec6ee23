//! Mixtures in and out.

use gmm_core::{GmmError, InitialParameters, Mixture};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyReadonlyArray1, PyReadonlyArray2,
    PyReadonlyArrayDyn,
};
use pyo3::{Bound, Python};

use crate::covariances::{to_python, typed};

/// Weights, means and covariances as NumPy arrays.
pub(crate) type Parameters<'py, Weights = PyArray1<f64>, Means = PyArray2<f64>> = (
    Bound<'py, Weights>,
    Bound<'py, Means>,
    Bound<'py, PyArrayDyn<f64>>,
);

/// A mixture from copies of its arrays.
pub(crate) fn mixture(
    weights: &PyReadonlyArray1<'_, f64>,
    means: &PyReadonlyArray2<'_, f64>,
    covariances: &PyReadonlyArrayDyn<'_, f64>,
    covariance_type: &str,
) -> Result<Mixture, GmmError> {
    Mixture::new(
        weights.as_array().to_owned(),
        means.as_array().to_owned(),
        typed("covariances", covariances, covariance_type)?,
    )
}

/// Parameters to start from, copies of those that are given.
pub(crate) fn initial(
    weights: Option<&PyReadonlyArray1<'_, f64>>,
    means: Option<&PyReadonlyArray2<'_, f64>>,
    covariances: Option<&PyReadonlyArrayDyn<'_, f64>>,
    covariance_type: &str,
) -> Result<InitialParameters, GmmError> {
    Ok(InitialParameters {
        weights: weights.map(|array| array.as_array().to_owned()),
        means: means.map(|array| array.as_array().to_owned()),
        covariances: covariances
            .map(|array| typed("covariances_init", array, covariance_type))
            .transpose()?,
    })
}

/// The arrays of a mixture.
pub(crate) fn parameters(py: Python<'_>, mixture: Mixture) -> Parameters<'_> {
    let (weights, means, covariances) = mixture.into_parts();
    (
        weights.into_pyarray(py),
        means.into_pyarray(py),
        to_python(py, covariances),
    )
}
