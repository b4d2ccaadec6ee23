//! The problems that are measured, and the calls of the engine that measure them.

use std::ops::ControlFlow;

use gmm_core::CovarianceType::{Diag, Full, Spherical, Tied};
use gmm_core::{
    CovarianceType, Covariances, Evaluator, Fit, FitConfig, Float, Mixture, Progress,
    Regularisation, RowKnowledge, Rows, Threads, fit,
};
use ndarray::{Array1, Array2, Array3};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Distance between the means of two components, in standard deviations: they overlap moderately.
const SEPARATION: f64 = 4.0;

/// N rows of D features and K components.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) d: usize,
    pub(crate) k: usize,
    pub(crate) covariance_type: CovarianceType,
}

/// Rows of either type, a mixture near the one that they are from, and one thread.
pub(crate) struct Problem<T> {
    shape: Shape,
    rows: Array2<T>,
    mixture: Mixture,
    threads: Threads,
}

impl Shape {
    /// A shape with full covariances.
    pub(crate) const fn full(n: usize, d: usize, k: usize) -> Self {
        let covariance_type = Full;
        Self {
            n,
            d,
            k,
            covariance_type,
        }
    }

    /// The same with covariances of another type.
    pub(crate) const fn with(self, covariance_type: CovarianceType) -> Self {
        Self {
            covariance_type,
            ..self
        }
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { n, d, k, .. } = self;
        write!(f, "{n} x {d}, K={k}, {}", self.covariance_type.name())
    }
}

impl<T: Float + From<f32>> Problem<T> {
    /// The same rows every time, rounded to `f32` for both types.
    pub(crate) fn new(shape: Shape) -> Self {
        let Shape { n, d, k, .. } = shape;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut centred = |deviation: f64| {
            // The standard deviation of a uniform variable is its width / √12.
            deviation * 12_f64.sqrt() * (random.random::<f64>() - 0.5)
        };
        let spread = SEPARATION / (2.0 * d as f64).sqrt();
        let centres = Array2::from_shape_simple_fn((k, d), || centred(spread));
        let rows = Array2::from_shape_fn((n, d), |(i, j)| {
            T::from((centres[[i % k, j]] + centred(1.0)) as f32)
        });
        let means = centres.mapv(|centre| centre + centred(0.25));
        Self {
            shape,
            rows,
            mixture: Mixture::new(Array1::from_elem(k, 1.0 / k as f64), means, units(shape))
                .expect("valid parameters"),
            threads: Threads::new(1).expect("one thread can be had"),
        }
    }

    /// So many iterations from the mixture, of the likelihood alone: under a prior, components that have few rows
    /// could empty and be moved.
    pub(crate) fn iterations(&self, max_iter: usize) -> FitConfig {
        FitConfig {
            covariance_type: self.shape.covariance_type,
            max_iter,
            tol: 0.0,
            initial: self.mixture.clone().into(),
            regularisation: Regularisation::Ridge(0.0),
            ..FitConfig::new(self.shape.k)
        }
    }

    /// A fit; `observe` is called after each iteration.
    pub(crate) fn fit(&self, config: &FitConfig, mut observe: impl FnMut()) -> Fit {
        let observer = |progress| {
            if matches!(progress, Progress::Iteration { .. }) {
                observe();
            }
            ControlFlow::Continue(())
        };
        let knowledge = RowKnowledge::default();
        fit(self.rows(), config, knowledge, &self.threads, observer).expect("a fit")
    }

    /// The mixture, ready for the passes over the rows.
    pub(crate) fn evaluator(&self) -> Evaluator {
        Evaluator::new(&self.mixture).expect("positive definite covariances")
    }

    /// Responsibilities of all rows.
    pub(crate) fn predict_proba(&self, evaluator: &Evaluator, out: &mut Array2<f64>) {
        evaluator
            .predict_proba(self.rows(), None, &self.threads, out.view_mut())
            .expect("`out` fits");
    }

    fn rows(&self) -> Rows<'_, T> {
        Rows::new(self.rows.view()).expect("finite rows")
    }
}

/// Unit covariances.
fn units(shape: Shape) -> Covariances {
    let Shape { d, k, .. } = shape;
    match shape.covariance_type {
        Full => Covariances::Full(Array3::from_shape_fn((k, d, d), |(_, i, j)| {
            f64::from(i == j)
        })),
        Tied => Covariances::Tied(Array2::eye(d)),
        Diag => Covariances::Diag(Array2::ones((k, d))),
        Spherical => Covariances::Spherical(Array1::ones(k)),
    }
}
