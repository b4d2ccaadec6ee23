//! Numbers of components that agree with what is known of them beforehand.

use ndarray::{Array2, ArrayView2, Axis};

use crate::assignment::assign;
use crate::error::GmmError;
use crate::model::{Covariances, Mixture, Precision};
use crate::parallel::Threads;

/// Other numbers must agree better by this part of all there is to agree on: rounding alone changes none.
const WORTHWHILE: f64 = 1e-9;

/// A new number for each component: Σ_n reference[n, number of label_n] is as large as it can be; `reference` has
/// shape (N, K) and holds probabilities of the components for each row.
///
/// # Errors
/// [`GmmError::NonFinite`] where sums of `reference` are NaN or infinite.
pub(super) fn names_of_labels(
    labels: &[u32],
    reference: ArrayView2<'_, f64>,
) -> Result<Vec<usize>, GmmError> {
    let n_components = reference.ncols();
    let mut overlap = Array2::<f64>::zeros((n_components, n_components));
    for (&label, row) in labels.iter().zip(reference.axis_iter(Axis(0))) {
        let mut sums = overlap.row_mut(label as usize);
        sums += &row;
    }
    names(overlap.view())
}

/// A new number for each component: that of `agreement`[component, number] the sum is largest.
///
/// # Errors
/// [`GmmError::NonFinite`] where an entry is NaN or infinite.
pub(super) fn names(agreement: ArrayView2<'_, f64>) -> Result<Vec<usize>, GmmError> {
    let assigned = assign(agreement)?;
    let gain: f64 = assigned
        .iter()
        .map(|&(k, name)| agreement[[k, name]] - agreement[[k, k]])
        .sum();
    let all: f64 = agreement.iter().map(|x| x.abs()).sum();
    Ok(if gain > WORTHWHILE * all {
        assigned.into_iter().map(|(_, name)| name).collect()
    } else {
        (0..agreement.nrows()).collect()
    })
}

/// The components of `mixture`, numbered so that they lie near `means`, features in units of the roots of `variance`:
/// the sum of the squared distances is as small as it can be.
///
/// # Errors
/// [`GmmError::NonFinite`] where a distance overflows.
pub(super) fn near(
    means: &Array2<f64>,
    mixture: &Mixture,
    variance: &[f64],
) -> Result<Mixture, GmmError> {
    let n_components = means.nrows();
    let agreement = Array2::from_shape_fn((n_components, n_components), |(k, name)| {
        let differences = &mixture.means().row(k) - &means.row(name);
        let squares = differences.iter().zip(variance).map(|(x, v)| x * x / v);
        -squares.sum::<f64>()
    });
    Ok(mixture.renumbered(&names(agreement.view())?))
}

/// The components of `mixture`, numbered so that their covariances S_k are like `covariances` Σ: the sum of
///   log |Σ| + tr(S_k Σ⁻¹)
/// is as small as it can be, which is −2/n times the log-likelihood of rows with the covariance S_k under Σ.
///
/// # Errors
/// [`GmmError::DegenerateCovariance`] where one of `covariances` is not positive definite.
pub(super) fn alike(
    covariances: &Covariances,
    mixture: &Mixture,
    threads: &Threads,
) -> Result<Mixture, GmmError> {
    let (n_components, n_features) = mixture.means().dim();
    let (weights, means) = (mixture.weights().clone(), mixture.means().clone());
    let wanted = Precision::new(&Mixture::new(weights, means, covariances.clone())?, threads)?;
    let mut agreement = Array2::zeros((n_components, n_components));
    for (k, mut row) in agreement.outer_iter_mut().enumerate() {
        let covariance = Array2::from_shape_fn((n_features, n_features), |(i, j)| {
            mixture.covariances().entry(k, i, j)
        });
        for (name, agreement) in row.iter_mut().enumerate() {
            *agreement = -wanted.log_dets[name] - wanted.trace(name, &covariance);
        }
    }
    Ok(mixture.renumbered(&names(agreement.view())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn labels_follow_the_reference() {
        let reference = array![
            [0.1, 0.2, 0.7],
            [0.0, 0.1, 0.9],
            [0.8, 0.1, 0.1],
            [0.1, 0.8, 0.1]
        ];
        let names = names_of_labels(&[0, 0, 1, 2], reference.view());
        assert_eq!(names.expect("finite"), [2, 0, 1]);
    }

    #[test]
    fn a_reference_that_says_nothing_leaves_the_labels() {
        let reference = Array2::from_elem((5, 3), 1.0 / 3.0);
        let names = names_of_labels(&[2, 0, 1, 1, 2], reference.view());
        assert_eq!(names.expect("finite"), [0, 1, 2]);
    }
}
