//! What a fit is told before it starts, and what it tells while it runs.

use std::time::Duration;

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::start::{InitialParameters, Start, StartMethod};
use crate::em::PriorConfig;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::model::CovarianceType;
use crate::rows::LogPrior;

/// What to fit, and when to stop.
///
/// ```
/// use gmm_core::{CovarianceType, FitConfig};
///
/// let config = FitConfig {
///     covariance_type: CovarianceType::Diag,
///     max_iter: 200,
///     ..FitConfig::new(3)
/// };
/// assert_eq!(config.n_components, 3);
/// ```
#[derive(Debug, Clone)]
pub struct FitConfig {
    /// Number of components, K.
    pub n_components: usize,
    /// What the covariances have in common.
    pub covariance_type: CovarianceType,
    /// Iterations of each start at most; with 0 the result is the start itself.
    pub max_iter: usize,
    /// A start ends when the mean lower bound of a row changes by less than this; with 0, only after `max_iter`
    /// iterations.
    pub tol: f64,
    /// What `tol` is a part of.
    pub stop: StopRule,
    /// How long the fit may take: at the end of the first iteration after this time it returns the best that it has.
    /// One iteration of one start is always made.
    pub max_time: Option<Duration>,
    /// Where EM starts from.
    pub start: Start,
    /// Whether after every five iterations only the better half of the starts goes on, until two are left (successive
    /// halving, Jamieson & Talwalkar 2016). The others are reported as [`Behind`](crate::StartFailure::Behind). For fits
    /// with a prior: under none, those that lead may be about to collapse.
    pub halving: bool,
    /// What is known of the parameters of every start.
    pub initial: InitialParameters,
    /// Equal seeds give equal bits.
    pub seed: u64,
    /// What keeps covariances from collapsing.
    pub regularisation: Regularisation,
    /// Whether and how iterations are accelerated.
    pub acceleration: Acceleration,
}

/// What keeps covariances from collapsing.
#[derive(Debug, Clone)]
pub enum Regularisation {
    /// A conjugate prior: the fit is the mode of the posterior.
    Prior(PriorConfig),
    /// A number ≥ 0 that is added to every variance in each M-step: the fit is the maximum of the likelihood
    /// but for this.
    Ridge(f64),
    /// The same with a number for each feature, shape (D,). Spherical covariances get the mean.
    Ridges(Array1<f64>),
    /// The same with this part of each feature's variance (far outliers aside), so that data in other units have the
    /// same clusters. A constant feature counts as if it had the mean variance of the others.
    RelativeRidge(f64),
}

impl Regularisation {
    /// Checks ridges for data of so many features; a prior is checked when it is filled in.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for a ridge that is negative or not finite, [`GmmError::Shape`] for another number of them.
    pub(crate) fn check(&self, n_features: usize) -> Result<(), GmmError> {
        let ridges = match self {
            Self::Prior(_) => &[][..],
            Self::Ridge(ridge) | Self::RelativeRidge(ridge) => &[*ridge],
            Self::Ridges(ridges) => {
                check_shape("reg_covar", ridges.shape(), &[n_features])?;
                &ridges.to_vec()
            }
        };
        for &ridge in ridges {
            let valid = ridge >= 0.0 && ridge.is_finite();
            check_parameter(valid, "reg_covar", ridge, "finite and at least 0")?;
        }
        Ok(())
    }
}

/// When a start has converged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopRule {
    /// When the bound, the mean of the rows, changes by less than the tolerance, in nats.
    #[default]
    Absolute,
    /// When it changes by less than the tolerance times its magnitude.
    Relative,
}

/// Whether and how iterations are accelerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acceleration {
    /// Plain EM.
    #[default]
    None,
    /// Squared extrapolation (Varadhan & Roland 2008): far fewer iterations where components overlap. A step that
    /// would lower the bound is taken back. May end in another local optimum than plain EM, better or worse.
    Squarem,
}

impl FitConfig {
    /// A fit of `n_components` full covariances with a weak prior from one k-means start, of at most 100
    /// iterations and with a tolerance of 1e-6.
    pub fn new(n_components: usize) -> Self {
        Self {
            n_components,
            covariance_type: CovarianceType::Full,
            max_iter: 100,
            tol: 1e-6,
            stop: StopRule::Absolute,
            max_time: None,
            start: Start::drawn(StartMethod::KMeans, 1),
            halving: false,
            initial: InitialParameters::default(),
            seed: 0,
            regularisation: Regularisation::Prior(PriorConfig::default()),
            acceleration: Acceleration::None,
        }
    }

    /// What is added to the variance of feature `d` in units of the data; 0 where it follows the data.
    pub(crate) fn ridge(&self, d: usize) -> f64 {
        match &self.regularisation {
            Regularisation::Ridge(ridge) => *ridge,
            Regularisation::Ridges(ridges) => ridges[d],
            Regularisation::Prior(_) | Regularisation::RelativeRidge(_) => 0.0,
        }
    }

    /// Checks everything that doesn't depend on the prior, for data of so many rows and features.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for counts of 0, for a negative or NaN tolerance or ridge, and for starts outside their
    /// domain; [`GmmError::Shape`] for starts of other size.
    pub(crate) fn check(&self, n_samples: usize, n_features: usize) -> Result<(), GmmError> {
        let n_components = self.n_components;
        check_parameter(n_components > 0, "n_components", n_components, "at least 1")?;
        check_parameter(self.tol >= 0.0, "tol", self.tol, "at least 0")?;
        self.regularisation.check(n_features)?;
        self.start.check(n_samples, n_features, n_components)?;
        self.initial
            .check(self.n_components, n_features, self.covariance_type)
    }
}

/// What is known of the rows beside their features.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowKnowledge<'a> {
    /// Class probabilities of each row, which multiply the weights in every E-step.
    pub log_prior: Option<LogPrior<'a>>,
    /// How often each row counts, shape (N,): a weight of 2 equals the row twice, 0 its absence.
    pub sample_weight: Option<ArrayView1<'a, f64>>,
    /// Probabilities of the components for each row, shape (N, K): the names of the starting
    /// clusters are chosen to agree with them best. They have no other influence.
    pub align_to: Option<ArrayView2<'a, f64>>,
}

impl RowKnowledge<'_> {
    /// Checks everything against data of `n_samples` rows and a mixture of `n_components`.
    pub(crate) fn check(&self, n_samples: usize, n_components: usize) -> Result<(), GmmError> {
        if let Some(reference) = self.align_to {
            check_shape("align_to", reference.shape(), &[n_samples, n_components])?;
        }
        if let Some(log_prior) = self.log_prior {
            let shape = log_prior.view();
            check_shape("log_prior", shape.shape(), &[n_samples, n_components])?;
        }
        if let Some(weights) = self.sample_weight {
            check_shape("sample_weight", weights.shape(), &[n_samples])?;
            let total: f64 = weights.iter().sum();
            check_parameter(
                weights.iter().all(|&w| w >= 0.0) && total > 0.0 && total.is_finite(),
                "sample_weight",
                format_args!(
                    "from {} to {}, sum {total}",
                    minimum(weights),
                    maximum(weights)
                ),
                "finite and not negative, with a positive sum",
            )?;
        }
        Ok(())
    }

    /// The same knowledge, borrowed for a shorter time.
    pub(crate) fn reborrow(&self) -> RowKnowledge<'_> {
        RowKnowledge {
            log_prior: self.log_prior.as_ref().map(LogPrior::reborrow),
            sample_weight: self.sample_weight.map(|view| view.reborrow()),
            align_to: self.align_to.map(|view| view.reborrow()),
        }
    }
}

fn minimum(values: ArrayView1<'_, f64>) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn maximum(values: ArrayView1<'_, f64>) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Where a fit is, as told to its observer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Progress {
    /// An iteration has ended.
    Iteration {
        /// Which start, from 0.
        start: usize,
        /// Which iteration of it, from 1. It begins anew where an empty component is moved.
        iteration: usize,
        /// Lower bound after the iteration, mean of the rows, in nats.
        lower_bound: f64,
    },
    /// Nothing has ended since the observer was last called, some hundredths of a second ago.
    Working,
}
