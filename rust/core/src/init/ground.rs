//! What the starts of a fit are drawn from.

use ndarray::ArrayView2;

use super::clusters::Clusters;
use super::labelled::KnownMeans;
use crate::em::Em;
use crate::error::GmmError;
use crate::float::Float;
use crate::model::Mixture;
use crate::rows::{Rows, Spread};

/// Rows in memory and what is known of them.
pub(super) struct Ground<'b, 'a, T> {
    /// Passes over these rows.
    pub(super) em: &'b Em<'a, T>,
    pub(super) rows: Rows<'b, T>,
    /// Which component each row may belong to, shape (N, K), where anything tells.
    pub(super) reference: Option<ArrayView2<'b, f64>>,
    pub(super) known: &'b KnownMeans,
    pub(super) spread: &'b Spread,
}

impl<T: Float> Ground<'_, '_, T> {
    pub(super) fn n_components(&self) -> usize {
        self.em.config.n_components
    }

    /// The mixture that follows where each row belongs to its cluster.
    pub(super) fn mixture_of(&self, clusters: &Clusters<T>) -> Result<Mixture, GmmError> {
        self.em.mixture_of(&clusters.nearest(&self.em.knowledge))
    }
}
