//! Matrices to text files.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use gmm_core::text;
use ndarray::ArrayView2;
use numpy::{
    Element, PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::compute::compute;

/// Writes a 2-D array to the file at `path`, replacing what is there, as `numpy.savetxt(path, matrix, fmt=format)` does.
///
/// `format` is "%d" for int64, "%f" or "%.18e" for float64.
///
/// Raises ValueError for another format, dtype or number of dimensions, OSError with the path if the file can't be written.
#[pyfunction]
#[pyo3(signature = (path, matrix, format, *, num_threads))]
pub(crate) fn write_text(
    py: Python<'_>,
    path: PathBuf,
    matrix: &Bound<'_, PyUntypedArray>,
    format: &str,
    num_threads: usize,
) -> PyResult<()> {
    match format {
        "%d" => write(
            py,
            path,
            typed(matrix, format)?,
            text::write_integers,
            num_threads,
        ),
        "%f" => write(
            py,
            path,
            typed(matrix, format)?,
            text::write_fixed,
            num_threads,
        ),
        "%.18e" => write(
            py,
            path,
            typed(matrix, format)?,
            text::write_scientific,
            num_threads,
        ),
        _ => Err(PyValueError::new_err(format!(
            "format is {format:?}; it must be \"%d\", \"%f\" or \"%.18e\""
        ))),
    }
}

/// The array with the type of number that `format` is for. Elements that don't lie on element boundaries are copied.
fn typed<'py, T: Element>(
    matrix: &Bound<'py, PyUntypedArray>,
    format: &str,
) -> PyResult<PyReadonlyArray2<'py, T>> {
    let Ok(array) = matrix.cast::<PyArray2<T>>() else {
        return Err(PyValueError::new_err(format!(
            "format {format:?} needs a 2-D array of {}, but matrix is {}-D of {}",
            numpy::dtype::<T>(matrix.py()),
            matrix.ndim(),
            matrix.dtype(),
        )));
    };
    let is_aligned: bool = matrix.getattr("flags")?.getattr("aligned")?.extract()?;
    let item_size = size_of::<T>() as isize;
    if is_aligned
        && matrix
            .strides()
            .iter()
            .all(|stride| stride % item_size == 0)
    {
        Ok(array.try_readonly()?)
    } else {
        let copy = array.call_method0("copy")?;
        Ok(copy.cast::<PyArray2<T>>()?.try_readonly()?)
    }
}

/// Formats and writes with the interpreter released.
fn write<T: Element + Sync>(
    py: Python<'_>,
    path: PathBuf,
    array: PyReadonlyArray2<'_, T>,
    format: fn(File, ArrayView2<'_, T>) -> io::Result<()>,
    num_threads: usize,
) -> PyResult<()> {
    let matrix = array.as_array();
    let result = compute(py, num_threads, |threads| {
        Ok(threads.install(|| format(File::create(&path)?, matrix)))
    })?;
    result.map_err(|error| os_error(py, &error, path.into_os_string()))
}

/// The OSError (or its subclass for the cause) that Python's `open` would raise, with the path.
fn os_error(py: Python<'_>, error: &io::Error, path: OsString) -> PyErr {
    let Some(errno) = error.raw_os_error() else {
        return PyOSError::new_err(format!("{}: {error}", path.display()));
    };
    let message = py
        .import("os")
        .and_then(|os| os.call_method1("strerror", (errno,)))
        .map(Bound::unbind);
    match message {
        Ok(message) => PyOSError::new_err((errno, message, path)),
        Err(error) => error,
    }
}
