//! From weighted log-densities to responsibilities, by log-sum-exp over the components of each row.
//!
//! With logarithms to base 2, a_nk = log₂(weights_k N(x_n; μ_k, Σ_k)):
//!   log₂ p(x_n) = m_n + log₂ Σ_k 2^(a_nk − m_n),   m_n = max_k a_nk
//!   resp_nk = 2^(a_nk − m_n) / Σ_j 2^(a_nj − m_n)                                  (Bishop 2006, eq. 9.13)

use super::exp2::exp2_non_positive;
use super::lanes::Lanes;
use crate::float::Element;

/// Replaces the a_nk of a group of rows by responsibilities times the rows' `weights`, where there are any.
///
/// `table` has a row of `stride` vectors for each component, of which the first `V` are the group's.
/// Returns m and Σ_k 2^(a − m), which lies between 1 and the number of components.
#[inline(always)]
pub(crate) fn softmax<L: Lanes, const V: usize>(
    lanes: L,
    table: &mut [L::Vector],
    stride: usize,
    weights: Option<&[L::Vector]>,
) -> ([L::Vector; V], [L::Vector; V]) {
    let mut maximum = [lanes.splat(L::Element::LOG_FLOOR); V];
    for row in table.chunks(stride) {
        for v in 0..V {
            maximum[v] = lanes.max(maximum[v], row[v]);
        }
    }
    let mut sum = [lanes.splat(L::Element::default()); V];
    for row in table.chunks_mut(stride) {
        for v in 0..V {
            row[v] = exp2_non_positive(lanes, lanes.sub(row[v], maximum[v]));
            sum[v] = lanes.add(sum[v], row[v]);
        }
    }
    let mut factor = [lanes.splat(L::Element::from_f64(1.0)); V];
    if let Some(weights) = weights {
        factor.copy_from_slice(&weights[..V]);
    }
    for v in 0..V {
        factor[v] = lanes.div(factor[v], sum[v]);
    }
    for row in table.chunks_mut(stride) {
        for v in 0..V {
            row[v] = lanes.mul(row[v], factor[v]);
        }
    }
    (maximum, sum)
}
