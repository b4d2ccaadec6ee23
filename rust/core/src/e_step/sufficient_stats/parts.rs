//! Sufficient statistics as arrays.

use ndarray::{Array1, Array2, Array3, Axis};

use super::SufficientStats;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::linalg::{packed_index, packed_len};
use crate::model::{CovarianceType, Covariances};

impl SufficientStats {
    /// Statistics from their parts: `anchors` (K, D), `zeroth` (K,), `first` (K, D); `second` of shape (K, D, D), their
    /// sum (D, D) where one covariance is shared, or their diagonals (K, D). Of matrices the lower triangle is read.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where the shapes disagree; [`GmmError::Parameter`] for second moments that are spherical, and
    /// for numbers of rows that are negative.
    pub fn from_parts(
        anchors: &Array2<f64>,
        zeroth: Array1<f64>,
        first: Array2<f64>,
        second: &Covariances,
        log_likelihood: f64,
    ) -> Result<Self, GmmError> {
        let (n_components, n_features) = anchors.dim();
        check_shape("zeroth", zeroth.shape(), &[n_components])?;
        check_shape("first", first.shape(), &[n_components, n_features])?;
        second.check_shape("second", n_components, n_features)?;
        check_parameter(
            zeroth.iter().all(|&s0| s0 >= 0.0),
            "zeroth",
            &zeroth,
            "not negative",
        )?;
        let triangles = (0..n_features).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let second = match second {
            Covariances::Full(array) => {
                let mut packed = Array2::zeros((n_components, packed_len(n_features)));
                for (mut column, (i, j)) in packed.columns_mut().into_iter().zip(triangles) {
                    column.assign(&array.slice(ndarray::s![.., i, j]));
                }
                packed
            }
            Covariances::Tied(array) => {
                let packed: Array1<f64> = triangles.map(|at| array[at]).collect();
                packed.insert_axis(Axis(0))
            }
            Covariances::Diag(array) => array.clone(),
            Covariances::Spherical(_) => {
                return Err(GmmError::Parameter {
                    name: "second",
                    given: "one number for each component".into(),
                    needed: "one for each component and feature",
                });
            }
        };
        Ok(Self {
            anchors: anchors.outer_iter().map(|row| row.to_vec()).collect(),
            zeroth: zeroth.to_vec(),
            first,
            second,
            log_likelihood,
        })
    }

    /// How often rows count for each component, shape (K,): s0.
    pub fn zeroth(&self) -> &[f64] {
        &self.zeroth
    }

    /// First moments about the anchors, shape (K, D): s1.
    pub fn first(&self) -> &Array2<f64> {
        &self.first
    }

    /// Second moments about the anchors, as [`from_parts`](Self::from_parts) takes them.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where they are not those that covariances of this type follow from.
    pub fn second(&self, covariance_type: CovarianceType) -> Result<Covariances, GmmError> {
        self.check_second(covariance_type)?;
        let n_features = self.first.ncols();
        let shape = (n_features, n_features);
        let entry = |k, i: usize, j: usize| self.second[[k, packed_index(i.max(j), i.min(j))]];
        Ok(match covariance_type {
            CovarianceType::Full => {
                let shape = (self.zeroth.len(), n_features, n_features);
                Covariances::Full(Array3::from_shape_fn(shape, |(k, i, j)| entry(k, i, j)))
            }
            CovarianceType::Tied => {
                Covariances::Tied(Array2::from_shape_fn(shape, |(i, j)| entry(0, i, j)))
            }
            CovarianceType::Diag | CovarianceType::Spherical => {
                Covariances::Diag(self.second.clone())
            }
        })
    }

    /// Checks that covariances of this type follow from what is kept of s2.
    pub(crate) fn check_second(&self, covariance_type: CovarianceType) -> Result<(), GmmError> {
        let (n_components, n_features) = self.first.dim();
        let needed = match covariance_type {
            CovarianceType::Full => [n_components, packed_len(n_features)],
            CovarianceType::Tied => [1, packed_len(n_features)],
            CovarianceType::Diag | CovarianceType::Spherical => [n_components, n_features],
        };
        check_shape("second", self.second.shape(), &needed)
    }

    /// Σ_n log p(x_n), in nats, of the mixture that gave the responsibilities.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }
}
