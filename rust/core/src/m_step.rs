//! From sufficient statistics to the mixture that maximises the posterior given them.
//!
//! With s0 the (expected) number of rows of a component, x̄ their mean and S their scatter about it:
//!   π = (s0 + a) / (N + K a)
//!   μ = (κ0 m0 + s0 x̄) / (κ0 + s0)
//!   Σ = (S0 + S + κ0 s0/(κ0 + s0) (x̄ − m0)(x̄ − m0)ᵀ) / (ν0 + s0 + D + 2)
//! (Murphy 2012, eqs. 11.44–11.46; Fraley & Raftery 2007, §3.1). A component without rows gets the mode of the prior.

use ndarray::{Array1, Array2, Array3, Axis};

use crate::error::GmmError;
use crate::linalg::packed_index;
use crate::mixture::Mixture;
use crate::prior::Prior;
use crate::stats::SufficientStats;

/// The maximum of the posterior given `stats`, taken about `anchors` (K × D).
///
/// # Errors
/// [`GmmError::Parameter`] where a parameter is not finite (the data are too large to be squared).
pub(crate) fn m_step(
    stats: &SufficientStats,
    anchors: &[&[f64]],
    prior: &Prior,
) -> Result<Mixture, GmmError> {
    let (n_components, n_features) = stats.first.dim();
    // Rounding of the sums and of the Cholesky factor can make a matrix of rank 1 and size 10^16 plus S0
    // look indefinite; a part of the diagonal as large as that rounding prevents it (Higham 2002, thm. 10.7).
    let ridge = 1.0 + 4.0 * (n_features + 4) as f64 * f64::EPSILON;
    let pseudo_counts = n_components as f64 * prior.weight_concentration;
    let total = stats.zeroth.iter().sum::<f64>() + pseudo_counts;
    let mut weights = Array1::zeros(n_components);
    let mut means = Array2::zeros((n_components, n_features));
    let mut covariances = Array3::zeros((n_components, n_features, n_features));
    for (k, &anchor) in anchors.iter().enumerate() {
        let s0 = stats.zeroth[k];
        weights[k] = (s0 + prior.weight_concentration) / total;

        let inverse_count = if s0 > 0.0 { 1.0 / s0 } else { 0.0 };
        let shift = stats.first.row(k).mapv(|s1| s1 * inverse_count);
        let pull = prior.mean_precision / (prior.mean_precision + s0);
        // x̄ − m0; without rows x̄ stands for m0 itself.
        let offset: Array1<f64> = (0..n_features)
            .map(|d| {
                if s0 > 0.0 {
                    anchor[d] + shift[d] - prior.mean[d]
                } else {
                    0.0
                }
            })
            .collect();
        for d in 0..n_features {
            means[[k, d]] = prior.mean[d] + (1.0 - pull) * offset[d];
        }

        let degrees = prior.degrees_of_freedom + s0 + n_features as f64 + 2.0;
        let second = stats.second.row(k);
        let mut covariance = covariances.index_axis_mut(Axis(0), k);
        for i in 0..n_features {
            for j in 0..=i {
                let scatter = second[packed_index(i, j)] - s0 * shift[i] * shift[j];
                let between = pull * s0 * offset[i] * offset[j];
                let entry = (prior.covariance[[i, j]] + scatter + between) / degrees;
                covariance[[i, j]] = entry;
                covariance[[j, i]] = entry;
            }
            covariance[[i, i]] *= ridge;
        }
    }
    Mixture::new(weights, means, covariances)
}

/// Whether a mean has moved so far from its anchor, measured in standard deviations of its component,
/// that S loses digits: it is then a small difference of large numbers.
pub(crate) fn loses_digits(stats: &SufficientStats, mixture: &Mixture) -> bool {
    const FAR: f64 = 4.0;
    let components = mixture.covariances().outer_iter().zip(&stats.zeroth);
    components
        .zip(stats.first.outer_iter())
        .any(|((covariance, &s0), s1)| {
            let moved = s1.iter().zip(covariance.diag());
            s0 > 0.0
                && moved
                    .into_iter()
                    .any(|(s1, variance)| (s1 / s0).powi(2) > FAR * FAR * variance)
        })
}
