//! From each error of the engine to its Python exception.

use gmm_core::GmmError;
use pyo3::PyErr;

mod python {
    pyo3::import_exception!(gmm_rs.exceptions, DegenerateCovarianceError);
    pyo3::import_exception!(gmm_rs.exceptions, DimensionError);
    pyo3::import_exception!(gmm_rs.exceptions, GmmError);
    pyo3::import_exception!(gmm_rs.exceptions, NonFiniteError);
    pyo3::import_exception!(gmm_rs.exceptions, ParameterError);
}

/// An error of the engine on its way to Python.
pub(crate) struct PyGmmError(pub(crate) GmmError);

impl From<GmmError> for PyGmmError {
    fn from(error: GmmError) -> Self {
        Self(error)
    }
}

impl From<PyGmmError> for PyErr {
    fn from(PyGmmError(error): PyGmmError) -> Self {
        let message = error.to_string();
        match error {
            GmmError::EmptyData { .. } | GmmError::Shape { .. } => {
                python::DimensionError::new_err(message)
            }
            GmmError::NonFinite { .. } => python::NonFiniteError::new_err(message),
            GmmError::Parameter { .. } => python::ParameterError::new_err(message),
            GmmError::DegenerateCovariance { .. } => {
                python::DegenerateCovarianceError::new_err(message)
            }
            _ => python::GmmError::new_err(message),
        }
    }
}
