//! Vectors of one element type: [`pulp::Simd`], which has a method for each element type, seen from one of them.
//!
//! [`Double`] and [`Single`] let every kernel be written once for `f64` and `f32`.

use pulp::{Simd, bytemuck};

use crate::float::Float;

/// Operations on vectors of [`Element`](Lanes::Element)s with one instruction set.
pub trait Lanes: Copy + 'static {
    /// What a lane holds.
    type Element: Float;
    /// [`LANES`](Lanes::LANES) elements.
    type Vector: Copy + 'static;
    /// One truth value a lane.
    type Mask: Copy;

    /// Elements in a vector.
    const LANES: usize;
    /// Vectors of rows that the register tiles of the density kernels cover: 6 or 2.
    const GROUP: usize;
    /// Rows of the register tile of the moment kernel: 8, 4, 2 or 1, at most [`LANES`](Lanes::LANES).
    const GRAM_ROWS: usize;
    /// Vectors of it.
    const GRAM_VECTORS: usize;

    /// All lanes equal to `value`.
    fn splat(self, value: Self::Element) -> Self::Vector;
    /// a + b.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a − b.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a · b.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a / b.
    fn div(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a · b + c, with one rounding where the machine can.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// c − a · b, likewise.
    fn neg_mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// √a.
    fn sqrt(self, a: Self::Vector) -> Self::Vector;
    /// The larger of a and b; b where a is NaN.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller of a and b.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// a ≥ b; false where one is NaN.
    fn at_least(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// `yes` where `mask` is true, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::Vector, no: Self::Vector) -> Self::Vector;
    /// The sum of all lanes.
    fn sum(self, a: Self::Vector) -> Self::Element;

    /// x ∈ [−1023, ½] (f64) or [−127, ½] (f32) as n + r with an integer n and |r| ≤ ½: r, and n in the place
    /// of the exponent, for [`times_power_of_two`](Lanes::times_power_of_two).
    fn split(self, x: Self::Vector) -> (Self::Vector, Self::Vector);
    /// value · 2ⁿ, n as `split` gives it.
    fn times_power_of_two(self, value: Self::Vector, n: Self::Vector) -> Self::Vector;

    /// `into += a`, lane by lane, in `f64`.
    fn add_to(self, a: Self::Vector, into: &mut [f64]);

    /// `values` as vectors; what doesn't fill one is left out.
    fn vectors(values: &[Self::Element]) -> &[Self::Vector];
    /// `values` as mutable vectors; what doesn't fill one is left out.
    fn vectors_mut(values: &mut [Self::Element]) -> &mut [Self::Vector];
}

/// `$call` with a constant `$vectors`, which is [`Lanes::GROUP`]: a generic parameter can't be taken from a trait.
macro_rules! by_group {
    ($lanes:ty, $vectors:ident => $call:expr) => {
        if const { <$lanes as $crate::kernels::lanes::Lanes>::GROUP == 6 } {
            const $vectors: usize = 6;
            $call
        } else {
            const $vectors: usize = 2;
            $call
        }
    };
}
pub(crate) use by_group;

/// Lanes of `f64`.
#[derive(Debug, Clone, Copy)]
pub struct Double<S>(pub S);

/// Lanes of `f32`.
#[derive(Debug, Clone, Copy)]
pub struct Single<S>(pub S);

/// The part of [`Lanes`] that differs in the suffix of pulp's names only.
macro_rules! delegate {
    ($lanes:ident, $element:ty, $vector:ident, $mask:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $mul_add:ident, $neg_mul_add:ident, $sqrt:ident, $max:ident, $min:ident, $at_least:ident,
     $select:ident, $sum:ident, $as_simd:ident, $as_mut_simd:ident) => {
        type Element = $element;
        type Vector = S::$vector;
        type Mask = S::$mask;

        const LANES: usize = S::$lanes;
        const GROUP: usize = if S::REGISTER_COUNT >= 32 { 6 } else { 2 };
        const GRAM_ROWS: usize = {
            let most = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
            if S::$lanes < most { S::$lanes } else { most }
        };
        const GRAM_VECTORS: usize = if S::REGISTER_COUNT >= 32 { 3 } else { 2 };

        #[inline(always)]
        fn splat(self, value: $element) -> S::$vector {
            self.0.$splat(value)
        }
        #[inline(always)]
        fn add(self, a: S::$vector, b: S::$vector) -> S::$vector {
            self.0.$add(a, b)
        }
        #[inline(always)]
        fn sub(self, a: S::$vector, b: S::$vector) -> S::$vector {
            self.0.$sub(a, b)
        }
        #[inline(always)]
        fn mul(self, a: S::$vector, b: S::$vector) -> S::$vector {
            self.0.$mul(a, b)
        }
        #[inline(always)]
        fn div(self, a: S::$vector, b: S::$vector) -> S::$vector {
            self.0.$div(a, b)
        }
        #[inline(always)]
        fn mul_add(self, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
            self.0.$mul_add(a, b, c)
        }
        #[inline(always)]
        fn neg_mul_add(self, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
            self.0.$neg_mul_add(a, b, c)
        }
        #[inline(always)]
        fn sqrt(self, a: S::$vector) -> S::$vector {
            self.0.$sqrt(a)
        }
        #[inline(always)]
        fn max(self, a: S::$vector, b: S::$vector) -> S::$vector {
            if const { cfg!(target_arch = "aarch64") } {
                // Its maximum of a NaN is NaN.
                self.select(self.at_least(a, b), a, b)
            } else {
                self.0.$max(a, b)
            }
        }
        #[inline(always)]
        fn min(self, a: S::$vector, b: S::$vector) -> S::$vector {
            self.0.$min(a, b)
        }
        #[inline(always)]
        fn at_least(self, a: S::$vector, b: S::$vector) -> S::$mask {
            self.0.$at_least(a, b)
        }
        #[inline(always)]
        fn select(self, mask: S::$mask, yes: S::$vector, no: S::$vector) -> S::$vector {
            self.0.$select(mask, yes, no)
        }
        #[inline(always)]
        fn sum(self, a: S::$vector) -> $element {
            self.0.$sum(a)
        }
        #[inline(always)]
        fn vectors(values: &[$element]) -> &[S::$vector] {
            S::$as_simd(values).0
        }
        #[inline(always)]
        fn vectors_mut(values: &mut [$element]) -> &mut [S::$vector] {
            S::$as_mut_simd(values).0
        }
    };
}

impl<S: Simd> Lanes for Double<S> {
    delegate!(
        F64_LANES,
        f64,
        f64s,
        m64s,
        splat_f64s,
        add_f64s,
        sub_f64s,
        mul_f64s,
        div_f64s,
        mul_add_e_f64s,
        negate_mul_add_e_f64s,
        sqrt_f64s,
        max_f64s,
        min_f64s,
        greater_than_or_equal_f64s,
        select_f64s,
        reduce_sum_f64s,
        as_simd_f64s,
        as_mut_simd_f64s
    );

    #[inline(always)]
    fn split(self, x: S::f64s) -> (S::f64s, S::f64s) {
        // In this binade the last 32 bits are those behind the point: without them, and with the ½, x is rounded.
        const BINADE: f64 = 1.5 * (1 << 20) as f64;
        let simd = self.0;
        let shifted = simd.add_f64s(x, simd.splat_f64s(BINADE + 0.5));
        let integer_bits = simd.splat_u64s(0xffff_ffff_0000_0000);
        let rounded = simd.and_u64s(simd.transmute_u64s_f64s(shifted), integer_bits);
        let n = simd.sub_f64s(simd.transmute_f64s_u64s(rounded), simd.splat_f64s(BINADE));
        // n stands in the high word; moved by 20 bits it is the exponent. What is beyond the 64th bit drops out.
        let exponent = if const { S::IS_SCALAR } {
            simd.mul_u64s(rounded, simd.splat_u64s(1 << 20))
        } else {
            let words: S::u32s = bytemuck::cast(rounded);
            bytemuck::cast(simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(20)))
        };
        (simd.sub_f64s(x, n), simd.transmute_f64s_u64s(exponent))
    }

    #[inline(always)]
    fn times_power_of_two(self, value: S::f64s, n: S::f64s) -> S::f64s {
        let simd = self.0;
        let (value, n) = (simd.transmute_u64s_f64s(value), simd.transmute_u64s_f64s(n));
        simd.transmute_f64s_u64s(simd.add_u64s(value, n))
    }

    #[inline(always)]
    fn add_to(self, a: S::f64s, into: &mut [f64]) {
        for sum in Self::vectors_mut(into) {
            *sum = self.add(*sum, a);
        }
    }
}

impl<S: Simd> Lanes for Single<S> {
    delegate!(
        F32_LANES,
        f32,
        f32s,
        m32s,
        splat_f32s,
        add_f32s,
        sub_f32s,
        mul_f32s,
        div_f32s,
        mul_add_e_f32s,
        negate_mul_add_e_f32s,
        sqrt_f32s,
        max_f32s,
        min_f32s,
        greater_than_or_equal_f32s,
        select_f32s,
        reduce_sum_f32s,
        as_simd_f32s,
        as_mut_simd_f32s
    );

    #[inline(always)]
    fn split(self, x: S::f32s) -> (S::f32s, S::f32s) {
        // In this binade the last bit is worth 1: x is rounded to the nearest integer.
        const BINADE: f32 = 1.5 * (1 << 23) as f32;
        let simd = self.0;
        let rounded = simd.add_f32s(x, simd.splat_f32s(BINADE));
        let n = simd.sub_f32s(rounded, simd.splat_f32s(BINADE));
        let bits = simd.transmute_u32s_f32s(rounded);
        let exponent = simd.wrapping_dyn_shl_u32s(bits, simd.splat_u32s(23));
        (simd.sub_f32s(x, n), simd.transmute_f32s_u32s(exponent))
    }

    #[inline(always)]
    fn times_power_of_two(self, value: S::f32s, n: S::f32s) -> S::f32s {
        let simd = self.0;
        let (value, n) = (simd.transmute_u32s_f32s(value), simd.transmute_u32s_f32s(n));
        simd.transmute_f32s_u32s(simd.add_u32s(value, n))
    }

    #[inline(always)]
    fn add_to(self, a: S::f32s, into: &mut [f64]) {
        let lanes: &[f32] = bytemuck::cast_slice(std::slice::from_ref(&a));
        for (sum, &lane) in into.iter_mut().zip(lanes) {
            *sum += f64::from(lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::instruction_sets;
    use pulp::WithSimd;

    /// The larger of each entry and 1.
    struct AtLeastOne<'a, E>(&'a mut [E]);

    impl<E: Float> WithSimd for AtLeastOne<'_, E> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let lanes = E::lanes(simd);
            for x in E::Lanes::<S>::vectors_mut(self.0) {
                *x = lanes.max(*x, lanes.splat(E::from_f64(1.0)));
            }
        }
    }

    fn check<E: Float>() {
        let expected = [(f64::NAN, 1.0), (f64::NEG_INFINITY, 1.0), (2.0, 2.0)];
        for (name, arch) in instruction_sets() {
            for (x, larger) in expected {
                let mut values = [E::from_f64(x); 16];
                arch.dispatch(AtLeastOne(&mut values));
                assert!(values.iter().all(|x| x.to_f64() == larger), "{name}");
            }
        }
    }

    #[test]
    fn maximum_replaces_nan() {
        check::<f64>();
        check::<f32>();
    }
}
