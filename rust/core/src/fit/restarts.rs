//! All starts of a fit: in which order they run, and which one is the best.
//!
//! Where the rows are in memory and a pass over them is too short to keep the threads busy, starts run at the same time;
//! else one after another. What a start does depends on the seed and its number only, and which ones go on is decided when
//! all have made as many iterations, so that both give the same.

use std::sync::{Mutex, PoisonError};

use super::checkpoint::{Board, StartState};
use super::outcome::{Fit, StartFailure, StartReport};
use crate::em::{Em, Run, RunState};
use crate::error::GmmError;
use crate::float::Float;
use crate::init::Starts;

/// Spans of a pass for each thread from which starts run one after another.
const MANY_SPANS: usize = 4;

/// All starts of a fit.
pub(crate) struct Restarts<'b, 'a, T> {
    pub(crate) em: &'b Em<'a, T>,
    pub(crate) starts: Starts<'b, 'a, T>,
}

/// A start under way, or the report on one that has ended.
pub(crate) type Runner<T> = Result<RunState<T>, StartReport>;

impl<T: Float> Restarts<'_, '_, T> {
    /// Runs them.
    ///
    /// # Errors
    /// That of the first start if all fail; [`GmmError::Interrupted`] when the fit is stopped; [`GmmError::Reading`] where
    /// rows can't be read, whatever other starts have found.
    pub(crate) fn run(&self) -> Result<Fit, GmmError> {
        let best = Best::default();
        let finish = |(start, runner): (usize, Runner<T>)| {
            let finish = |run| self.em.finish(run).map_err(StartReport::of_error);
            match runner.and_then(finish) {
                Ok(run) => {
                    self.save(start, &run);
                    best.take(start, run)
                }
                Err(report) => {
                    if report.error().is_some_and(is_of_reading) {
                        self.em.watch.stop();
                    }
                    report
                }
            }
        };
        let numbers: Vec<usize> = (0..self.starts.count()).collect();
        if let Some(board) = self.em.watch.board() {
            board.begin(self.em, numbers.len())?;
        }
        let reports = if self.em.config.halving && self.em.watch.board().is_none() {
            let runners = self.halved(numbers).into_iter().enumerate();
            self.map(runners.collect(), finish)
        } else {
            self.map(numbers, |start| match self.saved(start) {
                StartState::Ended(run) => best.take(start, *run),
                StartState::UnderWay(from) => {
                    let taken_up = self.em.take_up(*from, start);
                    finish((start, taken_up.map_err(StartReport::of_error)))
                }
                StartState::Waiting => finish((start, self.begin(start))),
            })
        };
        let mut errors = reports.iter().filter_map(StartReport::error);
        if let Some(unread) = errors.find(|error| is_of_reading(error)) {
            return Err(unread.clone());
        }
        self.em.watch.check()?;
        best.into_fit(reports, self.em.watch.is_cut_short())
    }

    /// How far start number `start` had come before the fit was interrupted.
    fn saved(&self, start: usize) -> StartState {
        let board = self.em.watch.board();
        board.map_or(StartState::Waiting, |board| board.state(start))
    }

    /// Notes that it has come to its end, unless that may only be because time is over, or because it has made all
    /// iterations: more may be allowed when it is taken up.
    fn save(&self, start: usize, run: &Run) {
        let watch = self.em.watch;
        if let Some(board) = watch
            .board()
            .filter(|_| run.converged && !watch.is_cut_short())
        {
            board.note(start, StartState::Ended(Box::new(run.clone())));
        }
    }

    /// `work` of every item, in the order of the items.
    pub(crate) fn map<I: Send, R: Send>(
        &self,
        items: Vec<I>,
        work: impl Fn(I) -> R + Send + Sync,
    ) -> Vec<R> {
        let threads = self.em.threads;
        let is_in_memory = self.em.source.in_memory().is_some();
        if is_in_memory && self.em.n_spans() < MANY_SPANS * threads.count() {
            threads.map(items, work)
        } else {
            items.into_iter().map(work).collect()
        }
    }

    /// Start number `start` before its first iteration.
    pub(crate) fn begin(&self, start: usize) -> Runner<T> {
        let watch = self.em.watch;
        // Of the first one there is always an iteration.
        let first = watch.board().map_or(0, Board::first_to_begin);
        let in_time = || match start > first && watch.is_out_of_time() {
            true => Err(StartReport::of_failure(StartFailure::OutOfTime)),
            false => Ok(()),
        };
        in_time()?;
        let mixture = self.starts.mixture(start);
        let mixture = mixture.map_err(StartReport::of_error)?;
        in_time()?;
        let run = self.em.start(mixture, start);
        let run = run.map_err(StartReport::of_error)?;
        self.em.note(&run);
        Ok(run)
    }
}

/// Whether rows could not be read: no start can go on then.
fn is_of_reading(error: &GmmError) -> bool {
    matches!(error, GmmError::Reading(_))
}

/// The best start so far, whatever the order in which they end: the first of equals.
#[derive(Default)]
struct Best(Mutex<Option<(usize, Run)>>);

impl Best {
    /// Keeps `run` if it is better than what there was, and reports it.
    fn take(&self, start: usize, run: Run) -> StartReport {
        let report = StartReport::of(&run);
        let mut best = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_better = best.as_ref().is_none_or(|(other, best)| {
            run.rank() > best.rank() || (start < *other && run.rank() >= best.rank())
        });
        if is_better {
            *best = Some((start, run));
        }
        report
    }

    fn into_fit(self, restarts: Vec<StartReport>, timed_out: bool) -> Result<Fit, GmmError> {
        let best = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, run)) = best {
            return Ok(Fit::new(run, restarts, timed_out));
        }
        let error = restarts.iter().find_map(StartReport::error);
        Err(error
            .expect("a start that gave no fit gave an error")
            .clone())
    }
}
