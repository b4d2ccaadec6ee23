//! Clusters as responsibilities: each row belongs to the component of the nearest centre.

use super::Clusters;
use crate::e_step::{Responsibilities, RowTerms, TileScratch};
use crate::float::Float;
use crate::init::labelled::respected;
use crate::kernels::lanes::Lanes;
use crate::rows::{Tile, buffer};
use crate::source::PortableResponsibilities;

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
        let mut found = buffer(capacity);
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
