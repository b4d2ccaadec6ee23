//! Affine functions of several rows at once.

/// Rows that are treated together, one in each lane.
pub(super) const LANES: usize = 16;

/// One value of each of the rows.
pub(super) type Lanes = [f64; LANES];

/// offset + Σ_j coefficients_j x_j.
#[inline(always)]
pub(super) fn affine(offset: f64, coefficients: &[f64], x: &[Lanes]) -> Lanes {
    let mut sum = [offset; LANES];
    for (coefficient, x) in coefficients.iter().zip(x) {
        for lane in 0..LANES {
            sum[lane] += coefficient * x[lane];
        }
    }
    sum
}
