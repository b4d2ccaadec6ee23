//! Conjugate prior over a mixture's parameters.
//!
//! Each component's mean and covariance have a Normal-inverse-Wishart prior, the weights a symmetric
//! Dirichlet prior (Murphy 2012, §4.6.3 and §11.4.2.8; Fraley & Raftery 2007):
//!   Σ_k ~ IW(ν0, S0)      μ_k | Σ_k ~ N(m0, Σ_k / κ0)      π ~ Dir(1 + a, …, 1 + a)
//! The mode of the posterior given expected statistics is in [`m_step`](crate::m_step); here is the
//! log-density, which added to the log-likelihood is what EM maximises and never lowers:
//!   Σ_k −½(ν0 + D + 2) log|Σ_k| − ½ tr(S0 Σ_k⁻¹) − ½ κ0 (μ_k − m0)ᵀ Σ_k⁻¹ (μ_k − m0) + a log π_k
//! up to a constant.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::error::{GmmError, check_parameter, check_shape};
use crate::linalg::{cholesky, dot, packed_row};
use crate::mixture::Mixture;
use crate::precision::{Component, Precision};
use crate::spread::Spread;

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

/// A prior whose every parameter is known.
#[derive(Debug, Clone)]
pub(crate) struct Prior {
    /// a.
    pub(crate) weight_concentration: f64,
    /// κ0.
    pub(crate) mean_precision: f64,
    /// m0.
    pub(crate) mean: Vec<f64>,
    /// ν0.
    pub(crate) degrees_of_freedom: f64,
    /// S0.
    pub(crate) covariance: Array2<f64>,
}

impl Prior {
    /// Checks `config` and fills in what follows the data.
    pub(crate) fn new(
        config: &PriorConfig,
        n_components: usize,
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
                let triangle: Vec<f64> = (0..n_features)
                    .flat_map(|i| covariance.row(i).to_vec().into_iter().take(i + 1))
                    .collect();
                check_parameter(
                    cholesky(&triangle, n_features).is_ok(),
                    "covariance_prior",
                    covariance,
                    "positive definite",
                )?;
                covariance.clone()
            }
        };
        Ok(Self {
            weight_concentration,
            mean_precision: config.mean_precision,
            mean,
            degrees_of_freedom,
            covariance,
        })
    }

    /// Log-density of the parameters, in nats, up to a constant.
    pub(crate) fn log_density(&self, mixture: &Mixture, precision: &Precision) -> f64 {
        let components: f64 = precision
            .components
            .iter()
            .map(|component| self.log_density_of(component))
            .sum();
        let weights = if self.weight_concentration > 0.0 {
            self.weight_concentration * mixture.weights().mapv(f64::ln).sum()
        } else {
            0.0
        };
        components + weights
    }

    fn log_density_of(&self, component: &Component) -> f64 {
        let n_features = self.mean.len();
        let offset: Vec<f64> = component
            .mean()
            .iter()
            .zip(&self.mean)
            .map(|(mean, prior)| mean - prior)
            .collect();
        let (mut trace, mut distance) = (0.0, 0.0);
        for i in 0..n_features {
            // Row i of L⁻¹: tr(S0 Σ⁻¹) is Σ_i l_i S0 l_iᵀ.
            let row = packed_row(&component.inverse_factor, i);
            let scale_rows = self.covariance.axis_iter(Axis(0));
            trace += row
                .iter()
                .zip(scale_rows)
                .map(|(l, scale_row)| l * dot_prefix(row, scale_row))
                .sum::<f64>();
            distance += dot(row, &offset[..=i]).powi(2);
        }
        let exponent = self.degrees_of_freedom + n_features as f64 + 2.0;
        -0.5 * (exponent * component.log_det + trace + self.mean_precision * distance)
    }
}

/// Dot product of `row` with as many first entries of `other`.
fn dot_prefix(row: &[f64], other: ArrayView1<'_, f64>) -> f64 {
    let other = other
        .to_slice()
        .expect("the scale matrix is in standard layout");
    dot(row, &other[..row.len()])
}
