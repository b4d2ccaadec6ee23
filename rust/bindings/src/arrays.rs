//! NumPy arrays in and out.

use gmm_core::{GmmError, Mixture};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3};
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

/// A mixture from copies of its arrays.
pub(crate) fn mixture(
    weights: &PyReadonlyArray1<'_, f64>,
    means: &PyReadonlyArray2<'_, f64>,
    covariances: &PyReadonlyArray3<'_, f64>,
) -> Result<Mixture, GmmError> {
    Mixture::new(
        weights.as_array().to_owned(),
        means.as_array().to_owned(),
        covariances.as_array().to_owned(),
    )
}
