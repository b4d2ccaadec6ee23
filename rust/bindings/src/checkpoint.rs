//! What a fit leaves, to be taken up later.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gmm_core::Checkpoints;
use pyo3::types::{PyAnyMethods, PyBytes};
use pyo3::{Borrowed, FromPyObject, Py, PyAny, PyErr, PyResult, Python};

/// An object that keeps the last checkpoint: `content`, bytes or None, `seconds` between two, and `save(bytes)`.
pub(crate) struct PyCheckpoint {
    object: Py<PyAny>,
    content: Option<Vec<u8>>,
    every: Duration,
    raised: Mutex<Option<PyErr>>,
}

impl FromPyObject<'_, '_> for PyCheckpoint {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            content: object.getattr("content")?.extract()?,
            every: Duration::from_secs_f64(object.getattr("seconds")?.extract()?),
            object: object.to_owned().unbind(),
            raised: Mutex::default(),
        })
    }
}

impl PyCheckpoint {
    /// What the engine needs to know of it.
    pub(crate) fn checkpoints<'a>(
        &'a self,
        save: &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Checkpoints<'a> {
        Checkpoints {
            resume: self.content.as_deref(),
            every: self.every,
            save,
        }
    }

    /// Keeps a checkpoint; stops the fit where that fails.
    pub(crate) fn save(&self, bytes: &[u8]) -> ControlFlow<()> {
        let save = |py: Python<'_>| {
            let bytes = PyBytes::new(py, bytes);
            self.object
                .bind(py)
                .call_method1("save", (bytes,))
                .map(drop)
        };
        match Python::attach(save) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The exception of `save`, raised while `other` was being handled, or else `other`.
    pub(crate) fn raised_or(&self, py: Python<'_>, other: PyErr) -> PyErr {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(error) = raised.take() else {
            return other;
        };
        error.set_context(py, Some(other));
        error
    }
}
