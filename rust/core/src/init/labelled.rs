//! Rows whose component is known: those of which the class priors leave one component.
//!
//! Starts put them there, and begin the clusters of these components at the means of such rows
//! (seeded k-means: Basu, Banerjee & Mooney 2002).

use ndarray::{ArrayView1, Axis};

use super::spaces::FeatureSpace;
use crate::config::RowKnowledge;
use crate::data::{LogPrior, Rows};
use crate::float::Float;

/// The mean of the rows that are known to belong to each component, where there are any.
pub(super) struct KnownMeans(Vec<Option<Vec<f64>>>);

impl KnownMeans {
    pub(super) fn new<T: Float>(
        rows: &Rows<'_, T>,
        knowledge: &RowKnowledge<'_>,
        n_components: usize,
    ) -> Self {
        let mut counts = vec![0.0; n_components];
        let mut means: Vec<Option<Vec<f64>>> = vec![None; n_components];
        let Some(log_prior) = knowledge.log_prior else {
            return Self(means);
        };
        let view = rows.view();
        for (n, log_prior) in log_prior.view().axis_iter(Axis(0)).enumerate() {
            let weight = knowledge.sample_weight.map_or(1.0, |weights| weights[n]);
            let (Some(k), true) = (only_possible(log_prior), weight > 0.0) else {
                continue;
            };
            counts[k] += weight;
            let row = view.row(n);
            let mean = means[k].get_or_insert_with(|| vec![0.0; row.len()]);
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += weight / counts[k] * (x.to_f64() - *mean);
            }
        }
        Self(means)
    }

    /// The centres that are known, one after another.
    pub(super) fn centres<T: Float>(&self, space: &FeatureSpace<T>) -> Vec<T> {
        let means = self.0.iter().flatten();
        means.flat_map(|mean| space.map(mean)).collect()
    }

    /// `centres`, of which the known ones come first, each in the place of its component; the others fill the gaps in order.
    pub(super) fn in_place<T: Float>(&self, centres: &[T], n_axes: usize) -> Vec<T> {
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

/// Gives rows whose label is ruled out the most probable one of their class prior, the first of equals.
pub(super) fn respect(labels: &mut [u32], log_prior: &LogPrior<'_>) {
    for (label, row) in labels.iter_mut().zip(log_prior.view().axis_iter(Axis(0))) {
        if row[*label as usize] == f64::NEG_INFINITY {
            let better = |best: usize, k: usize| if row[k] > row[best] { k } else { best };
            *label = (0..row.len()).fold(*label as usize, better) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    const NO: f64 = f64::NEG_INFINITY;

    #[test]
    fn labels_that_are_ruled_out_become_the_most_probable() {
        let log_prior = array![[NO, 0.0, NO], [0.0, -1.0, NO], [NO, -2.0, -1.0], [NO; 3]];
        let log_prior = LogPrior::new(log_prior.view(), 4, 3).expect("valid");
        let mut labels = [2, 1, 0, 2];
        respect(&mut labels, &log_prior);
        assert_eq!(labels, [1, 1, 2, 2]);
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
        let rows = Rows::new(data.view()).expect("finite");
        let known = KnownMeans::new(&rows, &knowledge, 2);
        assert_eq!(known.0, [None, Some(vec![1.5])]);
        assert_eq!(known.in_place(&[1.0, 2.0], 1), [2.0, 1.0]);
    }
}
