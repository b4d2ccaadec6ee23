//! `%f`: six decimals.
//!
//! A number is rounded to an integer multiple of 10^−6, exactly and with ties to even, in one of three ways. Let
//! |x| = m · 2^−s with 2^52 ≤ m < 2^53.
//!
//! 1. |x| < 64, so s ≥ 47, in 64-bit words. Let y = ⌊2^58 |x|⌋ = ⌊2^11 m / 2^(s−47)⌋ < 2^64; then
//!    y · 64 · 10^6 = micros · 2^64 + rest
//!    and |x| · 10^6 · 2^64 is between that and less than 64 · 10^6 < 2^26 more, because cutting off took less than one from
//!    y. So rest > 2^63 rounds up and rest + 2^26 ≤ 2^63 rounds down; what is in between, ties too, goes the second way.
//! 2. |x| < 2^63, in 128 bits:
//!    whole = ⌊m / 2^s⌋        f = m − whole · 2^s        micros = f · 10^6 / 2^s, rounded
//!    f · 10^6 < 2^73 and adding half of 2^s for the rounding stays below 2^128 for s ≤ 127. For larger s the quotient is
//!    below 2^73 / 2^127 and rounds to zero, as it does for s = 127: s is cut off there.
//! 3. Larger numbers are integers. The standard library prints them.

use std::io::{self, Write};

use ndarray::ArrayView2;

use super::block::{Block, write_matrix};
use super::digits::{eight_characters, store, store_unsigned};

/// The numbers below it take the first way.
const IN_WORDS_BELOW: f64 = 64.0;

/// 2^63: the numbers below it take the second way. Their whole part fits a word with room for the carry of the rounding.
const IN_128_BITS_BELOW: f64 = 9_223_372_036_854_775_808.0;

/// 10^6: units of the last printed place in one.
const MICROS: u64 = 1_000_000;

/// Writes `matrix` to `out` with the conversion `%f`: six decimals, correctly rounded from the exact value, ties to even.
///
/// One row a line, numbers separated by one space, any strides. Runs on the current rayon pool and writes large pieces, so
/// `out` needs no buffer of its own; it is flushed at the end.
///
/// # Errors
/// The first error of `out`; part of the text may have been written by then.
///
/// # Example
/// ```
/// let resp = ndarray::array![[0.25, 0.75], [1.0 / 3.0, 2.0 / 3.0]];
/// let mut bytes = Vec::new();
/// gmm_core::text::write_fixed(&mut bytes, resp.view())?;
/// assert_eq!(bytes, b"0.250000 0.750000\n0.333333 0.666667\n");
/// # std::io::Result::Ok(())
/// ```
pub fn write_fixed(out: impl Write + Send, matrix: ArrayView2<'_, f64>) -> io::Result<()> {
    write_matrix(out, matrix, append_fixed)
}

/// Appends `value` and a space.
#[inline]
fn append_fixed(block: &mut Block, value: f64) {
    let magnitude = value.abs();
    if magnitude < IN_WORDS_BELOW
        && let Some(micros) = micros_in_words(magnitude)
    {
        let window = block.window();
        window[0] = b'-';
        let at = usize::from(value.is_sign_negative());
        // `00dddddd` or `0wdddddd` or `wwdddddd`: the whole part goes first, with or without its leading digit.
        let characters = eight_characters(micros);
        let n_skipped = usize::from(micros < 10 * MICROS);
        store(window, at, characters >> (8 * n_skipped));
        let point = at + 2 - n_skipped;
        store(window, point, decimals(characters));
        block.advance(point + 8);
    } else {
        append_beyond_words(block, value);
    }
}

/// The second and the third way.
#[inline(never)]
fn append_beyond_words(block: &mut Block, value: f64) {
    let magnitude = value.abs();
    if magnitude < IN_128_BITS_BELOW {
        let (whole, micros) = round_in_128_bits(magnitude);
        let window = block.window();
        window[0] = b'-';
        let at = store_unsigned(window, usize::from(value.is_sign_negative()), whole);
        store(window, at, decimals(eight_characters(micros)));
        block.advance(at + 8);
    } else if value.is_nan() {
        block.append(format_args!("nan "));
    } else {
        block.append(format_args!("{value:.6} "));
    }
}

/// `.dddddd ` from eight characters, the last six of which are the decimals.
#[inline]
fn decimals(characters: u64) -> u64 {
    characters >> 8 & !0xff | u64::from(b'.') | u64::from(b' ') << 56
}

/// A number in [0, 64) in units of 10^−6, rounded; `None` if words of 64 bits don't decide the rounding.
#[inline]
fn micros_in_words(magnitude: f64) -> Option<u64> {
    /// 2^63, where the rounding changes, and how far below it that may be.
    const HALF: u64 = 1 << 63;
    const ERROR: u64 = 1 << 26;
    let (mantissa, shift) = split(magnitude);
    // Below 2^−58 nothing is left. The shift then stops at the hidden bit, which prints as zero as well.
    let scaled = (mantissa << 11) >> (shift - 47).min(63);
    let product = u128::from(scaled) * u128::from(64 * MICROS);
    let rest = product as u64;
    let is_decided = rest.wrapping_sub(HALF - ERROR + 1) >= ERROR;
    is_decided.then_some((product >> 64) as u64 + (rest >> 63))
}

/// The whole part and the decimals in units of 10^−6 of a number in [0, 2^63), rounded.
#[inline]
fn round_in_128_bits(magnitude: f64) -> (u64, u64) {
    let (mantissa, shift) = split(magnitude);
    if shift <= 0 {
        return (mantissa << -shift, 0);
    }
    let shift = shift.min(127);
    let whole = u128::from(mantissa) >> shift;
    let scaled = (u128::from(mantissa) - (whole << shift)) * u128::from(MICROS);
    let is_odd = scaled >> shift & 1;
    let below_half = (1 << (shift - 1)) - 1;
    let micros = ((scaled + below_half + is_odd) >> shift) as u64;
    if micros < MICROS {
        (whole as u64, micros)
    } else {
        (whole as u64 + 1, 0)
    }
}

/// m and s. Zero and subnormal numbers have no hidden bit and get one here: they round to zero with it as well.
#[inline]
fn split(magnitude: f64) -> (u64, i32) {
    let bits = magnitude.to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    (mantissa, 1075 - (bits >> 52) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut block = Block::default();
        append_fixed(&mut block, value);
        String::from_utf8(block.text().to_vec()).unwrap()
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        // 2^−7 = 0.0078125 has seven decimals, the last a five: its odd multiples are the ties.
        assert_eq!(text(0.007_812_5), "0.007812 ");
        assert_eq!(text(0.023_437_5), "0.023438 ");
        assert_eq!(text(-1.007_812_5), "-1.007812 ");
        assert_eq!(text(0.007_812_5_f64.next_up()), "0.007813 ");
        assert_eq!(text(0.023_437_5_f64.next_down()), "0.023437 ");
    }

    #[test]
    fn carries_into_the_whole_part() {
        assert_eq!(text(0.999_999_5_f64.next_up()), "1.000000 ");
        assert_eq!(text(99_999_999.999_999_9), "100000000.000000 ");
        assert_eq!(text(1.0_f64.next_down()), "1.000000 ");
    }

    #[test]
    fn specials_and_both_sides_of_each_way() {
        for (value, expected) in [
            (0.0, "0.000000 "),
            (-0.0, "-0.000000 "),
            (-f64::from_bits(1), "-0.000000 "),
            (f64::INFINITY, "inf "),
            (f64::NEG_INFINITY, "-inf "),
            (f64::NAN, "nan "),
            (-f64::NAN, "nan "),
            (IN_WORDS_BELOW, "64.000000 "),
            (-IN_WORDS_BELOW.next_down(), "-64.000000 "),
            (9.999_999_5, "9.999999 "),
            (IN_128_BITS_BELOW, "9223372036854775808.000000 "),
            (
                -IN_128_BITS_BELOW.next_down(),
                "-9223372036854774784.000000 ",
            ),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::MAX), format!("{:.6} ", f64::MAX));
    }
}
