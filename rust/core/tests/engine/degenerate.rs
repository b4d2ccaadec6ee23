//! Data on which a careless implementation fails.

use crate::common::{blobs, covariance, fit, fit_with, labels, normal, rng, same_partition};
use gmm_core::{
    Covariances, Fit, FitConfig, Float, GmmError, Mixture, PriorConfig, Regularisation,
    RowKnowledge, Rows, Start, StartFailure, StartMethod, Threads,
};
use ndarray::{Array1, Array2, Array3, array};
use std::ops::ControlFlow;

fn assert_sound(fit: &Fit) {
    let mixture = &fit.mixture;
    assert!((mixture.weights().sum() - 1.0).abs() < 1e-12);
    assert!(
        mixture
            .means()
            .iter()
            .chain(mixture.covariances().iter())
            .all(|x| x.is_finite())
    );
    assert!(fit.lower_bounds.iter().all(|x| x.is_finite()));
}

#[test]
fn one_row_fewer_rows_than_components_and_equal_rows() {
    for data in [
        array![[1.5, -2.0]],
        array![[0.0, 1.0], [5.0, 5.0]],
        Array2::from_elem((50, 2), 3.25),
    ] {
        assert_sound(&fit(data.view(), 4, 2));
    }
}

#[test]
fn fewer_rows_than_dimensions() {
    for d in [16, 64] {
        let data = blobs(120, d, 4, 2.0, 1);
        let fitted = fit(data.view(), 4, 2);
        assert_sound(&fitted);
        let truth: Array1<i64> = (0..120).map(|i| i % 4).collect();
        assert!(same_partition(
            &truth,
            &labels(&fitted.mixture, data.view())
        ));
    }
}

#[test]
fn a_constant_feature() {
    let mut data = blobs(200, 3, 2, 6.0, 2);
    data.column_mut(1).fill(1e5);
    let fitted = fit(data.view(), 2, 1);
    assert_sound(&fitted);
    let truth: Array1<i64> = (0..200).map(|i| i % 2).collect();
    assert!(same_partition(
        &truth,
        &labels(&fitted.mixture, data.view())
    ));
}

#[test]
fn far_offset_and_other_scales() {
    let data = blobs(300, 2, 3, 8.0, 5);
    let truth: Array1<i64> = (0..300).map(|i| i % 3).collect();
    for (scale, offset) in [
        (1.0, 1e4),
        (1e6, 0.0),
        (1.0, 1e8),
        (1e-150, 0.0),
        (1e120, 0.0),
    ] {
        let moved = &data * scale + offset;
        let fitted = fit(moved.view(), 3, 1);
        assert_sound(&fitted);
        let found = labels(&fitted.mixture, moved.view());
        assert!(
            same_partition(&truth, &found),
            "scale {scale}, offset {offset}"
        );
    }
}

#[test]
fn a_far_outlier_gets_the_component_that_is_spare() {
    let clusters = blobs(300, 2, 3, 8.0, 5);
    for far in [1e3, 1e6, 1e9, 1e12] {
        let mut data = clusters.clone();
        data.row_mut(0).assign(&array![far, far / 2.0]);
        assert_sound(&fit(data.view(), 3, 1));
        let truth: Array1<i64> = (0..300).map(|i| if i == 0 { 3 } else { i % 3 }).collect();
        let found = labels(&fit(data.view(), 4, 1).mixture, data.view());
        assert!(same_partition(&truth, &found), "{far}");
    }
}

#[test]
fn f32_data_far_from_the_origin() {
    let data = blobs(300, 2, 3, 8.0, 5).mapv(|x| (x + 1e4) as f32);
    let truth: Array1<i64> = (0..300).map(|i| i % 3).collect();
    let fitted = fit(data.view(), 3, 1);
    assert!(same_partition(
        &truth,
        &labels(&fitted.mixture, data.view())
    ));
}

#[test]
fn many_dimensions_with_tiny_or_unit_spread() {
    for (d, spread) in [(200, 1e-3), (400, 1.0)] {
        let data = blobs(300, d, 3, 1.0, 4) * spread;
        let fitted = fit(data.view(), 3, 2);
        assert_sound(&fitted);
        let truth: Array1<i64> = (0..300).map(|i| i % 3).collect();
        assert!(
            same_partition(&truth, &labels(&fitted.mixture, data.view())),
            "{d}"
        );
    }
}

#[test]
fn tight_clusters_far_apart_keep_the_digits_of_their_spread() {
    let mut rng = rng(7);
    let noise = Array2::from_shape_simple_fn((200, 2), || 1e-9 * normal(&mut rng));
    let data = Array2::from_shape_fn((200, 2), |(i, j)| (i % 2) as f64 + noise[[i, j]]);
    // A prior that has no influence.
    let prior = PriorConfig {
        mean_precision: 1e-30,
        covariance: Some(Array2::eye(2) * 1e-30),
        ..PriorConfig::default()
    };
    let fitted = fit_with(data.view(), 2, 1, RowKnowledge::default(), prior);
    let first = labels(&fitted.mixture, data.view())[0];
    let k = usize::try_from(first).expect("an index");
    for (i, j) in [(0, 0), (1, 0), (1, 1)] {
        // What the data hold of the noise: they lie on the grid of numbers near 1.
        let column = |j: usize| data.slice(ndarray::s![..;2, j]).to_owned();
        let (a, b) = (column(i), column(j));
        let (a, b) = (&a - a.sum() / 100.0, &b - b.sum() / 100.0);
        let expected = (&a * &b).sum() / (4.0 + 100.0 + 4.0);
        let found = covariance(&fitted.mixture, k)[[i, j]];
        assert!(
            (found - expected).abs() < 1e-10 * 1e-18,
            "{found} {expected}"
        );
    }
}

/// The fit of `k` components from three starts.
fn fit_regularised<T: Float>(
    data: &Array2<T>,
    k: usize,
    regularisation: Regularisation,
) -> Result<Fit, GmmError> {
    let config = FitConfig {
        regularisation,
        start: Start::drawn(StartMethod::KMeans, 3),
        ..FitConfig::new(k)
    };
    let go_on = |_| ControlFlow::Continue(());
    let threads = Threads::new(2).expect("2 threads");
    let rows = Rows::new(data.view()).expect("finite");
    gmm_core::fit(rows, &config, RowKnowledge::default(), &threads, go_on)
}

#[test]
fn without_a_prior_components_that_collapse_are_named_and_kept_wide() {
    let mut data = blobs(200, 2, 2, 20.0, 2);
    for i in (0..200).step_by(2) {
        data.row_mut(i).fill(-50.0);
    }
    let fitted = fit_regularised(&data, 2, Regularisation::Ridge(0.0)).expect("a fit");
    assert_sound(&fitted);
    let k = fitted.collapsed[0];
    assert_eq!(fitted.collapsed, [k]);
    assert!(fitted.mixture.means().row(k).iter().all(|x| *x == -50.0));
    for (number, start) in fitted.restarts.iter().enumerate() {
        let Some(StartFailure::Collapsed(collapses)) = &start.failure else {
            panic!("start {number} did not collapse");
        };
        assert_eq!(collapses.len(), 1);
    }
    let ridge = fit_regularised(&data, 2, Regularisation::RelativeRidge(1e-6)).expect("a fit");
    assert_sound(&ridge);
    assert!(ridge.collapsed.is_empty() && ridge.restarts.iter().all(|s| s.failure.is_none()));
}

#[test]
fn f32_data_whose_squares_it_cannot_hold() {
    let data = blobs(300, 2, 3, 8.0, 5);
    let truth: Array1<i64> = (0..300).map(|i| i % 3).collect();
    for scale in [1e-30, 1e-20, 1e20, 1e30] {
        let scaled = data.mapv(|x| (x * scale) as f32);
        let fitted = fit_regularised(&scaled, 3, Regularisation::RelativeRidge(1e-6));
        let found = labels(&fitted.expect("a fit").mixture, scaled.view());
        assert!(same_partition(&truth, &found), "{scale}");
    }
}

#[test]
fn collinear_features() {
    let mut rng = rng(6);
    let mut data = Array2::from_shape_simple_fn((200, 3), || normal(&mut rng));
    let first = data.column(0).to_owned();
    data.column_mut(2).assign(&(&first * 2.0));
    assert_sound(&fit(data.view(), 2, 1));
}

#[test]
fn bad_data_and_parameters_are_errors_that_say_what_was_wrong() {
    let mut data = blobs(10, 2, 2, 1.0, 5);
    data[[7, 1]] = f64::NAN;
    let error = Rows::new(data.view()).expect_err("NaN");
    assert!(matches!(
        error,
        GmmError::NonFinite {
            row: 7,
            column: 1,
            ..
        }
    ));
    data[[7, 1]] = f64::INFINITY;
    assert!(Rows::new(data.t()).is_err());
    let empty = Array2::<f64>::zeros((0, 2));
    assert!(matches!(
        Rows::new(empty.view()),
        Err(GmmError::EmptyData { .. })
    ));

    let good = blobs(10, 2, 2, 1.0, 5);
    let threads = Threads::new(1).expect("1 thread");
    let result = |config: &FitConfig| {
        let rows = Rows::new(good.view()).expect("finite");
        let go_on = |_| ControlFlow::Continue(());
        gmm_core::fit(rows, config, RowKnowledge::default(), &threads, go_on).map(|_| ())
    };
    assert!(result(&FitConfig::new(2)).is_ok());
    let changes: [fn(&mut FitConfig); 8] = [
        |config| config.n_components = 0,
        |config| config.tol = f64::NAN,
        |config| config.tol = -1.0,
        |config| config.start = Start::drawn(StartMethod::KMeans, 0),
        |config| config.initial = crate::common::random_mixture(3, 2, 0).into(),
        |config| config.regularisation = Regularisation::Ridge(-1.0),
        |config| config.regularisation = Regularisation::RelativeRidge(f64::INFINITY),
        |config| config.regularisation = Regularisation::Ridges(array![1.0, 1.0, 1.0]),
    ];
    for change in changes {
        let mut config = FitConfig::new(2);
        change(&mut config);
        assert!(result(&config).is_err(), "{config:?}");
    }

    for prior in [
        PriorConfig {
            mean_precision: 0.0,
            ..PriorConfig::default()
        },
        PriorConfig {
            weight_concentration: Some(-1.0),
            ..PriorConfig::default()
        },
        PriorConfig {
            degrees_of_freedom: Some(1.0),
            ..PriorConfig::default()
        },
        PriorConfig {
            mean: Some(array![1.0]),
            ..PriorConfig::default()
        },
        PriorConfig {
            mean: Some(array![1.0, f64::NAN]),
            ..PriorConfig::default()
        },
        PriorConfig {
            covariance: Some(array![[1.0, 0.0], [2.0, 1.0]]),
            ..PriorConfig::default()
        },
        PriorConfig {
            covariance: Some(Array2::eye(3)),
            ..PriorConfig::default()
        },
    ] {
        let config = FitConfig {
            regularisation: Regularisation::Prior(prior),
            ..FitConfig::new(2)
        };
        assert!(result(&config).is_err(), "{config:?}");
    }
}

#[test]
fn bad_mixtures_are_errors() {
    let mixture = |weights: Array1<f64>, means: Array2<f64>, covariances: Array3<f64>| {
        Mixture::new(weights, means, Covariances::Full(covariances))
    };
    let unit = || Array3::from_elem((1, 1, 1), 1.0);
    assert!(mixture(array![1.0], array![[0.0]], unit()).is_ok());
    assert!(mixture(array![0.9], array![[0.0]], unit()).is_err());
    assert!(
        mixture(
            array![2.0, -1.0],
            array![[0.0], [1.0]],
            Array3::ones((2, 1, 1))
        )
        .is_err()
    );
    assert!(mixture(array![1.0], array![[f64::NAN]], unit()).is_err());
    assert!(mixture(array![1.0], array![[0.0, 1.0]], unit()).is_err());
    let flat = mixture(array![1.0], array![[0.0]], Array3::zeros((1, 1, 1))).expect("shapes fit");
    let error = gmm_core::Evaluator::new(&flat).expect_err("not positive definite");
    assert!(matches!(
        error,
        GmmError::DegenerateCovariance {
            component: 0,
            pivot: 0,
            ..
        }
    ));
}
