//! Vector 2^x of arguments that are not positive.

use super::lanes::Lanes;
use crate::float::Element;

/// 2^x for x ≤ 0, with an error of about 1 ulp where the result is a normal number; exactly 0 where it isn't.
///
/// 2^x = 2^n 2^r with n = round(x), 2^r by a polynomial of least relative error on [−½, ½]
/// (Remez; Muller 2016, ch. 3). Of q in 1 + r q(r), the even and the odd powers are summed apart, which takes half as long
/// as one sum that waits for itself.
#[inline(always)]
pub(crate) fn exp2_non_positive<L: Lanes, const V: usize>(
    lanes: L,
    x: [L::Vector; V],
) -> [L::Vector; V] {
    let (smallest, zero) = (
        lanes.splat(L::Element::SMALLEST_EXPONENT),
        lanes.splat(L::Element::ZERO_EXPONENT),
    );
    let (mut r, mut n) = (x, x);
    for v in 0..V {
        let normal = lanes.at_least(x[v], smallest);
        (r[v], n[v]) = lanes.split(lanes.select(normal, x[v], zero));
    }
    let mut square = r;
    for v in 0..V {
        square[v] = lanes.mul(r[v], r[v]);
    }
    let (&one, coefficients) = L::Element::EXP2.split_last().expect("a polynomial");
    let (first, rest) = coefficients.split_first_chunk::<2>().expect("a polynomial");
    let (mut odd, mut even) = ([lanes.splat(first[0]); V], [lanes.splat(first[1]); V]);
    for &coefficient in rest {
        let coefficient = lanes.splat(coefficient);
        for v in 0..V {
            let next = lanes.mul_add(odd[v], square[v], coefficient);
            (odd[v], even[v]) = (even[v], next);
        }
    }
    for v in 0..V {
        let quotient = lanes.mul_add(odd[v], r[v], even[v]);
        let power = lanes.mul_add(quotient, r[v], lanes.splat(one));
        even[v] = lanes.times_power_of_two(power, n[v]);
    }
    even
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::float::Float;
    use crate::kernels::instruction_sets;
    use pulp::{Simd, WithSimd};

    struct Evaluate<'a, E>(&'a mut [E]);

    impl<E: Float> WithSimd for Evaluate<'_, E> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let lanes = E::lanes(simd);
            for x in E::Lanes::<S>::vectors_mut(self.0) {
                [*x] = exp2_non_positive(lanes, [*x]);
            }
        }
    }

    /// `from` and everything below it down to `to`, in 2^16 steps.
    fn arguments(from: f64, to: f64) -> Vec<f64> {
        let steps = f64::from(1 << 16);
        (0..1 << 16)
            .map(|i| from + (to - from) * f64::from(i) / steps)
            .collect()
    }

    fn check<E: Float>(bound: f64, smallest: f64) {
        let exact: Vec<E> = arguments(0.0, smallest)
            .into_iter()
            .map(E::from_f64)
            .collect();
        for (name, arch) in instruction_sets() {
            let mut found = exact.clone();
            arch.dispatch(Evaluate(&mut found));
            for (x, value) in exact.iter().zip(found) {
                // std's exp2 in f64 is correct to 1 ulp of f64.
                let expected = x.to_f64().exp2();
                let error = (value.to_f64() - expected).abs() / expected;
                assert!(
                    error <= bound,
                    "{name}: exp2({}) is off by {error}",
                    x.to_f64()
                );
            }
            let below = [
                smallest - 1.0,
                1e3 * smallest,
                f64::from(f32::MIN),
                f64::NEG_INFINITY,
            ];
            let mut found: Vec<E> = below.iter().flat_map(|&x| [E::from_f64(x); 16]).collect();
            arch.dispatch(Evaluate(&mut found));
            assert!(found.iter().all(|x| x.to_f64() == 0.0), "{name}");
            let mut found = [E::default(); 16];
            arch.dispatch(Evaluate(&mut found));
            assert!(found.iter().all(|x| x.to_f64() == 1.0), "{name}");
        }
    }

    #[test]
    fn error_is_below_two_ulp_on_normal_results_and_zero_below() {
        check::<f64>(2.0 * f64::EPSILON, -1021.0);
        check::<f32>(2.0 * f64::from(f32::EPSILON), -125.0);
    }
}
