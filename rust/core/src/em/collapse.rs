//! What happens to a covariance that collapses.
//!
//! The likelihood of a mixture is unbounded: a component that holds no more rows than there are features can have a
//! covariance that is as near to singular as one likes (Day 1969). EM that is drawn there has found nothing. Such a
//! component is kept, for the rest of its run, among the covariances that are at least F = diag(f_1, …, f_D):
//!   Σ = F^½ U max(Λ, 1) Uᵀ F^½     with     F^−½ Σ̂ F^−½ = U Λ Uᵀ
//! is then the maximum that the M-step looks for, in the place of Σ̂, so that the bound does not fall from there on
//! (Hathaway 1985; Ingrassia & Rocci 2007, §3). A diagonal covariance is max(Σ̂, F), a spherical one at least the mean
//! of F.

use ndarray::{Array1, Array2, ArrayViewMut2, Axis};
use serde::{Deserialize, Serialize};

use super::prior::Prior;
use crate::error::GmmError;
use crate::float::Float;
use crate::linalg::symmetric_eigen;
use crate::model::{Covariances, Mixture, Precision};
use crate::parallel::Threads;
use crate::rows::Spread;

/// F in units of the data's variances: a standard deviation of a thousandth of theirs.
const FLOOR: f64 = 1e-6;

/// What can be told from 0, of the variance that a feature has in a component once those before it are known (a
/// squared pivot of the Cholesky factor).
#[derive(Debug)]
pub(crate) struct Resolution {
    /// Pivots below this part of the feature's variance in the component may be nothing but rounding.
    relative: f64,
    /// Pivots below this belong to rows that differ by a unit or two in their last place. 0 where a ridge says how
    /// narrow a component may be, or a prior does.
    absolute: Vec<f64>,
    /// The variance of each feature of the data.
    variance: Vec<f64>,
}

impl Resolution {
    /// For data of type `T`.
    ///
    /// Sums and Cholesky factors are off by some (D + 4) ε of the diagonal, four times as much as the M-step makes up
    /// for; without a ridge, what the products of `T` leave counts, too.
    pub(crate) fn new<T: Float>(data: &Spread, prior: &Prior) -> Self {
        let n_features = data.mean.len();
        let rounding = 16.0 * (n_features + 4) as f64 * f64::EPSILON;
        let grid = |d: usize| 2.0 * T::EPSILON * (data.mean[d].abs() + data.variance[d].sqrt());
        let has_limit = |d: usize| !prior.is_flat() || prior.ridge[d] > 0.0;
        let absolute = |d| if has_limit(d) { 0.0 } else { grid(d).powi(2) };
        Self {
            relative: match (0..n_features).all(has_limit) {
                true => rounding,
                false => rounding + 16.0 * T::EPSILON,
            },
            absolute: (0..n_features).map(absolute).collect(),
            variance: data.variance.clone(),
        }
    }

    /// The factors of all covariances of `mixture`; or the first covariance that can't be told from a singular one.
    pub(crate) fn factorise(
        &self,
        mixture: &Mixture,
        threads: &Threads,
    ) -> Result<Result<Precision, usize>, GmmError> {
        let precision = match Precision::new(mixture, threads) {
            Ok(precision) => precision,
            Err(GmmError::DegenerateCovariance { component, .. }) => return Ok(Err(component)),
            Err(error) => return Err(error),
        };
        let covariances = mixture.covariances();
        let is_singular = |&k: &usize| {
            (0..self.variance.len()).any(|d| {
                let pivot = precision.inverse_pivot(k, d).powi(-2);
                pivot < self.relative * covariances.variance(k, d) || pivot < self.absolute[d]
            })
        };
        match (0..covariances.count()).find(is_singular) {
            None => Ok(Ok(precision)),
            Some(k) => Ok(Err(k)),
        }
    }

    /// `mixture` with the data's variances, a K-th of their volume, in the place of every covariance that is singular:
    /// so starts a component that has too few rows to begin with.
    pub(crate) fn widened(
        &self,
        mut mixture: Mixture,
        threads: &Threads,
    ) -> Result<Mixture, GmmError> {
        let n_features = self.variance.len() as f64;
        let share = (mixture.n_components() as f64).powf(-2.0 / n_features);
        let variances: Vec<f64> = self.variance.iter().map(|v| v * share).collect();
        for _ in 0..mixture.covariances().count() {
            match self.factorise(&mixture, threads)? {
                Ok(_) => break,
                Err(k) => mixture.covariances_mut().set_diagonal(k, &variances),
            }
        }
        Ok(mixture)
    }
}

/// F of each covariance that has collapsed in a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Floors(Vec<Option<Vec<f64>>>);

impl Floors {
    /// For so many covariances, of which none has collapsed.
    pub(crate) fn none(n_covariances: usize) -> Self {
        Self(vec![None; n_covariances])
    }

    /// `mixture` with every covariance at least at its floor.
    pub(crate) fn lift(&self, mut mixture: Mixture) -> Mixture {
        for (k, floor) in self.0.iter().enumerate() {
            if let Some(floor) = floor {
                lift(mixture.covariances_mut(), k, floor);
            }
        }
        mixture
    }

    /// Gives covariance `k` of `mixture` a floor, or a higher one than it had. It is high enough for Cholesky factors:
    /// not below the same part of the covariance's own variances, which far outliers may have made large, or of what
    /// can be told from 0.
    pub(crate) fn raise(&mut self, k: usize, mixture: &Mixture, resolution: &Resolution) {
        let floor = self.0[k].get_or_insert_with(|| vec![0.0; resolution.variance.len()]);
        for (d, limit) in floor.iter_mut().enumerate() {
            let variance = mixture.covariances().variance(k, d);
            let needed = FLOOR * resolution.variance[d].max(variance);
            *limit = (10.0 * *limit)
                .max(needed)
                .max(4.0 * resolution.absolute[d]);
        }
    }
}

/// Makes covariance `k` at least diag(floor).
fn lift(covariances: &mut Covariances, k: usize, floor: &[f64]) {
    match covariances {
        Covariances::Full(array) => lift_matrix(array.index_axis_mut(Axis(0), k), floor),
        Covariances::Tied(array) => lift_matrix(array.view_mut(), floor),
        Covariances::Diag(array) => {
            let variances = array.row_mut(k).into_iter().zip(floor);
            variances.for_each(|(variance, limit)| *variance = variance.max(*limit));
        }
        Covariances::Spherical(array) => {
            let mean = floor.iter().sum::<f64>() / floor.len() as f64;
            array[k] = array[k].max(mean);
        }
    }
}

fn lift_matrix(mut covariance: ArrayViewMut2<'_, f64>, floor: &[f64]) {
    let roots: Array1<f64> = floor.iter().map(|limit| limit.sqrt()).collect();
    let unit = |(i, j): (usize, usize)| roots[i] * roots[j];
    let scaled = Array2::from_shape_fn(covariance.dim(), |at| covariance[at] / unit(at));
    let (values, vectors) = symmetric_eigen(scaled);
    if values.iter().all(|&value| value >= 1.0) {
        return;
    }
    // What is added, rather than the whole anew: directions that are wide enough keep their digits.
    let missing = (&vectors * &values.mapv(|value| (1.0 - value).max(0.0))).dot(&vectors.t());
    for (at, entry) in covariance.indexed_iter_mut() {
        *entry += missing[at] * unit(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_floor_lifts_what_is_below_and_leaves_what_is_above() {
        // Eigenvalues 2 and 0 along the diagonals of the plane, in units of the floor.
        let floor = [4.0, 0.25];
        let mut covariance = array![[4.0, 1.0], [1.0, 0.25]];
        lift_matrix(covariance.view_mut(), &floor);
        let expected = array![[6.0, 0.5], [0.5, 0.375]];
        assert!((&covariance - &expected).iter().all(|x| x.abs() < 1e-14));
        let wide = array![[8.0, 0.1], [0.1, 8.0]];
        let mut unchanged = wide.clone();
        lift_matrix(unchanged.view_mut(), &floor);
        assert_eq!(unchanged, wide);
    }
}
