//! Starting points: hard labels of all rows.

pub(crate) mod alignment;
pub(crate) mod kmeans;
pub(crate) mod scaled_rows;
mod seeding;

use pulp::Simd;

use crate::e_step::{Responsibilities, Scratch};
use crate::tile::{TILE, Tile};

/// Labels as responsibilities: 1 for the row's component, 0 for all others.
pub(crate) struct HardLabels<'a>(pub(crate) &'a [u32]);

impl Responsibilities for HardLabels<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _: S, tile: &Tile, start: usize, scratch: &mut Scratch) -> f64 {
        scratch.resp.fill(0.0);
        for (n, &label) in self.0[start..start + tile.len()].iter().enumerate() {
            scratch.resp[label as usize * TILE + n] = 1.0;
        }
        0.0
    }
}
