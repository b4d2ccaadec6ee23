//! The best of several short runs of EM from rows drawn at random (Biernacki, Celeux & Govaert 2003, "em-EM").

use rand_xoshiro::Xoshiro256PlusPlus;

use super::clusters::Clusters;
use super::spaces::drawing_space;
use super::starts::Starts;
use crate::error::GmmError;
use crate::float::Float;
use crate::model::Mixture;

/// Short runs.
const RUNS: usize = 10;

/// Iterations of each.
const ITERATIONS: usize = 5;

/// The mixture that the best short run ends at; where every one collapses, the one that the last started from.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn short_em_start<T: Float>(
    starts: &Starts<'_, '_, T>,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Mixture, GmmError> {
    starts.on_trial_rows(rng, |trial, rng| {
        let mut best: Option<(Mixture, f64)> = None;
        let mut start = None;
        for run in 0..RUNS {
            let space = drawing_space(trial, run, rng)?;
            let clusters = Clusters::at_random_rows(trial, space, rng).aligned(trial)?;
            let mixture = trial.mixture_of(&clusters)?;
            if let Ok(found) = trial.em.iterate(mixture.clone(), ITERATIONS)
                && best.as_ref().is_none_or(|best| found.1 > best.1)
            {
                best = Some(found);
            }
            start = Some(mixture);
            trial.em.watch.check()?;
        }
        let best = best.map(|(mixture, _)| mixture).or(start);
        Ok(best.expect("a run"))
    })
}
