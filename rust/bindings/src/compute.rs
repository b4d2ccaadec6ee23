//! The single gate between Python and heavy work.

use gmm_core::{GmmError, Threads};
use pyo3::{PyResult, Python};

use crate::errors::PyGmmError;

/// Releases the interpreter, runs `work` on `num_threads` threads, maps its error.
pub(crate) fn compute<R: Send>(
    py: Python<'_>,
    num_threads: usize,
    work: impl FnOnce(&Threads) -> Result<R, GmmError> + Send,
) -> PyResult<R> {
    let result = py.detach(|| work(&Threads::new(num_threads)?));
    Ok(result.map_err(PyGmmError)?)
}
