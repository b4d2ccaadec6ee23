//! Decimal digits of unsigned integers, eight at a time.

use super::block::WINDOW;

/// 10^8: the numbers below it are what [`eight_digits`] takes.
const EIGHT_DIGITS: u64 = 100_000_000;

/// The characters `00000000`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The digits of `n` < 10^8 with leading zeros, one in each byte, the first digit in the lowest byte; 0 to 9, not characters.
///
/// Divides all lanes of a word at once, by 100 and then by 10. Both multipliers are rounded up: 10486/2^20 exceeds 1/100 by
/// less than 2.3e-7, which moves n/100 by less than 0.01 for n < 10^4, and 103/2^10 exceeds 1/10 by less than 6e-4, which
/// moves n/10 by less than 0.1 for n < 100; so neither quotient can reach the next integer.
#[inline]
fn eight_digits(n: u64) -> u64 {
    debug_assert!(n < EIGHT_DIGITS);
    let fours = (n / 10_000) | (n % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

/// The characters of `n` < 10^8 with leading zeros, as eight bytes to store in little-endian order.
#[inline]
pub(super) fn eight_characters(n: u64) -> u64 {
    eight_digits(n) | ZEROS
}

/// Stores eight characters at `at`.
#[inline]
pub(super) fn store(window: &mut [u8; WINDOW], at: usize, characters: u64) {
    window[at..at + 8].copy_from_slice(&characters.to_le_bytes());
}

/// Stores `n` at `at` without leading zeros and returns where it ends. Up to seven bytes behind the end are overwritten.
#[inline]
pub(super) fn store_unsigned(window: &mut [u8; WINDOW], at: usize, n: u64) -> usize {
    if n < EIGHT_DIGITS {
        store_leading(window, at, n)
    } else {
        store_long(window, at, n)
    }
}

/// Up to eight digits without leading zeros.
#[inline]
fn store_leading(window: &mut [u8; WINDOW], at: usize, n: u64) -> usize {
    let digits = eight_digits(n);
    let n_zeros = (digits.trailing_zeros() / 8).min(7);
    store(window, at, (digits | ZEROS) >> (8 * n_zeros));
    at + 8 - n_zeros as usize
}

/// Nine digits or more.
fn store_long(window: &mut [u8; WINDOW], at: usize, n: u64) -> usize {
    let at = store_unsigned(window, at, n / EIGHT_DIGITS);
    store(window, at, eight_characters(n % EIGHT_DIGITS));
    at + 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: u64) -> String {
        let mut window = [b'?'; WINDOW];
        let end = store_unsigned(&mut window, 1, n);
        String::from_utf8(window[1..end].to_vec()).unwrap()
    }

    #[test]
    fn eight_characters_of_every_pair_of_halves() {
        // Both halves go through the same lanes: all values of one with a few of the other cover every division.
        for half in 0..10_000 {
            for other in [0, 1, 99, 4_567, 9_999] {
                for n in [half * 10_000 + other, other * 10_000 + half] {
                    let bytes = eight_characters(n).to_le_bytes();
                    assert_eq!(std::str::from_utf8(&bytes), Ok(format!("{n:08}").as_str()));
                }
            }
        }
    }

    #[test]
    fn unsigned_around_every_power_of_ten() {
        assert_eq!(text(0), "0");
        assert_eq!(text(u64::MAX), u64::MAX.to_string());
        for exponent in 0..20 {
            let power = 10_u64.pow(exponent);
            for n in [power - 1, power, power + 1, power / 10 * 7] {
                assert_eq!(text(n), n.to_string());
            }
        }
    }
}
