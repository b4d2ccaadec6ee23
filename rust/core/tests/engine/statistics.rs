//! Statistics of pieces, their sum, and the mixture that follows.

use crate::common::{TYPES, blobs, mixture_of, weighted_log_densities};
use gmm_core::{
    CovarianceType, Covariances, Evaluator, FitConfig, Float, GmmError, InitialParameters, Mixture,
    Regularisation, RowKnowledge, Rows, SufficientStats, Threads, fit, maximise,
};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, array, s};
use std::ops::ControlFlow;

fn statistics<T: Float>(
    mixture: &Mixture,
    data: ArrayView2<'_, T>,
    weights: Option<ArrayView1<'_, f64>>,
    threads: usize,
) -> SufficientStats {
    let knowledge = RowKnowledge {
        sample_weight: weights,
        ..RowKnowledge::default()
    };
    let threads = Threads::new(threads).expect("threads");
    Evaluator::new(mixture)
        .and_then(|evaluator| evaluator.statistics(Rows::new(data)?, knowledge, &threads))
        .expect("statistics")
}

fn assert_close<'a>(
    found: impl IntoIterator<Item = &'a f64>,
    expected: impl IntoIterator<Item = &'a f64>,
    tolerance: f64,
) {
    for (found, expected) in found.into_iter().zip(expected) {
        let bound = tolerance * expected.abs().max(1.0);
        assert!((found - expected).abs() <= bound, "{found} {expected}");
    }
}

#[test]
fn statistics_are_the_sums_of_their_definition() {
    let (n, k, d) = (300, 3, 4);
    let data = blobs(n, d, k, 2.0, 1);
    let weights = Array1::from_shape_fn(n, |n| (n % 4) as f64);
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, k, d, 5);
        let mut zeroth = vec![0.0; k];
        let mut first = Array2::<f64>::zeros((k, d));
        let mut second = Array3::<f64>::zeros((k, d, d));
        let mut log_likelihood = 0.0;
        for (row, w) in data.outer_iter().zip(&weights) {
            let terms = weighted_log_densities(&mixture, row);
            let total = terms.iter().map(|t| t.exp()).sum::<f64>();
            log_likelihood += w * total.ln();
            for c in 0..k {
                let r = w * terms[c].exp() / total;
                let z = &row - &mixture.means().row(c);
                zeroth[c] += r;
                for i in 0..d {
                    first[[c, i]] += r * z[i];
                    for j in 0..d {
                        second[[c, i, j]] += r * z[i] * z[j];
                    }
                }
            }
        }
        let stats = statistics(&mixture, data.view(), Some(weights.view()), 2);
        assert_close(stats.zeroth(), &zeroth, 1e-10);
        assert_close(stats.first(), &first, 1e-10);
        assert_close([&stats.log_likelihood()], [&log_likelihood], 1e-10);
        let expected = match covariance_type {
            CovarianceType::Full => second.iter().copied().collect::<Vec<_>>(),
            CovarianceType::Tied => second.sum_axis(Axis(0)).iter().copied().collect(),
            _ => second
                .outer_iter()
                .flat_map(|m| m.diag().to_vec())
                .collect(),
        };
        let found = stats.second(covariance_type).expect("of this type");
        assert_eq!(found.iter().count(), expected.len());
        assert_close(found.iter(), &expected, 1e-10);
    }
}

#[test]
fn statistics_of_pieces_add_up_to_an_iteration_of_a_fit() {
    let (n, k, d) = (2_000, 3, 3);
    let data = blobs(n, d, k, 3.0, 2);
    for covariance_type in TYPES {
        let mixture = mixture_of(covariance_type, k, d, 5);
        let (weights, means, covariances) = mixture.clone().into_parts();
        let config = FitConfig {
            covariance_type,
            max_iter: 1,
            tol: 0.0,
            initial: InitialParameters {
                weights: Some(weights),
                means: Some(means),
                covariances: Some(covariances),
            },
            regularisation: Regularisation::Ridge(1e-3),
            ..FitConfig::new(k)
        };
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(2).expect("2 threads");
        let go_on = |_| ControlFlow::Continue(());
        let expected = fit(rows, &config, RowKnowledge::default(), &threads, go_on)
            .expect("a fit")
            .mixture;
        let pieces = data.axis_chunks_iter(Axis(0), 300);
        let stats = pieces
            .map(|piece| statistics(&mixture, piece, None, 2))
            .reduce(|sum, piece| sum.plus(&piece).expect("of one mixture"))
            .expect("pieces");
        let found = maximise(&stats, covariance_type, &config.regularisation).expect("a mixture");
        assert_close(found.weights(), expected.weights(), 1e-11);
        assert_close(found.means(), expected.means(), 1e-11);
        assert_close(
            found.covariances().iter(),
            expected.covariances().iter(),
            1e-10,
        );
    }
}

#[test]
fn statistics_have_the_same_bits_for_1_to_3_threads() {
    let data = blobs(20_000, 4, 3, 1.0, 3);
    let mixture = mixture_of(CovarianceType::Full, 3, 4, 5);
    let single = statistics(&mixture, data.view(), None, 1);
    for threads in 2..=3 {
        assert_eq!(statistics(&mixture, data.view(), None, threads), single);
    }
}

#[test]
fn moved_anchors_give_the_statistics_about_them_and_far_offsets_lose_nothing() {
    let data = blobs(500, 3, 3, 2.0, 4);
    for covariance_type in TYPES {
        let near = mixture_of(covariance_type, 3, 3, 5);
        let offset = 2.0f64.powi(30);
        let (weights, means, covariances) = near.clone().into_parts();
        let moved = &means + 0.5;
        let far = Mixture::new(weights, &means + offset, covariances).expect("valid");
        let about = |mixture: &Mixture, data: &Array2<f64>, anchors: &Array2<f64>| {
            statistics(mixture, data.view(), None, 1)
                .about(anchors)
                .expect("anchors of this shape")
        };
        // What the far mixture has lost of its means and rows, the near one must not have.
        let rounded = |x: &Array2<f64>| (x + offset) - offset;
        let near = Mixture::new(
            near.weights().clone(),
            rounded(&means),
            near.covariances().clone(),
        )
        .expect("valid");
        let data = rounded(&data);
        let anchors = rounded(&moved);
        let expected = about(&near, &data, &anchors);
        let found = about(&far, &(&data + offset), &(&anchors + offset));
        assert_close(found.first(), expected.first(), 1e-12);
        let (found_second, expected_second) = (
            found.second(covariance_type).expect("of this type"),
            expected.second(covariance_type).expect("of this type"),
        );
        assert_close(found_second.iter(), expected_second.iter(), 1e-12);
        // About the anchors themselves, straight from the definition.
        let zeroth = statistics(&near, data.view(), None, 1);
        let shift = &anchors - near.means();
        for c in 0..3 {
            let expected = &zeroth.first().row(c) - &(&shift.row(c) * zeroth.zeroth()[c]);
            assert_close(&expected, found.first().row(c), 1e-11);
        }
        if let Covariances::Full(second) = &found_second {
            let Ok(Covariances::Full(before)) = zeroth.second(covariance_type) else {
                unreachable!("full statistics")
            };
            for ((c, i, j), found) in second.indexed_iter() {
                let (s0, s1) = (zeroth.zeroth()[c], zeroth.first());
                let expected =
                    before[[c, i, j]] - s1[[c, i]] * shift[[c, j]] - shift[[c, i]] * s1[[c, j]]
                        + s0 * shift[[c, i]] * shift[[c, j]];
                assert_close([found], [&expected], 1e-11);
            }
        }
    }
}

#[test]
fn float32_data_of_any_size_have_statistics_about_the_means_themselves() {
    let data = blobs(400, 2, 2, 4.0, 6);
    for scale in [1e-30, 1.0, 1e30] {
        let means = array![[0.1, 0.1], [4.1, 4.1]] * scale;
        let covariances = Covariances::Spherical(array![1.0, 1.0] * scale * scale);
        let mixture = Mixture::new(array![0.5, 0.5], means, covariances).expect("valid");
        let single = data.mapv(|x| (x * scale) as f32);
        let found = statistics(&mixture, single.view(), None, 1);
        let expected = statistics(&mixture, single.mapv(f64::from).view(), None, 1);
        let (first, second) = (found.first() / scale, found.second(CovarianceType::Diag));
        assert_close(&first, &(expected.first() / scale), 1e-4);
        let log_likelihoods = (found.log_likelihood(), expected.log_likelihood());
        assert_close([&log_likelihoods.0], [&log_likelihoods.1], 1e-4);
        let expected = expected.second(CovarianceType::Diag).expect("diagonals");
        let scaled = |second: Covariances| -> Vec<f64> {
            second.iter().map(|x| x / scale / scale).collect()
        };
        assert_close(&scaled(second.expect("diagonals")), &scaled(expected), 1e-4);
        // Only statistics about the same anchors add up.
        let both = statistics(&mixture, data.mapv(|x| x * scale).view(), None, 1).plus(&found);
        assert!(both.is_ok());
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let data = blobs(50, 2, 2, 4.0, 7);
    let mixture = mixture_of(CovarianceType::Diag, 2, 2, 5);
    let stats = statistics(&mixture, data.view(), None, 1);
    let other = statistics(
        &mixture_of(CovarianceType::Full, 2, 2, 5),
        data.view(),
        None,
        1,
    );
    assert!(stats.clone().plus(&other).is_err());
    let moved = stats.about(&(mixture.means() + 1.0)).expect("anchors");
    assert!(matches!(
        stats.clone().plus(&moved),
        Err(GmmError::Parameter {
            name: "anchors",
            ..
        })
    ));
    assert!(stats.about(&Array2::zeros((3, 2))).is_err());
    assert!(stats.second(CovarianceType::Full).is_err());
    let ridge = Regularisation::Ridge(0.0);
    assert!(maximise(&stats, CovarianceType::Tied, &ridge).is_err());
    assert!(maximise(&stats, CovarianceType::Diag, &Regularisation::Ridge(-1.0)).is_err());
    let nothing = stats.scaled(0.0);
    assert!(maximise(&nothing, CovarianceType::Diag, &ridge).is_err());
    let evaluator = Evaluator::new(&mixture).expect("positive definite");
    let threads = Threads::new(1).expect("1 thread");
    let narrow = data.slice(s![.., ..1]);
    let of = |data: ArrayView2<'_, f64>| {
        evaluator.statistics(Rows::new(data)?, RowKnowledge::default(), &threads)
    };
    assert!(matches!(of(narrow), Err(GmmError::Shape { name: "X", .. })));
    let far = &data * 1e200;
    assert!(matches!(
        of(far.view()),
        Err(GmmError::Parameter { name: "X", .. })
    ));
    let parts = SufficientStats::from_parts(
        mixture.means(),
        array![1.0, -1.0],
        Array2::zeros((2, 2)),
        &Covariances::Diag(Array2::ones((2, 2))),
        0.0,
    );
    assert!(matches!(
        parts,
        Err(GmmError::Parameter { name: "zeroth", .. })
    ));
    let spherical = SufficientStats::from_parts(
        mixture.means(),
        array![1.0, 1.0],
        Array2::zeros((2, 2)),
        &Covariances::Spherical(array![1.0, 1.0]),
        0.0,
    );
    assert!(spherical.is_err());
}
