//! What comes before the first start: everything is checked, and rows and weights are measured in units in which they are
//! of ordinary size.

use super::config::{FitConfig, RowKnowledge};
use super::restarts::Restarts;
use crate::em::{Em, Task};
use crate::error::GmmError;
use crate::float::Float;
use crate::init::{Starts, is_sampled};
use crate::parallel::Threads;
use crate::rows::{RowWeights, Rows, Spread, Units};
use crate::source::Source;
use crate::watch::Watch;

/// Work on the starts of a fit.
pub(super) trait OnRestarts {
    /// What comes of it.
    type Result;

    /// Does it.
    fn on<T: Float>(&self, restarts: &Restarts<'_, '_, T>) -> Result<Self::Result, GmmError>;

    /// What came of rows in `units` as if it had been the rows themselves.
    fn restored(&self, result: Self::Result, units: &Units) -> Result<Self::Result, GmmError>;
}

/// The result of `work` on the starts of a fit.
///
/// # Errors
/// Those of [`fit`](crate::fit()) that come before the first start; those of `work`.
pub(super) fn prepared<T: Float, W: OnRestarts>(
    source: &Source<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    watch: &Watch,
    work: &W,
) -> Result<W::Result, GmmError> {
    config.check(source.n_samples(), source.n_features())?;
    knowledge.check(source.n_samples(), config.n_components)?;
    if source.in_memory().is_none() && !is_sampled(source, config.n_components) {
        // There are few.
        let numbers: Vec<usize> = (0..source.n_samples()).collect();
        let data = source.rows(&numbers, threads, watch)?;
        let source = Rows::new(data.view())?.into();
        return prepared(&source, config, knowledge, threads, watch, work);
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
        return on_ordinary(source, config, &task, &spread.positive()?, 0.0, work);
    };
    let scaled = source.scaled(&units);
    let source = scaled.source()?;
    let spread = Spread::new(&source, weights, threads, watch)?;
    let config = units.config(config)?;
    let log_unit = units.log_density();
    let result = on_ordinary(&source, &config, &task, &spread, log_unit, work)?;
    work.restored(result, &units)
}

/// The same for rows of ordinary size, whose log-densities get `log_unit` each.
fn on_ordinary<T: Float, W: OnRestarts>(
    source: &Source<'_, T>,
    config: &FitConfig,
    task: &Task<'_>,
    spread: &Spread,
    log_unit: f64,
    work: &W,
) -> Result<W::Result, GmmError> {
    let em = Em::new(source.reborrow(), config, task, spread, log_unit)?;
    work.on(&Restarts {
        em: &em,
        starts: Starts::new(&em, spread)?,
    })
}
