//! One start of EM: its iterations, how it ends, and what happens to components that collapse or lose all rows.

use crate::collapse::Floors;
use crate::config::{Acceleration, Progress, StopRule};
use crate::em::{Em, Expectation};
use crate::error::GmmError;
use crate::fit::Collapse;
use crate::float::Float;
use crate::mixture::Mixture;
use crate::precision::Precision;
use crate::squarem::Squarem;
use crate::sufficient_stats::SufficientStats;

/// Floors that a covariance may be given one after another until it has a Cholesky factor; the second always suffices
/// but for overflow.
const MAX_FLOORS: usize = 8;

/// How a start ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) mixture: Mixture,
    /// The bound of the mixture.
    pub(crate) bound: f64,
    /// The log-likelihood of the mixture.
    pub(crate) log_likelihood: f64,
    /// Σ_n log p(x_n) after each iteration.
    pub(crate) log_likelihoods: Vec<f64>,
    /// The bound after each iteration.
    pub(crate) lower_bounds: Vec<f64>,
    pub(crate) converged: bool,
    /// The components that collapsed, in order of time.
    pub(crate) collapses: Vec<Collapse>,
}

impl Run {
    /// Whether it is better than another: without a collapse, or else with a higher bound.
    pub(crate) fn is_better_than(&self, other: &Self) -> bool {
        match (self.collapses.is_empty(), other.collapses.is_empty()) {
            (true, false) => true,
            (false, true) => false,
            _ => self.bound > other.bound,
        }
    }
}

/// What changes from one iteration to the next, beside the mixture.
struct State {
    iteration: usize,
    squarem: Option<Squarem>,
    floors: Floors,
    collapses: Vec<Collapse>,
}

impl<T: Float> Em<'_, T> {
    /// Runs EM from a mixture, as start number `start`; as long as it ends with an empty component and giving that one to
    /// the row that is explained worst leads to something better, goes on from there. Where the component ends empty
    /// again, only more iterations have raised the bound: it stays where it was.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn run_from(&self, mixture: Mixture, start: usize) -> Result<Run, GmmError> {
        let (mut run, mut stats) = self.run(mixture, start)?;
        while self.config.max_iter > 0
            && !self.watch.is_out_of_time()
            && let Some((k, mixture)) = self.with_empty_component_moved(&run.mixture, &stats)?
        {
            let (moved, moved_stats) = self.run(mixture, start)?;
            if !moved.is_better_than(&run) || self.is_empty(moved_stats.zeroth[k]) {
                break;
            }
            (run, stats) = (moved, moved_stats);
        }
        Ok(run)
    }

    /// Runs EM from `mixture`. The statistics returned are those of the final model.
    fn run(&self, mixture: Mixture, start: usize) -> Result<(Run, SufficientStats), GmmError> {
        let mut log_likelihoods = Vec::new();
        let mut lower_bounds = Vec::new();
        let mut converged = false;
        let mut state = State {
            iteration: 0,
            squarem: (self.config.acceleration == Acceleration::Squarem)
                .then(|| Squarem::new(&self.prior.variance)),
            floors: Floors::none(mixture.covariances().count()),
            collapses: Vec::new(),
        };
        let mut current = self.expect_sound(mixture, &mut state)?;
        for iteration in 1..=self.config.max_iter {
            state.iteration = iteration;
            let previous = current.bound;
            current = self.advance(current, &mut state)?;
            log_likelihoods.push(current.stats.log_likelihood);
            lower_bounds.push(current.bound);
            self.watch.tell(Progress::Iteration {
                start,
                iteration,
                lower_bound: current.bound,
            });
            converged = self.has_converged(previous, current.bound);
            if converged || self.watch.is_out_of_time() {
                break;
            }
        }
        let run = Run {
            mixture: current.mixture,
            bound: current.bound,
            log_likelihood: current.stats.log_likelihood,
            log_likelihoods,
            lower_bounds,
            converged,
            collapses: state.collapses,
        };
        Ok((run, current.stats))
    }

    fn has_converged(&self, previous: f64, bound: f64) -> bool {
        let unit = match self.config.stop {
            StopRule::Absolute => 1.0,
            StopRule::Relative => bound.abs(),
        };
        (bound - previous).abs() < self.config.tol * unit
    }

    /// One iteration: the M-step and the pass that follows it, or a step of SQUAREM that is at least as good as where
    /// it starts.
    fn advance(
        &self,
        current: Expectation<T>,
        state: &mut State,
    ) -> Result<Expectation<T>, GmmError> {
        let plain = state.floors.lift(self.next(&current)?);
        if let Some(squarem) = &mut state.squarem
            && let Some(trial) = squarem.propose(&current.mixture, &plain)
        {
            let trial = state.floors.lift(trial);
            if let Ok(precision) = self.resolution.factorise(&trial, self.threads)? {
                let accepted = self.expect(trial, precision)?;
                if accepted.bound >= current.bound {
                    squarem.accepted();
                    return Ok(accepted);
                }
            }
            squarem.rejected();
        }
        self.expect_sound(plain, state)
    }

    /// The pass over the data under `mixture`, in which covariances that have collapsed get a floor.
    fn expect_sound(
        &self,
        mixture: Mixture,
        state: &mut State,
    ) -> Result<Expectation<T>, GmmError> {
        let (mixture, precision) = self.sound(mixture, state)?;
        self.expect(mixture, precision)
    }

    fn sound(
        &self,
        mut mixture: Mixture,
        state: &mut State,
    ) -> Result<(Mixture, Precision), GmmError> {
        for _ in 0..=MAX_FLOORS * mixture.covariances().count() {
            let collapsed = match self.resolution.factorise(&mixture, self.threads)? {
                Ok(precision) => return Ok((mixture, precision)),
                Err(k) => k,
            };
            state.note(
                collapsed,
                mixture.n_components(),
                mixture.covariances().count(),
            );
            state.floors.raise(collapsed, &mixture, &self.resolution);
            mixture = state.floors.lift(mixture);
        }
        let precision = Precision::new(&mixture, self.threads)?;
        Ok((mixture, precision))
    }
}

impl State {
    /// Notes that a covariance has collapsed: that of component `k`, or of all where there is but one.
    fn note(&mut self, k: usize, n_components: usize, n_covariances: usize) {
        let components = if n_covariances == 1 {
            0..n_components
        } else {
            k..k + 1
        };
        for component in components {
            let iteration = self.iteration;
            if self
                .collapses
                .iter()
                .all(|known| known.component != component)
            {
                self.collapses.push(Collapse {
                    component,
                    iteration,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FitConfig, RowKnowledge};
    use crate::data::Rows;
    use crate::em::Task;
    use crate::init::responsibilities::Given;
    use crate::parallel::Threads;
    use crate::spread::Spread;
    use crate::watch::Watch;
    use ndarray::Array2;

    #[test]
    fn a_component_that_starts_empty_comes_back() {
        // Three groups of rows, of which the labels give two to one component and none to the third.
        let data = Array2::from_shape_fn((90, 2), |(n, d)| {
            let spread = ((n * (17 + 12 * d)) % 31) as f64 / 31.0;
            100.0 * ((n % 3) * (1 - d)) as f64 + spread
        });
        let labelled = |(n, k)| f64::from(u8::from(usize::from(n % 3 == 2) == k));
        let responsibilities = Array2::from_shape_fn((90, 3), labelled);
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(1).expect("1 thread");
        let config = FitConfig {
            tol: 1e-8,
            ..FitConfig::new(3)
        };
        let watch = Watch::new(None);
        let spread = Spread::new(&rows.into(), None, &threads, &watch).expect("finite squares");
        let task = Task {
            knowledge: RowKnowledge::default(),
            weight_unit: 1.0,
            threads: &threads,
            watch: &watch,
        };
        let em = Em::new(rows.into(), &config, &task, &spread, 0.0).expect("valid");
        let run = em
            .mixture_of(&Given {
                responsibilities: responsibilities.view(),
                sample_weight: None,
            })
            .and_then(|mixture| em.run_from(mixture, 0))
            .expect("a fit");
        for weight in run.mixture.weights() {
            assert!((weight - 1.0 / 3.0).abs() < 1e-3, "{weight}");
        }
    }
}
