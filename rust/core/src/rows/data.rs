//! Data that have been checked: the only form in which rows reach the engine.

use std::ops::Range;

use ndarray::{ArrayView2, Axis, s};

use crate::error::{GmmError, check_shape};
use crate::float::Float;

/// A matrix of finite numbers with at least one row and one column, of any strides.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    view: ArrayView2<'a, T>,
}

impl<'a, T: Float> Rows<'a, T> {
    /// Checks `view`, of shape (n_samples, n_features). Errors call it X.
    ///
    /// # Errors
    /// [`GmmError::EmptyData`] without rows or columns, [`GmmError::NonFinite`] for NaN or infinity.
    pub fn new(view: ArrayView2<'a, T>) -> Result<Self, GmmError> {
        Self::named("X", view)
    }

    /// The same for rows that errors call `name`.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn named(name: &'static str, view: ArrayView2<'a, T>) -> Result<Self, GmmError> {
        let (n_samples, n_features) = view.dim();
        if n_samples == 0 || n_features == 0 {
            return Err(GmmError::EmptyData {
                n_samples,
                n_features,
            });
        }
        if !all_finite(view) {
            let non_finite = view.indexed_iter().find(|(_, x)| !x.to_f64().is_finite());
            if let Some(((row, column), value)) = non_finite {
                let value = value.to_f64();
                return Err(GmmError::NonFinite {
                    name,
                    row,
                    column,
                    value,
                });
            }
        }
        Ok(Self { view })
    }

    /// The same rows before anybody has looked for NaN and infinity.
    ///
    /// # Errors
    /// [`GmmError::EmptyData`] without rows or columns.
    pub(crate) fn to_be_checked(view: ArrayView2<'a, T>) -> Result<Self, GmmError> {
        let (n_samples, n_features) = view.dim();
        match n_samples > 0 && n_features > 0 {
            true => Ok(Self { view }),
            false => Err(GmmError::EmptyData {
                n_samples,
                n_features,
            }),
        }
    }

    /// Number of rows, N.
    pub fn n_samples(&self) -> usize {
        self.view.nrows()
    }

    /// Number of columns, D.
    pub fn n_features(&self) -> usize {
        self.view.ncols()
    }

    /// The matrix itself.
    pub fn view(&self) -> ArrayView2<'a, T> {
        self.view
    }

    /// The rows of `range`, which is not empty.
    pub(crate) fn slice(&self, range: Range<usize>) -> Rows<'_, T> {
        Rows {
            view: self.view.slice(s![range, ..]),
        }
    }

    /// The same rows, borrowed for a shorter time (views of ndarray are invariant).
    pub(crate) fn reborrow(&self) -> Rows<'_, T> {
        Rows {
            view: self.view.reborrow(),
        }
    }
}

/// Log-probabilities of the components that are known beforehand for each row.
///
/// Row n holds log p_nk; the weight of component k at row n is then proportional to
/// weights_k · p_nk. −∞ rules a component out for that row. Rows need not be normalised.
#[derive(Debug, Clone, Copy)]
pub struct LogPrior<'a> {
    view: ArrayView2<'a, f64>,
}

impl<'a> LogPrior<'a> {
    /// Checks `view`, of shape (n_samples, n_components), in nats.
    ///
    /// # Errors
    /// [`GmmError::Shape`] for another shape, [`GmmError::NonFinite`] for NaN or +∞.
    pub fn new(
        view: ArrayView2<'a, f64>,
        n_samples: usize,
        n_components: usize,
    ) -> Result<Self, GmmError> {
        check_shape("log_prior", view.shape(), &[n_samples, n_components])?;
        match view
            .indexed_iter()
            .find(|(_, p)| p.is_nan() || **p == f64::INFINITY)
        {
            Some(((row, column), &value)) => Err(GmmError::NonFinite {
                name: "log_prior",
                row,
                column,
                value,
            }),
            None => Ok(Self { view }),
        }
    }

    /// The matrix itself.
    pub fn view(&self) -> ArrayView2<'a, f64> {
        self.view
    }

    /// The same matrix, borrowed for a shorter time.
    pub(crate) fn reborrow(&self) -> LogPrior<'_> {
        LogPrior {
            view: self.view.reborrow(),
        }
    }
}

/// Whether every entry is finite. Whatever lies side by side is read in blocks that vectorise.
pub(crate) fn all_finite<T: Float>(view: ArrayView2<'_, T>) -> bool {
    const AT_A_TIME: usize = 1024;
    let finite = |all: bool, x: &T| all & x.to_f64().is_finite();
    match view.as_slice_memory_order() {
        Some(values) => {
            let mut blocks = values.chunks(AT_A_TIME);
            blocks.all(|block| block.iter().fold(true, finite))
        }
        None => view.axis_chunks_iter(Axis(0), AT_A_TIME).all(|rows| {
            let mut columns = rows.columns().into_iter();
            columns.all(|column| column.iter().fold(true, finite))
        }),
    }
}
