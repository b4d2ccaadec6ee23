//! What theory says of a fit: it improves monotonically and follows changes of units, origin and names.

use crate::common::{blobs, fit, fit_with, labels, same_partition};
use gmm_core::{
    Evaluator, FitConfig, GmmError, LogPrior, PriorConfig, Progress, RowKnowledge, Rows, Start,
    StartMethod, Threads, assign,
};
use ndarray::{Array1, Array2};
use std::ops::ControlFlow;

#[test]
fn the_lower_bound_never_falls() {
    for seed in 0..20 {
        let (d, k) = (1 + seed as usize % 6, 2 + seed as usize % 5);
        let data = blobs(300, d, k, 0.7, seed);
        let bounds = fit(data.view(), k + 1, 1).lower_bounds;
        assert!(
            bounds.windows(2).all(|w| w[1] >= w[0] - 1e-12 * w[0].abs()),
            "{bounds:?}"
        );
    }
}

#[test]
fn the_log_likelihood_is_the_one_of_the_returned_model() {
    let data = blobs(1_000, 3, 4, 1.0, 1);
    let fitted = fit(data.view(), 4, 2);
    let mut norms = Array1::zeros(1_000);
    let rows = Rows::new(data.view()).expect("finite");
    Evaluator::new(&fitted.mixture)
        .and_then(|e| e.score_samples(rows, None, &Threads::new(1)?, norms.view_mut()))
        .expect("norms");
    let last = fitted.log_likelihoods[fitted.log_likelihoods.len() - 1];
    assert!((norms.sum() - last).abs() < 1e-9 * last.abs());
}

#[test]
fn other_units_and_origins_give_the_same_clusters() {
    let data = blobs(600, 3, 4, 1.0, 2);
    let expected = labels(&fit(data.view(), 4, 1).mixture, data.view());
    for (factors, offset) in [
        ([1e6, 1e6, 1e6], 0.0),
        ([1e-9, 1.0, 1e9], 0.0),
        ([1.0, 1.0, 1.0], 1e7),
        ([1e-100, 1e100, 1.0], 0.0),
    ] {
        let scaled = &data * &Array1::from(factors.to_vec()) + offset;
        let found = labels(&fit(scaled.view(), 4, 1).mixture, scaled.view());
        assert!(same_partition(&expected, &found), "{factors:?} {offset}");
    }
}

#[test]
fn clusters_far_apart_are_found() {
    let data = blobs(500, 4, 5, 8.0, 3);
    let truth: Array1<i64> = (0..500).map(|i| i % 5).collect();
    let found = labels(&fit(data.view(), 5, 2).mixture, data.view());
    assert!(same_partition(&truth, &found));
}

#[test]
fn a_uniform_log_prior_changes_nothing() {
    let data = blobs(400, 2, 3, 1.0, 4);
    let without = fit(data.view(), 3, 1);
    let uniform = Array2::from_elem((400, 3), 0.0);
    let knowledge = RowKnowledge {
        log_prior: Some(LogPrior::new(uniform.view(), 400, 3).expect("valid")),
        ..RowKnowledge::default()
    };
    let with = fit_with(data.view(), 3, 1, knowledge, PriorConfig::default());
    assert_eq!(with.mixture, without.mixture);
}

#[test]
fn components_take_the_names_of_the_reference() {
    let data = blobs(300, 2, 3, 8.0, 5);
    for shift in 0..3 {
        // Row i belongs to component (i + shift) mod 3, says a reference that is right in 7 of 10 rows.
        let reference = Array2::from_shape_fn((300, 3), |(i, k)| {
            let wrong = usize::from(i % 10 > 6);
            f64::from(u8::from((i + shift + wrong) % 3 == k))
        });
        let knowledge = RowKnowledge {
            align_to: Some(reference.view()),
            ..RowKnowledge::default()
        };
        let fitted = fit_with(data.view(), 3, 1, knowledge, PriorConfig::default());
        let expected: Array1<i64> = (0..300).map(|i| ((i + shift) % 3) as i64).collect();
        assert_eq!(labels(&fitted.mixture, data.view()), expected);
    }
}

#[test]
fn a_one_hot_log_prior_fixes_the_labels() {
    // One blob, cut in two by the labels alone.
    let data = blobs(200, 2, 1, 0.0, 6);
    let one_hot = Array2::from_shape_fn((200, 2), |(i, k)| {
        if usize::from(data[[i, 0]] > 0.3) == k {
            0.0
        } else {
            f64::NEG_INFINITY
        }
    });
    let reference = one_hot.mapv(f64::exp);
    let knowledge = RowKnowledge {
        log_prior: Some(LogPrior::new(one_hot.view(), 200, 2).expect("valid")),
        align_to: Some(reference.view()),
        ..RowKnowledge::default()
    };
    let fitted = fit_with(data.view(), 2, 1, knowledge, PriorConfig::default());
    for k in 0..2 {
        let count = reference.column(k).sum();
        let weight = (count + 0.5) / 201.0;
        assert!((fitted.mixture.weights()[k] - weight).abs() < 1e-12);
    }
}

#[test]
fn more_starts_are_never_worse() {
    let data = blobs(300, 2, 1, 0.0, 8);
    let rows = || Rows::new(data.view()).expect("finite");
    let threads = Threads::new(1).expect("1 thread");
    let bound = |n_init| {
        let config = FitConfig {
            max_iter: 50,
            start: Start::drawn(StartMethod::KMeans, n_init),
            seed: 3,
            ..FitConfig::new(8)
        };
        let go_on = |_| ControlFlow::Continue(());
        let fitted = gmm_core::fit(rows(), &config, RowKnowledge::default(), &threads, go_on);
        fitted.expect("a fit").lower_bounds.last().copied()
    };
    let bounds = [1, 2, 4, 8].map(bound);
    assert!(bounds.windows(2).all(|w| w[1] >= w[0]));
    assert!(bounds[3] > bounds[0]);
}

#[test]
fn the_observer_sees_every_iteration_and_can_stop() {
    let data = blobs(300, 2, 3, 0.5, 9);
    let rows = || Rows::new(data.view()).expect("finite");
    let threads = Threads::new(1).expect("1 thread");
    let config = FitConfig {
        max_iter: 5,
        tol: 0.0,
        start: Start::drawn(StartMethod::KMeans, 2),
        ..FitConfig::new(3)
    };
    let mut seen = Vec::new();
    let watch = |progress| {
        if let Progress::Iteration {
            start, iteration, ..
        } = progress
        {
            seen.push((start, iteration));
        }
        ControlFlow::Continue(())
    };
    gmm_core::fit(rows(), &config, RowKnowledge::default(), &threads, watch).expect("a fit");
    let expected: Vec<_> = (0..2).flat_map(|s| (1..=5).map(move |i| (s, i))).collect();
    assert_eq!(seen, expected);

    let stop = |_| ControlFlow::Break(());
    let stopped = gmm_core::fit(rows(), &config, RowKnowledge::default(), &threads, stop);
    assert_eq!(stopped.err(), Some(GmmError::Interrupted));
}

#[test]
fn assignment_is_optimal() {
    let mut rng = crate::common::rng(5);
    for (rows, columns) in [(1, 1), (3, 3), (4, 2), (2, 5)] {
        let score =
            Array2::from_shape_simple_fn((rows, columns), || crate::common::normal(&mut rng));
        let pairs = assign(score.view()).expect("finite");
        let found: f64 = pairs.iter().map(|&p| score[p]).sum();
        assert_eq!(pairs.len(), rows.min(columns));
        assert!((found - best_by_trial(&score, 0, &mut vec![false; columns])).abs() < 1e-12);
    }
}

/// The best assignment of the rows from `row` on, by trying all.
fn best_by_trial(score: &Array2<f64>, row: usize, taken: &mut Vec<bool>) -> f64 {
    let (rows, columns) = score.dim();
    if row == rows {
        return 0.0;
    }
    let free = taken.iter().filter(|t| !**t).count();
    // A row may go without a column only where columns are fewer than rows.
    let mut best = if rows - row > free {
        best_by_trial(score, row + 1, taken)
    } else {
        f64::NEG_INFINITY
    };
    for column in 0..columns {
        if !taken[column] {
            taken[column] = true;
            best = best.max(score[[row, column]] + best_by_trial(score, row + 1, taken));
            taken[column] = false;
        }
    }
    best
}
