//! A mixture made ready for evaluation.
//!
//! With Σ_k = L Lᵀ the log-density of component k is
//!   log N(x; μ_k, Σ_k) = −½ D log 2π − Σ_i log L_ii − ½ ‖L⁻¹ (x − μ_k)‖²        (Bishop 2006, eq. 2.43)
//! so all that evaluation needs is L⁻¹, μ_k and one constant per component.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::covariance::Covariances;
use super::mixture::Mixture;
use crate::error::GmmError;
use crate::kernels;
use crate::linalg::{
    Pivot, cholesky, dot, invert_lower, log_diagonal_sum, pack_lower, packed_index, packed_row,
};
use crate::parallel::Threads;

/// Features from which a factorisation is worth the hand-over to another thread.
const MANY_FEATURES: usize = 48;

/// All components of a mixture, ready for evaluation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Precision {
    /// μ_k.
    pub(crate) means: Vec<Vec<f64>>,
    pub(crate) factors: Factors,
    /// log |Σ_k|.
    pub(crate) log_dets: Vec<f64>,
    /// log weights_k − ½ D log 2π − ½ log |Σ_k|.
    pub(crate) log_constants: Vec<f64>,
}

/// L_k⁻¹.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Factors {
    /// Packed lower triangles.
    Full(Vec<Vec<f64>>),
    /// A packed lower triangle for all components.
    Tied(Vec<f64>),
    /// 1/σ of each feature.
    Diagonal(Vec<Vec<f64>>),
    /// 1/σ.
    Spherical(Vec<f64>),
}

impl Precision {
    /// Factorises every covariance of `mixture`.
    ///
    /// # Errors
    /// [`GmmError::DegenerateCovariance`] for the first covariance that isn't positive definite.
    pub(crate) fn new(mixture: &Mixture, threads: &Threads) -> Result<Self, GmmError> {
        let (factors, log_dets) = factorise_all(
            mixture.covariances(),
            mixture.n_components(),
            mixture.n_features(),
            threads,
        )?;
        Ok(Self::from_factors(
            mixture.weights(),
            mixture.means(),
            factors,
            log_dets,
        ))
    }

    /// Components whose covariances have been factorised: `weights` (K,), `means` (K, D), log |Σ_k|.
    pub(crate) fn from_factors(
        weights: &Array1<f64>,
        means: &Array2<f64>,
        factors: Factors,
        log_dets: Vec<f64>,
    ) -> Self {
        let log_normaliser = means.ncols() as f64 * TAU.ln();
        let log_constant =
            |(weight, log_det): (&f64, &f64)| weight.ln() - 0.5 * (log_normaliser + log_det);
        Self {
            means: means.outer_iter().map(|mean| mean.to_vec()).collect(),
            log_constants: weights.iter().zip(&log_dets).map(log_constant).collect(),
            factors,
            log_dets,
        }
    }

    /// Number of components, K.
    pub(crate) fn n_components(&self) -> usize {
        self.means.len()
    }

    /// Number of features, D.
    pub(crate) fn n_features(&self) -> usize {
        self.means[0].len()
    }

    /// The centre of the means.
    pub(crate) fn centroid(&self) -> Vec<f64> {
        let share = 1.0 / self.n_components() as f64;
        let mut centroid = vec![0.0; self.n_features()];
        for mean in &self.means {
            for (sum, x) in centroid.iter_mut().zip(mean) {
                *sum += share * x;
            }
        }
        centroid
    }

    /// The centre of the means, if all of them are so near to it, in standard deviations of their components, that second
    /// moments about it are hardly less exact than about each of them: a variance then is a difference of numbers that
    /// are at most ten times as large.
    pub(crate) fn common_anchor(&self) -> Option<Vec<f64>> {
        const NEAR: f64 = 3.0;
        let anchor = self.centroid();
        let is_near = |(k, mean): (usize, &Vec<f64>)| {
            let mut differences = mean.iter().zip(&anchor).enumerate();
            differences.all(|(d, (x, a))| (x - a).abs() * self.inverse_pivot(k, d) <= NEAR)
        };
        self.means.iter().enumerate().all(is_near).then_some(anchor)
    }

    /// 1 / L_dd of component `k`: L_dd² is the variance that feature `d` has when those before it are known.
    pub(crate) fn inverse_pivot(&self, k: usize, d: usize) -> f64 {
        match &self.factors {
            Factors::Full(triangles) => triangles[k][packed_index(d, d)],
            Factors::Tied(triangle) => triangle[packed_index(d, d)],
            Factors::Diagonal(scales) => scales[k][d],
            Factors::Spherical(scales) => scales[k],
        }
    }

    /// ‖L_k⁻¹ z‖².
    pub(crate) fn squared_norm(&self, k: usize, z: &[f64]) -> f64 {
        let triangle = match &self.factors {
            Factors::Full(triangles) => &triangles[k],
            Factors::Tied(triangle) => triangle,
            Factors::Diagonal(scales) => {
                return z.iter().zip(&scales[k]).map(|(z, s)| (z * s).powi(2)).sum();
            }
            Factors::Spherical(scales) => return scales[k].powi(2) * dot(z, z),
        };
        let coordinate = |i| dot(packed_row(triangle, i), &z[..=i]);
        (0..z.len()).map(|i| coordinate(i).powi(2)).sum()
    }

    /// tr(A Σ_k⁻¹) = Σ_i l_i A l_iᵀ with the rows l_i of L_k⁻¹, for a symmetric A in standard layout.
    pub(crate) fn trace(&self, k: usize, a: &Array2<f64>) -> f64 {
        let triangle = match &self.factors {
            Factors::Full(triangles) => &triangles[k],
            Factors::Tied(triangle) => triangle,
            Factors::Diagonal(scales) => {
                return a
                    .diag()
                    .iter()
                    .zip(&scales[k])
                    .map(|(a, s)| a * s * s)
                    .sum();
            }
            Factors::Spherical(scales) => return scales[k].powi(2) * a.diag().sum(),
        };
        let quadratic = |i| {
            let row = packed_row(triangle, i);
            let products = row.iter().zip(a.outer_iter()).map(|(l, a)| {
                let a = a.to_slice().expect("the matrix is in standard layout");
                l * dot(row, &a[..=i])
            });
            products.sum::<f64>()
        };
        (0..a.nrows()).map(quadratic).sum()
    }
}

/// The factors of all covariances, those of K components of D features, and their log-determinants.
///
/// # Errors
/// [`GmmError::DegenerateCovariance`] for the first covariance that isn't positive definite.
pub(crate) fn factorise_all(
    covariances: &Covariances,
    n_components: usize,
    n_features: usize,
    threads: &Threads,
) -> Result<(Factors, Vec<f64>), GmmError> {
    let (k, d) = (n_components, n_features);
    Ok(match covariances {
        Covariances::Full(array) => {
            let factorise = |k| factorise(array.index_axis(Axis(0), k), k);
            let components: Vec<Result<_, _>> = if d < MANY_FEATURES {
                (0..k).map(factorise).collect()
            } else {
                threads.map(0..k, factorise)
            };
            let components: Result<Vec<_>, _> = components.into_iter().collect();
            let (triangles, log_dets) = components?.into_iter().unzip();
            (Factors::Full(triangles), log_dets)
        }
        Covariances::Tied(array) => {
            let (triangle, log_det) = factorise(array.view(), 0)?;
            (Factors::Tied(triangle), vec![log_det; k])
        }
        Covariances::Diag(array) => {
            let components: Result<Vec<_>, _> = array
                .outer_iter()
                .enumerate()
                .map(|(k, variances)| inverse_deviations(variances, k))
                .collect();
            let (scales, log_dets) = components?.into_iter().unzip();
            (Factors::Diagonal(scales), log_dets)
        }
        Covariances::Spherical(array) => {
            let components: Result<Vec<_>, _> = array
                .iter()
                .enumerate()
                .map(|(k, &variance)| inverse_deviation(variance, k, 0))
                .collect();
            let log_dets = array.iter().map(|v| d as f64 * v.ln()).collect();
            (Factors::Spherical(components?), log_dets)
        }
    })
}

/// The packed L⁻¹ of a covariance, that of component `k`, and its log-determinant.
fn factorise(covariance: ArrayView2<'_, f64>, k: usize) -> Result<(Vec<f64>, f64), GmmError> {
    let factorised = inverse_factor(pack_lower(covariance), covariance.nrows());
    factorised.map_err(|Pivot { index, value }| degenerate(k, index, value))
}

/// The packed L⁻¹ of a packed matrix L Lᵀ of size `n_features`, and its log-determinant.
///
/// # Errors
/// The first pivot that is not a positive finite number.
pub(crate) fn inverse_factor(
    triangle: Vec<f64>,
    n_features: usize,
) -> Result<(Vec<f64>, f64), Pivot> {
    kernels::run(Factorise {
        triangle,
        n_features,
    })
}

/// The work of [`inverse_factor`], compiled for each instruction set.
struct Factorise {
    triangle: Vec<f64>,
    n_features: usize,
}

impl WithSimd for Factorise {
    type Output = Result<(Vec<f64>, f64), Pivot>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let factor = cholesky(self.triangle, self.n_features)?;
        let log_det = 2.0 * log_diagonal_sum(&factor, self.n_features);
        Ok((invert_lower(&factor, self.n_features), log_det))
    }
}

/// 1/σ of each feature of component `k`, and the log-determinant.
fn inverse_deviations(
    variances: ArrayView1<'_, f64>,
    k: usize,
) -> Result<(Vec<f64>, f64), GmmError> {
    let scales: Result<Vec<_>, _> = variances
        .iter()
        .enumerate()
        .map(|(d, &variance)| inverse_deviation(variance, k, d))
        .collect();
    Ok((scales?, variances.iter().map(|v| v.ln()).sum()))
}

/// 1/σ of feature `d` of component `k`.
fn inverse_deviation(variance: f64, k: usize, d: usize) -> Result<f64, GmmError> {
    if variance > 0.0 {
        Ok(1.0 / variance.sqrt())
    } else {
        Err(degenerate(k, d, variance))
    }
}

/// The error for a covariance whose Cholesky factor has `value` as a pivot.
pub(crate) fn degenerate(component: usize, pivot: usize, value: f64) -> GmmError {
    GmmError::DegenerateCovariance {
        component,
        pivot,
        value,
    }
}
