//! The rows that starts are tried on: a sample where there are many, which counts as much as all rows.

use ndarray::{Array1, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::ground::Ground;
use super::starts::Starts;
use crate::em::{Em, Task};
use crate::error::GmmError;
use crate::fit::RowKnowledge;
use crate::float::Float;
use crate::rows::{LogPrior, Rows, stratified};
use crate::source::Source;

/// Rows at most, unless clusters are many. A cluster of one row in a thousand still has 16 among them.
const MAX_ROWS: usize = 1 << 14;

/// Rows for each cluster that a sample has at least. The centres found from n rows of a cluster leave a sum of
/// squares that is larger by 1/n of itself, on average, than those found from all.
const MIN_ROWS_PER_CLUSTER: usize = 256;

/// Values at most, as far as the rows for each cluster allow it.
const MAX_VALUES: usize = 1 << 23;

/// How many rows starts are tried on, of data with as many features and clusters.
pub(crate) fn trial_len(n_samples: usize, n_features: usize, n_clusters: usize) -> usize {
    let most = MAX_ROWS.min(MAX_VALUES / n_features);
    n_samples.min(most.max(MIN_ROWS_PER_CLUSTER * n_clusters))
}

/// Whether starts are tried on fewer rows than there are.
pub(crate) fn is_sampled<T: Float>(source: &Source<'_, T>, n_clusters: usize) -> bool {
    let n_samples = source.n_samples();
    trial_len(n_samples, source.n_features(), n_clusters) < n_samples
}

impl<T: Float> Starts<'_, '_, T> {
    /// Whether starts are tried on a sample of the rows.
    pub(super) fn are_sampled(&self) -> bool {
        is_sampled(&self.em.source, self.em.config.n_components)
    }

    /// The result of `work` on the rows that starts are tried on.
    ///
    /// # Errors
    /// Those of `work` and of passes.
    pub(super) fn on_trial_rows<R>(
        &self,
        rng: &mut Xoshiro256PlusPlus,
        work: impl FnOnce(&Ground<'_, '_, T>, &mut Xoshiro256PlusPlus) -> Result<R, GmmError>,
    ) -> Result<R, GmmError> {
        match self.em.source.in_memory() {
            Some(rows) if !self.are_sampled() => {
                work(&self.ground(self.em, rows, self.reference()), rng)
            }
            _ => self.on_sample(rng, work),
        }
    }

    /// The same on a sample, which counts as much as all rows.
    fn on_sample<R>(
        &self,
        rng: &mut Xoshiro256PlusPlus,
        work: impl FnOnce(&Ground<'_, '_, T>, &mut Xoshiro256PlusPlus) -> Result<R, GmmError>,
    ) -> Result<R, GmmError> {
        let em = self.em;
        let (n_samples, n_features) = (em.source.n_samples(), em.source.n_features());
        let n_components = em.config.n_components;
        let n_rows = trial_len(n_samples, n_features, n_components);
        // The weights are in the sample: a row is there the more often the more it weighs.
        let sample = stratified(n_samples, em.knowledge.sample_weight, n_rows, rng);
        let data = em.source.rows(&sample, em.threads, em.watch)?;
        let gathered = |array: ArrayView2<'_, f64>| array.select(Axis(0), &sample);
        let log_prior = em.knowledge.log_prior.as_ref();
        let log_prior = log_prior.map(|log_prior| gathered(log_prior.view()));
        let reference = self.reference().map(gathered);
        let weights = Array1::ones(n_rows);
        let task = Task {
            knowledge: RowKnowledge {
                log_prior: match &log_prior {
                    Some(array) => Some(LogPrior::new(array.view(), n_rows, n_components)?),
                    None => None,
                },
                sample_weight: Some(weights.view()),
                align_to: None,
            },
            weight_unit: em.total_weight / n_rows as f64,
            threads: em.threads,
            watch: em.watch,
        };
        let rows = Rows::new(data.view())?;
        let trial = Em::new(rows.reborrow().into(), em.config, &task, self.spread, 0.0)?;
        let reference = reference.as_ref().map(|array| array.view());
        work(&self.ground(&trial, rows, reference), rng)
    }
}
