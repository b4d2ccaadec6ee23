//! What all starts of a fit are drawn from.

use ndarray::ArrayView2;

use super::alignment::align;
use super::labelled::{KnownMeans, respect};
use super::responsibilities::HardLabels;
use crate::em::Em;
use crate::error::GmmError;
use crate::float::Float;
use crate::mixture::Mixture;
use crate::spread::Spread;

/// The rows (those of `em`) and what is known of them.
pub(super) struct Ground<'b, 'a, T> {
    pub(super) em: &'b Em<'a, T>,
    /// Which component each row may belong to, shape (N, K), where anything tells.
    pub(super) reference: Option<ArrayView2<'b, f64>>,
    pub(super) known: &'b KnownMeans,
    pub(super) spread: &'b Spread,
}

impl<T: Float> Ground<'_, '_, T> {
    pub(super) fn n_components(&self) -> usize {
        self.em.config.n_components
    }

    /// The mixture of hard labels, which are numbered so that they agree with the reference, and
    /// respect the class priors.
    pub(super) fn mixture_of_labels(&self, mut labels: Vec<u32>) -> Result<Mixture, GmmError> {
        if let Some(reference) = self.reference {
            align(&mut labels, reference)?;
        }
        if let Some(log_prior) = &self.em.knowledge.log_prior {
            respect(&mut labels, log_prior);
        }
        self.em.mixture_of(&HardLabels {
            labels: &labels,
            sample_weight: self.em.knowledge.sample_weight,
        })
    }
}
