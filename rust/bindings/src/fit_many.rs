//! Fitting many data sets.

use std::ops::ControlFlow;

use gmm_core::{
    Fit, FitConfig, Fitter, GmmError, InitialParameters, RowKnowledge, Rows, Start,
    precisions_cholesky,
};
use numpy::ndarray::ArrayView1;
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn};
use pyo3::exceptions::PyBaseException;
use pyo3::{FromPyObject, IntoPyObject, Py, PyErr, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, FloatView};
use crate::compute::compute;
use crate::errors::PyGmmError;
use crate::fit::{FitResult, Ridge, accelerated, regularisation, stop_rule};
use crate::mixture::initial;

/// A data set as a tuple: rows, seed, weights of the rows; weights, means and covariances to start from.
#[derive(FromPyObject)]
pub(crate) struct DataSet<'py>(
    FloatMatrix<'py>,
    u64,
    Option<PyReadonlyArray1<'py, f64>>,
    Option<PyReadonlyArray1<'py, f64>>,
    Option<PyReadonlyArray2<'py, f64>>,
    Option<PyReadonlyArrayDyn<'py, f64>>,
);

/// What became of a data set: a fit, or the exception that a fit of it alone would raise.
#[derive(IntoPyObject)]
pub(crate) enum Outcome<'py> {
    Fitted(FitResult<'py>),
    Failed(Py<PyBaseException>),
}

/// Fits a mixture to each data set, several at the same time. Looks for Ctrl-C many times a second.
#[pyfunction]
#[pyo3(signature = (
    datasets, n_components, *, covariance_type, max_iter, tol, relative_tol, n_init, init, acceleration, reg_covar,
    num_threads,
))]
#[expect(
    clippy::too_many_arguments,
    reason = "the keyword arguments of one Python function"
)]
pub(crate) fn fit_many<'py>(
    py: Python<'py>,
    datasets: Vec<DataSet<'py>>,
    n_components: usize,
    covariance_type: &str,
    max_iter: usize,
    tol: f64,
    relative_tol: bool,
    n_init: usize,
    init: &str,
    acceleration: Option<&str>,
    reg_covar: Ridge<'py>,
    num_threads: usize,
) -> PyResult<Vec<Outcome<'py>>> {
    let config = FitConfig {
        covariance_type: covariance_type.parse().map_err(PyGmmError)?,
        max_iter,
        tol,
        stop: stop_rule(relative_tol),
        start: Start::drawn(init.parse().map_err(PyGmmError)?, n_init),
        regularisation: regularisation(&reg_covar).map_err(PyGmmError)?,
        acceleration: accelerated(acceleration).map_err(PyGmmError)?,
        ..FitConfig::new(n_components)
    };
    let tasks = datasets
        .iter()
        .map(|set| Task::new(set, covariance_type))
        .collect::<Result<Vec<_>, _>>()
        .map_err(PyGmmError)?;
    let mut raised = None;
    let observer = || match Python::attach(|py| py.check_signals()) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            raised = Some(error);
            ControlFlow::Break(())
        }
    };
    let fits = compute(py, num_threads, |threads| {
        let fit_one = |set: usize, fitter: &Fitter<'_>| tasks[set].fit(fitter, &config);
        gmm_core::fit_many(tasks.len(), fit_one, threads, observer)
    });
    let fits = fits.map_err(|error| raised.unwrap_or(error))?;
    Ok(fits.into_iter().map(|fit| Outcome::new(py, fit)).collect())
}

/// A data set for other threads.
struct Task<'a> {
    rows: FloatView<'a>,
    seed: u64,
    sample_weight: Option<ArrayView1<'a, f64>>,
    initial: InitialParameters,
}

impl<'a> Task<'a> {
    fn new(set: &'a DataSet<'_>, covariance_type: &str) -> Result<Self, GmmError> {
        let DataSet(rows, seed, sample_weight, weights, means, covariances) = set;
        Ok(Self {
            rows: rows.view(),
            seed: *seed,
            sample_weight: sample_weight.as_ref().map(|array| array.as_array()),
            initial: initial(
                weights.as_ref(),
                means.as_ref(),
                covariances.as_ref(),
                covariance_type,
            )?,
        })
    }

    fn fit(&self, fitter: &Fitter<'_>, common: &FitConfig) -> Result<Fit, GmmError> {
        let config = FitConfig {
            seed: self.seed,
            initial: self.initial.clone(),
            ..common.clone()
        };
        let knowledge = RowKnowledge {
            sample_weight: self.sample_weight,
            ..RowKnowledge::default()
        };
        let fitted = match self.rows {
            FloatView::F64(view) => fitter.fit(Rows::new(view)?, &config, knowledge),
            FloatView::F32(view) => fitter.fit(Rows::new(view)?, &config, knowledge),
        }?;
        // What a model needs to be evaluated must be there: where it isn't, the fit has failed.
        precisions_cholesky(fitted.mixture.covariances())?;
        Ok(fitted)
    }
}

impl<'py> Outcome<'py> {
    fn new(py: Python<'py>, fitted: Result<Fit, GmmError>) -> Self {
        match fitted {
            Ok(fitted) => Self::Fitted(FitResult::new(py, fitted)),
            Err(error) => Self::Failed(PyErr::from(PyGmmError(error)).into_value(py)),
        }
    }
}
