//! Mixtures as distributions, against the brute-force densities and each other.

use crate::common::{TYPES, mixture_of, normal, random_mixture, rng, weighted_log_densities};
use gmm_core::{
    Conditional, Covariances, Evaluator, GmmError, Mixture, Rows, Threads, marginal,
    precisions_cholesky, sample,
};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, aview1, s};

fn threads(n: usize) -> Threads {
    Threads::new(n).expect("threads")
}

fn log_prob(mixture: &Mixture, x: ArrayView1<'_, f64>) -> f64 {
    let terms = weighted_log_densities(mixture, x);
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + terms.iter().map(|t| (t - largest).exp()).sum::<f64>().ln()
}

/// Weights and means of the conditional mixtures of all rows.
fn mixtures(
    conditional: &Conditional,
    values: ArrayView2<'_, f64>,
    n_threads: usize,
) -> (Array2<f64>, Array3<f64>) {
    let (n, k) = (values.nrows(), conditional.n_components());
    let mut weights = Array2::zeros((n, k));
    let mut means = Array3::zeros((n, k, conditional.n_remaining()));
    let rows = Rows::new(values).expect("finite");
    conditional
        .mixtures(
            rows,
            &threads(n_threads),
            weights.view_mut(),
            means.view_mut(),
        )
        .expect("shapes fit");
    (weights, means)
}

#[test]
fn a_joint_density_is_the_marginal_times_the_conditional() {
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, 3, 5, 21);
        let mut rng = rng(22);
        let data = Array2::from_shape_simple_fn((40, 5), || 3.0 * normal(&mut rng));
        for (indices, others) in [(vec![3], vec![0, 1, 2, 4]), (vec![4, 0, 1], vec![2, 3])] {
            let given = data.select(Axis(1), &indices);
            let rest = data.select(Axis(1), &others);
            let of_given = marginal(&mixture, &indices).expect("indices of features");
            let conditional = Conditional::new(&mixture, &indices).expect("positive definite");
            assert_eq!(conditional.covariances().covariance_type(), covariance_type);
            let (weights, means) = mixtures(&conditional, given.view(), 2);
            for n in 0..data.nrows() {
                let row = Mixture::new(
                    weights.row(n).to_owned(),
                    means.index_axis(Axis(0), n).to_owned(),
                    conditional.covariances().clone(),
                )
                .expect("a mixture");
                let product = log_prob(&of_given, given.row(n)) + log_prob(&row, rest.row(n));
                let joint = log_prob(&mixture, data.row(n));
                assert!((product - joint).abs() < 1e-11 * joint.abs().max(1.0));
            }
        }
    }
}

#[test]
fn mean_and_covariance_are_those_of_the_mixtures_for_any_number_of_threads() {
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, 3, 4, 23);
        let conditional = Conditional::new(&mixture, &[1, 3]).expect("positive definite");
        let mut rng = rng(24);
        let values = Array2::from_shape_simple_fn((10_001, 2), || 3.0 * normal(&mut rng));
        let average = |n_threads| {
            let (mut mean, mut covariance) =
                (Array2::zeros((10_001, 2)), Array3::zeros((10_001, 2, 2)));
            let rows = Rows::new(values.view()).expect("finite");
            conditional
                .mean(
                    rows,
                    &threads(n_threads),
                    mean.view_mut(),
                    Some(covariance.view_mut()),
                )
                .expect("shapes fit");
            (mean, covariance)
        };
        let (mean, covariance) = average(1);
        let (weights, means) = mixtures(&conditional, values.view(), 1);
        for n_threads in 2..=5 {
            assert_eq!(average(n_threads), (mean.clone(), covariance.clone()));
            let again = mixtures(&conditional, values.view(), n_threads);
            assert_eq!(again, (weights.clone(), means.clone()));
        }
        let within = |k, i, j| match conditional.covariances() {
            Covariances::Full(array) => array[[k, i, j]],
            Covariances::Tied(array) => array[[i, j]],
            Covariances::Diag(array) => array[[k, i]] * f64::from(u8::from(i == j)),
            Covariances::Spherical(array) => array[k] * f64::from(u8::from(i == j)),
        };
        for n in (0..10_001).step_by(97) {
            let expected = weights.row(n).dot(&means.index_axis(Axis(0), n));
            assert!((&mean.row(n) - &expected).iter().all(|x| x.abs() < 1e-12));
            let z = &means.index_axis(Axis(0), n) - &aview1(&expected.to_vec());
            for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let term = |k| weights[[n, k]] * (within(k, i, j) + z[[k, i]] * z[[k, j]]);
                let expected: f64 = (0..3).map(term).sum();
                assert!((covariance[[n, i, j]] - expected).abs() < 1e-11);
            }
        }
    }
}

#[test]
fn draws_are_the_same_bits_for_any_number_of_threads_and_have_the_right_mean() {
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, 3, 4, 25);
        let draw = |n_threads| {
            let (mut rows, mut labels) = (Array2::zeros((40_000, 4)), Array1::zeros(40_000));
            sample(
                &mixture,
                9,
                &threads(n_threads),
                rows.view_mut(),
                labels.view_mut(),
            )
            .expect("positive definite");
            (rows, labels)
        };
        let (rows, labels) = draw(1);
        for n_threads in 2..=5 {
            assert_eq!(draw(n_threads), (rows.clone(), labels.clone()));
        }
        assert!(labels.windows(2).into_iter().all(|pair| pair[0] <= pair[1]));
        for k in 0..3 {
            let start = labels.iter().filter(|&&label| label < k as i64).count();
            let end = labels.iter().filter(|&&label| label <= k as i64).count();
            let mean = rows
                .slice(s![start..end, ..])
                .mean_axis(Axis(0))
                .expect("rows");
            let error = &mean - &mixture.means().row(k);
            let covariance = crate::common::covariance(&mixture, k);
            for (error, variance) in error.iter().zip(covariance.diag()) {
                assert!(error.abs() < 4.5 * (variance / (end - start) as f64).sqrt());
            }
        }
    }
}

#[test]
fn factors_of_precisions_evaluate_as_their_covariances() {
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, 3, 6, 26);
        let factors = precisions_cholesky(mixture.covariances()).expect("positive definite");
        assert_eq!(factors.shape(), mixture.covariances().shape());
        let mut rng = rng(27);
        let data = Array2::from_shape_simple_fn((300, 6), || 3.0 * normal(&mut rng));
        let evaluator =
            Evaluator::from_precisions_cholesky(mixture.weights(), mixture.means(), &factors)
                .expect("valid factors");
        let mut found = Array1::zeros(300);
        let rows = Rows::new(data.view()).expect("finite");
        evaluator
            .score_samples(rows, None, &threads(2), found.view_mut())
            .expect("shapes fit");
        for (found, x) in found.iter().zip(data.outer_iter()) {
            let expected = log_prob(&mixture, x);
            assert!((found - expected).abs() < 1e-11 * expected.abs().max(1.0));
        }
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mixture = random_mixture(2, 3, 28);
    let conditional = Conditional::new(&mixture, &[2]).expect("positive definite");
    let values = Array2::<f64>::zeros((4, 1));
    let rows = || Rows::new(values.view()).expect("finite");
    let mut mean = Array2::zeros((4, 3));
    let error = conditional.mean(rows(), &threads(1), mean.view_mut(), None);
    assert!(matches!(error, Err(GmmError::Shape { name: "mean", .. })));
    let (mut weights, mut means) = (Array2::zeros((4, 2)), Array3::zeros((4, 2, 1)));
    let error = conditional.mixtures(rows(), &threads(1), weights.view_mut(), means.view_mut());
    assert!(matches!(error, Err(GmmError::Shape { name: "means", .. })));
    let (mut out, mut labels) = (Array2::zeros((4, 3)), Array1::zeros(5));
    let error = sample(&mixture, 0, &threads(1), out.view_mut(), labels.view_mut());
    assert!(matches!(error, Err(GmmError::Shape { name: "labels", .. })));
    for indices in [&[][..], &[3], &[1, 1], &[0, 1, 2]] {
        let error = Conditional::new(&mixture, indices).expect_err("not possible");
        assert!(matches!(
            error,
            GmmError::Parameter {
                name: "indices",
                ..
            }
        ));
    }
}
