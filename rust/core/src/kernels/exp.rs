//! Vector exponential of arguments that are not positive.

use std::f64::consts::{LN_2, LOG2_E};

use pulp::Simd;

/// Below this, e^x is not a normal number and is returned as 0.
const SMALLEST: f64 = -708.0;

/// 1.5 · 2^52: adding it rounds a small number to the nearest integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// ln 2 with 21 trailing zero bits, so that its product with any exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(LN_2.to_bits() & !0x1f_ffff);

/// ln 2 − `LN_2_HIGH`: the bits that were cut off, and those of ln 2 beyond an `f64`.
const LN_2_LOW: f64 = (LN_2 - LN_2_HIGH) + 2.319_046_813_846_299_6e-17;

/// 1/n! for n = 13, 12, …, 2: the Taylor series of e^r, truncation error below 5e-18 for |r| ≤ ½ ln 2.
const TAYLOR: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// e^x for x ≤ 0, with an error below 2 ulp on [−708, 0]; exactly 0 below.
///
/// e^x = 2^n e^r with n = round(x / ln 2) and r = x − n ln 2 in two parts (Cody & Waite 1980, ch. 6).
#[inline(always)]
pub(crate) fn exp_non_positive<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let smallest = simd.splat_f64s(SMALLEST);
    let normal = simd.greater_than_or_equal_f64s(x, smallest);
    let x = simd.select_f64s(normal, x, smallest);

    let rounded = simd.mul_add_e_f64s(x, simd.splat_f64s(LOG2_E), simd.splat_f64s(ROUND));
    let n = simd.sub_f64s(rounded, simd.splat_f64s(ROUND));
    let r = simd.mul_add_e_f64s(n, simd.splat_f64s(-LN_2_HIGH), x);
    let r = simd.mul_add_e_f64s(n, simd.splat_f64s(-LN_2_LOW), r);

    let mut series = simd.splat_f64s(TAYLOR[0]);
    for &coefficient in &TAYLOR[1..] {
        series = simd.mul_add_e_f64s(series, r, simd.splat_f64s(coefficient));
    }
    // e^r = 1 + (r + r² · series)
    let r_squared = simd.mul_f64s(r, r);
    let e_r = simd.add_f64s(
        simd.splat_f64s(1.0),
        simd.mul_add_e_f64s(r_squared, series, r),
    );

    // The low bits of `rounded` hold n; n + 1023, moved to the exponent's place, is 2^n. The product
    // is a shift by 52 bits, which pulp lacks; bits beyond the 64th drop out.
    let biased = simd.add_u64s(simd.transmute_u64s_f64s(rounded), simd.splat_u64s(1023));
    let exponent = simd.mul_u64s(biased, simd.splat_u64s(1 << 52));
    let power = simd.transmute_f64s_u64s(exponent);
    let value = simd.mul_f64s(e_r, power);
    simd.select_f64s(normal, value, simd.splat_f64s(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::instruction_sets;
    use pulp::WithSimd;

    struct Evaluate<'a>(&'a mut [f64]);

    impl WithSimd for Evaluate<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f64s(self.0).0 {
                *x = exp_non_positive(simd, *x);
            }
        }
    }

    #[test]
    fn error_is_below_two_ulp_on_normal_results_and_zero_below() {
        let arguments: Vec<f64> = (0..708_000).map(|i| f64::from(i) * -1e-3).collect();
        let below = [
            -708.1,
            -709.0,
            -1e4,
            -1e200,
            f64::MIN,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
        ];
        for (name, arch) in instruction_sets() {
            let mut found = arguments.clone();
            arch.dispatch(Evaluate(&mut found));
            for (x, value) in arguments.iter().zip(found) {
                // std's exp is correct to 1 ulp.
                let bound = 3.0 * f64::EPSILON * x.exp();
                assert!(
                    (value - x.exp()).abs() <= bound,
                    "{name}: exp({x}) = {value}"
                );
            }
            let mut found = below;
            arch.dispatch(Evaluate(&mut found));
            assert_eq!(found, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0], "{name}");
        }
    }
}
