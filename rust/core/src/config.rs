//! What a fit is told before it starts, and what it tells while it runs.

use ndarray::ArrayView2;

use crate::data::LogPrior;
use crate::error::{GmmError, check_parameter};
use crate::prior::PriorConfig;

/// What to fit, and when to stop.
#[derive(Debug, Clone)]
pub struct FitConfig {
    pub(crate) n_components: usize,
    pub(crate) max_iter: usize,
    pub(crate) tol: f64,
    pub(crate) n_init: usize,
    pub(crate) seed: u64,
    pub(crate) prior: PriorConfig,
}

impl FitConfig {
    /// A fit of `n_components` components from `n_init` k-means starts of at most `max_iter` iterations
    /// each. A start ends when the mean lower bound of a row changes by less than `tol` nats;
    /// with 0, only after `max_iter` iterations. Equal seeds give equal bits.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for counts of 0 and for a tolerance that is negative or NaN.
    pub fn new(
        n_components: usize,
        max_iter: usize,
        tol: f64,
        n_init: usize,
        seed: u64,
        prior: PriorConfig,
    ) -> Result<Self, GmmError> {
        let counts = [
            ("n_components", n_components),
            ("max_iter", max_iter),
            ("n_init", n_init),
        ];
        for (name, count) in counts {
            check_parameter(count > 0, name, count, "at least 1")?;
        }
        check_parameter(tol >= 0.0, "tol", tol, "at least 0")?;
        Ok(Self {
            n_components,
            max_iter,
            tol,
            n_init,
            seed,
            prior,
        })
    }
}

/// What is known of the rows beside their features.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowKnowledge<'a> {
    /// Class probabilities of each row, which multiply the weights in every E-step.
    pub log_prior: Option<LogPrior<'a>>,
    /// Probabilities of the components for each row, shape (N, K): the names of the starting
    /// clusters are chosen to agree with them best. They have no other influence.
    pub align_to: Option<ArrayView2<'a, f64>>,
}

impl RowKnowledge<'_> {
    /// The same knowledge, borrowed for a shorter time.
    pub(crate) fn reborrow(&self) -> RowKnowledge<'_> {
        RowKnowledge {
            log_prior: self.log_prior.as_ref().map(LogPrior::reborrow),
            align_to: self.align_to.map(|view| view.reborrow()),
        }
    }
}

/// One iteration, as told to the observer of a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Which start, from 0.
    pub start: usize,
    /// Which iteration of it, from 1.
    pub iteration: usize,
    /// Lower bound after the iteration, mean of the rows, in nats.
    pub lower_bound: f64,
}
