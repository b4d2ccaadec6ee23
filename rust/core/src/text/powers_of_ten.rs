//! Powers of ten to 128 bits.
//!
//!   10^k = (g + δ) · 2^(⌊log2 10^k⌋ − 127)        2^127 ≤ g < 2^128, 0 ≤ δ < 1, and δ = 0 for 0 ≤ k ≤ 55 (5^55 < 2^128)
//!
//! The table is computed when the crate is compiled, by exact arithmetic on integers of [`N_LIMBS`] words.

/// Smallest exponent: the power above the smallest subnormal number, 4.9e-324.
const MIN: i32 = -323;

/// Largest exponent: what takes the smallest subnormal number to nineteen digits, 18 + 324.
const MAX: i32 = 342;

const N_POWERS: usize = (MAX - MIN + 1) as usize;

/// 10^k has no error for k from zero to this.
pub(super) const LAST_EXACT: i32 = 55;

/// Words of 64 bits: 5^342 takes 795 bits; 2^959 / 5^323 still has 210 bits, all of them exact.
const N_LIMBS: usize = 15;

/// The significands g from [`MIN`] to [`MAX`].
static SIGNIFICANDS: [u128; N_POWERS] = significands();

/// g of 10^k, for k from −323 to 342.
#[inline]
pub(super) fn significand(k: i32) -> u128 {
    SIGNIFICANDS[(k - MIN) as usize]
}

/// ⌊log2 10^k⌋ for k from −323 to 342 (in fact for |k| ≤ 1233; Giulietti 2020, The Schubfach way to render doubles).
#[inline]
pub(super) const fn floor_log2_of_power(k: i32) -> i32 {
    (k * 1_741_647) >> 19
}

/// ⌊log10 2^e⌋ for e from −1074 to 1023 (in fact for |e| ≤ 1500; from the same source).
#[inline]
pub(super) const fn floor_log10_of_power_of_two(e: i32) -> i32 {
    (e * 1_262_611) >> 22
}

/// 10^k and 5^k have the same significand, so the powers of five do: upwards by multiplying 1, downwards by dividing a
/// power of two, where cutting off after each division gives the same as cutting off once.
const fn significands() -> [u128; N_POWERS] {
    let mut table = [0; N_POWERS];

    let mut power = [0; N_LIMBS];
    power[0] = 1;
    let mut k = 0;
    while k <= MAX {
        let (significand, floor_log2) = leading_bits(&power);
        assert!(floor_log2 + k == floor_log2_of_power(k));
        table[(k - MIN) as usize] = significand;
        multiply_by_five(&mut power);
        k += 1;
    }

    let mut power = [0; N_LIMBS];
    power[N_LIMBS - 1] = 1 << 63;
    let mut k = 0;
    while k >= MIN {
        let (significand, floor_log2) = leading_bits(&power);
        assert!(floor_log2 - (64 * N_LIMBS as i32 - 1) + k == floor_log2_of_power(k));
        table[(k - MIN) as usize] = significand;
        divide_by_five(&mut power);
        k -= 1;
    }
    table
}

/// The 128 bits from the highest set bit on, and that bit's position. Bits below the lowest word count as zero.
const fn leading_bits(limbs: &[u64; N_LIMBS]) -> (u128, i32) {
    let mut top = N_LIMBS - 1;
    while limbs[top] == 0 {
        top -= 1;
    }
    let second = if top >= 1 { limbs[top - 1] } else { 0 };
    let third = if top >= 2 { limbs[top - 2] } else { 0 };
    let zeros = limbs[top].leading_zeros();
    let upper = ((limbs[top] as u128) << 64 | second as u128) << zeros;
    let lower = ((third as u128) << zeros) >> 64;
    (upper | lower, 64 * top as i32 + 63 - zeros as i32)
}

const fn multiply_by_five(limbs: &mut [u64; N_LIMBS]) {
    let mut carry = 0;
    let mut i = 0;
    while i < N_LIMBS {
        let product = 5 * limbs[i] as u128 + carry;
        limbs[i] = product as u64;
        carry = product >> 64;
        i += 1;
    }
    assert!(carry == 0);
}

const fn divide_by_five(limbs: &mut [u64; N_LIMBS]) {
    let mut remainder = 0;
    let mut i = N_LIMBS;
    while i > 0 {
        i -= 1;
        let dividend = remainder << 64 | limbs[i] as u128;
        limbs[i] = (dividend / 5) as u64;
        remainder = dividend % 5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_powers_are_powers_of_five() {
        for k in 0..=LAST_EXACT {
            let power = 5_u128.pow(k as u32);
            assert_eq!(significand(k), power << power.leading_zeros());
        }
        assert!(5_u128.checked_pow(LAST_EXACT as u32 + 1).is_none());
    }

    #[test]
    fn every_significand_agrees_with_the_nearest_double() {
        for k in MIN..=308 {
            let power: f64 = format!("1e{k}").parse().unwrap();
            let nearest = significand(k) as f64 * 2.0_f64.powi(-127);
            let exponent = floor_log2_of_power(k);
            // In two steps: 2^exponent is below the smallest normal number for the smallest powers.
            let scaled =
                power * 2.0_f64.powi(-exponent / 2) * 2.0_f64.powi(-exponent + exponent / 2);
            let bound = if exponent > -1022 { f64::EPSILON } else { 0.5 };
            assert!((scaled - nearest).abs() <= bound * nearest, "10^{k}");
        }
    }

    #[test]
    fn logarithms_of_powers_of_two() {
        for e in -1074..=1023 {
            // No power of two but 2^0 is a power of ten, and none is so near to one that doubles could not tell.
            let expected = (f64::from(e) * std::f64::consts::LOG10_2).floor() as i32;
            assert_eq!(floor_log10_of_power_of_two(e), expected, "2^{e}");
        }
    }

    #[test]
    fn no_inexact_power_looks_like_a_double() {
        // What the comparison in `scientific::floor_log10` relies on.
        for k in (MIN..0).chain(LAST_EXACT + 1..=MAX) {
            assert_ne!(significand(k) as u64, 0, "10^{k}");
        }
    }
}
