//! What can go wrong: one variant per failure, with the values that explain it.

use thiserror::Error;

/// Everything that the functions of this crate report as an error.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GmmError {
    /// The data have no row or no column.
    #[error(
        "the data have {n_samples} rows and {n_features} columns; at least one of each is needed"
    )]
    EmptyData {
        /// Number of rows given.
        n_samples: usize,
        /// Number of columns given.
        n_features: usize,
    },

    /// An entry of a matrix is NaN or infinite.
    #[error(
        "{name} holds {value} at row {row}, column {column}; every entry must be finite: \
         remove or impute such rows first"
    )]
    NonFinite {
        /// What the matrix is called.
        name: &'static str,
        /// Index of the first such row.
        row: usize,
        /// Index of the first such column in that row.
        column: usize,
        /// The entry itself.
        value: f64,
    },

    /// An array has another shape than the others require.
    #[error("{name} has shape {given:?}; {needed:?} is needed")]
    Shape {
        /// What the array is called.
        name: &'static str,
        /// The shape that was given.
        given: Vec<usize>,
        /// The shape that is needed.
        needed: Vec<usize>,
    },

    /// A parameter lies outside its domain.
    #[error("{name} is {given}; it must be {needed}")]
    Parameter {
        /// What the parameter is called.
        name: &'static str,
        /// The value that was given.
        given: String,
        /// The domain, in words.
        needed: &'static str,
    },

    /// A covariance has no Cholesky factor.
    #[error(
        "the covariance of component {component} is not positive definite (pivot {pivot} of its \
         Cholesky factor is {value:e}); a stronger prior or fewer components may help"
    )]
    DegenerateCovariance {
        /// Index of the component.
        component: usize,
        /// Index of the first pivot that is not positive.
        pivot: usize,
        /// Value of that pivot.
        value: f64,
    },

    /// Rows could not be read again and again.
    #[error("{0}")]
    Reading(String),

    /// The observer of a fit asked it to stop.
    #[error("the fit was stopped by its observer")]
    Interrupted,
}

/// Checks that an array called `name` has the shape that is `needed`.
pub(crate) fn check_shape(
    name: &'static str,
    given: &[usize],
    needed: &[usize],
) -> Result<(), GmmError> {
    if given == needed {
        return Ok(());
    }
    Err(GmmError::Shape {
        name,
        given: given.to_vec(),
        needed: needed.to_vec(),
    })
}

/// Checks a condition on the parameter called `name`.
pub(crate) fn check_parameter(
    holds: bool,
    name: &'static str,
    given: impl ToString,
    needed: &'static str,
) -> Result<(), GmmError> {
    if holds {
        return Ok(());
    }
    Err(GmmError::Parameter {
        name,
        given: given.to_string(),
        needed,
    })
}
