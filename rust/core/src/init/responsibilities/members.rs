//! Labels as responsibilities.

use ndarray::ArrayView1;

use crate::e_step::{Responsibilities, TileScratch};
use crate::float::Float;
use crate::kernels::lanes::Lanes;

/// The row's weight for the component of its label, and 0 for all others.
pub(crate) struct Members<'a> {
    pub(crate) labels: ArrayView1<'a, u32>,
    pub(crate) sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<E: Float> Responsibilities<E> for Members<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(&self, _: L, start: usize, scratch: &mut TileScratch<E>) -> f64 {
        scratch.resp.fill(E::default());
        for lane in 0..scratch.tile.len() {
            let n = start + lane;
            let weight = self.sample_weight.map_or(1.0, |weights| weights[n]);
            scratch.resp[self.labels[n] as usize * scratch.capacity + lane] = E::from_f64(weight);
        }
        0.0
    }
}
