//! One iteration of EM against sums over all rows, one by one.

use std::ops::ControlFlow;

use gmm_core::{
    CovarianceType, FitConfig, Float, Mixture, Regularisation, RowKnowledge, Rows, Threads, fit,
};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::common::{TYPES, covariance, mixture_of, normal, rng, weighted_log_densities};

/// A mixture whose means are `apart` times as far from each other, and rows from it.
fn problem(
    covariance_type: CovarianceType,
    (k, d): (usize, usize),
    apart: f64,
) -> (Mixture, Array2<f64>) {
    let (weights, means, covariances) = mixture_of(covariance_type, k, d, 3).into_parts();
    let means = means * apart + 5.0;
    let mut rng = rng(4);
    let row = |(i, j)| f64::from((means[[i % k, j]] + normal(&mut rng)) as f32);
    let rows = Array2::from_shape_fn((40 * k + 203, d), row);
    let mixture = Mixture::new(weights, means, covariances).expect("valid");
    (mixture, rows)
}

/// The mixture after one iteration.
fn iterated<T: Float>(mixture: &Mixture, rows: ArrayView2<'_, T>, of: CovarianceType) -> Mixture {
    let config = FitConfig {
        covariance_type: of,
        max_iter: 1,
        tol: 0.0,
        initial: mixture.clone().into(),
        regularisation: Regularisation::Ridge(0.0),
        ..FitConfig::new(mixture.n_components())
    };
    let rows = Rows::new(rows).expect("finite");
    let threads = Threads::new(2).expect("threads");
    let observe = |_| ControlFlow::Continue(());
    fit(rows, &config, RowKnowledge::default(), &threads, observe)
        .expect("a fit")
        .mixture
}

/// Numbers of rows, means and full covariances of all components, by the definitions.
fn expected(mixture: &Mixture, rows: &Array2<f64>) -> (Array1<f64>, Array2<f64>, Vec<Array2<f64>>) {
    let (k, d) = mixture.means().dim();
    let mut resp = Array2::zeros((rows.nrows(), k));
    for (mut resp, row) in resp.outer_iter_mut().zip(rows.outer_iter()) {
        let terms = Array1::from(weighted_log_densities(mixture, row));
        let largest = terms.fold(f64::MIN, |a, &b| a.max(b));
        resp.assign(&terms.mapv(|term| (term - largest).exp()));
        resp /= resp.sum();
    }
    let counts = resp.sum_axis(Axis(0));
    let means = resp.t().dot(rows) / counts.view().insert_axis(Axis(1));
    let scatter = |k: usize| {
        let mut sum = Array2::zeros((d, d));
        for (row, resp) in rows.outer_iter().zip(resp.column(k)) {
            let z = (&row - &means.row(k)).insert_axis(Axis(1));
            sum = sum + z.dot(&z.t()) * *resp;
        }
        sum / counts[k]
    };
    let covariances = (0..k).map(scatter).collect();
    (counts, means, covariances)
}

/// What a type keeps of the covariances of components that have so many rows.
fn kept(
    covariance_type: CovarianceType,
    counts: &Array1<f64>,
    covariances: &[Array2<f64>],
) -> Vec<Array2<f64>> {
    let d = covariances[0].nrows();
    let all = covariances.iter();
    match covariance_type {
        CovarianceType::Full => covariances.to_vec(),
        CovarianceType::Diag => all.map(|c| Array2::from_diag(&c.diag())).collect(),
        CovarianceType::Spherical => all
            .map(|c| Array2::eye(d) * (c.diag().sum() / d as f64))
            .collect(),
        CovarianceType::Tied => {
            let terms = all.zip(counts).map(|(c, &count)| c * count);
            let sum = terms.fold(Array2::zeros((d, d)), |a, b| a + b);
            vec![sum / counts.sum(); counts.len()]
        }
    }
}

/// The largest differences of weights, means and covariances, which are about 1.
fn error(found: &Mixture, expected: &(Array1<f64>, Array2<f64>, Vec<Array2<f64>>)) -> f64 {
    let (counts, means, covariances) = expected;
    let weights = found.weights() - &(counts / counts.sum());
    let means = found.means() - means;
    let covariances = covariances
        .iter()
        .enumerate()
        .flat_map(|(k, expected)| covariance(found, k) - expected);
    let differences = weights.into_iter().chain(means).chain(covariances);
    differences.fold(0.0, |largest, x| x.abs().max(largest))
}

#[test]
fn an_iteration_agrees_with_its_definition_whether_means_are_near_or_far() {
    for covariance_type in TYPES {
        for shape in [(1, 3), (3, 6), (4, 5), (10, 8), (15, 2), (21, 19)] {
            for apart in [0.1, 1.0, 20.0] {
                let (mixture, rows) = problem(covariance_type, shape, apart);
                let (counts, means, covariances) = expected(&mixture, &rows);
                let covariances = kept(covariance_type, &counts, &covariances);
                let expected = (counts, means, covariances);
                let case = format!("{covariance_type:?} {shape:?} {apart}");
                let found = iterated(&mixture, rows.view(), covariance_type);
                let off = error(&found, &expected);
                assert!(off < 1e-10, "{case}: {off}");
                let rows = rows.mapv(|x| x as f32);
                let found = iterated(&mixture, rows.view(), covariance_type);
                let off = error(&found, &expected);
                assert!(off < 1e-4, "{case}, float32: {off}");
            }
        }
    }
}
