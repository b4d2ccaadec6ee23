//! Fitting.

use std::ops::ControlFlow;
use std::time::Duration;

use gmm_core::{
    Acceleration, Fit, FitConfig, Float, GmmError, LogPrior, PriorConfig, Progress, Regularisation,
    RowKnowledge, Source, Start, StartReport, StopRule, Threads, fit_with_checkpoints,
};
use numpy::ndarray::{Array2, ArrayView1, ArrayView2};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyReadonlyArray1, PyReadonlyArray2,
    PyReadonlyArrayDyn,
};
use pyo3::{Bound, FromPyObject, IntoPyObject, Py, PyAny, PyResult, Python, pyfunction};

use crate::checkpoint::PyCheckpoint;
use crate::compute::compute;
use crate::errors::PyGmmError;
use crate::mixture::{initial, parameters};
use crate::source::{OnSource, PySource};

/// A fit as a dict of plain values and arrays.
#[derive(IntoPyObject)]
pub(crate) struct FitResult<'py> {
    weights: Bound<'py, PyArray1<f64>>,
    means: Bound<'py, PyArray2<f64>>,
    covariances: Bound<'py, PyArrayDyn<f64>>,
    log_likelihoods: Bound<'py, PyArray1<f64>>,
    lower_bounds: Bound<'py, PyArray1<f64>>,
    lower_bound: f64,
    n_iter: usize,
    converged: bool,
    collapsed: Bound<'py, PyArray1<i64>>,
    timed_out: bool,
    restarts: Vec<Restart>,
}

impl<'py> FitResult<'py> {
    pub(crate) fn new(py: Python<'py>, fitted: Fit) -> Self {
        let n_iter = fitted.lower_bounds.len();
        let (weights, means, covariances) = parameters(py, fitted.mixture);
        Self {
            weights,
            means,
            covariances,
            log_likelihoods: fitted.log_likelihoods.into_pyarray(py),
            lower_bounds: fitted.lower_bounds.into_pyarray(py),
            lower_bound: fitted.lower_bound,
            n_iter,
            converged: fitted.converged,
            collapsed: PyArray1::from_iter(py, fitted.collapsed.into_iter().map(|k| k as i64)),
            timed_out: fitted.timed_out,
            restarts: fitted.restarts.into_iter().map(Restart::from).collect(),
        }
    }
}

/// What became of a start.
#[derive(IntoPyObject)]
struct Restart {
    lower_bound: f64,
    log_likelihood: f64,
    n_iter: usize,
    converged: bool,
    failure: Option<String>,
}

impl From<StartReport> for Restart {
    fn from(report: StartReport) -> Self {
        Self {
            lower_bound: report.lower_bound,
            log_likelihood: report.log_likelihood,
            n_iter: report.n_iter,
            converged: report.converged,
            failure: report.failure.map(|failure| failure.to_string()),
        }
    }
}

/// What is added to variances.
#[derive(FromPyObject)]
pub(crate) enum Ridge<'py> {
    All(f64),
    Each(PyReadonlyArray1<'py, f64>),
    Named(String),
}

/// How starts are drawn, their responsibilities, or the partitions that they begin with.
#[derive(FromPyObject)]
pub(crate) enum Init<'py> {
    Method(String),
    Responsibilities(Vec<PyReadonlyArray2<'py, f64>>),
    Partitions(Vec<PyReadonlyArray2<'py, u32>>),
}

impl Init<'_> {
    /// `n_init` drawn starts, or one for each array, of which copies are made.
    fn starts(self, n_init: usize) -> Result<Start, GmmError> {
        match self {
            Self::Method(name) => Ok(Start::drawn(name.parse()?, n_init)),
            Self::Responsibilities(arrays) => Ok(Start::Responsibilities(copies(&arrays, n_init)?)),
            Self::Partitions(arrays) => Ok(Start::Partitions(copies(&arrays, n_init)?)),
        }
    }
}

/// Copies of the arrays of `n_init` starts.
fn copies<A: Element + Clone>(
    arrays: &[PyReadonlyArray2<'_, A>],
    n_init: usize,
) -> Result<Vec<Array2<A>>, GmmError> {
    if n_init != arrays.len() {
        return Err(GmmError::Parameter {
            name: "n_init",
            given: n_init.to_string(),
            needed: "the number of arrays in init",
        });
    }
    Ok(arrays
        .iter()
        .map(|array| array.as_array().to_owned())
        .collect())
}

/// Fits a mixture by EM and returns the best of all starts. Looks for Ctrl-C many times a second.
#[pyfunction]
#[pyo3(signature = (
    X, n_components, *, covariance_type, max_iter, tol, relative_tol, max_time,
    n_init, init, halving, weights_init, means_init,
    covariances_init, seed, acceleration, reg_covar,
    weight_concentration_prior, mean_precision_prior, mean_prior, degrees_of_freedom_prior,
    covariance_prior, sample_weight, log_prior, align_to, observer, checkpoint,
    num_threads,
))]
#[expect(non_snake_case, reason = "X is the data's name in Python")]
#[expect(
    clippy::too_many_arguments,
    reason = "the keyword arguments of one Python function"
)]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    X: PySource<'py>,
    n_components: usize,
    covariance_type: &str,
    max_iter: usize,
    tol: f64,
    relative_tol: bool,
    max_time: Option<f64>,
    n_init: usize,
    init: Init<'py>,
    halving: bool,
    weights_init: Option<PyReadonlyArray1<'py, f64>>,
    means_init: Option<PyReadonlyArray2<'py, f64>>,
    covariances_init: Option<PyReadonlyArrayDyn<'py, f64>>,
    seed: u64,
    acceleration: Option<&str>,
    reg_covar: Option<Ridge<'py>>,
    weight_concentration_prior: Option<f64>,
    mean_precision_prior: f64,
    mean_prior: Option<PyReadonlyArray1<'py, f64>>,
    degrees_of_freedom_prior: Option<f64>,
    covariance_prior: Option<PyReadonlyArray2<'py, f64>>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    log_prior: Option<PyReadonlyArray2<'py, f64>>,
    align_to: Option<PyReadonlyArray2<'py, f64>>,
    observer: Option<Py<PyAny>>,
    checkpoint: Option<PyCheckpoint>,
    num_threads: usize,
) -> PyResult<FitResult<'py>> {
    let prior = PriorConfig {
        weight_concentration: weight_concentration_prior,
        mean_precision: mean_precision_prior,
        mean: mean_prior.map(|array| array.as_array().to_owned()),
        degrees_of_freedom: degrees_of_freedom_prior,
        covariance: covariance_prior.map(|array| array.as_array().to_owned()),
    };
    let initial = initial(
        weights_init.as_ref(),
        means_init.as_ref(),
        covariances_init.as_ref(),
        covariance_type,
    )
    .map_err(PyGmmError)?;
    let config = FitConfig {
        n_components,
        covariance_type: covariance_type.parse().map_err(PyGmmError)?,
        max_iter,
        tol,
        stop: stop_rule(relative_tol),
        max_time: max_time.map(duration).transpose().map_err(PyGmmError)?,
        start: init.starts(n_init).map_err(PyGmmError)?,
        halving,
        initial,
        seed,
        regularisation: match reg_covar {
            None => Regularisation::Prior(prior),
            Some(ridge) => regularisation(&ridge).map_err(PyGmmError)?,
        },
        acceleration: accelerated(acceleration).map_err(PyGmmError)?,
    };
    let log_prior = log_prior.as_ref().map(|array| array.as_array());
    let sample_weight = sample_weight.as_ref().map(|array| array.as_array());
    let align_to = align_to.as_ref().map(|array| array.as_array());
    let view = X.view();
    let mut raised = None;
    let observer = |progress| match Python::attach(|py| tell(py, observer.as_ref(), progress)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            raised = Some(error);
            view.give_up();
            ControlFlow::Break(())
        }
    };
    let fitted = compute(py, num_threads, |threads| {
        let fitting = Fitting {
            config: &config,
            log_prior,
            sample_weight,
            align_to,
            threads,
            observer,
            checkpoint: checkpoint.as_ref(),
        };
        view.run(fitting, sample_weight)
    });
    let fitted = fitted.map_err(|error| {
        let error = raised.unwrap_or_else(|| X.raised_or(error));
        match &checkpoint {
            None => error,
            Some(kept) => kept.raised_or(py, error),
        }
    })?;
    Ok(FitResult::new(py, fitted))
}

/// A fit of rows that are to come.
struct Fitting<'a, O> {
    config: &'a FitConfig,
    log_prior: Option<ArrayView2<'a, f64>>,
    sample_weight: Option<ArrayView1<'a, f64>>,
    align_to: Option<ArrayView2<'a, f64>>,
    threads: &'a Threads,
    observer: O,
    checkpoint: Option<&'a PyCheckpoint>,
}

impl<O: FnMut(Progress) -> ControlFlow<()>> OnSource for Fitting<'_, O> {
    type Result = Fit;

    fn on<T: Float>(self, source: Source<'_, T>) -> Result<Fit, GmmError> {
        let (n_samples, n_components) = (source.n_samples(), self.config.n_components);
        let knowledge = RowKnowledge {
            log_prior: self
                .log_prior
                .map(|array| LogPrior::new(array, n_samples, n_components))
                .transpose()?,
            sample_weight: self.sample_weight,
            align_to: self.align_to,
        };
        let (config, threads) = (self.config, self.threads);
        match self.checkpoint {
            None => gmm_core::fit(source, config, knowledge, threads, self.observer),
            Some(kept) => {
                let mut save = |bytes: &[u8]| kept.save(bytes);
                let checkpoints = kept.checkpoints(&mut save);
                fit_with_checkpoints(
                    source,
                    config,
                    knowledge,
                    threads,
                    self.observer,
                    checkpoints,
                )
            }
        }
    }
}

/// Looks for Ctrl-C and calls the observer after an iteration.
fn tell(py: Python<'_>, observer: Option<&Py<PyAny>>, progress: Progress) -> PyResult<()> {
    if let Progress::Iteration {
        start,
        iteration,
        lower_bound,
    } = progress
        && let Some(observer) = observer
    {
        observer.call1(py, (start, iteration, lower_bound))?;
    }
    py.check_signals()
}

/// A number of seconds; what a duration can't hold is as long as one can be.
fn duration(seconds: f64) -> Result<Duration, GmmError> {
    if seconds >= 0.0 {
        return Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    Err(GmmError::Parameter {
        name: "max_time",
        given: seconds.to_string(),
        needed: "at least 0, in seconds",
    })
}

/// A part of each feature's variance that is negligible, and enough for a Cholesky factor.
const AUTOMATIC_RIDGE: f64 = 1e-6;

/// What a tolerance is a part of.
pub(crate) fn stop_rule(relative_tol: bool) -> StopRule {
    if relative_tol {
        StopRule::Relative
    } else {
        StopRule::Absolute
    }
}

/// The ridge that `reg_covar` stands for.
pub(crate) fn regularisation(reg_covar: &Ridge<'_>) -> Result<Regularisation, GmmError> {
    match reg_covar {
        Ridge::All(ridge) => Ok(Regularisation::Ridge(*ridge)),
        Ridge::Each(ridges) => Ok(Regularisation::Ridges(ridges.as_array().to_owned())),
        Ridge::Named(name) if name == "auto" => Ok(Regularisation::RelativeRidge(AUTOMATIC_RIDGE)),
        Ridge::Named(name) => Err(GmmError::Parameter {
            name: "reg_covar",
            given: format!("{name:?}"),
            needed: "a number, one for each feature, or 'auto'",
        }),
    }
}

/// The acceleration of this name.
pub(crate) fn accelerated(name: Option<&str>) -> Result<Acceleration, GmmError> {
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
