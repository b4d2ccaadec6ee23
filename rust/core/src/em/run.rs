//! One start of EM: its iterations, how it ends, and what happens to components that collapse or lose all rows.
//!
//! A start is a state that iterations lead on one by one, so that several can be run side by side.

use serde::{Deserialize, Serialize};

use super::collapse::Floors;
use super::iteration::{Em, Expectation};
use super::squarem::Squarem;
use crate::error::GmmError;
use crate::fit::{Acceleration, Collapse, Progress, StartState, StopRule};
use crate::float::Float;
use crate::model::{Mixture, Precision};

/// Floors that a covariance may be given one after another until it has a Cholesky factor; the second always suffices
/// but for overflow.
const MAX_FLOORS: usize = 8;

/// How a start ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// Whether no component has collapsed, and then the bound.
pub(crate) type Rank = (bool, f64);

fn rank(collapses: &[Collapse], bound: f64) -> Rank {
    (collapses.is_empty(), bound)
}

/// A start between two iterations.
pub(crate) struct RunState<T> {
    /// Its number among all starts of the fit.
    start: usize,
    /// The iteration after which it was taken up; 0 if it was not.
    taken_up_after: usize,
    current: Expectation<T>,
    squarem: Option<Squarem>,
    safeguard: Safeguard,
    log_likelihoods: Vec<f64>,
    lower_bounds: Vec<f64>,
    converged: bool,
    before: Option<Before>,
}

/// What a start had come to before an empty component was moved.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Before {
    run: Run,
    moved: usize,
}

/// What a start can be taken up from, where it was interrupted between two iterations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    mixture: Mixture,
    squarem: Option<Squarem>,
    safeguard: Safeguard,
    log_likelihoods: Vec<f64>,
    lower_bounds: Vec<f64>,
    converged: bool,
    before: Option<Before>,
}

/// What keeps the covariances of a start positive definite, and when it was needed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Safeguard {
    /// The iteration under way; 0 before the first.
    iteration: usize,
    floors: Floors,
    collapses: Vec<Collapse>,
}

impl Run {
    /// What starts are compared by: the higher, the better.
    pub(crate) fn rank(&self) -> Rank {
        rank(&self.collapses, self.bound)
    }
}

impl<T> RunState<T> {
    /// What starts are compared by so far: the higher, the better.
    pub(crate) fn rank(&self) -> Rank {
        rank(&self.safeguard.collapses, self.current.bound)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            mixture: self.current.mixture.clone(),
            squarem: self.squarem.clone(),
            safeguard: self.safeguard.clone(),
            log_likelihoods: self.log_likelihoods.clone(),
            lower_bounds: self.lower_bounds.clone(),
            converged: self.converged,
            before: self.before.clone(),
        }
    }

    /// The start as if it ended here.
    pub(crate) fn into_run(self) -> Run {
        Run {
            bound: self.current.bound,
            log_likelihood: self.current.stats.log_likelihood,
            mixture: self.current.mixture,
            log_likelihoods: self.log_likelihoods,
            lower_bounds: self.lower_bounds,
            converged: self.converged,
            collapses: self.safeguard.collapses,
        }
    }
}

impl<T: Float> Em<'_, T> {
    /// Start number `start`, from a mixture, before its first iteration.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn start(&self, mixture: Mixture, start: usize) -> Result<RunState<T>, GmmError> {
        let mut safeguard = Safeguard {
            iteration: 0,
            floors: Floors::none(mixture.covariances().count()),
            collapses: Vec::new(),
        };
        Ok(RunState {
            start,
            taken_up_after: 0,
            current: self.expect_sound(mixture, &mut safeguard)?,
            squarem: (self.config.acceleration == Acceleration::Squarem)
                .then(|| Squarem::new(&self.prior.variance)),
            safeguard,
            log_likelihoods: Vec::new(),
            lower_bounds: Vec::new(),
            converged: false,
            before: None,
        })
    }

    /// Start number `start`, where it was interrupted.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn take_up(&self, from: Snapshot, start: usize) -> Result<RunState<T>, GmmError> {
        let mut safeguard = from.safeguard;
        Ok(RunState {
            start,
            taken_up_after: safeguard.iteration,
            current: self.expect_sound(from.mixture, &mut safeguard)?,
            squarem: from.squarem,
            safeguard,
            log_likelihoods: from.log_likelihoods,
            lower_bounds: from.lower_bounds,
            converged: from.converged,
            before: from.before,
        })
    }

    /// Whether there is no iteration left. There is always one, if any is allowed, also of a start that is taken up.
    pub(crate) fn is_over(&self, run: &RunState<T>) -> bool {
        let iteration = run.safeguard.iteration;
        run.converged
            || iteration >= self.config.max_iter
            || (iteration > run.taken_up_after && self.watch.is_out_of_time())
    }

    /// Leaves the state of a start where it can be taken up from, if anybody wants that.
    pub(crate) fn note(&self, run: &RunState<T>) {
        if let Some(board) = self.watch.board() {
            board.note(run.start, StartState::UnderWay(Box::new(run.snapshot())));
        }
    }

    /// One iteration.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn step(&self, run: &mut RunState<T>) -> Result<(), GmmError> {
        run.safeguard.iteration += 1;
        let previous = run.current.bound;
        run.current = self.advance(run)?;
        let bound = run.current.bound;
        run.log_likelihoods.push(run.current.stats.log_likelihood);
        run.lower_bounds.push(bound);
        run.converged = self.has_converged(previous, bound);
        self.note(run);
        self.watch.tell(Progress::Iteration {
            start: run.start,
            iteration: run.safeguard.iteration,
            lower_bound: bound,
        });
        Ok(())
    }

    /// All iterations that are left. As long as the start ends with an empty component and giving that one to the row that
    /// is explained worst leads to something better, goes on from there. Where the component ends empty again, only more
    /// iterations have raised the bound: it stays where it was.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn finish(&self, mut run: RunState<T>) -> Result<Run, GmmError> {
        loop {
            run = self.to_the_end(run)?;
            if let Some(Before { run: before, moved }) = run.before.take() {
                let is_better = run.rank() > before.rank();
                if !is_better || self.is_empty(run.current.stats.zeroth[moved]) {
                    return Ok(before);
                }
            }
            let may_move = |_: &usize| self.config.max_iter > 0 && !self.watch.is_out_of_time();
            let empty = self.empty_component(&run.current.stats);
            let Some(moved) = empty.filter(may_move) else {
                return Ok(run.into_run());
            };
            let mixture = self.with_component_moved(&run.current.mixture, moved)?;
            let start = run.start;
            let run_before = run.into_run();
            run = self.start(mixture, start)?;
            run.before = Some(Before {
                run: run_before,
                moved,
            });
        }
    }

    fn to_the_end(&self, mut run: RunState<T>) -> Result<RunState<T>, GmmError> {
        while !self.is_over(&run) {
            self.step(&mut run)?;
        }
        Ok(run)
    }

    fn has_converged(&self, previous: f64, bound: f64) -> bool {
        let unit = match self.config.stop {
            StopRule::Absolute => 1.0,
            StopRule::Relative => bound.abs(),
        };
        (bound - previous).abs() < self.config.tol * unit
    }

    /// What an iteration leads to: the M-step and the pass that follows it, or a step of SQUAREM that is at least as good
    /// as where it starts.
    fn advance(&self, run: &mut RunState<T>) -> Result<Expectation<T>, GmmError> {
        let current = &run.current;
        let plain = run.safeguard.floors.lift(self.next(current)?);
        if let Some(squarem) = &mut run.squarem
            && let Some(trial) = squarem.propose(&current.mixture, &plain)
        {
            let trial = run.safeguard.floors.lift(trial);
            if let Ok(precision) = self.resolution.factorise(&trial, self.threads)? {
                let accepted = self.expect(trial, precision)?;
                if accepted.bound >= current.bound {
                    squarem.accepted();
                    return Ok(accepted);
                }
            }
            squarem.rejected();
        }
        self.expect_sound(plain, &mut run.safeguard)
    }

    /// The pass over the data under `mixture`, in which covariances that have collapsed get a floor.
    fn expect_sound(
        &self,
        mixture: Mixture,
        safeguard: &mut Safeguard,
    ) -> Result<Expectation<T>, GmmError> {
        let (mixture, precision) = self.sound(mixture, safeguard)?;
        self.expect(mixture, precision)
    }

    fn sound(
        &self,
        mut mixture: Mixture,
        safeguard: &mut Safeguard,
    ) -> Result<(Mixture, Precision), GmmError> {
        for _ in 0..=MAX_FLOORS * mixture.covariances().count() {
            let collapsed = match self.resolution.factorise(&mixture, self.threads)? {
                Ok(precision) => return Ok((mixture, precision)),
                Err(k) => k,
            };
            safeguard.note(
                collapsed,
                mixture.n_components(),
                mixture.covariances().count(),
            );
            safeguard
                .floors
                .raise(collapsed, &mixture, &self.resolution);
            mixture = safeguard.floors.lift(mixture);
        }
        let precision = Precision::new(&mixture, self.threads)?;
        Ok((mixture, precision))
    }
}

impl Safeguard {
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
    use crate::em::iteration::Task;
    use crate::fit::{FitConfig, RowKnowledge};
    use crate::init::Given;
    use crate::parallel::Threads;
    use crate::rows::{Rows, Spread};
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
            .and_then(|mixture| em.start(mixture, 0))
            .and_then(|run| em.finish(run))
            .expect("a fit");
        for weight in run.mixture.weights() {
            assert!((weight - 1.0 / 3.0).abs() < 1e-3, "{weight}");
        }
    }
}
