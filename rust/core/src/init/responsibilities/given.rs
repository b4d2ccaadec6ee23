//! Responsibilities that are given.

use ndarray::{ArrayView1, ArrayView2};

use crate::e_step::{Responsibilities, TileScratch};
use crate::float::Float;
use crate::kernels::lanes::Lanes;

/// w_n r_nk / Σ_j r_nj, for responsibilities r of shape (N, K).
pub(crate) struct Given<'a> {
    pub(crate) responsibilities: ArrayView2<'a, f64>,
    pub(crate) sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<E: Float> Responsibilities<E> for Given<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(&self, _: L, start: usize, scratch: &mut TileScratch<E>) -> f64 {
        scratch.resp.fill(E::default());
        for lane in 0..scratch.tile.len() {
            let row = self.responsibilities.row(start + lane);
            let weight = self
                .sample_weight
                .map_or(1.0, |weights| weights[start + lane]);
            let factor = weight / row.sum();
            for (k, resp) in row.iter().enumerate() {
                scratch.resp[k * scratch.capacity + lane] = E::from_f64(factor * resp);
            }
        }
        0.0
    }
}
