//! The halves of an EM iteration apart. Statistics are passed as arrays: moments, and the anchors that they are about.

use gmm_core::{
    CovarianceType, Evaluator, GmmError, LogPrior, RowKnowledge, Rows, SufficientStats,
};
use numpy::{
    PyArray1, PyArray2, PyArrayDyn, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn,
    ToPyArray,
};
use pyo3::{Bound, IntoPyObject, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, with_view};
use crate::compute::compute;
use crate::covariances::{to_python, typed};
use crate::errors::PyGmmError;
use crate::fit::{Ridge, regularisation};
use crate::mixture::{Parameters, parameters};

/// Moments about known anchors, as a dict.
#[derive(IntoPyObject)]
pub(crate) struct Moments<'py> {
    zeroth: Bound<'py, PyArray1<f64>>,
    first: Bound<'py, PyArray2<f64>>,
    second: Bound<'py, PyArrayDyn<f64>>,
    log_likelihood: f64,
}

/// First and second moments.
type HigherMoments<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArrayDyn<f64>>);

impl<'py> Moments<'py> {
    fn new(
        py: Python<'py>,
        stats: &SufficientStats,
        covariance_type: CovarianceType,
    ) -> Result<Self, GmmError> {
        Ok(Self {
            zeroth: stats.zeroth().to_pyarray(py),
            first: stats.first().to_pyarray(py),
            second: to_python(py, stats.second(covariance_type)?),
            log_likelihood: stats.log_likelihood(),
        })
    }
}

/// Statistics from arrays, and the type of the covariances that follow from them.
fn stats(
    anchors: &PyReadonlyArray2<'_, f64>,
    zeroth: &PyReadonlyArray1<'_, f64>,
    first: &PyReadonlyArray2<'_, f64>,
    second: &PyReadonlyArrayDyn<'_, f64>,
    covariance_type: &str,
) -> Result<(SufficientStats, CovarianceType), GmmError> {
    let covariance_type = covariance_type.parse()?;
    let form = match covariance_type {
        CovarianceType::Spherical => CovarianceType::Diag,
        other => other,
    };
    let stats = SufficientStats::from_parts(
        &anchors.as_array().to_owned(),
        zeroth.as_array().to_owned(),
        first.as_array().to_owned(),
        &typed("second", second, form.name())?,
        0.0,
    )?;
    Ok((stats, covariance_type))
}

/// Statistics of rows under a mixture, about its means.
#[pyfunction]
#[pyo3(signature = (
    X, weights, means, precisions_cholesky, *, covariance_type, sample_weight, log_prior, num_threads
))]
#[expect(non_snake_case, reason = "X is the data's name in Python")]
#[expect(
    clippy::too_many_arguments,
    reason = "the arguments of one Python function"
)]
pub(crate) fn statistics<'py>(
    py: Python<'py>,
    X: FloatMatrix<'py>,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    log_prior: Option<PyReadonlyArray2<'py, f64>>,
    num_threads: usize,
) -> PyResult<Moments<'py>> {
    let (n_samples, n_components) = (X.n_samples(), means.as_array().nrows());
    let evaluator = typed("precisions_cholesky", &precisions_cholesky, covariance_type)
        .and_then(|factors| {
            let (weights, means) = (weights.as_array().to_owned(), means.as_array().to_owned());
            Evaluator::from_precisions_cholesky(&weights, &means, &factors)
        })
        .map_err(PyGmmError)?;
    let sample_weight = sample_weight.as_ref().map(|array| array.as_array());
    let log_prior = log_prior.as_ref().map(|array| array.as_array());
    let stats = with_view!(X, |view| compute(py, num_threads, |threads| {
        let knowledge = RowKnowledge {
            log_prior: log_prior
                .map(|array| LogPrior::new(array, n_samples, n_components))
                .transpose()?,
            sample_weight,
            align_to: None,
        };
        evaluator.statistics(Rows::new(view)?, knowledge, threads)
    }))?;
    let covariance_type = covariance_type.parse().map_err(PyGmmError)?;
    Ok(Moments::new(py, &stats, covariance_type).map_err(PyGmmError)?)
}

/// First and second moments about other anchors.
#[pyfunction]
#[pyo3(signature = (anchors, zeroth, first, second, new_anchors, *, covariance_type))]
pub(crate) fn recentre<'py>(
    py: Python<'py>,
    anchors: PyReadonlyArray2<'py, f64>,
    zeroth: PyReadonlyArray1<'py, f64>,
    first: PyReadonlyArray2<'py, f64>,
    second: PyReadonlyArrayDyn<'py, f64>,
    new_anchors: PyReadonlyArray2<'py, f64>,
    covariance_type: &str,
) -> PyResult<HigherMoments<'py>> {
    let moments = stats(&anchors, &zeroth, &first, &second, covariance_type)
        .and_then(|(stats, covariance_type)| {
            let moved = stats.about(&new_anchors.as_array().to_owned())?;
            Moments::new(py, &moved, covariance_type)
        })
        .map_err(PyGmmError)?;
    Ok((moments.first, moments.second))
}

/// Weights, means and covariances of the mixture that follows from statistics.
#[pyfunction]
#[pyo3(signature = (anchors, zeroth, first, second, *, covariance_type, reg_covar))]
pub(crate) fn maximise<'py>(
    py: Python<'py>,
    anchors: PyReadonlyArray2<'py, f64>,
    zeroth: PyReadonlyArray1<'py, f64>,
    first: PyReadonlyArray2<'py, f64>,
    second: PyReadonlyArrayDyn<'py, f64>,
    covariance_type: &str,
    reg_covar: Ridge<'py>,
) -> PyResult<Parameters<'py>> {
    let mixture = stats(&anchors, &zeroth, &first, &second, covariance_type)
        .and_then(|(stats, covariance_type)| {
            gmm_core::maximise(&stats, covariance_type, &regularisation(&reg_covar)?)
        })
        .map_err(PyGmmError)?;
    Ok(parameters(py, mixture))
}
