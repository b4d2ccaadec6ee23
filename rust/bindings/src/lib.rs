//! The extension module `gmm_rs._core`: what Python sees of gmm-core.

mod text;

use pyo3::pymodule;

#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::text::write_text;
}
