//! k-means starts that fits of several types of covariances share.

use std::ops::ControlFlow;

use crate::common::{blobs, rng};
use gmm_core::{
    CovarianceType, Fit, FitConfig, Float, GmmError, LogPrior, RowKnowledge, Rows, Start,
    StartMethod, Threads, draw_partitions,
};
use ndarray::{Array1, Array2, ArrayView2};
use rand::RngExt;

const TYPES: [CovarianceType; 4] = [
    CovarianceType::Full,
    CovarianceType::Tied,
    CovarianceType::Diag,
    CovarianceType::Spherical,
];

fn config(n_init: usize) -> FitConfig {
    FitConfig {
        max_iter: 3,
        start: Start::drawn(StartMethod::KMeans, n_init),
        seed: 5,
        ..FitConfig::new(3)
    }
}

fn fit<T: Float>(
    data: ArrayView2<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
) -> Result<Fit, GmmError> {
    let threads = Threads::new(2)?;
    let go_on = |_| ControlFlow::Continue(());
    gmm_core::fit(Rows::new(data)?, config, knowledge, &threads, go_on)
}

fn draw<T: Float>(
    data: ArrayView2<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: usize,
) -> Result<Vec<Array2<u32>>, GmmError> {
    let threads = Threads::new(threads)?;
    let go_on = |_| ControlFlow::Continue(());
    draw_partitions(Rows::new(data)?, config, knowledge, &threads, go_on)
}

/// Fits from drawn partitions have the bits of fits that draw them.
fn check_that_sharing_changes_nothing<T: Float>(
    data: ArrayView2<'_, T>,
    knowledge: RowKnowledge<'_>,
) {
    let drawn = draw(data, &config(5), knowledge, 1).expect("partitions");
    assert_eq!(drawn.len(), 5);
    assert_eq!(
        draw(data, &config(5), knowledge, 3).expect("partitions"),
        drawn
    );
    for covariance_type in TYPES {
        let alone = FitConfig {
            covariance_type,
            ..config(5)
        };
        let shared = FitConfig {
            start: Start::Partitions(drawn.clone()),
            ..alone.clone()
        };
        let expected = fit(data, &alone, knowledge).expect("a fit");
        let found = fit(data, &shared, knowledge).expect("a fit");
        assert_eq!(found.mixture, expected.mixture, "{covariance_type:?}");
        assert_eq!(found.restarts, expected.restarts, "{covariance_type:?}");
    }
}

#[test]
fn fits_from_shared_partitions_have_the_bits_of_fits_alone() {
    let few = blobs(300, 3, 3, 1.5, 4);
    check_that_sharing_changes_nothing(few.view(), RowKnowledge::default());
    // A sample stands for so many.
    let many = blobs(40_000, 2, 3, 1.0, 4).mapv(|x| x as f32);
    check_that_sharing_changes_nothing(many.view(), RowKnowledge::default());
    let single_feature = blobs(200, 1, 3, 3.0, 4);
    check_that_sharing_changes_nothing(single_feature.view(), RowKnowledge::default());
}

#[test]
fn so_they_do_with_weights_and_class_priors_and_in_extreme_units() {
    let mut rng = rng(9);
    let data = blobs(300, 2, 3, 2.0, 4);
    let weights = Array1::from_shape_simple_fn(300, || rng.random::<f64>());
    let log_prior = Array2::from_shape_fn((300, 3), |(n, k)| match n < 20 && k != n % 3 {
        true => f64::NEG_INFINITY,
        false => -rng.random::<f64>(),
    });
    let reference = Array2::from_shape_fn((300, 3), |(n, k)| f64::from(u8::from(n % 3 == k)));
    for align_to in [None, Some(reference.view())] {
        let knowledge = RowKnowledge {
            log_prior: Some(LogPrior::new(log_prior.view(), 300, 3).expect("valid")),
            sample_weight: Some(weights.view()),
            align_to,
        };
        check_that_sharing_changes_nothing(data.view(), knowledge);
    }
    for unit in [1e-140, 1e120] {
        let extreme = data.mapv(|x| unit * x);
        check_that_sharing_changes_nothing(extreme.view(), RowKnowledge::default());
    }
}

#[test]
fn the_first_start_has_several_partitions_to_choose_from() {
    let data = blobs(300, 3, 3, 1.5, 4);
    let drawn = draw(data.view(), &config(4), RowKnowledge::default(), 1).expect("partitions");
    let shapes: Vec<&[usize]> = drawn.iter().map(|array| array.shape()).collect();
    assert_eq!(shapes, [[3, 300], [1, 300], [1, 300], [1, 300]]);
    assert!(drawn.iter().flatten().all(|&k| k < 3));
}

#[test]
fn what_is_no_partition_is_an_error() {
    let data = blobs(30, 2, 3, 1.0, 7);
    let with = |arrays: Vec<Array2<u32>>| {
        let config = FitConfig {
            start: Start::Partitions(arrays),
            ..config(1)
        };
        fit(data.view(), &config, RowKnowledge::default())
            .map(|_| ())
            .expect_err("no partition")
            .to_string()
    };
    assert!(with(vec![]).contains("an empty list"));
    assert!(with(vec![Array2::zeros((1, 29))]).contains("29"));
    assert!(with(vec![Array2::zeros((0, 30))]).contains("init"));
    assert!(with(vec![Array2::zeros((1, 30)), Array2::from_elem((1, 30), 3)]).contains("label 3"));
    let other_start = FitConfig {
        start: Start::drawn(StartMethod::Random, 1),
        ..config(1)
    };
    let refused = draw(data.view(), &other_start, RowKnowledge::default(), 1);
    assert!(
        refused
            .expect_err("no k-means")
            .to_string()
            .contains("k-means")
    );
}
