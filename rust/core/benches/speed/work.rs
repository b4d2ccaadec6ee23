//! The operations that a pass needs, whatever an implementation spends.
//!
//! A fused multiply-add is two. Each pair of row and component costs an exponential, and, for its density and as many
//! again for its moments: D(D + 1)/2 multiply-adds for L⁻¹(x − μ) and D for its square with full covariances, 2 D with
//! diagonal ones, D + 1 with spherical and tied ones, as the squares of x are common to all components.

use gmm_core::CovarianceType::{Diag, Full, Spherical, Tied};

use crate::problem::Shape;

/// Multiply-adds that an exponential counts as: the degree of its polynomial, and the reductions around it.
const EXP: f64 = 14.0;

/// What is done with each row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pass {
    /// One iteration of EM: responsibilities and moments.
    Iteration,
    /// Responsibilities.
    PredictProba,
}

/// Operations of one pass over all rows.
pub(crate) fn flops(pass: Pass, shape: Shape) -> f64 {
    let d = shape.d as f64;
    let density = match shape.covariance_type {
        Full => d * (d + 1.0) / 2.0 + d,
        Diag => 2.0 * d,
        Tied | Spherical => d + 1.0,
    };
    let multiply_adds = match pass {
        Pass::Iteration => 2.0 * density + EXP,
        Pass::PredictProba => density + EXP,
    };
    2.0 * (shape.n * shape.k) as f64 * multiply_adds
}
