//! What a fit gives: the best mixture of all starts, and a report on each.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::em::Run;
use crate::error::GmmError;
use crate::model::Mixture;

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
    /// Whether it ended because [`max_time`](crate::FitConfig::max_time) was over: more time could have led to something else.
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
    /// It did not go on, because it was behind the better half of the starts ([`halving`](crate::FitConfig::halving)).
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
