//! Some of the features of a mixture, in a given order.

use ndarray::{Array1, Array2, Array3, Axis};

use crate::error::{GmmError, check_parameter};
use crate::linalg::packed_len;
use crate::model::Covariances;

/// Which of the features are meant and which are left over.
#[derive(Debug)]
pub(super) struct Features {
    /// As they were given.
    pub(super) chosen: Vec<usize>,
    /// All others, in their order.
    pub(super) others: Vec<usize>,
}

impl Features {
    /// Checks `indices`, those of some of `n_features`.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] if there are none, one is out of range, or one is there twice.
    pub(super) fn new(indices: &[usize], n_features: usize) -> Result<Self, GmmError> {
        const NAME: &str = "indices";
        check_parameter(!indices.is_empty(), NAME, "empty", "at least one feature")?;
        let mut is_chosen = vec![false; n_features];
        for &index in indices {
            let Some(chosen) = is_chosen.get_mut(index) else {
                return Err(GmmError::Parameter {
                    name: NAME,
                    given: format!("{indices:?}, with {index} for one of {n_features} features"),
                    needed: "at least 0 and less than the number of features",
                });
            };
            if *chosen {
                return Err(GmmError::Parameter {
                    name: NAME,
                    given: format!("{indices:?}, with {index} twice"),
                    needed: "of different features",
                });
            }
            *chosen = true;
        }
        Ok(Self {
            chosen: indices.to_vec(),
            others: (0..n_features).filter(|&d| !is_chosen[d]).collect(),
        })
    }
}

/// The covariances of `features`, in this order, of the same type.
pub(super) fn covariances_of(covariances: &Covariances, features: &[usize]) -> Covariances {
    let n = features.len();
    let entry = |k, i: usize, j: usize| covariances.entry(k, features[i], features[j]);
    match covariances {
        Covariances::Full(array) => {
            let shape = (array.shape()[0], n, n);
            let entries = Array3::from_shape_fn(shape, |(k, i, j)| entry(k, i, j));
            Covariances::Full(entries)
        }
        Covariances::Tied(_) => {
            Covariances::Tied(Array2::from_shape_fn((n, n), |(i, j)| entry(0, i, j)))
        }
        Covariances::Diag(array) => Covariances::Diag(array.select(Axis(1), features)),
        Covariances::Spherical(array) => Covariances::Spherical(Array1::clone(array)),
    }
}

/// The packed lower triangle of the covariance of component `k`, its features in the order of `features`.
pub(super) fn packed_covariance(
    covariances: &Covariances,
    k: usize,
    features: impl Iterator<Item = usize> + Clone,
) -> Vec<f64> {
    let mut triangle = Vec::with_capacity(packed_len(features.clone().count()));
    for (row, i) in features.clone().enumerate() {
        let entry = |j: usize| covariances.entry(k, i, j);
        triangle.extend(features.clone().take(row + 1).map(entry));
    }
    triangle
}
