//! The extension module `gmm_rs._core`: what Python sees of gmm-core.

use pyo3::pymodule;

#[pymodule(gil_used = false)]
mod _core {}
