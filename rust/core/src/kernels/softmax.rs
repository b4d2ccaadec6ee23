//! From weighted log-densities to responsibilities, by log-sum-exp over the components of each row.
//!
//! With logarithms to base 2, a_nk = log₂(weights_k N(x_n; μ_k, Σ_k)):
//!   log₂ p(x_n) = m_n + log₂ Σ_k 2^(a_nk − m_n),   m_n = max_k a_nk
//!   resp_nk = 2^(a_nk − m_n) / Σ_j 2^(a_nj − m_n)                                  (Bishop 2006, eq. 9.13)

use super::exp2::exp2_non_positive;
use super::lanes::Lanes;
use crate::float::Element;

/// Writes the responsibilities of a group of rows, times the rows' `weights` where there are any.
///
/// `table` has the group's a_nk, an entry for each component, and is scratch. `out` has a row of `stride` vectors for
/// each component, of which the first `V` are the group's.
/// Returns m and Σ_k 2^(a − m), which lies between 1 and the number of components.
#[inline(always)]
pub(crate) fn softmax<L: Lanes, const V: usize>(
    lanes: L,
    table: &mut [[L::Vector; V]],
    weights: Option<&[L::Vector]>,
    out: &mut [L::Vector],
    stride: usize,
) -> ([L::Vector; V], [L::Vector; V]) {
    let mut maximum = [lanes.splat(L::Element::LOG_ZERO); V];
    for log_prob in &*table {
        for v in 0..V {
            maximum[v] = lanes.max(maximum[v], log_prob[v]);
        }
    }
    let mut sum = [lanes.splat(L::Element::default()); V];
    for power in &mut *table {
        for v in 0..V {
            power[v] = lanes.sub(power[v], maximum[v]);
        }
        *power = exp2_non_positive(lanes, *power);
        for v in 0..V {
            sum[v] = lanes.add(sum[v], power[v]);
        }
    }
    let mut factor = [lanes.splat(L::Element::from_f64(1.0)); V];
    if let Some(weights) = weights {
        factor = *weights.first_chunk().expect("weights of whole groups");
    }
    for v in 0..V {
        factor[v] = lanes.div(factor[v], sum[v]);
    }
    for (power, row) in table.iter().zip(out.chunks_mut(stride)) {
        let resp: &mut [L::Vector; V] = row.first_chunk_mut().expect("a row has whole groups");
        for v in 0..V {
            resp[v] = lanes.mul(power[v], factor[v]);
        }
    }
    (maximum, sum)
}
