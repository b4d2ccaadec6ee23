//! Passes over the data that end early once a fit has been stopped.

use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::responsibilities::{Responsibilities, TileScratch};
use crate::watch::Watch;

/// Other responsibilities, until the fit is stopped: then 0, for which a pass hardly computes anything.
pub(crate) struct Interruptible<'a, R> {
    pub(crate) inner: &'a R,
    pub(crate) watch: &'a Watch,
}

impl<E: Float, R: Responsibilities<E>> Responsibilities<E> for Interruptible<'_, R> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        start: usize,
        scratch: &mut TileScratch<E>,
    ) -> f64 {
        if self.watch.is_stopped() {
            scratch.resp.fill(E::default());
            return 0.0;
        }
        self.inner.fill(lanes, start, scratch)
    }
}
