//! Rows whose component is known: those of which the class priors leave one component.
//!
//! Starts put them there, and begin the clusters of these components at the means of such rows
//! (seeded k-means: Basu, Banerjee & Mooney 2002).

use ndarray::ArrayView1;

use super::spaces::FeatureSpace;
use crate::e_step::{MomentKind, Responsibilities, TileScratch};
use crate::em::Em;
use crate::error::GmmError;
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::rows::LogPrior;

/// The mean of the rows that are known to belong to each component, where there are any.
pub(super) struct KnownMeans(Vec<Option<Vec<f64>>>);

impl KnownMeans {
    /// Those of the rows of `em`, by a pass about `centre`.
    ///
    /// # Errors
    /// Those of a pass.
    pub(super) fn new<T: Float>(em: &Em<'_, T>, centre: &[f64]) -> Result<Self, GmmError> {
        let n_components = em.config.n_components;
        let Some(log_prior) = &em.knowledge.log_prior else {
            return Ok(Self(vec![None; n_components]));
        };
        let known = KnownComponents {
            log_prior: log_prior.reborrow(),
            sample_weight: em.knowledge.sample_weight,
        };
        let anchors = vec![centre.to_vec(); n_components];
        let stats = em.statistics(&anchors, MomentKind::First, &known)?;
        let mean = |k: usize| {
            let count = stats.zeroth[k];
            let differences = stats.first.row(k).into_iter().zip(&stats.anchors[k]);
            (count > 0.0).then(|| differences.map(|(sum, x)| x + sum / count).collect())
        };
        Ok(Self((0..n_components).map(mean).collect()))
    }

    /// The centres that are known, one after another.
    pub(super) fn centres<T: Float>(&self, space: &FeatureSpace<T>) -> Vec<f32> {
        let means = self.0.iter().flatten();
        means
            .flat_map(|mean| space.map(mean.iter().copied()))
            .collect()
    }

    /// `centres`, of which the known ones come first, each in the place of its component; the others fill the gaps in order.
    pub(super) fn in_place(&self, centres: &[f32], n_axes: usize) -> Vec<f32> {
        let n_known = self.0.iter().flatten().count();
        let (known, others) = centres.split_at(n_known * n_axes);
        let mut known = known.chunks_exact(n_axes);
        let mut others = others.chunks_exact(n_axes);
        let mut next = |mean: &Option<_>| match mean {
            Some(_) => known.next(),
            None => others.next(),
        };
        let placed = self.0.iter().map(|mean| next(mean).expect("K centres"));
        placed.flatten().copied().collect()
    }
}

/// The only component that is not ruled out, if there is one.
fn only_possible(log_prior: ArrayView1<'_, f64>) -> Option<usize> {
    let mut possible = log_prior
        .iter()
        .enumerate()
        .filter(|(_, p)| **p > f64::NEG_INFINITY);
    match (possible.next(), possible.next()) {
        (Some((k, _)), None) => Some(k),
        _ => None,
    }
}

/// Rows with the only component that is not ruled out, as far as there is one.
struct KnownComponents<'a> {
    log_prior: LogPrior<'a>,
    sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<E: Float> Responsibilities<E> for KnownComponents<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(&self, _: L, start: usize, scratch: &mut TileScratch<E>) -> f64 {
        scratch.resp.fill(E::default());
        let rows = self.log_prior.view();
        for lane in 0..scratch.tile.len() {
            let n = start + lane;
            if let Some(k) = only_possible(rows.row(n)) {
                let weight = self.sample_weight.map_or(1.0, |weights| weights[n]);
                scratch.resp[k * scratch.capacity + lane] = E::from_f64(weight);
            }
        }
        0.0
    }
}

/// `component`, or if the class prior of row `n` rules it out, the most probable one of it, the first of equals.
pub(super) fn respected(component: usize, log_prior: &LogPrior<'_>, n: usize) -> usize {
    let view = log_prior.view();
    let row = view.row(n);
    if row[component] > f64::NEG_INFINITY {
        return component;
    }
    let better = |best: usize, k: usize| if row[k] > row[best] { k } else { best };
    (0..row.len()).fold(component, better)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::em::Task;
    use crate::fit::{FitConfig, RowKnowledge};
    use crate::parallel::Threads;
    use crate::rows::{Rows, Spread};
    use crate::watch::Watch;
    use ndarray::array;

    const NO: f64 = f64::NEG_INFINITY;

    #[test]
    fn labels_that_are_ruled_out_become_the_most_probable() {
        let log_prior = array![[NO, 0.0, NO], [0.0, -1.0, NO], [NO, -2.0, -1.0], [NO; 3]];
        let log_prior = LogPrior::new(log_prior.view(), 4, 3).expect("valid");
        let labels = [2, 1, 0, 2];
        let respected: Vec<usize> = (0..4)
            .map(|n| respected(labels[n], &log_prior, n))
            .collect();
        assert_eq!(respected, [1, 1, 2, 2]);
    }

    #[test]
    fn means_of_known_rows_count_weights() {
        let data = array![[0.0], [2.0], [5.0], [100.0]];
        let log_prior = array![[NO, 0.0], [NO, -3.0], [0.0, 0.0], [NO, 0.0]];
        let weights = array![1.0, 3.0, 1.0, 0.0];
        let knowledge = RowKnowledge {
            log_prior: Some(LogPrior::new(log_prior.view(), 4, 2).expect("valid")),
            sample_weight: Some(weights.view()),
            align_to: None,
        };
        let rows = Rows::new(data.view()).expect("finite").into();
        let threads = Threads::new(1).expect("1 thread");
        let watch = Watch::new(None);
        let task = Task {
            knowledge,
            weight_unit: 1.0,
            threads: &threads,
            watch: &watch,
        };
        let spread = Spread::new(&rows, None, &threads, &watch).expect("finite squares");
        let config = FitConfig::new(2);
        let em = Em::new(rows, &config, &task, &spread, 0.0).expect("valid");
        let known = KnownMeans::new(&em, &[1.0]).expect("not stopped");
        assert_eq!(known.0, [None, Some(vec![1.5])]);
        assert_eq!(known.in_place(&[1.0, 2.0], 1), [2.0, 1.0]);
    }
}
