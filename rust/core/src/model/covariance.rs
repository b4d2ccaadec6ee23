//! The shapes that the covariances of a mixture may have.

use std::str::FromStr;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::{GmmError, check_shape};
use crate::linalg::{cholesky, pack_lower};

/// What the covariances of the components have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CovarianceType {
    /// Nothing: each component has its own, of any shape.
    #[default]
    Full,
    /// Everything: one covariance of any shape.
    Tied,
    /// Each component has its own variance of each feature; features are not correlated within components.
    Diag,
    /// Each component has its own variance, the same of all features.
    Spherical,
}

impl CovarianceType {
    /// Its name in Python: `full`, `tied`, `diag` or `spherical`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tied => "tied",
            Self::Diag => "diag",
            Self::Spherical => "spherical",
        }
    }

    /// The lengths of the axes of the covariances of K components of D features.
    pub(crate) fn shape(self, n_components: usize, n_features: usize) -> Vec<usize> {
        let (k, d) = (n_components, n_features);
        match self {
            Self::Full => vec![k, d, d],
            Self::Tied => vec![d, d],
            Self::Diag => vec![k, d],
            Self::Spherical => vec![k],
        }
    }
}

impl FromStr for CovarianceType {
    type Err = GmmError;

    fn from_str(name: &str) -> Result<Self, GmmError> {
        let types = [Self::Full, Self::Tied, Self::Diag, Self::Spherical];
        let named = types.into_iter().find(|known| known.name() == name);
        named.ok_or_else(|| GmmError::Parameter {
            name: "covariance_type",
            given: format!("{name:?}"),
            needed: "'full', 'tied', 'diag' or 'spherical'",
        })
    }
}

/// The covariances of K components of D features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Covariances {
    /// A matrix for each component, shape (K, D, D).
    Full(Array3<f64>),
    /// One matrix for all, shape (D, D).
    Tied(Array2<f64>),
    /// A variance for each component and feature, shape (K, D).
    Diag(Array2<f64>),
    /// A variance for each component, shape (K,).
    Spherical(Array1<f64>),
}

impl Covariances {
    /// Their type.
    pub fn covariance_type(&self) -> CovarianceType {
        match self {
            Self::Full(_) => CovarianceType::Full,
            Self::Tied(_) => CovarianceType::Tied,
            Self::Diag(_) => CovarianceType::Diag,
            Self::Spherical(_) => CovarianceType::Spherical,
        }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Full(array) => array.shape(),
            Self::Tied(array) | Self::Diag(array) => array.shape(),
            Self::Spherical(array) => array.shape(),
        }
    }

    /// All entries.
    pub fn iter(&self) -> ndarray::iter::Iter<'_, f64, ndarray::IxDyn> {
        match self {
            Self::Full(array) => array.view().into_dyn(),
            Self::Tied(array) | Self::Diag(array) => array.view().into_dyn(),
            Self::Spherical(array) => array.view().into_dyn(),
        }
        .into_iter()
    }

    /// How many there are: one where it is shared.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Full(array) => array.len_of(Axis(0)),
            Self::Tied(_) => 1,
            Self::Diag(array) => array.nrows(),
            Self::Spherical(array) => array.len(),
        }
    }

    /// Replaces covariance `k` by the diagonal one with these variances; a spherical one gets their mean.
    pub(crate) fn set_diagonal(&mut self, k: usize, variances: &[f64]) {
        let matrix = || Array2::from_diag(&ArrayView1::from(variances));
        match self {
            Self::Full(array) => array.index_axis_mut(Axis(0), k).assign(&matrix()),
            Self::Tied(array) => array.assign(&matrix()),
            Self::Diag(array) => array.row_mut(k).assign(&ArrayView1::from(variances)),
            Self::Spherical(array) => {
                array[k] = variances.iter().sum::<f64>() / variances.len() as f64;
            }
        }
    }

    /// Whether every one has a Cholesky factor; of matrices the lower triangle is read.
    pub(crate) fn are_positive_definite(&self) -> bool {
        let factorises =
            |matrix: ArrayView2<'_, f64>| cholesky(pack_lower(matrix), matrix.nrows()).is_ok();
        match self {
            Self::Full(array) => array.outer_iter().all(factorises),
            Self::Tied(array) => factorises(array.view()),
            Self::Diag(array) => array.iter().all(|&variance| variance > 0.0),
            Self::Spherical(array) => array.iter().all(|&variance| variance > 0.0),
        }
    }

    /// The variance of feature `d` in component `k`.
    pub(crate) fn variance(&self, k: usize, d: usize) -> f64 {
        match self {
            Self::Full(array) => array[[k, d, d]],
            Self::Tied(array) => array[[d, d]],
            Self::Diag(array) => array[[k, d]],
            Self::Spherical(array) => array[k],
        }
    }

    /// The covariance of the features `i` and `j` in component `k`; of matrices the lower triangle is read.
    pub(crate) fn entry(&self, k: usize, i: usize, j: usize) -> f64 {
        let (row, column) = (i.max(j), i.min(j));
        match self {
            Self::Full(array) => array[[k, row, column]],
            Self::Tied(array) => array[[row, column]],
            Self::Diag(_) | Self::Spherical(_) if i == j => self.variance(k, i),
            Self::Diag(_) | Self::Spherical(_) => 0.0,
        }
    }

    /// Checks that an array of this form, called `name`, fits K components of D features.
    pub(crate) fn check_shape(
        &self,
        name: &'static str,
        n_components: usize,
        n_features: usize,
    ) -> Result<(), GmmError> {
        let (k, d) = (n_components, n_features);
        let needed: &[usize] = match self {
            Self::Full(_) => &[k, d, d],
            Self::Tied(_) => &[d, d],
            Self::Diag(_) => &[k, d],
            Self::Spherical(_) => &[k],
        };
        check_shape(name, self.shape(), needed)
    }
}
