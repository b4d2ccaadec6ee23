//! All starts of a fit: in which order they run, and which one is the best.
//!
//! Where the rows are in memory and a pass over them is too short to keep the threads busy, starts run at the same time; else one after
//! another. What a start does depends on the seed and its number only, so that both give the same.

use std::sync::{Mutex, PoisonError};

use crate::em::Em;
use crate::error::GmmError;
use crate::fit::{Fit, StartFailure, StartReport};
use crate::float::Float;
use crate::init::starts::Starts;
use crate::run::Run;

/// Spans of a pass for each thread from which starts run one after another.
const MANY_SPANS: usize = 4;

/// All starts of a fit.
pub(crate) struct Restarts<'b, 'a, T> {
    pub(crate) em: &'b Em<'a, T>,
    pub(crate) starts: Starts<'b, 'a, T>,
}

impl<T: Float> Restarts<'_, '_, T> {
    /// Runs them.
    ///
    /// # Errors
    /// That of the first start if all fail; [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn run(&self) -> Result<Fit, GmmError> {
        let threads = self.em.threads;
        let best = Best::default();
        let numbers: Vec<usize> = (0..self.starts.count()).collect();
        let run_start = |start| best.take(start, self.run_start(start));
        let reports = if self.em.source.in_memory().is_some()
            && self.em.n_spans() < MANY_SPANS * threads.count()
        {
            threads.map(numbers, run_start)
        } else {
            numbers.into_iter().map(run_start).collect()
        };
        self.em.watch.check()?;
        best.into_fit(reports)
    }

    fn run_start(&self, start: usize) -> Result<Run, StartFailure> {
        let watch = self.em.watch;
        // Of one start there is always an iteration.
        let in_time = || match start > 0 && watch.is_out_of_time() {
            true => Err(StartFailure::OutOfTime),
            false => Ok(()),
        };
        in_time()?;
        let mixture = self.starts.mixture(start)?;
        in_time()?;
        Ok(self.em.run_from(mixture, start)?)
    }
}

/// The best start so far, whatever the order in which they end: the first of equals.
#[derive(Default)]
struct Best(Mutex<Option<(usize, Run)>>);

impl Best {
    /// Keeps `run` if it is better than what there was, and reports it.
    fn take(&self, start: usize, run: Result<Run, StartFailure>) -> StartReport {
        let run = match run {
            Ok(run) => run,
            Err(failure) => return StartReport::of_failure(failure),
        };
        let report = StartReport::of(&run);
        let mut best = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_better = best.as_ref().is_none_or(|(other, best)| {
            run.is_better_than(best) || (start < *other && !best.is_better_than(&run))
        });
        if is_better {
            *best = Some((start, run));
        }
        report
    }

    fn into_fit(self, restarts: Vec<StartReport>) -> Result<Fit, GmmError> {
        let best = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, run)) = best {
            return Ok(Fit::new(run, restarts));
        }
        let error = restarts
            .into_iter()
            .find_map(|report| match report.failure {
                Some(StartFailure::Error(error)) => Some(error),
                _ => None,
            });
        Err(error.expect("a start that gave no fit gave an error"))
    }
}
