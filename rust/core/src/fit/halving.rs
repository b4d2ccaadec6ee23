//! Successive halving: of many starts, which ones go on (Jamieson & Talwalkar 2016).
//!
//! A start in a poor place shows it soon, but takes more iterations than others until it converges.

use super::outcome::StartReport;
use super::restarts::{Restarts, Runner};
use crate::em::{Rank, RunState};
use crate::float::Float;

/// Iterations after which the better half goes on. More of them choose no better.
const LAP: usize = 5;

/// Starts that go on in any case.
const FINALISTS: usize = 2;

impl<T: Float> Restarts<'_, '_, T> {
    /// The starts of these numbers, of which [`FINALISTS`] are left beside those that have come to their end.
    pub(crate) fn halved(&self, numbers: Vec<usize>) -> Vec<Runner<T>> {
        let mut places = numbers.len();
        let mut runners = self.map(numbers, |start| self.lap(self.begin(start)?));
        while places > FINALISTS {
            places = places.div_ceil(2);
            runners = self.map(self.best(runners, places), |runner| self.lap(runner?));
        }
        runners
    }

    fn lap(&self, mut run: RunState<T>) -> Runner<T> {
        for _ in 0..LAP {
            if self.em.is_over(&run) {
                break;
            }
            self.em.step(&mut run).map_err(StartReport::of_error)?;
        }
        Ok(run)
    }

    /// The same starts, in order, of which only the best go on, the first of equals. Those that have come to their end
    /// stay what they are.
    fn best(&self, runners: Vec<Runner<T>>, places: usize) -> Vec<Runner<T>> {
        let numbered = runners.iter().enumerate();
        let mut ranks: Vec<(usize, Rank)> = numbered
            .filter_map(|(start, runner)| Some((start, runner.as_ref().ok()?.rank())))
            .collect();
        ranks.sort_by(|(_, a), (_, b)| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
        ranks.truncate(places);
        let has_place = |start| ranks.iter().any(|(best, _)| *best == start);
        let decided = runners.into_iter().enumerate().map(|(start, runner)| {
            let run = runner?;
            if has_place(start) || self.em.is_over(&run) {
                Ok(run)
            } else {
                Err(StartReport::of_one_behind(&run.into_run()))
            }
        });
        decided.collect()
    }
}
