//! Fitting.

use std::ops::ControlFlow;

use gmm_core::{
    Acceleration, FitConfig, GmmError, InitialParameters, LogPrior, PriorConfig, Regularisation,
    RowKnowledge, Rows, Start,
};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyReadonlyArray1, PyReadonlyArray2,
    PyReadonlyArrayDyn,
};
use pyo3::{Bound, FromPyObject, IntoPyObject, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, with_view};
use crate::compute::compute;
use crate::covariances::{covariances, to_python};
use crate::errors::PyGmmError;

/// A fit as a dict of plain values and arrays.
#[derive(IntoPyObject)]
pub(crate) struct FitResult<'py> {
    weights: Bound<'py, PyArray1<f64>>,
    means: Bound<'py, PyArray2<f64>>,
    covariances: Bound<'py, PyArrayDyn<f64>>,
    log_likelihoods: Bound<'py, PyArray1<f64>>,
    lower_bounds: Bound<'py, PyArray1<f64>>,
    n_iter: usize,
    converged: bool,
}

/// How starts are drawn, or their responsibilities.
#[derive(FromPyObject)]
pub(crate) enum Init<'py> {
    Method(String),
    Responsibilities(Vec<PyReadonlyArray2<'py, f64>>),
}

impl Init<'_> {
    /// `n_init` drawn starts, or one for each array, of which copies are made.
    fn starts(self, n_init: usize) -> Result<Start, GmmError> {
        match self {
            Self::Method(name) => Ok(Start::drawn(name.parse()?, n_init)),
            Self::Responsibilities(arrays) if n_init != arrays.len() => Err(GmmError::Parameter {
                name: "n_init",
                given: n_init.to_string(),
                needed: "the number of arrays in init",
            }),
            Self::Responsibilities(arrays) => {
                let copies = arrays.iter().map(|array| array.as_array().to_owned());
                Ok(Start::Responsibilities(copies.collect()))
            }
        }
    }
}

/// Fits a mixture by EM and returns the best of all starts. Looks for Ctrl-C once per iteration and during long starts.
#[pyfunction]
#[pyo3(signature = (
    X, n_components, *, covariance_type, max_iter, tol, n_init, init, weights_init, means_init,
    covariances_init, seed, acceleration, reg_covar,
    weight_concentration_prior, mean_precision_prior, mean_prior, degrees_of_freedom_prior,
    covariance_prior, sample_weight, log_prior, align_to, num_threads,
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
    covariance_type: &str,
    max_iter: usize,
    tol: f64,
    n_init: usize,
    init: Init<'py>,
    weights_init: Option<PyReadonlyArray1<'py, f64>>,
    means_init: Option<PyReadonlyArray2<'py, f64>>,
    covariances_init: Option<PyReadonlyArrayDyn<'py, f64>>,
    seed: u64,
    acceleration: Option<&str>,
    reg_covar: Option<f64>,
    weight_concentration_prior: Option<f64>,
    mean_precision_prior: f64,
    mean_prior: Option<PyReadonlyArray1<'py, f64>>,
    degrees_of_freedom_prior: Option<f64>,
    covariance_prior: Option<PyReadonlyArray2<'py, f64>>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
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
    let covariance_type = covariance_type.parse().map_err(PyGmmError)?;
    let initial = InitialParameters {
        weights: weights_init.map(|array| array.as_array().to_owned()),
        means: means_init.map(|array| array.as_array().to_owned()),
        covariances: covariances_init
            .map(|array| covariances("covariances_init", &array, covariance_type))
            .transpose()
            .map_err(PyGmmError)?,
    };
    let config = FitConfig {
        n_components,
        covariance_type,
        max_iter,
        tol,
        start: init.starts(n_init).map_err(PyGmmError)?,
        initial,
        seed,
        regularisation: reg_covar.map_or(Regularisation::Prior(prior), Regularisation::Ridge),
        acceleration: accelerated(acceleration).map_err(PyGmmError)?,
    };
    let n_samples = X.n_samples();
    let log_prior = log_prior.as_ref().map(|array| array.as_array());
    let sample_weight = sample_weight.as_ref().map(|array| array.as_array());
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
            sample_weight,
            align_to,
        };
        gmm_core::fit(Rows::new(view)?, &config, knowledge, threads, observer)
    }));
    let fitted = fitted.map_err(|error| signal.unwrap_or(error))?;
    let n_iter = fitted.lower_bounds.len();
    let (weights, means, fitted_covariances) = fitted.mixture.into_parts();
    Ok(FitResult {
        weights: weights.into_pyarray(py),
        means: means.into_pyarray(py),
        covariances: to_python(py, fitted_covariances),
        log_likelihoods: fitted.log_likelihoods.into_pyarray(py),
        lower_bounds: fitted.lower_bounds.into_pyarray(py),
        n_iter,
        converged: fitted.converged,
    })
}

/// The acceleration of this name.
fn accelerated(name: Option<&str>) -> Result<Acceleration, GmmError> {
    match name {
        None => Ok(Acceleration::None),
        Some("squarem") => Ok(Acceleration::Squarem),
        Some(other) => Err(GmmError::Parameter {
            name: "acceleration",
            given: format!("{other:?}"),
            needed: "None or 'squarem'",
        }),
    }
}
