//! Fits that are interrupted and taken up again: equal bits.

use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;

use gmm_core::{
    Acceleration, Checkpoints, CovarianceType, Fit, FitConfig, GmmError, InitialParameters,
    Progress, Regularisation, RowKnowledge, Rows, Start, StartMethod, Threads, fit,
    fit_with_checkpoints,
};
use ndarray::Array2;

use crate::common::blobs;

fn config() -> FitConfig {
    FitConfig {
        max_iter: 12,
        tol: 0.0,
        start: Start::drawn(StartMethod::RandomFromData, 3),
        seed: 5,
        regularisation: Regularisation::Ridge(1e-6),
        ..FitConfig::new(4)
    }
}

/// Fits until `n_iterations` have been made, from the last checkpoint on; what the fit gives and leaves.
fn fit_for(
    data: &Array2<f64>,
    config: &FitConfig,
    n_threads: usize,
    n_iterations: usize,
    resume: Option<&[u8]>,
) -> (Result<Fit, GmmError>, Vec<u8>) {
    let mut kept = Vec::new();
    let mut save = |bytes: &[u8]| {
        kept = bytes.to_vec();
        Continue(())
    };
    let checkpoints = Checkpoints {
        resume,
        every: Duration::from_secs(3600),
        save: &mut save,
    };
    let mut left = n_iterations;
    let observer = |progress| -> ControlFlow<()> {
        if let Progress::Iteration { .. } = progress {
            left = left.saturating_sub(1);
        }
        if left == 0 { Break(()) } else { Continue(()) }
    };
    let rows = Rows::new(data.view()).expect("finite");
    let threads = Threads::new(n_threads).expect("threads");
    let knowledge = RowKnowledge::default();
    let fitted = fit_with_checkpoints(rows, config, knowledge, &threads, observer, checkpoints);
    (fitted, kept)
}

fn whole(data: &Array2<f64>, config: &FitConfig) -> Fit {
    let rows = Rows::new(data.view()).expect("finite");
    let threads = Threads::new(2).expect("2 threads");
    fit(rows, config, RowKnowledge::default(), &threads, |_| {
        Continue(())
    })
    .expect("a fit")
}

fn assert_equal(a: &Fit, b: &Fit) {
    assert_eq!(a.mixture, b.mixture);
    assert_eq!(a.lower_bounds, b.lower_bounds);
    assert_eq!(a.log_likelihoods, b.log_likelihoods);
    assert_eq!(a.restarts, b.restarts);
}

#[test]
fn an_interrupted_fit_ends_as_if_it_had_not_been() {
    let data = blobs(3000, 2, 4, 3.0, 1);
    for (acceleration, covariance_type) in [
        (Acceleration::None, CovarianceType::Full),
        (Acceleration::Squarem, CovarianceType::Tied),
    ] {
        let config = FitConfig {
            acceleration,
            covariance_type,
            ..config()
        };
        let expected = whole(&data, &config);
        for n_threads in [1, 2] {
            let mut kept: Option<Vec<u8>> = None;
            let mut interruptions = 0;
            let found = loop {
                let (fitted, left) = fit_for(&data, &config, n_threads, 1, kept.as_deref());
                match fitted {
                    Ok(fitted) => break fitted,
                    Err(error) => assert_eq!(error, GmmError::Interrupted),
                }
                kept = Some(left);
                interruptions += 1;
                assert!(interruptions < 100);
            };
            assert!(interruptions > 0);
            assert_equal(&found, &expected);
        }
    }
}

/// Interrupts a fit after each iteration, and checks that it ends as if nothing had been.
fn check_interrupted_often(data: &Array2<f64>, config: &FitConfig, expected: &Fit) {
    let mut kept: Option<Vec<u8>> = None;
    for _ in 0..200 {
        let (fitted, left) = fit_for(data, config, 1, 1, kept.as_deref());
        if let Ok(found) = fitted {
            return assert_equal(&found, expected);
        }
        kept = Some(left);
    }
    panic!("no end");
}

#[test]
fn an_empty_component_is_taken_up() {
    // Of three groups of rows one component gets two, and one none.
    let data = Array2::from_shape_fn((90, 2), |(n, d)| {
        let spread = ((n * (17 + 12 * d)) % 31) as f64 / 31.0;
        100.0 * ((n % 3) * (1 - d)) as f64 + spread
    });
    let mut given = Array2::zeros((90, 3));
    for (n, mut row) in given.outer_iter_mut().enumerate() {
        row[usize::from(n % 3 == 2)] = 1.0;
    }
    let config = FitConfig {
        max_iter: 50,
        tol: 1e-8,
        start: Start::Responsibilities(vec![given]),
        ..FitConfig::new(3)
    };
    let expected = whole(&data, &config);
    assert!(expected.mixture.weights().iter().all(|w| *w > 0.3));
    check_interrupted_often(&data, &config, &expected);
}

#[test]
fn a_collapse_is_taken_up() {
    let mut data = blobs(400, 2, 4, 20.0, 2);
    let rows = data.rows_mut().into_iter().step_by(4);
    rows.for_each(|mut row| row.fill(-50.0));
    let config = FitConfig {
        regularisation: Regularisation::Ridge(0.0),
        ..config()
    };
    let expected = whole(&data, &config);
    assert!(!expected.collapsed.is_empty());
    check_interrupted_often(&data, &config, &expected);
}

#[test]
fn a_fit_whose_time_is_over_can_go_on() {
    let data = blobs(3000, 2, 4, 3.0, 3);
    let short = FitConfig {
        max_time: Some(Duration::ZERO),
        ..config()
    };
    let expected = whole(&data, &config());
    let (fitted, kept) = fit_for(&data, &short, 1, usize::MAX, None);
    let fitted = fitted.expect("a fit");
    assert_eq!(fitted.lower_bounds.len(), 1);
    assert!(fitted.timed_out && !expected.timed_out);
    let (fitted, _) = fit_for(&data, &config(), 1, usize::MAX, Some(&kept));
    assert_equal(&fitted.expect("a fit"), &expected);
    // Without any time each makes an iteration at least.
    let mut kept = kept;
    for _ in 0..3 * short.max_iter {
        let (fitted, left) = fit_for(&data, &short, 1, usize::MAX, Some(&kept));
        let fitted = fitted.expect("a fit");
        if !fitted.timed_out {
            return assert_equal(&fitted, &expected);
        }
        kept = left;
    }
    panic!("no end");
}

#[test]
fn more_iterations_can_be_made_when_a_fit_is_taken_up() {
    let data = blobs(3000, 2, 4, 3.0, 5);
    let short = FitConfig {
        max_iter: 3,
        ..config()
    };
    let (stopped, kept) = fit_for(&data, &short, 1, 3 * short.max_iter, None);
    assert_eq!(stopped.err(), Some(GmmError::Interrupted));
    let (fitted, _) = fit_for(&data, &config(), 1, usize::MAX, Some(&kept));
    assert_equal(&fitted.expect("a fit"), &whole(&data, &config()));
    let (fitted, _) = fit_for(
        &data,
        &FitConfig {
            max_iter: 1,
            ..short
        },
        1,
        usize::MAX,
        Some(&kept),
    );
    assert_eq!(fitted.expect("a fit").lower_bounds.len(), 3);
}

#[test]
fn checkpoints_of_other_fits_are_refused() {
    let data = blobs(300, 2, 4, 3.0, 4);
    let (stopped, kept) = fit_for(&data, &config(), 1, 1, None);
    assert_eq!(stopped.err(), Some(GmmError::Interrupted));
    let refused = |data: &Array2<f64>, config: &FitConfig, kept: &[u8]| {
        let (fitted, _) = fit_for(data, config, 1, usize::MAX, Some(kept));
        matches!(
            fitted,
            Err(GmmError::Parameter {
                name: "checkpoint",
                ..
            })
        )
    };
    assert!(refused(&(&data + 1.0), &config(), &kept));
    let started = |mean: f64| FitConfig {
        initial: InitialParameters {
            means: Some(Array2::from_elem((400, 2), mean)),
            ..InitialParameters::default()
        },
        n_components: 400,
        ..config()
    };
    let large = blobs(500, 2, 4, 3.0, 4);
    let (_, of_zeros) = fit_for(&large, &started(0.0), 1, 1, None);
    assert!(refused(&large, &started(1e-9), &of_zeros));
    assert!(!refused(&large, &started(0.0), &of_zeros));
    assert!(refused(
        &data,
        &FitConfig {
            seed: 6,
            ..config()
        },
        &kept
    ));
    assert!(refused(&data, &config(), b"something else"));
    assert!(refused(&data, &config(), &kept[..kept.len() / 2]));
    let longer = FitConfig {
        max_iter: 20,
        ..config()
    };
    assert!(!refused(&data, &longer, &kept));
}
