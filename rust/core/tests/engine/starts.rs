//! Every kind of start.

use std::ops::ControlFlow;

use crate::common::{blobs, labels, normal, rng, same_partition};
use gmm_core::{
    Fit, FitConfig, GmmError, InitialParameters, LogPrior, Regularisation, RowKnowledge, Rows,
    Start, StartFailure, StartMethod, Threads,
};
use ndarray::{Array1, Array2, ArrayView2, array};

const METHODS: [StartMethod; 5] = [
    StartMethod::KMeans,
    StartMethod::KMeansPlusPlus,
    StartMethod::Random,
    StartMethod::RandomFromData,
    StartMethod::ShortEm,
];

fn fit(
    data: ArrayView2<'_, f64>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: usize,
) -> Result<Fit, GmmError> {
    let threads = Threads::new(threads).expect("threads");
    let go_on = |_| ControlFlow::Continue(());
    gmm_core::fit(Rows::new(data)?, config, knowledge, &threads, go_on)
}

#[test]
fn every_method_has_the_same_bits_for_1_to_5_threads_also_of_a_sample() {
    let data = blobs(70_000, 2, 3, 1.0, 4);
    for method in METHODS {
        let config = FitConfig {
            max_iter: 2,
            start: Start::drawn(method, 2),
            ..FitConfig::new(3)
        };
        let mixture = |threads| {
            let fitted = fit(data.view(), &config, RowKnowledge::default(), threads);
            fitted.expect("a fit").mixture
        };
        let single = mixture(1);
        for threads in 2..=5 {
            assert_eq!(mixture(threads), single, "{method:?}");
        }
    }
}

#[test]
fn clusters_elongated_in_a_common_direction_are_found_from_one_start() {
    let mut rng = rng(2);
    let truth = Array1::from_shape_fn(600, |n| (n % 3) as i64);
    // The direction that separates holds a thousandth of the variance of the two features.
    let data = Array2::from_shape_fn((600, 1), |(n, _)| (5 * (n % 3)) as f64);
    let data = ndarray::concatenate![
        ndarray::Axis(1),
        data.mapv(|x| x + normal(&mut rng)),
        Array2::from_shape_simple_fn((600, 1), || 150.0 * normal(&mut rng))
    ]
    .dot(&array![[0.8, 0.6], [-0.6, 0.8]]);
    for seed in 0..5 {
        let config = FitConfig {
            seed,
            regularisation: Regularisation::Ridge(0.0),
            ..FitConfig::new(3)
        };
        let fitted = fit(data.view(), &config, RowKnowledge::default(), 1).expect("a fit");
        let found = labels(&fitted.mixture, data.view());
        let agree = (0..3).map(|k| {
            let of_group = |n: &usize| truth[*n] == k;
            let mut counts = [0; 3];
            (0..600)
                .filter(of_group)
                .for_each(|n| counts[found[n] as usize] += 1);
            counts.into_iter().max().expect("three counts")
        });
        assert!(agree.sum::<usize>() > 580);
    }
}

#[test]
fn rows_whose_prior_leaves_one_component_number_the_clusters() {
    let data = blobs(300, 2, 3, 20.0, 5);
    for names in [[0, 1, 2], [1, 2, 0], [2, 1, 0]] {
        let log_prior = Array2::from_shape_fn((300, 3), |(n, k)| {
            let ruled_out = n < 30 && k != names[n % 3];
            if ruled_out { f64::NEG_INFINITY } else { 0.0 }
        });
        let knowledge = || RowKnowledge {
            log_prior: Some(LogPrior::new(log_prior.view(), 300, 3).expect("valid")),
            ..RowKnowledge::default()
        };
        for method in METHODS {
            let config = FitConfig {
                max_iter: 300,
                start: Start::drawn(method, 3),
                ..FitConfig::new(3)
            };
            let fitted = fit(data.view(), &config, knowledge(), 1).expect("a fit");
            let found = labels(&fitted.mixture, data.view());
            let expected = Array1::from_shape_fn(300, |n| names[n % 3] as i64);
            assert_eq!(found, expected, "{method:?}");
        }
    }
}

#[test]
fn responsibilities_and_given_means_are_where_em_starts() {
    let data = blobs(300, 2, 3, 20.0, 6);
    let truth = Array1::from_shape_fn(300, |n| (n % 3) as i64);
    let given = Array2::from_shape_fn((300, 3), |(n, k)| f64::from(u8::from(n % 3 == k)));
    let config = FitConfig {
        start: Start::Responsibilities(vec![given]),
        ..FitConfig::new(3)
    };
    let fitted = fit(data.view(), &config, RowKnowledge::default(), 1).expect("a fit");
    assert_eq!(labels(&fitted.mixture, data.view()), truth);
    let means = data.select(ndarray::Axis(0), &[2, 0, 1]);
    let config = FitConfig {
        initial: InitialParameters {
            means: Some(means),
            ..InitialParameters::default()
        },
        ..FitConfig::new(3)
    };
    let fitted = fit(data.view(), &config, RowKnowledge::default(), 1).expect("a fit");
    let found = labels(&fitted.mixture, data.view());
    assert!(same_partition(&found, &truth));
    assert_eq!(found.slice(ndarray::s![..3]), array![1, 2, 0]);
}

#[test]
fn bad_starts_are_errors() {
    let data = blobs(20, 2, 2, 1.0, 7);
    let with = |start: Start, initial: InitialParameters| {
        let config = FitConfig {
            start,
            initial,
            ..FitConfig::new(2)
        };
        fit(data.view(), &config, RowKnowledge::default(), 1)
            .map(|_| ())
            .expect_err("a bad start")
            .to_string()
    };
    let none = InitialParameters::default;
    let drawn = || Start::drawn(StartMethod::KMeans, 1);
    assert!(with(Start::Responsibilities(vec![]), none()).contains("init"));
    let wrong = Array2::zeros((20, 2));
    assert!(with(Start::Responsibilities(vec![wrong]), none()).contains("row 0 of start 0"));
    let means = InitialParameters {
        means: Some(Array2::zeros((2, 3))),
        ..none()
    };
    assert!(with(drawn(), means).contains("means_init"));
    assert!("k-medians".parse::<StartMethod>().is_err());
}

#[test]
fn after_halving_two_starts_are_left() {
    let mut rng = rng(3);
    let data = Array2::from_shape_simple_fn((300, 3), || normal(&mut rng));
    let config = FitConfig {
        start: Start::drawn(StartMethod::KMeans, 7),
        halving: true,
        ..FitConfig::new(6)
    };
    let fitted =
        |threads| fit(data.view(), &config, RowKnowledge::default(), threads).expect("a fit");
    let single = fitted(1);
    // Of 7 starts 4 go on after 5 iterations, of these 2 after 10.
    let ended_after = |n_iter| {
        let ended = single
            .restarts
            .iter()
            .filter(|start| start.n_iter == n_iter && start.failure == Some(StartFailure::Behind));
        ended.count()
    };
    assert_eq!((ended_after(5), ended_after(10)), (3, 2));
    let finished = single.restarts.iter().filter(|s| s.failure.is_none());
    let bounds: Vec<f64> = finished.map(|start| start.lower_bound).collect();
    assert_eq!(bounds.len(), 2);
    assert_eq!(single.lower_bound, bounds[0].max(bounds[1]));
    for threads in 2..=3 {
        let other = fitted(threads);
        assert_eq!(other.mixture, single.mixture);
        assert_eq!(other.restarts, single.restarts);
    }
}
