//! Hard labels as responsibilities.

use ndarray::ArrayView1;

use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::responsibilities::{Responsibilities, TileScratch};

/// Labels as responsibilities: the row's weight for the row's component, 0 for all others.
pub(crate) struct HardLabels<'a> {
    pub(crate) labels: &'a [u32],
    pub(crate) sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<E: Float> Responsibilities<E> for HardLabels<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(&self, _: L, start: usize, scratch: &mut TileScratch<E>) -> f64 {
        scratch.resp.fill(E::default());
        for (lane, &label) in self.labels[start..start + scratch.tile.len()]
            .iter()
            .enumerate()
        {
            let weight = self
                .sample_weight
                .map_or(1.0, |weights| weights[start + lane]);
            scratch.resp[label as usize * scratch.capacity + lane] = E::from_f64(weight);
        }
        0.0
    }
}
