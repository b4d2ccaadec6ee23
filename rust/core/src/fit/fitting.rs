//! Fitting: from data to the best mixture of all starts.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::checkpoint::{Board, Checkpoints};
use super::config::{FitConfig, Progress, RowKnowledge};
use super::outcome::Fit;
use super::prepared::{OnRestarts, prepared};
use super::restarts::Restarts;
use crate::e_step::{MomentKind, flops_per_row};
use crate::error::GmmError;
use crate::float::Float;
use crate::parallel::Threads;
use crate::rows::Units;
use crate::source::Source;
use crate::watch::Watch;

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
    let work = || T::fit(&source, config, knowledge, threads, &watch);
    match is_short(&source, config) {
        true => watch.run_short(observer, work),
        false => watch.run(observer, work),
    }
}

/// Whether a fit ends within a few milliseconds, which is sooner than an observer is called.
fn is_short<T: Float>(source: &Source<'_, T>, config: &FitConfig) -> bool {
    /// Of one core, with much to spare.
    const FLOPS: usize = 1 << 25;
    /// Passes of k-means and others before the first iteration.
    const PASSES: usize = 100;

    let (n_samples, n_features) = (source.n_samples(), source.n_features());
    let of_row = flops_per_row(config.n_components, n_features, MomentKind::Full);
    let n_passes = config
        .start
        .count()
        .saturating_mul(config.max_iter.saturating_add(PASSES));
    let flops = of_row.saturating_mul(n_samples).saturating_mul(n_passes);
    source.in_memory().is_some() && flops < FLOPS
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

/// The fit itself.
pub(crate) fn fit_watched<T: Float>(
    source: &Source<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    watch: &Watch,
) -> Result<Fit, GmmError> {
    prepared(source, config, knowledge, threads, watch, &RunAll)
}

/// Runs all starts.
struct RunAll;

impl OnRestarts for RunAll {
    type Result = Fit;

    fn on<T: Float>(&self, restarts: &Restarts<'_, '_, T>) -> Result<Fit, GmmError> {
        restarts.run()
    }

    fn restored(&self, fit: Fit, units: &Units) -> Result<Fit, GmmError> {
        Ok(Fit {
            mixture: units.restored(fit.mixture)?,
            ..fit
        })
    }
}
