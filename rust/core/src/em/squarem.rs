//! Squared extrapolation of EM iterations.
//!
//! With parameters θ0, θ1 = EM(θ0) and θ2 = EM(θ1), r = θ1 − θ0 and v = (θ2 − θ1) − r, the step
//!   θ = θ0 − 2 α r + α² v,      α = −‖r‖/‖v‖ ≤ −1
//! replaces θ2 if the lower bound doesn't fall by it (Varadhan & Roland 2008, scheme SqS3; α = −1 gives θ2). The
//! longest step allowed grows while such steps succeed and shrinks where one fails, as in their R package.
//!
//! θ holds log weights, means, and Cholesky factors with logarithms on the diagonal, so that every θ is a mixture;
//! means and factors are in units of the data's standard deviations, so that the step doesn't depend on theirs.

use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut2, Axis};
use serde::{Deserialize, Serialize};

use crate::linalg::{cholesky, dot, packed_len, packed_row};
use crate::model::{Covariances, Mixture};

/// How the longest step changes.
const GROWTH: f64 = 4.0;

/// The state of an accelerated run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Squarem {
    /// Standard deviation of each feature of the data.
    units: Vec<f64>,
    /// θ0, from the first to the second of two plain iterations.
    first: Option<Vec<f64>>,
    /// The largest |α| allowed.
    longest: f64,
    /// Whether the last proposal was as long as allowed.
    at_limit: bool,
}

impl Squarem {
    /// For data whose features have these variances.
    pub(crate) fn new(variance: &[f64]) -> Self {
        Self {
            units: variance.iter().map(|v| v.sqrt()).collect(),
            first: None,
            longest: GROWTH,
            at_limit: false,
        }
    }

    /// After every second iteration, the mixture that follows by extrapolation: `next` is EM of `current`.
    pub(crate) fn propose(&mut self, current: &Mixture, next: &Mixture) -> Option<Mixture> {
        let Some(first) = self.first.take() else {
            self.first = self.parameters(current);
            return None;
        };
        let (second, third) = (self.parameters(current)?, self.parameters(next)?);
        let steps = first.iter().zip(&second).zip(&third);
        let (mut r_squared, mut v_squared) = (0.0, 0.0);
        for ((a, b), c) in steps.clone() {
            r_squared += (b - a).powi(2);
            v_squared += ((c - b) - (b - a)).powi(2);
        }
        let length = (r_squared / v_squared).sqrt();
        self.at_limit = length >= self.longest;
        let alpha = -length.min(self.longest);
        if alpha.is_nan() || alpha >= -1.0 {
            return None;
        }
        let extrapolated = steps.map(|((a, b), c)| {
            let (r, v) = (b - a, (c - b) - (b - a));
            a - 2.0 * alpha * r + alpha * alpha * v
        });
        self.mixture(&extrapolated.collect::<Vec<_>>(), next)
    }

    /// The proposal was taken.
    pub(crate) fn accepted(&mut self) {
        if self.at_limit {
            self.longest *= GROWTH;
        }
    }

    /// The proposal was dropped.
    pub(crate) fn rejected(&mut self) {
        self.longest = (self.longest / GROWTH).max(GROWTH);
    }

    /// θ; `None` where a component has no rows or a covariance no Cholesky factor.
    fn parameters(&self, mixture: &Mixture) -> Option<Vec<f64>> {
        let mut theta: Vec<f64> = mixture.weights().iter().map(|w| w.ln()).collect();
        for mean in mixture.means().outer_iter() {
            theta.extend(mean.iter().zip(&self.units).map(|(x, unit)| x / unit));
        }
        match mixture.covariances() {
            Covariances::Full(array) => {
                for covariance in array.outer_iter() {
                    self.extend_with_factor(&mut theta, covariance)?;
                }
            }
            Covariances::Tied(array) => self.extend_with_factor(&mut theta, array.view())?,
            Covariances::Diag(array) => theta.extend(array.iter().map(|v| 0.5 * v.ln())),
            Covariances::Spherical(array) => theta.extend(array.iter().map(|v| 0.5 * v.ln())),
        }
        theta.iter().all(|x| x.is_finite()).then_some(theta)
    }

    /// Appends the Cholesky factor of a covariance.
    fn extend_with_factor(
        &self,
        theta: &mut Vec<f64>,
        covariance: ArrayView2<'_, f64>,
    ) -> Option<()> {
        let n_features = self.units.len();
        let mut triangle = Vec::with_capacity(packed_len(n_features));
        for i in 0..n_features {
            let unit = |j: usize| self.units[i] * self.units[j];
            triangle.extend((0..=i).map(|j| covariance[[i, j]] / unit(j)));
        }
        let factor = cholesky(triangle, n_features).ok()?;
        for i in 0..n_features {
            let row = packed_row(&factor, i);
            theta.extend(&row[..i]);
            theta.push(row[i].ln());
        }
        Some(())
    }

    /// The mixture of θ, with covariances of the type that `like` has; `None` where a parameter overflows.
    fn mixture(&self, theta: &[f64], like: &Mixture) -> Option<Mixture> {
        let (k, d) = like.means().dim();
        let (log_weights, rest) = theta.split_at(k);
        let (means, factors) = rest.split_at(k * d);
        let largest = log_weights
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Array1<f64> = log_weights.iter().map(|w| (w - largest).exp()).collect();
        weights /= weights.sum();
        let means = Array2::from_shape_fn((k, d), |(k, j)| means[k * d + j] * self.units[j]);
        let variance = |x: &f64| (2.0 * x).exp();
        let covariances = match like.covariances() {
            Covariances::Full(_) => {
                let mut covariances = Array3::zeros((k, d, d));
                for (factor, covariance) in factors
                    .chunks(packed_len(d))
                    .zip(covariances.axis_iter_mut(Axis(0)))
                {
                    self.fill_from_factor(factor, covariance);
                }
                Covariances::Full(covariances)
            }
            Covariances::Tied(_) => {
                let mut covariance = Array2::zeros((d, d));
                self.fill_from_factor(factors, covariance.view_mut());
                Covariances::Tied(covariance)
            }
            Covariances::Diag(_) => Covariances::Diag(Array2::from_shape_fn((k, d), |(k, j)| {
                variance(&factors[k * d + j])
            })),
            Covariances::Spherical(_) => {
                Covariances::Spherical(factors.iter().map(variance).collect())
            }
        };
        Mixture::new(weights, means, covariances).ok()
    }

    /// L Lᵀ of a factor as [`extend_with_factor`](Self::extend_with_factor) gives it.
    fn fill_from_factor(&self, factor: &[f64], mut covariance: ArrayViewMut2<'_, f64>) {
        let n_features = self.units.len();
        let mut factor = factor.to_vec();
        for i in 0..n_features {
            let diagonal = packed_len(i + 1) - 1;
            factor[diagonal] = factor[diagonal].exp();
        }
        for i in 0..n_features {
            for j in 0..=i {
                let (left, right) = (packed_row(&factor, i), packed_row(&factor, j));
                let entry = dot(&left[..=j], right) * self.units[i] * self.units[j];
                covariance[[i, j]] = entry;
                covariance[[j, i]] = entry;
            }
        }
    }
}
