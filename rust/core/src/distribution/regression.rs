//! The remaining features of a component as a function of the given ones: the equations are those of
//! [`conditional`](super::conditional).

use ndarray::Array2;

use super::features::{Features, packed_covariance};
use crate::error::GmmError;
use crate::linalg::{Pivot, cholesky, dot, packed_row};
use crate::model::{Covariances, Mixture, degenerate};

/// What a covariance says of the remaining features, given the others.
#[derive(Debug)]
pub(super) struct Regression {
    /// B = L_ba L_aa⁻¹, a row for each remaining feature.
    pub(super) slopes: Vec<Vec<f64>>,
    /// S = L_bb L_bbᵀ.
    pub(super) covariance: Array2<f64>,
}

/// The regression of each component, one for all if they have the same covariance, none if features aren't correlated.
///
/// # Errors
/// [`GmmError::DegenerateCovariance`] for a covariance that isn't positive definite.
pub(super) fn regressions(
    mixture: &Mixture,
    features: &Features,
) -> Result<Vec<Regression>, GmmError> {
    let n_factors = match mixture.covariances() {
        Covariances::Full(_) => mixture.n_components(),
        Covariances::Tied(_) => 1,
        Covariances::Diag(_) | Covariances::Spherical(_) => 0,
    };
    let order = features.chosen.iter().chain(&features.others).copied();
    let regression = |k| {
        let triangle = packed_covariance(mixture.covariances(), k, order.clone());
        cholesky(triangle, mixture.n_features())
            .map(|factor| Regression::new(&factor, features.chosen.len(), features.others.len()))
            .map_err(|Pivot { index, value }| degenerate(k, index, value))
    };
    (0..n_factors).map(regression).collect()
}

impl Regression {
    /// From the packed L, whose first `n_given` rows are those of the given features.
    fn new(factor: &[f64], n_given: usize, n_remaining: usize) -> Self {
        let row = |i| packed_row(factor, n_given + i).split_at(n_given);
        let covariance = |(i, j): (usize, usize)| {
            let (i, j) = (i.max(j), i.min(j));
            dot(&row(i).1[..=j], row(j).1)
        };
        Self {
            slopes: (0..n_remaining)
                .map(|i| solve_from_the_left(row(i).0, factor))
                .collect(),
            covariance: Array2::from_shape_fn((n_remaining, n_remaining), covariance),
        }
    }
}

/// The row b with b L = `row`, where L is as large as the row is long, by substitution (Golub & Van Loan 2013, alg. 3.1.4).
fn solve_from_the_left(row: &[f64], triangle: &[f64]) -> Vec<f64> {
    let mut solution = row.to_vec();
    for j in (0..row.len()).rev() {
        let (before, rest) = solution.split_at_mut(j);
        let (factors, pivot) = packed_row(triangle, j).split_at(j);
        rest[0] /= pivot[0];
        for (entry, factor) in before.iter_mut().zip(factors) {
            *entry -= rest[0] * factor;
        }
    }
    solution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::pack_lower;
    use ndarray::{array, s};

    #[test]
    fn slopes_and_covariance_satisfy_their_equations() {
        let sigma = array![
            [4.0, 1.0, 0.5, -1.0],
            [1.0, 3.0, 0.2, 0.3],
            [0.5, 0.2, 2.0, 0.7],
            [-1.0, 0.3, 0.7, 5.0]
        ];
        let factor = cholesky(pack_lower(sigma.view()), 4).expect("positive definite");
        for n_given in 1..4 {
            let regression = Regression::new(&factor, n_given, 4 - n_given);
            let given = sigma.slice(s![..n_given, ..n_given]);
            let across = sigma.slice(s![n_given.., ..n_given]);
            for (i, slopes) in regression.slopes.iter().enumerate() {
                // B Σ_aa = Σ_ba.
                let product = ndarray::aview1(slopes).dot(&given);
                assert!((&product - &across.row(i)).iter().all(|x| x.abs() < 1e-15));
                // S = Σ_bb − B Σ_ab.
                let explained = across.dot(&ndarray::aview1(slopes));
                let expected = &sigma.slice(s![n_given.., n_given + i]) - &explained;
                let error = &regression.covariance.column(i) - &expected;
                assert!(error.iter().all(|x| x.abs() < 2e-15));
            }
        }
    }
}
