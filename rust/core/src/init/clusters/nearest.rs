//! Clusters as responsibilities: each row belongs to the component of the nearest centre.

use super::Clusters;
use crate::e_step::{Responsibilities, RowTerms, TileScratch};
use crate::fit::RowKnowledge;
use crate::float::Float;
use crate::init::labelled::respected;
use crate::kernels::clusters::nearest;
use crate::kernels::lanes::{Lanes, by_group};
use crate::rows::{LogPrior, MAX_TILE, Tile};
use crate::source::PortableResponsibilities;

impl<T: Float> Clusters<T> {
    /// The responsibilities of rows for which this is known.
    pub(in crate::init) fn nearest<'a>(
        &'a self,
        knowledge: &'a RowKnowledge<'_>,
    ) -> Nearest<'a, T> {
        Nearest {
            clusters: self,
            terms: RowTerms {
                log_prior: knowledge.log_prior.as_ref().map(LogPrior::reborrow),
                sample_weight: knowledge.sample_weight.map(|view| view.reborrow()),
            },
        }
    }

    /// The index of the nearest centre of each row of `tile`, the first of equals, into `found`.
    #[inline(always)]
    pub(super) fn find_nearest<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        tile: &Tile<T>,
        mapped: &mut Tile<T>,
        found: &mut [T],
    ) {
        by_group!(L, V => self.find_in_groups::<L, V>(lanes, tile, mapped, found));
    }

    #[inline(always)]
    fn find_in_groups<L: Lanes<Element = T>, const V: usize>(
        &self,
        lanes: L,
        tile: &Tile<T>,
        mapped: &mut Tile<T>,
        found: &mut [T],
    ) {
        self.space.map_tile(lanes, tile, mapped);
        let vectors = L::vectors_mut(found).as_chunks_mut::<V>().0;
        for (group, found) in mapped.groups::<L>().zip(vectors) {
            *found = nearest::<L, V>(lanes, group.as_chunks().0, &self.centres).1;
        }
    }
}

/// The row's weight for the component of the nearest centre, and 0 for all others. Where class priors rule that one out, the
/// most probable one gets the row.
pub(crate) struct Nearest<'a, T> {
    pub(crate) clusters: &'a Clusters<T>,
    pub(crate) terms: RowTerms<'a>,
}

impl<T: Float> Responsibilities<T> for Nearest<'_, T> {
    #[inline(always)]
    fn fill<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        start: usize,
        scratch: &mut TileScratch<T>,
    ) -> f64 {
        let capacity = scratch.capacity;
        let mut mapped = Tile::new(self.clusters.space.n_axes(), capacity);
        let mut found = [T::default(); MAX_TILE];
        self.clusters
            .find_nearest(lanes, &scratch.tile, &mut mapped, &mut found);
        scratch.resp.fill(T::default());
        for (lane, found) in found[..scratch.tile.len()].iter().enumerate() {
            let n = start + lane;
            let mut component = self.clusters.names[found.to_f64() as usize];
            if let Some(log_prior) = &self.terms.log_prior {
                component = respected(component, log_prior, n);
            }
            let weight = self.terms.sample_weight.map_or(1.0, |weights| weights[n]);
            scratch.resp[component * capacity + lane] = T::from_f64(weight);
        }
        0.0
    }

    fn portable(&self) -> Option<PortableResponsibilities> {
        let is_portable = self.terms.log_prior.is_none();
        is_portable.then(|| PortableResponsibilities::Nearest(self.clusters.portable()))
    }
}
