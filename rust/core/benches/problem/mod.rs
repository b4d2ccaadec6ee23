//! The problems that are measured, and the calls of the engine that measure them.

use std::ops::ControlFlow;

use gmm_core::{
    Evaluator, Fit, FitConfig, Float, Mixture, PriorConfig, RowKnowledge, Rows, Threads, fit,
};
use ndarray::{Array1, Array2};
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
}

/// Rows of either type, and one thread.
pub(crate) struct Problem<T> {
    pub(crate) shape: Shape,
    rows: Array2<T>,
    threads: Threads,
}

impl<T: Float + From<f32>> Problem<T> {
    /// The same rows every time, rounded to `f32` for both types.
    pub(crate) fn new(shape: Shape) -> Self {
        let Shape { n, d, k } = shape;
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
        let threads = Threads::new(1).expect("one thread can be had");
        Self {
            shape,
            rows,
            threads,
        }
    }

    /// A fit of so many iterations from one k-means start; `observe` is called after each.
    pub(crate) fn fit(&self, iterations: usize, mut observe: impl FnMut()) -> Fit {
        let prior = PriorConfig::default();
        let config = FitConfig::new(self.shape.k, iterations, 0.0, 1, 0, prior).expect("valid");
        let observer = |_| {
            observe();
            ControlFlow::Continue(())
        };
        let knowledge = RowKnowledge::default();
        fit(self.rows(), &config, knowledge, &self.threads, observer).expect("a fit")
    }

    /// The mixture that the passes over the rows are measured with, ready for them.
    pub(crate) fn evaluator(&self) -> Evaluator {
        let mixture: Mixture = self.fit(3, || ()).mixture;
        Evaluator::new(&mixture).expect("positive definite covariances")
    }

    /// Responsibilities of all rows.
    pub(crate) fn predict_proba(&self, evaluator: &Evaluator, out: &mut Array2<f64>) {
        evaluator
            .predict_proba(self.rows(), None, &self.threads, out.view_mut())
            .expect("`out` fits");
    }

    /// Log-likelihoods of all rows.
    pub(crate) fn score_samples(&self, evaluator: &Evaluator, out: &mut Array1<f64>) {
        evaluator
            .score_samples(self.rows(), None, &self.threads, out.view_mut())
            .expect("`out` fits");
    }

    fn rows(&self) -> Rows<'_, T> {
        Rows::new(self.rows.view()).expect("finite rows")
    }
}
