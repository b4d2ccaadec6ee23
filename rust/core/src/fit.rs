//! Fitting: the starts of EM, and the best of what they lead to.

use std::ops::ControlFlow;

use crate::config::{FitConfig, Progress, RowKnowledge};
use crate::data::Rows;
use crate::em::Em;
use crate::error::GmmError;
use crate::float::Float;
use crate::init::starts::Starts;
use crate::mixture::Mixture;
use crate::parallel::Threads;
use crate::spread::Spread;
use crate::weights::RowWeights;

/// A fitted mixture and how it was reached.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The model.
    pub mixture: Mixture,
    /// Σ_n log p(x_n) after each iteration, in nats.
    pub log_likelihoods: Vec<f64>,
    /// Log-likelihood plus log-density of the prior (up to a constant) after each iteration, divided
    /// by the number of rows, in nats. It never falls.
    pub lower_bounds: Vec<f64>,
    /// Whether the last iteration changed the lower bound by less than the tolerance.
    pub converged: bool,
}

/// Fits a mixture to `rows` and returns the best of all starts.
///
/// `observer` is called after every iteration, on the calling thread, and now and then during a long start;
/// it stops the fit by breaking.
///
/// # Errors
/// [`GmmError::Shape`] and [`GmmError::Parameter`] for a prior or row knowledge that don't fit the data,
/// [`GmmError::DegenerateCovariance`] if every start ends in one, [`GmmError::Interrupted`] from the observer.
pub fn fit<T: Float>(
    rows: Rows<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    mut observer: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit, GmmError> {
    config.check(rows.n_samples(), rows.n_features())?;
    knowledge.check(rows.n_samples(), config.n_components)?;
    let weights = knowledge.sample_weight.map(RowWeights::new);
    let mut knowledge = knowledge.reborrow();
    knowledge.sample_weight = weights.as_ref().map(RowWeights::in_units);
    let spread = Spread::new(rows.reborrow(), knowledge.sample_weight, threads)?;
    let em = Em::new(
        rows.reborrow(),
        config,
        knowledge.reborrow(),
        weights.as_ref().map_or(1.0, |weights| weights.unit),
        &spread,
        threads,
    )?;
    let starts = Starts::new(&em, &spread);
    let mut best: Option<Fit> = None;
    let mut failure = None;
    for start in 0..starts.count() {
        let mut observe = |iteration, lower_bound| {
            observer(Progress {
                start,
                iteration,
                lower_bound,
            })
        };
        let run = starts
            .mixture(start, &mut || observe(0, f64::NEG_INFINITY))
            .and_then(|mixture| em.run_from(mixture, &mut observe));
        match run {
            Ok(fit) => {
                if best.as_ref().is_none_or(|best| fit.bound() > best.bound()) {
                    best = Some(fit);
                }
            }
            Err(GmmError::Interrupted) => return Err(GmmError::Interrupted),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    best.ok_or_else(|| failure.expect("a start that gave no fit gave an error"))
}

impl Fit {
    /// Lower bound of the model: the last of all iterations.
    pub(crate) fn bound(&self) -> f64 {
        self.lower_bounds
            .last()
            .copied()
            .unwrap_or(f64::NEG_INFINITY)
    }
}
