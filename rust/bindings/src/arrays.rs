//! NumPy arrays in and out.

use numpy::ndarray::{ArrayView2, Dimension, IntoDimension};
use numpy::{Element, PyArray, PyReadonlyArray2};
use pyo3::types::{PyAnyMethods, PyTuple};
use pyo3::{Bound, FromPyObject, PyResult, Python};

/// Data as Python gives them: read in place, whatever their strides.
#[derive(FromPyObject)]
pub(crate) enum FloatMatrix<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
}

/// Runs `$work` with `$view` bound to the array of a [`FloatMatrix`], whatever its dtype.
macro_rules! with_view {
    ($matrix:expr, |$view:ident| $work:expr) => {
        match &$matrix {
            $crate::arrays::FloatMatrix::F64(matrix) => {
                let $view = matrix.as_array();
                $work
            }
            $crate::arrays::FloatMatrix::F32(matrix) => {
                let $view = matrix.as_array();
                $work
            }
        }
    };
}
pub(crate) use with_view;

/// The array of a [`FloatMatrix`], for other threads.
#[derive(Clone, Copy)]
pub(crate) enum FloatView<'a> {
    F64(ArrayView2<'a, f64>),
    F32(ArrayView2<'a, f32>),
}

impl FloatMatrix<'_> {
    /// The array itself.
    pub(crate) fn view(&self) -> FloatView<'_> {
        match self {
            Self::F64(matrix) => FloatView::F64(matrix.as_array()),
            Self::F32(matrix) => FloatView::F32(matrix.as_array()),
        }
    }

    /// Number of rows.
    pub(crate) fn n_samples(&self) -> usize {
        match self {
            Self::F64(matrix) => matrix.as_array().nrows(),
            Self::F32(matrix) => matrix.as_array().nrows(),
        }
    }
}

/// A new array of zeros.
///
/// # Errors
/// MemoryError where there is no room for it.
pub(crate) fn zeros<'py, T: Element, I: IntoDimension>(
    py: Python<'py>,
    shape: I,
) -> PyResult<Bound<'py, PyArray<T, I::Dim>>> {
    let shape = shape.into_dimension();
    let shape = PyTuple::new(py, shape.slice())?;
    let zeros = py
        .import("numpy")?
        .call_method1("zeros", (shape, numpy::dtype::<T>(py)))?;
    Ok(zeros.cast_into::<PyArray<T, I::Dim>>()?)
}
