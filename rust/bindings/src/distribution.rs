//! A mixture as a distribution. Large results are allocated by NumPy and filled in place.

use gmm_core::{Conditional, GmmError, Mixture, Rows};
use numpy::{
    PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyReadonlyArrayDyn,
};
use pyo3::{Bound, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, with_view, zeros};
use crate::compute::compute;
use crate::covariances::to_python;
use crate::errors::PyGmmError;
use crate::mixture::{Parameters, mixture, parameters};

/// Rows and their components.
type Draws<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>);

/// Means of rows, and their covariances where they are wanted.
type Prediction<'py> = (Bound<'py, PyArray2<f64>>, Option<Bound<'py, PyArray3<f64>>>);

/// Draws of a mixture, sorted by component, and the component of each.
#[pyfunction]
#[pyo3(signature = (n_samples, weights, means, covariances, *, covariance_type, seed, num_threads))]
#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of one Python function"
)]
pub(crate) fn sample<'py>(
    py: Python<'py>,
    n_samples: usize,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    covariances: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
    seed: u64,
    num_threads: usize,
) -> PyResult<Draws<'py>> {
    let mixture = mixture(&weights, &means, &covariances, covariance_type).map_err(PyGmmError)?;
    let rows = zeros::<f64, _>(py, [n_samples, mixture.n_features()])?;
    let labels = zeros::<i64, _>(py, [n_samples])?;
    let (mut writable_rows, mut writable_labels) = (rows.readwrite(), labels.readwrite());
    let (out, out_labels) = (writable_rows.as_array_mut(), writable_labels.as_array_mut());
    compute(py, num_threads, |threads| {
        gmm_core::sample(&mixture, seed, threads, out, out_labels)
    })?;
    Ok((rows, labels))
}

/// The mixture of some features, in the order of their indices.
#[pyfunction]
#[pyo3(signature = (indices, weights, means, covariances, *, covariance_type))]
pub(crate) fn marginal<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray1<'py, i64>,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    covariances: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
) -> PyResult<Parameters<'py>> {
    let mixture = mixture(&weights, &means, &covariances, covariance_type).map_err(PyGmmError)?;
    let indices = as_features(&indices).map_err(PyGmmError)?;
    let marginal = gmm_core::marginal(&mixture, &indices).map_err(PyGmmError)?;
    Ok(parameters(py, marginal))
}

/// The mixtures of the remaining features, given the values of those in `indices`, one for each row.
#[pyfunction]
#[pyo3(signature = (indices, values, weights, means, covariances, *, covariance_type, num_threads))]
#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of one Python function"
)]
pub(crate) fn conditional<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray1<'py, i64>,
    values: FloatMatrix<'py>,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    covariances: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
    num_threads: usize,
) -> PyResult<Parameters<'py, PyArray2<f64>, PyArray3<f64>>> {
    let mixture = mixture(&weights, &means, &covariances, covariance_type);
    let conditional = given(py, &indices, mixture, num_threads)?;
    let (n, k) = (values.n_samples(), conditional.n_components());
    let weights = zeros::<f64, _>(py, [n, k])?;
    let means = zeros::<f64, _>(py, [n, k, conditional.n_remaining()])?;
    let (mut writable_weights, mut writable_means) = (weights.readwrite(), means.readwrite());
    let out = (
        writable_weights.as_array_mut(),
        writable_means.as_array_mut(),
    );
    with_view!(values, |view| compute(py, num_threads, |threads| {
        conditional.mixtures(Rows::named("values", view)?, threads, out.0, out.1)
    }))?;
    let covariances = to_python(py, conditional.covariances().clone());
    Ok((weights, means, covariances))
}

/// The means of these mixtures, and with `return_cov` their covariances.
#[pyfunction]
#[pyo3(signature = (indices, values, weights, means, covariances, *, covariance_type, return_cov, num_threads))]
#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of one Python function"
)]
pub(crate) fn conditional_mean<'py>(
    py: Python<'py>,
    indices: PyReadonlyArray1<'py, i64>,
    values: FloatMatrix<'py>,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    covariances: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
    return_cov: bool,
    num_threads: usize,
) -> PyResult<Prediction<'py>> {
    let mixture = mixture(&weights, &means, &covariances, covariance_type);
    let conditional = given(py, &indices, mixture, num_threads)?;
    let (n, r) = (values.n_samples(), conditional.n_remaining());
    let mean = zeros::<f64, _>(py, [n, r])?;
    let covariance = return_cov
        .then(|| zeros::<f64, _>(py, [n, r, r]))
        .transpose()?;
    let mut writable_mean = mean.readwrite();
    let mut writable_covariance = covariance.as_ref().map(|array| array.readwrite());
    let out = (
        writable_mean.as_array_mut(),
        writable_covariance
            .as_mut()
            .map(|array| array.as_array_mut()),
    );
    with_view!(values, |view| compute(py, num_threads, |threads| {
        conditional.mean(Rows::named("values", view)?, threads, out.0, out.1)
    }))?;
    Ok((mean, covariance))
}

/// `mixture`, prepared for the values of the features `indices`.
fn given(
    py: Python<'_>,
    indices: &PyReadonlyArray1<'_, i64>,
    mixture: Result<Mixture, GmmError>,
    num_threads: usize,
) -> PyResult<Conditional> {
    let mixture = mixture.map_err(PyGmmError)?;
    let indices = as_features(indices).map_err(PyGmmError)?;
    compute(py, num_threads, |_| Conditional::new(&mixture, &indices))
}

/// Indices of features as the engine takes them.
fn as_features(indices: &PyReadonlyArray1<'_, i64>) -> Result<Vec<usize>, GmmError> {
    let index = |&index: &i64| {
        usize::try_from(index).map_err(|_| GmmError::Parameter {
            name: "indices",
            given: format!("{}, with {index}", indices.as_array()),
            needed: "of features, counted from 0",
        })
    };
    indices.as_array().iter().map(index).collect()
}
