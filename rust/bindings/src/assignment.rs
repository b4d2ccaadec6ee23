//! Optimal assignment.

use gmm_core::assign;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::{Bound, PyResult, Python, pyfunction};

use crate::errors::PyGmmError;

/// Indices as NumPy has them.
type Indices<'py> = Bound<'py, PyArray1<isize>>;

/// Assigns rows to columns, each at most once, so that the sum of the chosen scores is largest.
#[pyfunction]
pub(crate) fn linear_sum_assignment<'py>(
    py: Python<'py>,
    score: PyReadonlyArray2<'py, f64>,
) -> PyResult<(Indices<'py>, Indices<'py>)> {
    let pairs = assign(score.as_array()).map_err(PyGmmError)?;
    let index = |i: usize| isize::try_from(i).expect("an index of an array fits into isize");
    let (rows, columns): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .map(|(row, column)| (index(row), index(column)))
        .unzip();
    Ok((rows.into_pyarray(py), columns.into_pyarray(py)))
}
