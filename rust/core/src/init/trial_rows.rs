//! The rows that starts are tried on: a sample where there are many, which counts as much as all rows.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::ground::Ground;
use crate::config::RowKnowledge;
use crate::data::{LogPrior, Rows};
use crate::em::{Em, Task};
use crate::error::GmmError;
use crate::float::Float;
use crate::stratified::stratified;

/// Rows at most, unless clusters are many. A cluster of one row in a thousand still has 64 among them.
const MAX_ROWS: usize = 1 << 16;

/// Rows for each cluster that a sample has at least. The centres found from n rows of a cluster leave a sum of
/// squares that is larger by 1/n of itself, on average, than those found from all.
const MIN_ROWS_PER_CLUSTER: usize = 256;

/// Values at most, as far as the rows for each cluster allow it.
const MAX_VALUES: usize = 1 << 23;

/// How many rows starts are tried on, of data with as many features and clusters.
fn trial_len(n_samples: usize, n_features: usize, n_clusters: usize) -> usize {
    let most = MAX_ROWS.min(MAX_VALUES / n_features);
    n_samples.min(most.max(MIN_ROWS_PER_CLUSTER * n_clusters))
}

/// Whether starts are tried on fewer rows than there are.
pub(super) fn is_sampled<T: Float>(ground: &Ground<'_, '_, T>) -> bool {
    let (n_samples, n_features) = ground.em.rows.view().dim();
    trial_len(n_samples, n_features, ground.n_components()) < n_samples
}

/// The result of `work` on the rows that starts are tried on.
///
/// # Errors
/// Those of `work`.
pub(super) fn on_trial_rows<T: Float, R>(
    ground: &Ground<'_, '_, T>,
    rng: &mut Xoshiro256PlusPlus,
    work: impl FnOnce(&Ground<'_, '_, T>, &mut Xoshiro256PlusPlus) -> Result<R, GmmError>,
) -> Result<R, GmmError> {
    if !is_sampled(ground) {
        return work(ground, rng);
    }
    let em = ground.em;
    let (n_samples, n_features) = em.rows.view().dim();
    let n_rows = trial_len(n_samples, n_features, ground.n_components());
    // The weights are in the sample: a row is there the more often the more it weighs.
    let sample = stratified(n_samples, em.knowledge.sample_weight, n_rows, rng);
    let data = gather(em.rows.view(), &sample);
    let gathered = |array: ArrayView2<'_, f64>| gather(array, &sample);
    let log_prior = em
        .knowledge
        .log_prior
        .map(|log_prior| gathered(log_prior.view()));
    let reference = ground.reference.map(gathered);
    let weights = Array1::ones(n_rows);
    let task = Task {
        knowledge: RowKnowledge {
            log_prior: match &log_prior {
                Some(array) => Some(LogPrior::new(array.view(), n_rows, ground.n_components())?),
                None => None,
            },
            sample_weight: Some(weights.view()),
            align_to: None,
        },
        weight_unit: em.total_weight / n_rows as f64,
        threads: em.threads,
        watch: em.watch,
    };
    let trial = Em::new(
        Rows::new(data.view())?,
        em.config,
        &task,
        ground.spread,
        0.0,
    )?;
    let ground = Ground {
        em: &trial,
        reference: reference.as_ref().map(|array| array.view()),
        known: ground.known,
        spread: ground.spread,
    };
    work(&ground, rng)
}

/// The rows `indices`, side by side.
fn gather<T: Copy>(rows: ArrayView2<'_, T>, indices: &[usize]) -> Array2<T> {
    rows.select(Axis(0), indices)
}
