//! `%d`: integers in decimal.

use std::io::{self, Write};

use ndarray::ArrayView2;

use super::block::{Block, write_matrix};
use super::digits::store_unsigned;

/// Writes `matrix` to `out` with the conversion `%d`: plain decimal integers, `-` before negative ones.
///
/// One row a line, numbers separated by one space, any strides. Runs on the current rayon pool and writes large pieces, so
/// `out` needs no buffer of its own; it is flushed at the end.
///
/// # Errors
/// The first error of `out`; part of the text may have been written by then.
///
/// # Example
/// ```
/// let labels = ndarray::array![[3], [0], [-12]];
/// let mut bytes = Vec::new();
/// gmm_core::text::write_integers(&mut bytes, labels.view())?;
/// assert_eq!(bytes, b"3\n0\n-12\n");
/// # std::io::Result::Ok(())
/// ```
pub fn write_integers(out: impl Write + Send, matrix: ArrayView2<'_, i64>) -> io::Result<()> {
    write_matrix(out, matrix, append_integer)
}

/// Appends `value` and a space: at most 21 bytes.
#[inline]
fn append_integer(block: &mut Block, value: i64) {
    let window = block.window();
    window[0] = b'-';
    let end = store_unsigned(window, usize::from(value < 0), value.unsigned_abs());
    window[end] = b' ';
    block.advance(end + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_powers_of_ten() {
        let powers = (0..19).map(|exponent| 10_i64.pow(exponent));
        let values = powers
            .flat_map(|power| [power, -power, power - 1, 1 - power])
            .chain([0, i64::MAX, i64::MIN]);
        for value in values {
            let mut block = Block::default();
            append_integer(&mut block, value);
            assert_eq!(block.text(), format!("{value} ").as_bytes());
        }
    }
}
