//! Fitting: from data to the best mixture of all starts.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::checkpoint::{Board, Checkpoints};
use super::config::{FitConfig, Progress, RowKnowledge};
use super::restarts::Restarts;
use crate::em::{Em, Run, Task};
use crate::error::GmmError;
use crate::float::Float;
use crate::init::starts::Starts;
use crate::init::trial_rows::is_sampled;
use crate::model::Mixture;
use crate::parallel::Threads;
use crate::rows::{RowWeights, Rows, Spread, Units};
use crate::source::Source;
use crate::watch::Watch;

/// A fitted mixture and how it was reached.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The model.
    pub mixture: Mixture,
    /// Σ_n log p(x_n) after each iteration, in nats.
    pub log_likelihoods: Vec<f64>,
    /// Log-likelihood plus log-density of the prior (up to a constant) after each iteration, divided
    /// by the number of rows, in nats. The last is that of the model.
    ///
    /// It never falls, with two exceptions: in the iteration in which a component collapses, whose covariance is then
    /// made wider; and by as little as a ridge above 0 moves the M-step away from the maximum.
    pub lower_bounds: Vec<f64>,
    /// That of the model, also without iterations.
    pub lower_bound: f64,
    /// Whether the last iteration changed the lower bound by less than the tolerance.
    pub converged: bool,
    /// The components of the model that collapsed. None, unless a component did so in every start.
    pub collapsed: Vec<usize>,
    /// Whether it ended because [`FitConfig::max_time`] was over: more time could have led to something else.
    pub timed_out: bool,
    /// What became of each start, in order.
    pub restarts: Vec<StartReport>,
}

/// What became of a start.
#[derive(Debug, Clone, PartialEq)]
pub struct StartReport {
    /// The lower bound that it reached; −∞ without a model.
    pub lower_bound: f64,
    /// The log-likelihood that it reached, in nats; −∞ without a model.
    pub log_likelihood: f64,
    /// How many iterations it took.
    pub n_iter: usize,
    /// Whether it converged.
    pub converged: bool,
    /// Why it counts for less than starts without a failure, or for nothing.
    pub failure: Option<StartFailure>,
}

/// Why a start failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// Components collapsed and were made wider. The model counts where every start failed.
    #[error("{}", collapses(.0))]
    Collapsed(Vec<Collapse>),
    /// It did not go on, because it was behind the better half of the starts ([`FitConfig::halving`]).
    #[error("behind the better half of the starts")]
    Behind,
    /// The time of the fit was over before its first iteration.
    #[error("max_time was over before its first iteration")]
    OutOfTime,
    /// It gave no model at all.
    #[error(transparent)]
    Error(#[from] GmmError),
}

/// A component whose covariance became singular, or could not be told from a singular one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collapse {
    /// Index of the component.
    pub component: usize,
    /// In which iteration; 0 where the start itself was singular.
    pub iteration: usize,
}

fn collapses(of: &[Collapse]) -> String {
    let one = |c: &Collapse| format!("component {} in iteration {}", c.component, c.iteration);
    let all: Vec<String> = of.iter().map(one).collect();
    format!("collapsed: {}", all.join(", "))
}

/// Fits a mixture to the rows of `source` ([`Rows`](crate::Rows), or where else they may be) and returns the best of all
/// starts.
///
/// `observer` is called on the calling thread: after iterations, soon and in order for each start, and while long
/// work goes on. It stops the fit by breaking, within moments.
///
/// # Errors
/// [`GmmError::Shape`] and [`GmmError::Parameter`] for a prior, ridges or row knowledge that don't fit the data,
/// [`GmmError::DegenerateCovariance`] if the mixture to start from has one, [`GmmError::Interrupted`] from the observer,
/// [`GmmError::Reading`] where rows that aren't in memory can't be read.
pub fn fit<'a, T: Float>(
    source: impl Into<Source<'a, T>>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    observer: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit, GmmError> {
    let source = source.into();
    let watch = Watch::new(config.max_time);
    watch.run(observer, || {
        T::fit(&source, config, knowledge, threads, &watch)
    })
}

/// The same for a fit that can be interrupted and taken up later, with the same result. [`FitConfig::halving`] counts for
/// nothing here.
///
/// # Errors
/// Those of [`fit`]; [`GmmError::Parameter`] for a checkpoint of another fit; [`GmmError::Interrupted`] where
/// [`Checkpoints::save`](field@Checkpoints::save) breaks.
pub fn fit_with_checkpoints<'a, T: Float>(
    source: impl Into<Source<'a, T>>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    observer: impl FnMut(Progress) -> ControlFlow<()>,
    mut checkpoints: Checkpoints<'_>,
) -> Result<Fit, GmmError> {
    let source = source.into();
    let board = Arc::new(Board::new(checkpoints.resume)?);
    let watch = Watch::with_board(config.max_time, Arc::clone(&board));
    let fitted = watch.run(checkpoints.after(&board, observer), || {
        T::fit(&source, config, knowledge, threads, &watch)
    });
    let is_complete = fitted.as_ref().is_ok_and(|fit| !fit.timed_out);
    if !is_complete && checkpoints.save(&board).is_break() {
        return fitted.and(Err(GmmError::Interrupted));
    }
    fitted
}

/// The fit itself, in units in which the data are of ordinary size.
pub(crate) fn fit_watched<T: Float>(
    source: &Source<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    watch: &Watch,
) -> Result<Fit, GmmError> {
    config.check(source.n_samples(), source.n_features())?;
    knowledge.check(source.n_samples(), config.n_components)?;
    if source.in_memory().is_none() && !is_sampled(source, config.n_components) {
        // There are few.
        let numbers: Vec<usize> = (0..source.n_samples()).collect();
        let data = source.rows(&numbers, threads, watch)?;
        let source = Rows::new(data.view())?.into();
        return fit_watched(&source, config, knowledge, threads, watch);
    }
    let weights = knowledge.sample_weight.map(RowWeights::new);
    let mut knowledge = knowledge.reborrow();
    knowledge.sample_weight = weights.as_ref().map(RowWeights::in_units);
    let task = Task {
        knowledge: knowledge.reborrow(),
        weight_unit: weights.as_ref().map_or(1.0, |weights| weights.unit),
        threads,
        watch,
    };
    let weights = knowledge.sample_weight;
    let spread = Spread::measured(source, weights, threads, watch)?;
    let Some(units) = Units::of_data(source, &spread, config, threads, watch)? else {
        return fit_ordinary(source, config, &task, &spread.positive()?, 0.0);
    };
    let scaled = source.scaled(&units);
    let source = scaled.source()?;
    let spread = Spread::new(&source, weights, threads, watch)?;
    let config = units.config(config)?;
    let mut fit = fit_ordinary(&source, &config, &task, &spread, units.log_density())?;
    fit.mixture = units.restored(fit.mixture)?;
    Ok(fit)
}

/// Fits a mixture to rows of ordinary size, whose log-densities get `log_unit` each.
fn fit_ordinary<T: Float>(
    source: &Source<'_, T>,
    config: &FitConfig,
    task: &Task<'_>,
    spread: &Spread,
    log_unit: f64,
) -> Result<Fit, GmmError> {
    let em = Em::new(source.reborrow(), config, task, spread, log_unit)?;
    Restarts {
        em: &em,
        starts: Starts::new(&em, spread)?,
    }
    .run()
}

impl Fit {
    pub(crate) fn new(run: Run, restarts: Vec<StartReport>, timed_out: bool) -> Self {
        Self {
            mixture: run.mixture,
            log_likelihoods: run.log_likelihoods,
            lower_bounds: run.lower_bounds,
            lower_bound: run.bound,
            converged: run.converged,
            collapsed: sorted(run.collapses.iter().map(|c| c.component).collect()),
            timed_out,
            restarts,
        }
    }
}

fn sorted(mut components: Vec<usize>) -> Vec<usize> {
    components.sort_unstable();
    components
}

impl StartReport {
    /// Of a start that gave a model.
    pub(crate) fn of(run: &Run) -> Self {
        let collapsed = !run.collapses.is_empty();
        Self {
            lower_bound: run.bound,
            log_likelihood: run.log_likelihood,
            n_iter: run.lower_bounds.len(),
            converged: run.converged,
            failure: collapsed.then(|| StartFailure::Collapsed(run.collapses.clone())),
        }
    }

    /// Of a start that does not go on because others are better.
    pub(crate) fn of_one_behind(run: &Run) -> Self {
        let report = Self::of(run);
        Self {
            failure: report.failure.or(Some(StartFailure::Behind)),
            ..report
        }
    }

    /// Of a start that gave an error.
    pub(crate) fn of_error(error: GmmError) -> Self {
        Self::of_failure(StartFailure::Error(error))
    }

    /// The error of a start that gave one.
    pub(crate) fn error(&self) -> Option<&GmmError> {
        match &self.failure {
            Some(StartFailure::Error(error)) => Some(error),
            _ => None,
        }
    }

    /// Of a start that gave no model.
    pub(crate) fn of_failure(failure: StartFailure) -> Self {
        Self {
            lower_bound: f64::NEG_INFINITY,
            log_likelihood: f64::NEG_INFINITY,
            n_iter: 0,
            converged: false,
            failure: Some(failure),
        }
    }
}
