//! From sufficient statistics to the mixture that maximises the posterior given them.
//!
//! With s0 the (expected) number of rows of a component, x̄ their mean and S their scatter about it:
//!   π = (s0 + a) / (N + K a)
//!   μ = (κ0 m0 + s0 x̄) / (κ0 + s0)
//!   Σ = (S0 + S + κ0 s0/(κ0 + s0) (x̄ − m0)(x̄ − m0)ᵀ) / (e + s0) + diag(ridge),    e = ν0 + D + 2
//! (Murphy 2012, eqs. 11.44–11.46; Fraley & Raftery 2007, §3.1). A diagonal covariance is the diagonal of this, a
//! spherical one its mean; one that is shared has the sums over all components in the place of S, the third term and s0.
//! Without a prior a, κ0, S0 and e are 0. A component without rows gets the mode of the prior; where there is none,
//! it keeps its mean and gets the variances of the data.

use ndarray::{Array1, Array2, Array3, ArrayViewMut2, Axis};

use super::prior::Prior;
use crate::e_step::{SufficientStats, TotalScatter};
use crate::error::GmmError;
use crate::linalg::packed_index;
use crate::model::{CovarianceType, Covariances, Mixture};

/// Less than this part of all rows is none: S could have no digits.
const NOTHING: f64 = 1e-200;

/// The maximum of the posterior given `stats`. Statistics without second moments
/// need the `total` scatter of all rows.
///
/// # Errors
/// [`GmmError::Parameter`] where a parameter is not finite (the data are too large to be squared).
pub(crate) fn m_step(
    stats: &SufficientStats,
    covariance_type: CovarianceType,
    total: Option<&TotalScatter>,
    prior: &Prior,
) -> Result<Mixture, GmmError> {
    let (n_components, n_features) = stats.first.dim();
    let total_rows = stats.zeroth.iter().sum::<f64>();
    let components: Vec<Component> = (0..n_components)
        .map(|k| Component::new(stats, k, total_rows, prior))
        .collect();
    let rows = total_rows + n_components as f64 * prior.weight_concentration;
    let weights = stats
        .zeroth
        .iter()
        .map(|s0| (s0 + prior.weight_concentration) / rows);
    let mean = |(k, d): (usize, usize)| components[k].features[d].mean;
    let means = Array2::from_shape_fn((n_components, n_features), mean);
    let estimate = Estimate {
        stats,
        components: &components,
        prior,
    };
    let covariances = match covariance_type {
        CovarianceType::Full => Covariances::Full(estimate.full()),
        CovarianceType::Tied => Covariances::Tied(estimate.tied(total)),
        CovarianceType::Diag => Covariances::Diag(estimate.diag()),
        CovarianceType::Spherical => Covariances::Spherical(estimate.spherical()),
    };
    Mixture::new(weights.collect(), means, covariances)
}

/// What is known of one component before its covariance.
struct Component {
    s0: f64,
    /// κ0 / (κ0 + s0).
    pull: f64,
    features: Vec<Feature>,
}

/// One coordinate of what is known of a component.
struct Feature {
    /// x̄; without rows, the anchor.
    mean_of_rows: f64,
    /// x̄ − anchor.
    shift: f64,
    /// x̄ − m0; without rows, 0.
    offset: f64,
    /// μ.
    mean: f64,
}

impl Component {
    /// Component `k`, where all have so many rows in `total`.
    fn new(stats: &SufficientStats, k: usize, total: f64, prior: &Prior) -> Self {
        let s0 = match stats.zeroth[k] {
            // Nor may 1/s0 overflow.
            s0 if s0 < (NOTHING * total).max(4.0 * f64::MIN_POSITIVE) => 0.0,
            s0 => s0,
        };
        let kappa = prior.mean_precision;
        let (inverse_count, pull) = if s0 > 0.0 {
            (1.0 / s0, kappa / (kappa + s0))
        } else {
            (0.0, 1.0)
        };
        let feature = |((s1, anchor), prior_mean): ((&f64, &f64), &f64)| {
            let shift = s1 * inverse_count;
            let mean_of_rows = anchor + shift;
            let offset = if s0 > 0.0 {
                mean_of_rows - prior_mean
            } else {
                0.0
            };
            Feature {
                mean_of_rows,
                shift,
                offset,
                mean: if kappa > 0.0 {
                    prior_mean + (1.0 - pull) * offset
                } else {
                    mean_of_rows
                },
            }
        };
        let sums = stats.first.row(k).into_iter().zip(&stats.anchors[k]);
        Self {
            s0,
            pull,
            features: sums.zip(&prior.mean).map(feature).collect(),
        }
    }

    /// Entry (i, j) of κ0 s0/(κ0 + s0) (x̄ − m0)(x̄ − m0)ᵀ.
    fn between(&self, i: usize, j: usize) -> f64 {
        let offset = |d: usize| self.features[d].offset;
        self.pull * self.s0 * offset(i) * offset(j)
    }

    /// What turns entry (i, j) of the second moments about the anchor into that of the scatter about x̄.
    fn recentring(&self, i: usize, j: usize) -> f64 {
        -self.s0 * self.features[i].shift * self.features[j].shift
    }
}

/// The estimate of the covariances.
struct Estimate<'a> {
    stats: &'a SufficientStats,
    components: &'a [Component],
    prior: &'a Prior,
}

impl Estimate<'_> {
    fn n_features(&self) -> usize {
        self.prior.mean.len()
    }

    /// Rounding of the sums and of the Cholesky factor can make a matrix of rank 1 and size 10^16 plus S0
    /// look indefinite; a part of the diagonal as large as that rounding prevents it (Higham 2002, thm. 10.7).
    fn rounding(&self) -> f64 {
        1.0 + 4.0 * (self.n_features() + 4) as f64 * f64::EPSILON
    }

    /// The entry of a covariance, of which `scatter` is the part that the data say, from s0 rows.
    fn entry(&self, (i, j): (usize, usize), scatter: f64, s0: f64) -> f64 {
        let rows = self.prior.exponent + s0;
        if rows > 0.0 {
            let entry = (self.prior.covariance[[i, j]] + scatter) / rows;
            if i == j {
                entry * self.rounding() + self.prior.ridge[i]
            } else {
                entry
            }
        } else if i == j {
            self.prior.variance[i]
        } else {
            0.0
        }
    }

    fn full(&self) -> Array3<f64> {
        let n_features = self.n_features();
        let mut covariances = Array3::zeros((self.components.len(), n_features, n_features));
        for (k, component) in self.components.iter().enumerate() {
            let second = self.stats.second.row(k);
            let scatter = |i, j| {
                second[packed_index(i, j)] + component.recentring(i, j) + component.between(i, j)
            };
            let covariance = covariances.index_axis_mut(Axis(0), k);
            self.fill(covariance, component.s0, scatter);
        }
        covariances
    }

    fn tied(&self, total: Option<&TotalScatter>) -> Array2<f64> {
        let sum = |term: &dyn Fn(&Component) -> f64| self.components.iter().map(term).sum::<f64>();
        let within = |i, j| match total {
            Some(total) => {
                let offset = |c: &Component, d: usize| c.features[d].mean_of_rows - total.origin[d];
                total.second[packed_index(i, j)] - sum(&|c| c.s0 * offset(c, i) * offset(c, j))
            }
            None => {
                let second = self.stats.second.column(packed_index(i, j));
                second.sum() + sum(&|c| c.recentring(i, j))
            }
        };
        let scatter = |i, j| within(i, j) + sum(&|c| c.between(i, j));
        let mut covariance = Array2::zeros((self.n_features(), self.n_features()));
        let s0 = self.stats.zeroth.iter().sum();
        self.fill(covariance.view_mut(), s0, scatter);
        covariance
    }

    /// Fills a covariance matrix that follows from `scatter` and s0 rows.
    fn fill(
        &self,
        mut covariance: ArrayViewMut2<'_, f64>,
        s0: f64,
        scatter: impl Fn(usize, usize) -> f64,
    ) {
        for i in 0..self.n_features() {
            for j in 0..=i {
                let entry = self.entry((i, j), scatter(i, j), s0);
                covariance[[i, j]] = entry;
                covariance[[j, i]] = entry;
            }
        }
    }

    fn diag(&self) -> Array2<f64> {
        Array2::from_shape_fn((self.components.len(), self.n_features()), |(k, d)| {
            let component = &self.components[k];
            let scatter = self.stats.second[[k, d]] + component.recentring(d, d);
            self.entry((d, d), scatter + component.between(d, d), component.s0)
        })
    }

    fn spherical(&self) -> Array1<f64> {
        self.diag()
            .mean_axis(Axis(1))
            .expect("data have at least one feature")
    }
}

/// Whether a mean has moved so far from its anchor, measured in standard deviations of its component,
/// that S loses digits: it is then a small difference of large numbers.
pub(crate) fn loses_digits(stats: &SufficientStats, mixture: &Mixture) -> bool {
    const FAR: f64 = 4.0;
    let components = stats.first.outer_iter().zip(&stats.zeroth);
    components.enumerate().any(|(k, (s1, &s0))| {
        let far = |(d, s1): (usize, &f64)| {
            (s1 / s0).powi(2) > FAR * FAR * mixture.covariances().variance(k, d)
        };
        s0 > 0.0 && s1.iter().enumerate().any(far)
    })
}
