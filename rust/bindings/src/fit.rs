//! Fitting.

use std::ops::ControlFlow;

use gmm_core::{FitConfig, LogPrior, PriorConfig, RowKnowledge, Rows};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::{Bound, IntoPyObject, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, with_view};
use crate::compute::compute;
use crate::errors::PyGmmError;

/// A fit as a dict of plain values and arrays.
#[derive(IntoPyObject)]
pub(crate) struct FitResult<'py> {
    weights: Bound<'py, PyArray1<f64>>,
    means: Bound<'py, PyArray2<f64>>,
    covariances: Bound<'py, PyArray3<f64>>,
    log_likelihoods: Bound<'py, PyArray1<f64>>,
    lower_bounds: Bound<'py, PyArray1<f64>>,
    n_iter: usize,
    converged: bool,
}

/// Fits a mixture by EM and returns the best of `n_init` starts. Looks for Ctrl-C once per iteration.
#[pyfunction]
#[pyo3(signature = (
    X, n_components, *, max_iter, tol, n_init, seed, weight_concentration_prior, mean_precision_prior,
    mean_prior, degrees_of_freedom_prior, covariance_prior, log_prior, align_to, num_threads,
))]
#[expect(non_snake_case, reason = "X is the data's name in Python")]
#[expect(
    clippy::too_many_arguments,
    reason = "the keyword arguments of one Python function"
)]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    X: FloatMatrix<'py>,
    n_components: usize,
    max_iter: usize,
    tol: f64,
    n_init: usize,
    seed: u64,
    weight_concentration_prior: Option<f64>,
    mean_precision_prior: f64,
    mean_prior: Option<PyReadonlyArray1<'py, f64>>,
    degrees_of_freedom_prior: Option<f64>,
    covariance_prior: Option<PyReadonlyArray2<'py, f64>>,
    log_prior: Option<PyReadonlyArray2<'py, f64>>,
    align_to: Option<PyReadonlyArray2<'py, f64>>,
    num_threads: usize,
) -> PyResult<FitResult<'py>> {
    let prior = PriorConfig {
        weight_concentration: weight_concentration_prior,
        mean_precision: mean_precision_prior,
        mean: mean_prior.map(|array| array.as_array().to_owned()),
        degrees_of_freedom: degrees_of_freedom_prior,
        covariance: covariance_prior.map(|array| array.as_array().to_owned()),
    };
    let config =
        FitConfig::new(n_components, max_iter, tol, n_init, seed, prior).map_err(PyGmmError)?;
    let n_samples = X.n_samples();
    let log_prior = log_prior.as_ref().map(|array| array.as_array());
    let align_to = align_to.as_ref().map(|array| array.as_array());
    let mut signal = None;
    let observer = |_| match Python::attach(|py| py.check_signals()) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            signal = Some(error);
            ControlFlow::Break(())
        }
    };
    let fitted = with_view!(X, |view| compute(py, num_threads, |threads| {
        let knowledge = RowKnowledge {
            log_prior: log_prior
                .map(|array| LogPrior::new(array, n_samples, n_components))
                .transpose()?,
            align_to,
        };
        gmm_core::fit(Rows::new(view)?, &config, knowledge, threads, observer)
    }));
    let fitted = fitted.map_err(|error| signal.unwrap_or(error))?;
    let n_iter = fitted.lower_bounds.len();
    let (weights, means, covariances) = fitted.mixture.into_parts();
    Ok(FitResult {
        weights: weights.into_pyarray(py),
        means: means.into_pyarray(py),
        covariances: covariances.into_pyarray(py),
        log_likelihoods: fitted.log_likelihoods.into_pyarray(py),
        lower_bounds: fitted.lower_bounds.into_pyarray(py),
        n_iter,
        converged: fitted.converged,
    })
}
