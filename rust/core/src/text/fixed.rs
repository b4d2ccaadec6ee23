//! `%f`: six decimals.
//!
//! With |x| = m · 2^−s, m < 2^53:
//!   whole = ⌊m / 2^s⌋        f = m − whole · 2^s        micros = f · 10^6 / 2^s, rounded to an integer, ties to even
//! f · 10^6 < 2^73 and adding half of 2^s for the rounding stays below 2^128 for s ≤ 127, so all of it is exact in 128 bits.
//! For larger s the quotient is below 2^73 / 2^127 and rounds to zero, as it does for s = 127: s is cut off there.

use std::io::{self, Write};

use ndarray::ArrayView2;

use super::block::{Block, write_matrix};
use super::digits::{eight_characters, store, store_unsigned};

/// 2^63: the numbers below it have a whole part that fits a word with room for the carry of the rounding.
const FAST_BELOW: f64 = 9_223_372_036_854_775_808.0;

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

/// Appends `value` and a space: at most 28 bytes below [`FAST_BELOW`].
#[inline]
fn append_fixed(block: &mut Block, value: f64) {
    let magnitude = value.abs();
    if magnitude < FAST_BELOW {
        let (whole, micros) = round_to_micros(magnitude);
        let window = block.window();
        window[0] = b'-';
        let at = store_unsigned(window, usize::from(value.is_sign_negative()), whole);
        // `00dddddd` becomes `.dddddd ` in one word.
        let decimals = eight_characters(micros) >> 8 & !0xff;
        store(
            window,
            at,
            decimals | u64::from(b'.') | u64::from(b' ') << 56,
        );
        block.advance(at + 8);
    } else if value.is_nan() {
        block.append(format_args!("nan "));
    } else {
        block.append(format_args!("{value:.6} "));
    }
}

/// The whole part and the decimals in units of 10^−6 of a number in [0, 2^63), rounded.
#[inline]
fn round_to_micros(magnitude: f64) -> (u64, u64) {
    let bits = magnitude.to_bits();
    let exponent_field = (bits >> 52) as i32;
    let fraction_field = bits & ((1 << 52) - 1);
    // Subnormal numbers have no hidden bit. They get one here: they round to zero with it as well.
    let mantissa = fraction_field | 1 << 52;
    let shift = 1075 - exponent_field;
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
    fn specials_and_both_sides_of_the_fast_path() {
        for (value, expected) in [
            (0.0, "0.000000 "),
            (-0.0, "-0.000000 "),
            (-f64::from_bits(1), "-0.000000 "),
            (f64::INFINITY, "inf "),
            (f64::NEG_INFINITY, "-inf "),
            (f64::NAN, "nan "),
            (-f64::NAN, "nan "),
            (FAST_BELOW, "9223372036854775808.000000 "),
            (-FAST_BELOW.next_down(), "-9223372036854774784.000000 "),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(f64::MAX), format!("{:.6} ", f64::MAX));
    }
}
