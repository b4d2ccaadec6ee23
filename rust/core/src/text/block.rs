//! Blocks of formatted numbers: filled in parallel, written in order.
//!
//! A matrix is cut into blocks of about [`BLOCK_NUMBERS`] numbers: several whole rows, or a piece of one wide row. Blocks
//! are handled in waves. While one thread writes a wave, the others format the next; the writer joins them when it is done.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use ndarray::{ArrayView2, s};
use rayon::prelude::*;

/// Numbers in a block: about 75 kB of `%f`. Smaller ones cost more in writing, larger ones wait longer for the last
/// thread.
const BLOCK_NUMBERS: usize = 8192;

/// Blocks that each thread formats in a wave: enough to make the wait at its end short in comparison.
const BLOCKS_PER_THREAD: usize = 8;

/// Room for any number that a fast path prints, its separator, and the last eight-byte store reaching past it.
pub(super) const WINDOW: usize = 40;

/// The longest number and its separator: `%f` of the least `f64` has a sign, 309 digits, the point and six decimals.
const LONGEST: usize = 318;

/// Text of consecutive numbers.
#[derive(Default)]
pub(super) struct Block {
    /// The text, then space for more.
    bytes: Vec<u8>,
    /// Length of the text.
    len: usize,
}

impl Block {
    /// Space behind the text, always of the same size so that stores at fixed places need no checks.
    /// What is put there counts once [`Block::advance`] is called.
    #[inline]
    pub(super) fn window(&mut self) -> &mut [u8; WINDOW] {
        if self.bytes.len() - self.len < WINDOW {
            self.grow();
        }
        self.bytes[self.len..]
            .first_chunk_mut()
            .expect("grow leaves at least a window")
    }

    #[cold]
    fn grow(&mut self) {
        self.bytes.resize(2 * self.bytes.len() + WINDOW, 0);
    }

    /// Appends the first `len` bytes of the window.
    #[inline]
    pub(super) fn advance(&mut self, len: usize) {
        debug_assert!(len <= WINDOW);
        self.len += len;
    }

    /// Appends what the standard library formats, at most [`LONGEST`] bytes.
    #[cold]
    pub(super) fn append(&mut self, text: fmt::Arguments<'_>) {
        while self.bytes.len() - self.len < LONGEST {
            self.grow();
        }
        let mut space = &mut self.bytes[self.len..];
        let before = space.len();
        space
            .write_fmt(text)
            .expect("no number is longer than LONGEST");
        let after = space.len();
        self.len += before - after;
    }

    /// Turns the separator after the last number into the end of the line.
    fn end_line(&mut self) {
        self.bytes[self.len - 1] = b'\n';
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Writes `matrix` to `out`, each number as `append` appends it: its digits and one space.
///
/// Runs on the current rayon pool and flushes `out` at the end.
pub(super) fn write_matrix<T: Copy + Sync>(
    mut out: impl Write + Send,
    matrix: ArrayView2<'_, T>,
    append: impl Fn(&mut Block, T) + Sync,
) -> io::Result<()> {
    let tiling = Tiling::new(matrix.dim());
    let blocks_per_wave = BLOCKS_PER_THREAD * rayon::current_num_threads();
    let n_waves = tiling.n_blocks.div_ceil(blocks_per_wave);
    let mut formatted: Vec<Block> = Vec::new();
    let mut unformatted: Vec<Block> = Vec::new();

    // The first turn has nothing to write, the last nothing to format.
    for wave in 0..=n_waves {
        let first = wave * blocks_per_wave;
        let n_blocks = blocks_per_wave.min(tiling.n_blocks.saturating_sub(first));
        unformatted.resize_with(n_blocks, Block::default);
        let (written, ()) = rayon::join(
            || {
                formatted
                    .iter()
                    .try_for_each(|block| out.write_all(&block.bytes[..block.len]))
            },
            || {
                unformatted
                    .par_iter_mut()
                    .with_max_len(1)
                    .enumerate()
                    .for_each(|(i, block)| tiling.fill(block, first + i, matrix, &append));
            },
        );
        written?;
        std::mem::swap(&mut formatted, &mut unformatted);
    }
    out.flush()
}

/// How a matrix is cut into blocks.
struct Tiling {
    n_rows: usize,
    n_cols: usize,
    rows_per_block: usize,
    /// Blocks side by side in one row: more than one only if `rows_per_block` is one.
    blocks_per_row: usize,
    n_blocks: usize,
}

impl Tiling {
    fn new((n_rows, n_cols): (usize, usize)) -> Self {
        // An empty line costs as much as a number.
        let rows_per_block = (BLOCK_NUMBERS / n_cols.max(1)).max(1);
        let blocks_per_row = n_cols.div_ceil(BLOCK_NUMBERS).max(1);
        Self {
            n_rows,
            n_cols,
            rows_per_block,
            blocks_per_row,
            n_blocks: n_rows.div_ceil(rows_per_block) * blocks_per_row,
        }
    }

    /// Rows and columns of block `index`, the blocks counted as they are written.
    fn rectangle(&self, index: usize) -> (Range<usize>, Range<usize>) {
        let first_row = index / self.blocks_per_row * self.rows_per_block;
        let first_col = index % self.blocks_per_row * BLOCK_NUMBERS;
        (
            first_row..(first_row + self.rows_per_block).min(self.n_rows),
            first_col..(first_col + BLOCK_NUMBERS).min(self.n_cols),
        )
    }

    /// Replaces the text of `block` by that of block `index` of `matrix`.
    fn fill<T: Copy>(
        &self,
        block: &mut Block,
        index: usize,
        matrix: ArrayView2<'_, T>,
        append: impl Fn(&mut Block, T),
    ) {
        block.len = 0;
        let (rows, cols) = self.rectangle(index);
        if cols.is_empty() {
            for _ in rows {
                block.window()[0] = b'\n';
                block.advance(1);
            }
            return;
        }
        let ends_line = cols.end == self.n_cols;
        for row in matrix.slice(s![rows, cols]).rows() {
            for &value in row {
                append(block, value);
            }
            if ends_line {
                block.end_line();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_number_once_and_in_order() {
        for dim in [
            (0, 3),
            (5, 1),
            (3, 2 * BLOCK_NUMBERS + 1),
            (2, BLOCK_NUMBERS),
            (BLOCK_NUMBERS + 7, 3),
        ] {
            let tiling = Tiling::new(dim);
            let covered: Vec<(usize, usize)> = (0..tiling.n_blocks)
                .flat_map(|index| {
                    let (rows, cols) = tiling.rectangle(index);
                    rows.flat_map(move |row| cols.clone().map(move |col| (row, col)))
                })
                .collect();
            let expected: Vec<(usize, usize)> = (0..dim.0)
                .flat_map(|row| (0..dim.1).map(move |col| (row, col)))
                .collect();
            assert_eq!(covered, expected, "{dim:?}");
        }
    }
}
