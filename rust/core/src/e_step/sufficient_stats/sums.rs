//! The statistics themselves, and their sums.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{GmmError, check_parameter, check_shape};
use crate::linalg::packed_len;
use crate::source::Sum;

/// How much of s2 is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MomentKind {
    /// All of it.
    Full,
    /// Its diagonal.
    Diagonal,
    /// Nothing.
    First,
}

impl MomentKind {
    /// Entries of s2 of one component.
    fn second_len(self, n_features: usize) -> usize {
        match self {
            Self::Full => packed_len(n_features),
            Self::Diagonal => n_features,
            Self::First => 0,
        }
    }
}

/// Sufficient statistics of all components over some rows: all that an M-step needs of them.
///
/// [`Evaluator::statistics`](crate::Evaluator::statistics) takes them from rows, and [`maximise`](crate::maximise)
/// makes a mixture of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SufficientStats {
    /// c_k, for each component.
    pub(crate) anchors: Vec<Vec<f64>>,
    /// s0, one entry a component.
    pub(crate) zeroth: Vec<f64>,
    /// s1, shape (K, D).
    pub(crate) first: Array2<f64>,
    /// What is kept of s2, for each component: a packed lower triangle, a diagonal, or nothing. Where one covariance is
    /// shared, there may be one triangle: the sum of all.
    pub(crate) second: Array2<f64>,
    /// Σ_n log p(x_n), in nats, of the model that gave the responsibilities.
    pub(crate) log_likelihood: f64,
}

impl SufficientStats {
    /// The statistics of no rows, about no anchors yet.
    pub(crate) fn zero(n_components: usize, n_features: usize, kind: MomentKind) -> Self {
        Self {
            anchors: Vec::new(),
            zeroth: vec![0.0; n_components],
            first: Array2::zeros((n_components, n_features)),
            second: Array2::zeros((n_components, kind.second_len(n_features))),
            log_likelihood: 0.0,
        }
    }

    /// Bytes that the statistics of so many components and features take.
    pub(crate) fn bytes(n_components: usize, n_features: usize, kind: MomentKind) -> usize {
        n_components * (1 + n_features + kind.second_len(n_features)) * size_of::<f64>()
    }

    /// The statistics of these rows and others.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] where they are about other anchors, [`GmmError::Shape`] where they are of another form.
    pub fn plus(mut self, other: &Self) -> Result<Self, GmmError> {
        check_shape("second", other.second.shape(), self.second.shape())?;
        check_parameter(
            self.anchors == other.anchors,
            "anchors",
            "other ones",
            "the same in both",
        )?;
        self.add(other);
        Ok(self)
    }

    fn add(&mut self, other: &Self) {
        for (sum, term) in self.zeroth.iter_mut().zip(&other.zeroth) {
            *sum += term;
        }
        self.first += &other.first;
        self.second += &other.second;
        self.log_likelihood += other.log_likelihood;
    }

    /// The statistics of the same rows, each counting `factor` times as often.
    pub fn scaled(mut self, factor: f64) -> Self {
        if factor != 1.0 {
            self.zeroth.iter_mut().for_each(|sum| *sum *= factor);
            self.first *= factor;
            self.second *= factor;
            self.log_likelihood *= factor;
        }
        self
    }
}

/// Both are about the same anchors.
impl Sum for SufficientStats {
    fn merge(&mut self, later: Self) {
        self.add(&later);
    }
}
