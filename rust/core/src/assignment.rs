//! Optimal one-to-one assignment of rows to columns.

use ndarray::ArrayView2;

use crate::error::GmmError;

/// Assigns rows of `score` to columns, each at most once, so that the sum of the chosen entries is
/// largest. Returns min(n_rows, n_columns) pairs (row, column), sorted by row.
///
/// Jonker & Volgenant (1987), as revised by Crouse (2016).
///
/// # Errors
/// [`GmmError::NonFinite`] where an entry is NaN or infinite.
///
/// ```
/// use ndarray::array;
/// let score = array![[1.0, 5.0, 0.0], [4.0, 6.0, 0.0]];
/// assert_eq!(gmm_core::assign(score.view())?, [(0, 1), (1, 0)]);
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
pub fn assign(score: ArrayView2<'_, f64>) -> Result<Vec<(usize, usize)>, GmmError> {
    let entries: Vec<f64> = score.iter().copied().collect();
    let (n_rows, n_columns) = score.dim();
    match lsap::solve(n_rows, n_columns, &entries, true) {
        Ok((rows, columns)) => Ok(rows.into_iter().zip(columns).collect()),
        // With finite entries every assignment is feasible.
        Err(_) => {
            let entry = score.indexed_iter().find(|(_, x)| !x.is_finite());
            let ((row, column), &value) = entry.expect("only non-finite entries are refused");
            Err(GmmError::NonFinite {
                name: "the score",
                row,
                column,
                value,
            })
        }
    }
}
