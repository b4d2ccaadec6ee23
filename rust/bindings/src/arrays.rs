//! NumPy arrays in and out.

use numpy::PyReadonlyArray2;
use pyo3::FromPyObject;

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

impl FloatMatrix<'_> {
    /// Number of rows.
    pub(crate) fn n_samples(&self) -> usize {
        match self {
            Self::F64(matrix) => matrix.as_array().nrows(),
            Self::F32(matrix) => matrix.as_array().nrows(),
        }
    }
}
