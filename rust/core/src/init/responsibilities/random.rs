//! Random responsibilities.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::e_step::{Responsibilities, TileScratch};
use crate::error::GmmError;
use crate::float::Float;
use crate::init::alignment::names;
use crate::kernels::lanes::Lanes;
use crate::rows::LogPrior;
use crate::source::PortableResponsibilities;

/// w_n u_nk p_nk / Σ_j u_nj p_nj with uniform numbers u_nk, and the class probabilities p_nk where they are given.
///
/// u_nk is a function of a key, n and k (the output function of splitmix64: Steele, Lea & Flood 2014), so that nothing is
/// stored and rows can be visited in any order.
pub(crate) struct RandomResponsibilities<'a> {
    key: u64,
    /// The number of the row that passes call the first.
    first_row: usize,
    /// Which component each column of the random numbers is.
    names: Vec<usize>,
    log_prior: Option<LogPrior<'a>>,
    sample_weight: Option<ArrayView1<'a, f64>>,
}

impl<'a> RandomResponsibilities<'a> {
    /// Of components with these names, for the columns in order.
    pub(crate) fn new(
        key: u64,
        names: Vec<usize>,
        log_prior: Option<LogPrior<'a>>,
        sample_weight: Option<ArrayView1<'a, f64>>,
    ) -> Self {
        Self {
            key,
            first_row: 0,
            names,
            log_prior,
            sample_weight,
        }
    }

    /// The same where the row that passes call the first has this number.
    pub(crate) fn beginning_at(self, first_row: usize) -> Self {
        Self { first_row, ..self }
    }

    /// The same with components numbered so that they agree with `reference`, of shape (N, K).
    ///
    /// # Errors
    /// [`GmmError::NonFinite`] where sums of `reference` are NaN or infinite.
    pub(crate) fn aligned(self, reference: ArrayView2<'_, f64>) -> Result<Self, GmmError> {
        let n_components = self.names.len();
        let mut overlap = Array2::<f64>::zeros((n_components, n_components));
        let mut row = vec![0.0; n_components];
        for (n, reference) in reference.outer_iter().enumerate() {
            self.fill_row(n, &mut row);
            for (mut sums, &resp) in overlap.outer_iter_mut().zip(&row) {
                sums.scaled_add(resp, &reference);
            }
        }
        let names = names(overlap.view())?;
        Ok(Self { names, ..self })
    }

    /// The responsibilities of row `n`.
    fn fill_row(&self, n: usize, row: &mut [f64]) {
        let first = (self.first_row + n) * row.len();
        for (column, &name) in self.names.iter().enumerate() {
            row[name] = uniform(self.key, (first + column) as u64);
        }
        if let Some(log_prior) = &self.log_prior {
            let log_prior = log_prior.view().index_axis_move(ndarray::Axis(0), n);
            let largest = log_prior.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if largest > f64::NEG_INFINITY {
                for (resp, p) in row.iter_mut().zip(log_prior) {
                    *resp *= (p - largest).exp();
                }
            }
        }
        let weight = self.sample_weight.map_or(1.0, |weights| weights[n]);
        let factor = weight / row.iter().sum::<f64>();
        row.iter_mut().for_each(|resp| *resp *= factor);
    }
}

impl<E: Float> Responsibilities<E> for RandomResponsibilities<'_> {
    #[inline(always)]
    fn fill<L: Lanes<Element = E>>(&self, _: L, start: usize, scratch: &mut TileScratch<E>) -> f64 {
        scratch.resp.fill(E::default());
        let mut row = vec![0.0; self.names.len()];
        for lane in 0..scratch.tile.len() {
            self.fill_row(start + lane, &mut row);
            for (k, &resp) in row.iter().enumerate() {
                scratch.resp[k * scratch.capacity + lane] = E::from_f64(resp);
            }
        }
        0.0
    }

    fn portable(&self) -> Option<PortableResponsibilities> {
        let is_portable = self.log_prior.is_none();
        is_portable.then(|| PortableResponsibilities::Random {
            key: self.key,
            names: self.names.clone(),
        })
    }
}

/// Number `index` of a stream of uniform numbers, above 0 and below 1.
fn uniform(key: u64, index: u64) -> f64 {
    let mut z = key.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    ((z >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_uniform_and_depend_on_key_and_index() {
        let draws: Vec<f64> = (0..100_000).map(|i| uniform(7, i)).collect();
        assert!(draws.iter().all(|&u| u > 0.0 && u < 1.0));
        let mean = draws.iter().sum::<f64>() / 1e5;
        let square = draws.iter().map(|u| u * u).sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 0.004 && (square - 1.0 / 3.0).abs() < 0.004);
        let neighbours = draws.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5));
        assert!((neighbours.sum::<f64>() / 1e5).abs() < 0.001);
        assert_ne!(uniform(7, 0), uniform(8, 0));
    }
}
