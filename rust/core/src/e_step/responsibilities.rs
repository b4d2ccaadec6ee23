//! Responsibilities of the components for the rows of a tile: the E-step.
//!
//!   resp_nk = w_n weights_k p_nk N(x_n; μ_k, Σ_k) / Σ_j weights_j p_nj N(x_n; μ_j, Σ_j)
//!
//! with the row's own weight w_n and class probabilities p_nk where they are given. They are kept for
//! one tile only.

use std::f64::consts::{LN_2, LOG2_E};

use ndarray::{ArrayView1, ArrayView2, s};

use super::density::{Densities, GroupScratch, MAX_GROUP};
use crate::float::Float;
use crate::kernels::lanes::{Lanes, by_group};
use crate::kernels::softmax::softmax;
use crate::model::Precision;
use crate::rows::{Buffer, LogPrior, Tile, buffer, tile_len};
use crate::source::PortableResponsibilities;

/// Tables of one thread for one tile.
#[derive(Debug)]
pub(crate) struct TileScratch<E> {
    pub(crate) tile: Tile<E>,
    /// resp_nk, a row of [`capacity`](Self::capacity) lanes for each component; 0 in lanes of the tile's groups that hold no
    /// row.
    pub(crate) resp: Buffer<E>,
    /// The two parts of log₂ p(x_n): the largest term's logarithm, and the sum in units of it.
    maximum: Buffer<E>,
    sum: Buffer<E>,
    weights: Buffer<E>,
    /// a_nk of a group of rows: it stays in the first level cache, and holds all vectors of a component side by side.
    table: Buffer<E>,
    group: GroupScratch<E>,
    pub(crate) capacity: usize,
}

impl<E: Float> TileScratch<E> {
    pub(crate) fn new(n_components: usize, n_features: usize) -> Self {
        let capacity = tile_len::<E>(n_components, n_features);
        Self {
            tile: Tile::new(n_features, capacity),
            resp: buffer(n_components * capacity),
            maximum: buffer(capacity),
            sum: buffer(capacity),
            weights: buffer(capacity),
            table: buffer(n_components * MAX_GROUP),
            group: GroupScratch::new(n_features),
            capacity,
        }
    }

    /// The responsibilities of component `k`, those of the lanes of the tile's groups.
    #[inline(always)]
    pub(crate) fn resp_of<L: Lanes<Element = E>>(&self, k: usize) -> &[E] {
        &self.resp[k * self.capacity..][..self.tile.n_lanes::<L>()]
    }

    /// log p(x) of row `n` of the tile, in nats.
    pub(crate) fn log_prob_norm(&self, n: usize) -> f64 {
        (self.maximum[n].to_f64() + self.sum[n].to_f64().log2()) * LN_2
    }
}

/// Where the responsibilities of a tile come from.
pub(crate) trait Responsibilities<E: Float>: Sync {
    /// Fills the responsibilities of the tile, which holds the rows from `start` on.
    /// Returns Σ_n w_n log p(x_n), 0 where no model is involved.
    fn fill<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        start: usize,
        scratch: &mut TileScratch<E>,
    ) -> f64;

    /// The same for rows that are elsewhere, if that is possible.
    fn portable(&self) -> Option<PortableResponsibilities> {
        None
    }
}

/// What is known of the rows when a model is applied to them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowTerms<'a> {
    /// log p_nk.
    pub(crate) log_prior: Option<LogPrior<'a>>,
    /// w_n.
    pub(crate) sample_weight: Option<ArrayView1<'a, f64>>,
}

impl RowTerms<'_> {
    /// The same, borrowed for a shorter time.
    pub(crate) fn reborrow(&self) -> RowTerms<'_> {
        RowTerms {
            log_prior: self.log_prior.as_ref().map(LogPrior::reborrow),
            sample_weight: self.sample_weight.map(|view| view.reborrow()),
        }
    }
}

/// The posterior of a mixture.
#[derive(Debug)]
pub(crate) struct Posterior<'a, E> {
    pub(crate) precision: &'a Precision,
    pub(crate) densities: &'a Densities<E>,
    pub(crate) terms: RowTerms<'a>,
}

impl<E: Float> Responsibilities<E> for Posterior<'_, E> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(
        &self,
        lanes: L,
        start: usize,
        scratch: &mut TileScratch<E>,
    ) -> f64 {
        let len = scratch.tile.len();
        if let Some(weights) = self.terms.sample_weight {
            let weights = weights.slice_move(s![start..start + len]);
            for (to, &from) in scratch.weights.iter_mut().zip(weights) {
                *to = E::from_f64(from);
            }
        }
        by_group!(L, V => self.fill_groups::<L, V>(lanes, start, scratch));
        let n_lanes = scratch.tile.n_lanes::<L>();
        for row in scratch.resp.chunks_exact_mut(scratch.capacity) {
            row[len..n_lanes].fill(E::default());
        }
        match self.terms.sample_weight {
            None => log_likelihood(scratch, len),
            Some(_) => (0..len)
                .map(|n| scratch.weights[n].to_f64() * scratch.log_prob_norm(n))
                .sum(),
        }
    }

    fn portable(&self) -> Option<PortableResponsibilities> {
        let is_portable = self.terms.log_prior.is_none();
        is_portable.then(|| PortableResponsibilities::Posterior(self.precision.clone()))
    }
}

impl<E: Float> Posterior<'_, E> {
    /// The same, for groups of `V` vectors of rows.
    #[inline(always)]
    fn fill_groups<L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        start: usize,
        scratch: &mut TileScratch<E>,
    ) {
        let TileScratch {
            tile,
            resp,
            maximum,
            sum,
            weights,
            table,
            group: group_scratch,
            capacity,
        } = scratch;
        let (n_components, stride) = (resp.len() / *capacity, *capacity / L::LANES);
        let table = &mut table[..n_components * V * L::LANES];
        for (index, group) in tile.groups::<L>().enumerate() {
            let first = index * V;
            let x = group.as_chunks::<V>().0;
            let log_prob = L::vectors_mut(table).as_chunks_mut::<V>().0;
            self.densities.log2_prob(lanes, x, group_scratch, log_prob);
            if let Some(prior) = self.terms.log_prior {
                let lanes_before = first * L::LANES;
                let rows = lanes_before..tile.len().min(lanes_before + V * L::LANES);
                let prior = prior
                    .view()
                    .slice_move(s![start + rows.start..start + rows.end, ..]);
                add_log_prior(table, V * L::LANES, prior);
            }
            let weights = self
                .terms
                .sample_weight
                .map(|_| &L::vectors(weights)[first..]);
            let log_prob = L::vectors_mut(table).as_chunks_mut::<V>().0;
            let out = &mut L::vectors_mut(resp)[first..];
            let (maxima, sums) = softmax(lanes, log_prob, weights, out, stride);
            L::vectors_mut(maximum)[first..first + V].copy_from_slice(&maxima);
            L::vectors_mut(sum)[first..first + V].copy_from_slice(&sums);
        }
    }
}

/// Adds log p_nk, given in nats, to the rows of `table`, which are `stride` entries apart.
fn add_log_prior<E: Float>(table: &mut [E], stride: usize, log_prior: ArrayView2<'_, f64>) {
    for (row, prior) in table.chunks_mut(stride).zip(log_prior.columns()) {
        for (value, &prior) in row.iter_mut().zip(prior) {
            let sum = value.to_f64() + prior * LOG2_E;
            *value = E::from_f64(sum.max(E::LOG_ZERO.to_f64()));
        }
    }
}

/// Σ_n log p(x_n) of the first `len` rows, in nats.
///
/// The sums are multiplied before a logarithm is taken of the product, which saves the logarithm of
/// every row. A factor is at most the number of components, so that the product of all factors of a lane
/// is finite for fewer than 2^21 components.
#[inline(always)]
fn log_likelihood<E: Float>(scratch: &mut TileScratch<E>, len: usize) -> f64 {
    const PARTS: usize = 8;
    let filled = len.next_multiple_of(PARTS);
    scratch.maximum[len..filled].fill(E::default());
    scratch.sum[len..filled].fill(E::from_f64(1.0));
    let mut maxima = [0.0; PARTS];
    let mut products = [1.0; PARTS];
    let maximum = scratch.maximum[..filled].as_chunks::<PARTS>().0;
    let sum = scratch.sum[..filled].as_chunks::<PARTS>().0;
    for (maximum, sum) in maximum.iter().zip(sum) {
        for part in 0..PARTS {
            maxima[part] += maximum[part].to_f64();
            products[part] *= sum[part].to_f64();
        }
    }
    let logarithms = products.map(f64::log2);
    (maxima.iter().sum::<f64>() + logarithms.iter().sum::<f64>()) * LN_2
}
