//! The rows of a tile that matter to a component.

use super::lanes::Lanes;
use crate::float::Float;
use crate::rows::{Buffer, buffer};

/// Responsibilities below this, in units of the largest weight of a row, are left out where that saves work. A component
/// to which every row matters less is thus empty.
const NEGLIGIBLE: f64 = 1.0 / (1u64 << 53) as f64;

/// Rows of a tile and their responsibilities, side by side.
#[derive(Debug)]
pub(crate) struct Selection<E> {
    all: Vec<u32>,
    some: Vec<u32>,
    weights: Buffer<E>,
}

impl<E: Float> Selection<E> {
    /// Room for tiles of `capacity` rows.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            all: (0..capacity as u32).collect(),
            some: vec![0; capacity],
            weights: buffer(capacity),
        }
    }

    /// The rows whose responsibility isn't negligible, if they are less than three quarters of all; else all.
    ///
    /// `resp` has whole vectors for `len` rows, zeros in lanes beyond. The weights returned have, too.
    #[inline(always)]
    pub(crate) fn choose<'a, L: Lanes<Element = E>>(
        &'a mut self,
        lanes: L,
        resp: &'a [E],
        len: usize,
    ) -> (&'a [u32], &'a [E]) {
        let n_vectors = len.div_ceil(L::LANES);
        let bound = E::from_f64(NEGLIGIBLE);
        let (one, zero) = (lanes.splat(E::from_f64(1.0)), lanes.splat(E::default()));
        let (limit, mut counts) = (lanes.splat(bound), zero);
        for &r in &L::vectors(resp)[..n_vectors] {
            let relevant = lanes.at_least(r, limit);
            counts = lanes.add(counts, lanes.select(relevant, one, zero));
        }
        let count = lanes.sum(counts).to_f64() as usize;
        if 4 * count >= 3 * len {
            return (&self.all[..len], &resp[..n_vectors * L::LANES]);
        }
        let mut next = 0;
        for (n, &r) in resp[..len].iter().enumerate() {
            // Written in any case, so that there is no branch to predict.
            self.some[next] = n as u32;
            self.weights[next] = r;
            next += usize::from(r >= bound);
        }
        let filled = count.next_multiple_of(L::LANES);
        self.weights[count..filled].fill(E::default());
        (&self.some[..count], &self.weights[..filled])
    }
}
