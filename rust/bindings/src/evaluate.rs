//! Evaluation of a mixture on rows. Results are allocated by NumPy and filled in place.

use gmm_core::{Covariances, Evaluator, GmmError, LogPrior, Mixture, Rows};
use ndarray::{Array1, Array2};
use numpy::{
    PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArrayDyn,
};
use pyo3::{Bound, PyResult, Python, pyfunction};

use crate::arrays::{FloatMatrix, with_view};
use crate::compute::compute;
use crate::covariances::typed;

/// Defines a function that evaluates a mixture with one method of [`Evaluator`].
macro_rules! evaluation {
    ($(#[$doc:meta])* $name:ident -> $output:ident<$element:ty>, |$n_samples:ident, $n_components:ident| $shape:expr) => {
        $(#[$doc])*
        #[pyfunction]
        #[pyo3(signature = (
            X, weights, means, covariances=None, *, precisions_cholesky=None, covariance_type, log_prior, num_threads
        ))]
        #[expect(non_snake_case, reason = "X is the data's name in Python")]
        #[expect(clippy::too_many_arguments, reason = "the arguments of one Python function")]
        pub(crate) fn $name<'py>(
            py: Python<'py>,
            X: FloatMatrix<'py>,
            weights: PyReadonlyArray1<'py, f64>,
            means: PyReadonlyArray2<'py, f64>,
            covariances: Option<PyReadonlyArrayDyn<'py, f64>>,
            precisions_cholesky: Option<PyReadonlyArrayDyn<'py, f64>>,
            covariance_type: &str,
            log_prior: Option<PyReadonlyArray2<'py, f64>>,
            num_threads: usize,
        ) -> PyResult<Bound<'py, $output<$element>>> {
            let ($n_samples, $n_components) = (X.n_samples(), means.as_array().nrows());
            let result = $output::<$element>::zeros(py, $shape, false);
            let mut writable = result.readwrite();
            let out = writable.as_array_mut();
            let shapes = Shapes::new(covariances, precisions_cholesky, covariance_type);
            let (weights, means) = (weights.as_array().to_owned(), means.as_array().to_owned());
            let log_prior = log_prior.as_ref().map(|array| array.as_array());
            with_view!(X, |view| compute(py, num_threads, |threads| {
                let evaluator = shapes?.evaluator(weights, means)?;
                let prior = log_prior
                    .map(|array| LogPrior::new(array, $n_samples, $n_components))
                    .transpose()?;
                evaluator.$name(Rows::new(view)?, prior, threads, out)
            }))?;
            Ok(result)
        }
    };
}

/// The shapes of the components, in the form in which they were given.
enum Shapes {
    Covariances(Covariances),
    PrecisionsCholesky(Covariances),
}

impl Shapes {
    /// From the one argument of the two that isn't None.
    fn new(
        covariances: Option<PyReadonlyArrayDyn<'_, f64>>,
        precisions_cholesky: Option<PyReadonlyArrayDyn<'_, f64>>,
        covariance_type: &str,
    ) -> Result<Self, GmmError> {
        match (covariances, precisions_cholesky) {
            (Some(array), None) => Ok(Self::Covariances(typed(
                "covariances",
                &array,
                covariance_type,
            )?)),
            (None, Some(array)) => {
                let factors = typed("precisions_cholesky", &array, covariance_type)?;
                Ok(Self::PrecisionsCholesky(factors))
            }
            (covariances, _) => Err(GmmError::Parameter {
                name: "covariances",
                given: if covariances.is_some() {
                    "given"
                } else {
                    "None"
                }
                .into(),
                needed: "given if precisions_cholesky is None, and None otherwise",
            }),
        }
    }

    fn evaluator(self, weights: Array1<f64>, means: Array2<f64>) -> Result<Evaluator, GmmError> {
        match self {
            Self::Covariances(covariances) => {
                Evaluator::new(&Mixture::new(weights, means, covariances)?)
            }
            Self::PrecisionsCholesky(factors) => {
                Evaluator::from_precisions_cholesky(&weights, &means, &factors)
            }
        }
    }
}

evaluation! {
    /// Index of the most probable component of each row.
    predict -> PyArray1<i64>, |n_samples, n_components| n_samples
}

evaluation! {
    /// P(component | row) of every row.
    predict_proba -> PyArray2<f64>, |n_samples, n_components| [n_samples, n_components]
}

evaluation! {
    /// log p(x) of every row, in nats.
    score_samples -> PyArray1<f64>, |n_samples, n_components| n_samples
}
