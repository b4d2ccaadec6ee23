//! Centred sufficient statistics of a Gaussian mixture.
//!
//! With responsibilities r_nk and an anchor c_k for each component:
//!   s0_k = Σ_n r_nk      s1_k = Σ_n r_nk (x_n − c_k)      s2_k = Σ_n r_nk (x_n − c_k)(x_n − c_k)ᵀ
//! so that the mean is c_k + s1_k/s0_k and the scatter about it s2_k − s1_k s1_kᵀ/s0_k
//! (Bishop 2006, eqs. 9.24–9.27, shifted; Chan, Golub & LeVeque 1983).
//!
//! All workers of one pass share the anchors, so statistics of disjoint rows simply add. The
//! anchors are the means of the step before, or their centre where all are near it: what is subtracted in the end is only
//! as large as a mean has moved, or is away from that centre.

mod anchors;
mod parts;
mod sums;

pub(crate) use self::sums::MomentKind;
pub use self::sums::SufficientStats;
