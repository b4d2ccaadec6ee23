//! The operations that a pass needs, whatever an implementation spends.
//!
//! A fused multiply-add is two. For each row and component a full covariance costs D(D + 1)/2 of them for
//! L⁻¹(x − μ), D for its square, as many again for the moments, and an exponential.

use crate::problem::Shape;

/// Multiply-adds that an exponential counts as: the degree of its polynomial, and the reductions around it.
const EXP: f64 = 14.0;

/// What is done with each row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pass {
    /// One iteration of EM: responsibilities and moments.
    Iteration,
    /// Responsibilities, or log-likelihoods.
    Evaluation,
}

/// Operations of one pass over all rows.
pub(crate) fn flops(pass: Pass, Shape { n, d, k }: Shape) -> f64 {
    let d = d as f64;
    let density = d * (d + 1.0) / 2.0 + d;
    let multiply_adds = match pass {
        Pass::Iteration => 2.0 * density + EXP,
        Pass::Evaluation => density + EXP,
    };
    2.0 * (n * k) as f64 * multiply_adds
}
