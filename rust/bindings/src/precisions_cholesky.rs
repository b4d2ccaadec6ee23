//! Cholesky factors of precisions.

use numpy::{PyArrayDyn, PyReadonlyArrayDyn};
use pyo3::{Bound, PyResult, Python, pyfunction};

use crate::compute::compute;
use crate::covariances::{to_python, typed};

/// Upper triangular P with P Pᵀ = Σ⁻¹, for each covariance Σ, in an array of the same shape.
#[pyfunction]
#[pyo3(signature = (covariances, *, covariance_type))]
pub(crate) fn precisions_cholesky<'py>(
    py: Python<'py>,
    covariances: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
    let covariances = typed("covariances", &covariances, covariance_type);
    let factors = compute(py, 1, |_| gmm_core::precisions_cholesky(&covariances?))?;
    Ok(to_python(py, factors))
}
