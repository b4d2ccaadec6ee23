//! `%.18e`: nineteen significant digits.
//!
//! With |x| = m · 2^(E − 63), 2^63 ≤ m < 2^64, and 10^p ≤ |x| < 10^(p+1), the digits are those of
//!   q = |x| · 10^k, rounded to an integer, ties to even        k = 18 − p, so that 10^18 ≤ |x| · 10^k < 10^19
//! With 10^k = (g + δ) · 2^(L − 127) from the table, 0 ≤ δ < 1:
//!   |x| · 10^k = (m g + m δ) / 2^64 · 2^−s        s = 126 − E − L, between 62 and 68
//! Let H = ⌊m g / 2^64⌋. Cutting off loses less than one and m δ / 2^64 is less than one, so the exact value is in
//! [H, H + 2) · 2^−s. That decides the rounding unless the lower s bits of H are a half or one unit less:
//!
//! - 0 ≤ k ≤ 55: δ = 0, and the word that was cut off decides. All ties are here: for k > 55, twice a tied |x| · 10^k would
//!   be a multiple of 5^k > 2 · 10^19; for k = −j < 0 a tied |x| is an odd multiple of 2^(j−1), but |x| ≥ 10^(18+j) makes it
//!   a multiple of 2^(7+3j).
//! - Otherwise the number is left to the standard library. That is a safeguard only: a search through all doubles (for
//!   each exponent, the multiples of g modulo 2^(s+64) near a half) found none that needs it.

use std::io::{self, Write};

use ndarray::ArrayView2;

use super::block::{Block, WINDOW, write_matrix};
use super::digits::{eight_characters, store};
use super::powers_of_ten::{
    LAST_EXACT, floor_log2_of_power, floor_log10_of_power_of_two, significand,
};

/// Decimals after the point.
const N_DECIMALS: i32 = 18;

/// 10^18: one in units of the last printed place.
const ONE: u64 = 10_u64.pow(N_DECIMALS as u32);

/// Writes `matrix` to `out` with the conversion `%.18e`: nineteen significant digits, correctly rounded from the exact
/// value, ties to even, and an exponent of at least two digits with its sign. Reading the text gives the same numbers back.
///
/// One row a line, numbers separated by one space, any strides. Runs on the current rayon pool and writes large pieces, so
/// `out` needs no buffer of its own; it is flushed at the end.
///
/// # Errors
/// The first error of `out`; part of the text may have been written by then.
///
/// # Example
/// ```
/// let mut bytes = Vec::new();
/// gmm_core::text::write_scientific(&mut bytes, ndarray::array![[0.1, -1e300]].view())?;
/// assert_eq!(bytes, b"1.000000000000000056e-01 -1.000000000000000053e+300\n");
/// # std::io::Result::Ok(())
/// ```
pub fn write_scientific(out: impl Write + Send, matrix: ArrayView2<'_, f64>) -> io::Result<()> {
    write_matrix(out, matrix, append_scientific)
}

/// Appends `value` and a space: at most 27 bytes.
#[inline]
fn append_scientific(block: &mut Block, value: f64) {
    if !value.is_finite() {
        return append_not_finite(block, value);
    }
    match decimal(value.abs()) {
        Some((digits, exponent)) => {
            let window = block.window();
            window[0] = b'-';
            let at = usize::from(value.is_sign_negative());
            let end = store_scientific(window, at, digits, exponent);
            block.advance(end);
        }
        None => append_undecided(block, value),
    }
}

/// The nineteen digits as an integer and the decimal exponent of a finite number that isn't negative; `None` if 128 bits
/// don't decide the rounding.
#[inline]
fn decimal(magnitude: f64) -> Option<(u64, i32)> {
    if magnitude == 0.0 {
        return Some((0, 0));
    }
    let (mantissa, binary_exponent) = normalise(magnitude);
    let exponent = floor_log10(mantissa, binary_exponent);
    let k = N_DECIMALS - exponent;
    let power = significand(k);
    let lower = u128::from(mantissa) * u128::from(power as u64);
    let product = u128::from(mantissa) * (power >> 64) + (lower >> 64);
    let shift = 126 - binary_exponent - floor_log2_of_power(k);
    let floor = (product >> shift) as u64;
    let remainder = product & ((1 << shift) - 1);
    let half = 1 << (shift - 1);

    let rounds_up = if remainder > half {
        true
    } else if remainder + 2 <= half {
        false
    } else if (0..=LAST_EXACT).contains(&k) {
        let cut_off = lower as u64;
        remainder == half && (cut_off > 0 || floor % 2 == 1)
    } else {
        return None;
    };
    let digits = floor + u64::from(rounds_up);
    Some(if digits < 10 * ONE {
        (digits, exponent)
    } else {
        (ONE, exponent + 1)
    })
}

/// m and E of a finite number above zero: it is m · 2^(E − 63) with 2^63 ≤ m < 2^64.
#[inline]
fn normalise(magnitude: f64) -> (u64, i32) {
    let bits = magnitude.to_bits();
    let exponent_field = (bits >> 52) as i32;
    let fraction_field = bits & ((1 << 52) - 1);
    if exponent_field > 0 {
        ((fraction_field | 1 << 52) << 11, exponent_field - 1023)
    } else {
        let zeros = fraction_field.leading_zeros();
        (fraction_field << zeros, -1011 - zeros as i32)
    }
}

/// ⌊log10 x⌋ of x = `mantissa` · 2^(`binary_exponent` − 63).
///
/// It is ⌊log10 2^E⌋ or one more, which the power of ten in between decides: x reaches that only if both have the same
/// binary exponent, and then m · 2^64 ≥ g is the same as m · 2^64 ≥ g + δ, because m · 2^64 = g with δ > 0 doesn't occur.
#[inline]
fn floor_log10(mantissa: u64, binary_exponent: i32) -> i32 {
    let estimate = floor_log10_of_power_of_two(binary_exponent);
    let reaches_next = binary_exponent == floor_log2_of_power(estimate + 1)
        && u128::from(mantissa) << 64 >= significand(estimate + 1);
    estimate + i32::from(reaches_next)
}

/// Stores `d.dddddddddddddddddde±dd` and a space at `at` and returns where it ends.
#[inline]
fn store_scientific(window: &mut [u8; WINDOW], at: usize, digits: u64, exponent: i32) -> usize {
    const E8: u64 = 100_000_000;
    let leading_eleven = digits / E8;
    // `00000ddd` becomes `d.dd` in one word.
    let leading = eight_characters(leading_eleven / E8) >> 40;
    let point = u64::from(b'.') << 8;
    store(window, at, leading & 0xff | point | (leading & !0xff) << 8);
    store(window, at + 4, eight_characters(leading_eleven % E8));
    store(window, at + 12, eight_characters(digits % E8));
    let (characters, len) = exponent_characters(exponent);
    store(window, at + 20, characters);
    at + 20 + len
}

/// The characters of `e±dd` or `e±ddd` and a space, the first in the lowest byte, and how many they are.
#[inline]
fn exponent_characters(exponent: i32) -> (u64, usize) {
    let sign = if exponent < 0 { b'-' } else { b'+' };
    let magnitude = u64::from(exponent.unsigned_abs());
    let (digits, n_digits) = if magnitude < 100 {
        (eight_characters(magnitude) >> 48, 2)
    } else {
        (eight_characters(magnitude) >> 40, 3)
    };
    let start = u64::from(b'e') | u64::from(sign) << 8;
    let space = u64::from(b' ') << (8 * (2 + n_digits));
    (start | digits << 16 | space, 3 + n_digits)
}

#[cold]
fn append_not_finite(block: &mut Block, value: f64) {
    if value.is_nan() {
        block.append(format_args!("nan "));
    } else {
        block.append(format_args!("{value} "));
    }
}

/// Rust's exponent has no plus and no leading zero: only its digits are taken.
#[cold]
fn append_undecided(block: &mut Block, value: f64) {
    let text = format!("{value:.18e}");
    let (digits, exponent) = text.split_once('e').expect("scientific notation has an e");
    let exponent: i32 = exponent.parse().expect("the exponent is an integer");
    block.append(format_args!("{digits}e{exponent:+03} "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut block = Block::default();
        append_scientific(&mut block, value);
        String::from_utf8(block.text().to_vec()).unwrap()
    }

    /// What the standard library makes of `value`, exact for every number.
    fn expected(value: f64) -> String {
        let mut block = Block::default();
        append_undecided(&mut block, value);
        String::from_utf8(block.text().to_vec()).unwrap()
    }

    #[test]
    fn specials() {
        for (value, expected) in [
            (0.0, "0.000000000000000000e+00 "),
            (-0.0, "-0.000000000000000000e+00 "),
            (1.0, "1.000000000000000000e+00 "),
            (-1e-300, "-1.000000000000000025e-300 "),
            (f64::from_bits(1), "4.940656458412465442e-324 "),
            (f64::MAX, "1.797693134862315708e+308 "),
            (f64::INFINITY, "inf "),
            (f64::NEG_INFINITY, "-inf "),
            (f64::NAN, "nan "),
            (-f64::NAN, "nan "),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        // 1 + 2^−19 has nineteen decimals, the last a five.
        let step = 2.0_f64.powi(-19);
        assert_eq!(text(1.0 + step), "1.000001907348632812e+00 ");
        assert_eq!(text(1.0 + 3.0 * step), "1.000005722045898438e+00 ");
        for n in (1..200_001).step_by(2) {
            let tie = 1.0 + f64::from(n) * step;
            assert!(decimal(tie).is_some());
            for value in [tie, tie.next_down(), tie.next_up()] {
                assert_eq!(text(value), expected(value));
            }
        }
    }

    #[test]
    fn hardest_numbers_with_a_rounded_power() {
        // The nearest to a tie among all doubles, relative to the precision of the table.
        for value in [
            4.198_047_150_284_89e-234,
            3.592_810_217_475_959_7e223,
            9.056_205_127_416_573e-124,
            2.172_772_371_550_391_8e-200,
        ] {
            assert_eq!(text(value), expected(value));
        }
    }

    #[test]
    fn what_is_left_to_the_standard_library() {
        assert_eq!(expected(0.1), "1.000000000000000056e-01 ");
        assert_eq!(expected(-2.5e9), "-2.500000000000000000e+09 ");
        assert_eq!(expected(-1e-300), "-1.000000000000000025e-300 ");
    }

    #[test]
    fn around_every_power_of_two_and_ten() {
        let twos =
            (-1074..=1023).map(|e| 2.0_f64.powi(e.max(-1022)) * 2.0_f64.powi(e.min(-1022) + 1022));
        let tens = (-323..=308).map(|k| format!("1e{k}").parse::<f64>().unwrap());
        for value in twos.chain(tens) {
            for value in [value, value.next_down(), value.next_up()] {
                assert_eq!(text(value), expected(value));
                assert_eq!(text(-value), expected(-value));
            }
        }
    }
}
