//! Densities and responsibilities against a brute-force reference.

use crate::common::{normal, random_mixture, rng, weighted_log_densities};
use gmm_core::{Evaluator, LogPrior, Mixture, Rows, Threads};
use ndarray::{Array1, Array2, Axis, s};

/// Everything that an evaluator says of `data`: labels, responsibilities, log_prob_norm.
fn evaluate<T: gmm_core::Float>(
    evaluator: &Evaluator,
    data: ndarray::ArrayView2<'_, T>,
    k: usize,
    log_prior: Option<&Array2<f64>>,
) -> (Array1<i64>, Array2<f64>, Array1<f64>) {
    let n = data.nrows();
    let threads = Threads::new(2).expect("2 threads");
    let prior = || log_prior.map(|p| LogPrior::new(p.view(), n, k).expect("valid prior"));
    let rows = || Rows::new(data.reborrow()).expect("finite");
    let (mut labels, mut proba, mut norms) =
        (Array1::zeros(n), Array2::zeros((n, k)), Array1::zeros(n));
    evaluator
        .predict(rows(), prior(), &threads, labels.view_mut())
        .expect("labels");
    evaluator
        .predict_proba(rows(), prior(), &threads, proba.view_mut())
        .expect("proba");
    evaluator
        .score_samples(rows(), prior(), &threads, norms.view_mut())
        .expect("norms");
    (labels, proba, norms)
}

#[test]
fn evaluation_agrees_with_brute_force_for_all_sizes() {
    for (k, d) in [
        (1, 1),
        (2, 2),
        (3, 3),
        (5, 4),
        (4, 5),
        (2, 9),
        (3, 17),
        (2, 33),
    ] {
        let mixture = random_mixture(k, d, (10 * k + d) as u64);
        let evaluator = Evaluator::new(&mixture).expect("positive definite");
        for n in [1, 7, 191, 192, 193, 400] {
            let mut rng = rng(n as u64);
            let data = Array2::from_shape_simple_fn((n, d), || 3.0 * normal(&mut rng));
            let log_prior = Array2::from_shape_simple_fn((n, k), || normal(&mut rng));
            for prior in [None, Some(&log_prior)] {
                let (labels, proba, norms) = evaluate(&evaluator, data.view(), k, prior);
                for i in 0..n {
                    let mut terms = weighted_log_densities(&mixture, data.row(i));
                    if let Some(prior) = prior {
                        terms
                            .iter_mut()
                            .zip(prior.row(i))
                            .for_each(|(t, p)| *t += p);
                    }
                    let maximum = terms.iter().copied().fold(f64::MIN, f64::max);
                    let sum: f64 = terms.iter().map(|t| (t - maximum).exp()).sum();
                    let scale = maximum.abs().max(1.0);
                    assert!((norms[i] - (maximum + sum.ln())).abs() < 1e-12 * scale);
                    for (resp, term) in proba.row(i).iter().zip(&terms) {
                        assert!((resp - (term - maximum).exp() / sum).abs() < 1e-11 * scale);
                    }
                    assert!((proba.row(i).sum() - 1.0).abs() < 1e-14);
                    let label = usize::try_from(labels[i]).expect("an index");
                    assert!(proba.row(i).iter().all(|&p| p <= proba[[i, label]]));
                }
            }
        }
    }
}

#[test]
fn strides_and_order_do_not_change_a_bit() {
    let mixture = random_mixture(3, 4, 1);
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    let wide = Array2::from_shape_fn((300, 8), |(i, j)| ((i * 7 + j * 3) % 23) as f64 - 11.0);
    let strided = wide.slice(s![..;-1, ..;2]);
    let packed = strided.to_owned();
    let mut fortran = Array2::zeros(ndarray::ShapeBuilder::f(packed.raw_dim()));
    fortran.assign(&packed);
    let expected = evaluate(&evaluator, packed.view(), 3, None);
    assert_eq!(evaluate(&evaluator, strided, 3, None), expected);
    assert_eq!(evaluate(&evaluator, fortran.view(), 3, None), expected);
}

#[test]
fn f32_data_give_nearly_the_result_of_the_same_numbers_in_f64() {
    let mixture = random_mixture(3, 5, 2);
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    let mut rng = rng(3);
    let single = Array2::from_shape_simple_fn((250, 5), || normal(&mut rng) as f32);
    let double = single.mapv(f64::from);
    let (labels, proba, norms) = evaluate(&evaluator, single.view(), 3, None);
    let expected = evaluate(&evaluator, double.view(), 3, None);
    assert_eq!(labels, expected.0);
    assert!((proba - expected.1).iter().all(|error| error.abs() < 1e-5));
    assert!((norms - expected.2).iter().all(|error| error.abs() < 1e-5));
}

#[test]
fn rows_however_far_have_finite_results() {
    let mixture = random_mixture(3, 2, 4);
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    for far in [1e2, 1e6, 1e60, 1e200, 1e308] {
        let data = Array2::from_shape_fn((5, 2), |(i, j)| if i == j { far } else { -far });
        let (_, proba, norms) = evaluate(&evaluator, data.view(), 3, None);
        assert!(norms.iter().all(|x| x.is_finite()), "{far}: {norms}");
        for row in proba.axis_iter(Axis(0)) {
            assert!((row.sum() - 1.0).abs() < 1e-14, "{far}: {row}");
        }
    }
}

#[test]
fn what_is_ruled_out_stays_so_however_far_a_row_is() {
    let mixture = random_mixture(3, 2, 4);
    let (_, means, covariances) = mixture.into_parts();
    let weights = Array1::from(vec![0.5, 0.5, 0.0]);
    let mixture = Mixture::new(weights, means, covariances).expect("valid parameters");
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    let far = Array2::from_elem((2, 2), 1e200);
    let (_, proba, _) = evaluate(&evaluator, far.view(), 3, None);
    assert_eq!(proba.row(0).to_vec(), [0.5, 0.5, 0.0]);
    let second = Array2::from_shape_fn(
        (2, 3),
        |(_, k)| {
            if k == 1 { 0.0 } else { f64::NEG_INFINITY }
        },
    );
    let (_, proba, _) = evaluate(&evaluator, far.view(), 3, Some(&second));
    assert_eq!(proba.row(0).to_vec(), [0.0, 1.0, 0.0]);
}

#[test]
fn a_log_prior_of_minus_infinity_rules_a_component_out() {
    let mixture = random_mixture(3, 2, 5);
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    let data = Array2::from_shape_fn((6, 2), |(i, j)| (i + j) as f64);
    let one_hot = Array2::from_shape_fn(
        (6, 3),
        |(i, k)| {
            if i % 3 == k { 0.0 } else { f64::NEG_INFINITY }
        },
    );
    let (labels, proba, norms) = evaluate(&evaluator, data.view(), 3, Some(&one_hot));
    for i in 0..6 {
        assert_eq!(labels[i], (i % 3) as i64);
        assert_eq!(proba[[i, i % 3]], 1.0);
        let expected = weighted_log_densities(&mixture, data.row(i))[i % 3];
        assert!((norms[i] - expected).abs() < 1e-12 * expected.abs().max(1.0));
    }
}
