//! All starts of a fit: in which order they run, and which one is the best.
//!
//! Where a pass over the data is too short to keep the threads busy, starts run at the same time; else one after
//! another. What a start does depends on the seed and its number only, so that both give the same.

use std::sync::{Mutex, PoisonError};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::config::RowKnowledge;
use crate::data::Rows;
use crate::em::Em;
use crate::error::GmmError;
use crate::fit::{Fit, StartFailure, StartReport};
use crate::float::Float;
use crate::init::feature_space::FeatureSpace;
use crate::init::kmeans::kmeans_labels;
use crate::init::patience::Patience;
use crate::mixture::Mixture;
use crate::run::Run;
use crate::spread::Spread;

/// Spans of a pass for each thread from which starts run one after another.
const MANY_SPANS: usize = 4;

/// Starts of which each takes the units of features from the clusters of the one before.
const GROUP: usize = 3;

/// Starts that come from k-means.
pub(crate) struct Restarts<'a, T> {
    pub(crate) em: &'a Em<'a, T>,
    pub(crate) rows: Rows<'a, T>,
    pub(crate) knowledge: RowKnowledge<'a>,
    pub(crate) spread: &'a Spread,
}

impl<T: Float> Restarts<'_, T> {
    /// Runs `n_init` starts.
    ///
    /// # Errors
    /// That of the first start if all fail; [`GmmError::Interrupted`] when the fit is stopped.
    pub(crate) fn run(&self, n_init: usize) -> Result<Fit, GmmError> {
        let threads = self.em.threads;
        let best = Best::default();
        // Starts in groups, in which each learns from the one before.
        let groups = (0..n_init)
            .step_by(GROUP)
            .map(|i| i..n_init.min(i + GROUP))
            .collect();
        let run_group = |group: std::ops::Range<usize>| {
            let mut variance = None;
            group
                .map(|start| {
                    let run = self.run_start(start, variance.as_deref());
                    variance = run.as_ref().ok().map(|run| run.mixture.pooled_variance());
                    best.take(start, run)
                })
                .collect::<Vec<_>>()
        };
        let reports = if self.em.n_spans() < MANY_SPANS * threads.count() {
            threads.map(groups, run_group)
        } else {
            groups.into_iter().map(run_group).collect()
        };
        self.em.watch.check()?;
        best.into_fit(reports.concat())
    }

    /// One start: `variance` are the units of the features for its k-means, by default the data's.
    fn run_start(&self, start: usize, variance: Option<&[f64]>) -> Result<Run, StartFailure> {
        let watch = self.em.watch;
        // Of one start there is always an iteration.
        let in_time = || match start > 0 && watch.is_out_of_time() {
            true => Err(StartFailure::OutOfTime),
            false => Ok(()),
        };
        in_time()?;
        let mixture = self.starting_mixture(start, variance)?;
        in_time()?;
        Ok(self.em.run_from(mixture, start)?)
    }

    fn starting_mixture(
        &self,
        start: usize,
        variance: Option<&[f64]>,
    ) -> Result<Mixture, GmmError> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.em.config.seed);
        // Streams of different starts don't overlap, however many numbers one of them takes.
        (0..start).for_each(|_| rng.jump());
        let labels = kmeans_labels(
            &self.rows,
            &self.knowledge,
            // By their total spread, features that don't separate clusters weigh more than those that do.
            &FeatureSpace::new(self.spread, variance.unwrap_or(&self.spread.variance)),
            self.em.config.n_components,
            self.em.threads,
            &mut rng,
            Patience::new(&mut || self.em.watch.flow()),
        )?;
        self.em.mixture_of_labels(labels)
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
