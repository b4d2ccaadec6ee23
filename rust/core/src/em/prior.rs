//! Conjugate prior over a mixture's parameters.
//!
//! Each component's mean and covariance have a Normal-inverse-Wishart prior, the weights a symmetric
//! Dirichlet prior (Murphy 2012, §4.6.3 and §11.4.2.8; Fraley & Raftery 2007):
//!   Σ_k ~ IW(ν0, S0)      μ_k | Σ_k ~ N(m0, Σ_k / κ0)      π ~ Dir(1 + a, …, 1 + a)
//! The mode of the posterior given expected statistics is in [`m_step`](crate::em::m_step); here is the
//! log-density, which added to the log-likelihood is what EM maximises and never lowers:
//!   Σ_k −½(ν0 + D + 2) log|Σ_k| − ½ tr(S0 Σ_k⁻¹) − ½ κ0 (μ_k − m0)ᵀ Σ_k⁻¹ (μ_k − m0) + a log π_k
//! up to a constant. Covariances that are tied, diagonal or spherical have the same prior, restricted to them; one
//! that all components share has its Wishart factor once.

use ndarray::{Array1, Array2};

use crate::error::{GmmError, check_parameter, check_shape};
use crate::fit::Regularisation;
use crate::linalg::{cholesky, pack_lower};
use crate::model::{CovarianceType, Factors, Mixture, Precision};
use crate::rows::Spread;

/// Parameters of the prior; `None` means: follow the data.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorConfig {
    /// a, the pseudo-count of each component, ≥ 0. By default 1/K: one row in all.
    pub weight_concentration: Option<f64>,
    /// κ0 > 0: how many rows the prior mean is worth.
    pub mean_precision: f64,
    /// m0, shape (D,). By default the mean of the data, far outliers aside.
    pub mean: Option<Array1<f64>>,
    /// ν0 > D − 1. By default D + 2.
    pub degrees_of_freedom: Option<f64>,
    /// S0, shape (D, D), positive definite. By default diagonal, K^(−2/D) of each feature's variance
    /// (far outliers aside): the volume of the data shared among K components (Fraley & Raftery 2007,
    /// §3.2). It follows the units of the data, so that data in other units have the same clusters.
    pub covariance: Option<Array2<f64>>,
}

impl Default for PriorConfig {
    fn default() -> Self {
        Self {
            weight_concentration: None,
            mean_precision: 1.0,
            mean: None,
            degrees_of_freedom: None,
            covariance: None,
        }
    }
}

/// What an M-step adds to the statistics, every parameter of it known.
#[derive(Debug, Clone)]
pub(crate) struct Prior {
    /// a.
    pub(crate) weight_concentration: f64,
    /// κ0.
    pub(crate) mean_precision: f64,
    /// m0.
    pub(crate) mean: Vec<f64>,
    /// S0.
    pub(crate) covariance: Array2<f64>,
    /// The power of |Σ|^(−½) in the density: ν0 + D + 2, or ν0 + D + 1 + K for a covariance that all share.
    pub(crate) exponent: f64,
    /// What is added to the variance of each feature afterwards.
    pub(crate) ridge: Vec<f64>,
    /// The variance of each feature of the data: that of a component without rows, where there is no prior to say it.
    pub(crate) variance: Vec<f64>,
}

impl Prior {
    /// Checks `regularisation` and fills in what follows the data.
    pub(crate) fn new(
        regularisation: &Regularisation,
        n_components: usize,
        covariance_type: CovarianceType,
        data: &Spread,
    ) -> Result<Self, GmmError> {
        match regularisation {
            Regularisation::Prior(config) => {
                Self::conjugate(config, n_components, covariance_type, data)
            }
            Regularisation::Ridge(ridge) => Ok(Self::flat(vec![*ridge; data.variance.len()], data)),
            Regularisation::Ridges(ridges) => Ok(Self::flat(ridges.to_vec(), data)),
            Regularisation::RelativeRidge(part) => {
                let ridge = data.variance.iter().map(|variance| part * variance);
                Ok(Self::flat(ridge.collect(), data))
            }
        }
    }

    /// No prior at all.
    fn flat(ridge: Vec<f64>, data: &Spread) -> Self {
        let n_features = data.mean.len();
        Self {
            weight_concentration: 0.0,
            mean_precision: 0.0,
            mean: data.mean.clone(),
            covariance: Array2::zeros((n_features, n_features)),
            exponent: 0.0,
            ridge,
            variance: data.variance.clone(),
        }
    }

    fn conjugate(
        config: &PriorConfig,
        n_components: usize,
        covariance_type: CovarianceType,
        data: &Spread,
    ) -> Result<Self, GmmError> {
        let n_features = data.mean.len();
        let weight_concentration = config
            .weight_concentration
            .unwrap_or(1.0 / n_components as f64);
        check_parameter(
            weight_concentration >= 0.0 && weight_concentration.is_finite(),
            "weight_concentration_prior",
            weight_concentration,
            "finite and at least 0",
        )?;
        check_parameter(
            config.mean_precision > 0.0 && config.mean_precision.is_finite(),
            "mean_precision_prior",
            config.mean_precision,
            "finite and above 0",
        )?;
        let degrees_of_freedom = config.degrees_of_freedom.unwrap_or((n_features + 2) as f64);
        check_parameter(
            degrees_of_freedom > n_features as f64 - 1.0 && degrees_of_freedom.is_finite(),
            "degrees_of_freedom_prior",
            degrees_of_freedom,
            "finite and above the number of features less 1",
        )?;
        let mean = match &config.mean {
            None => data.mean.clone(),
            Some(mean) => {
                check_shape("mean_prior", mean.shape(), &[n_features])?;
                let finite = mean.iter().all(|x| x.is_finite());
                check_parameter(finite, "mean_prior", mean, "finite")?;
                mean.to_vec()
            }
        };
        let covariance = match &config.covariance {
            None => {
                let share = (n_components as f64).powf(-2.0 / n_features as f64);
                Array2::from_diag(&Array1::from(data.variance.clone())) * share
            }
            Some(covariance) => {
                check_shape("covariance_prior", covariance.shape(), &[n_features; 2])?;
                check_parameter(
                    cholesky(pack_lower(covariance.view()), n_features).is_ok(),
                    "covariance_prior",
                    covariance,
                    "positive definite",
                )?;
                covariance.clone()
            }
        };
        let gaussians = match covariance_type {
            CovarianceType::Tied => n_components,
            _ => 1,
        };
        Ok(Self {
            weight_concentration,
            mean_precision: config.mean_precision,
            mean,
            covariance,
            exponent: degrees_of_freedom + (n_features + 1 + gaussians) as f64,
            ridge: vec![0.0; n_features],
            variance: data.variance.clone(),
        })
    }

    /// Whether there is none: the fit is the maximum of the likelihood.
    pub(crate) fn is_flat(&self) -> bool {
        self.exponent == 0.0
    }

    /// Log-density of the parameters, in nats, up to a constant.
    pub(crate) fn log_density(&self, mixture: &Mixture, precision: &Precision) -> f64 {
        if self.is_flat() {
            return 0.0;
        }
        let n_components = precision.n_components();
        let n_covariances = match precision.factors {
            Factors::Tied(_) => 1,
            _ => n_components,
        };
        let covariances = (0..n_covariances)
            .map(|k| self.exponent * precision.log_dets[k] + precision.trace(k, &self.covariance));
        let distances = precision.means.iter().enumerate().map(|(k, mean)| {
            let offset: Vec<f64> = mean.iter().zip(&self.mean).map(|(x, m0)| x - m0).collect();
            precision.squared_norm(k, &offset)
        });
        let gaussians = covariances.sum::<f64>() + self.mean_precision * distances.sum::<f64>();
        let weights = if self.weight_concentration > 0.0 {
            self.weight_concentration * mixture.weights().mapv(f64::ln).sum()
        } else {
            0.0
        };
        weights - 0.5 * gaussians
    }
}
