//! Rows that are read block by block, as often as there are passes.
//!
//! A thread of its own reads the next block while others compute with those before. A few blocks are in memory, whatever
//! the number of rows. A block is a few whole spans, so that sums have the bits that they would have in memory.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use ndarray::s;

use super::block::Block;
use super::extent::Extent;
use super::pass::Pass;
use super::span_sums::{SpanSums, Sum, UnorderedSums};
use crate::error::{GmmError, check_shape};
use crate::float::Float;
use crate::parallel::Threads;
use crate::rows::Units;
use crate::watch::Watch;

/// Values of a block, unless that is less than a few spans for each thread: so few that all blocks stay in the last level
/// cache.
const BLOCK_VALUES: usize = 1 << 20;

/// Values of a block that is only counted and checked: few, so that nobody waits long who wants to stop.
const CHECKED_VALUES: usize = 1 << 17;

/// Spans of a block for each thread at least.
const SPANS_PER_THREAD: usize = 2;

/// Blocks in memory: one is read, and threads begin with the next while others end with the one before.
const BLOCKS: usize = 3;

/// Where rows are read from, again and again.
pub trait BlockReader<T>: Sync {
    /// Number of columns, D.
    fn n_features(&self) -> usize;

    /// Begins to read from the first row on.
    ///
    /// # Errors
    /// [`GmmError::Reading`] or any other: it ends the fit.
    fn blocks(&self) -> Result<Box<dyn Blocks<T> + '_>, GmmError>;
}

/// Blocks of rows, one after another.
pub trait Blocks<T> {
    /// Appends the next rows to `block`, which is empty, until none is missing. Without any row, it was the last.
    ///
    /// # Errors
    /// Those of [`BlockReader::blocks`].
    fn read(&mut self, block: &mut Block<T>) -> Result<(), GmmError>;
}

/// Rows that have been read once, and checked: finite numbers, at least one row and one column.
pub struct BlockRows<'a, T> {
    reader: Box<dyn BlockReader<T> + 'a>,
    n_samples: usize,
    extent: Extent,
}

impl<T> fmt::Debug for BlockRows<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n_samples, n_features) = (self.n_samples, self.extent.bounds().0.len());
        write!(formatter, "BlockRows({n_samples} x {n_features})")
    }
}

impl<'a, T: Float> BlockRows<'a, T> {
    /// Reads all rows once, to count and check them. `go_on` is asked after each block.
    ///
    /// # Errors
    /// [`GmmError::EmptyData`] without rows or columns, [`GmmError::NonFinite`] for NaN or infinity,
    /// [`GmmError::Interrupted`] if it shall not go on; those of `reader`.
    pub fn new(
        reader: impl BlockReader<T> + 'a,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Self, GmmError> {
        let n_features = reader.n_features();
        let (mut n_samples, mut extent) = (0, Extent::none(n_features));
        if let Some(n_rows) = CHECKED_VALUES.checked_div(n_features) {
            each_block(&reader, n_rows.max(1), |block| {
                extent.merge(Extent::of(block.rows().view(), n_samples));
                extent.check_finite()?;
                n_samples += block.rows().n_rows();
                if go_on() {
                    Ok(())
                } else {
                    Err(GmmError::Interrupted)
                }
            })?;
        }
        if n_samples == 0 {
            return Err(GmmError::EmptyData {
                n_samples,
                n_features,
            });
        }
        Ok(Self {
            n_samples,
            extent,
            reader: Box::new(reader),
        })
    }

    /// The same, for rows that [`new`](Self::new) has checked before: so many, with these [`bounds`](Self::bounds).
    ///
    /// # Errors
    /// [`GmmError::EmptyData`] without rows or columns, [`GmmError::Shape`] for bounds of other features.
    pub fn checked_before(
        reader: impl BlockReader<T> + 'a,
        n_samples: usize,
        low: Vec<f64>,
        high: Vec<f64>,
    ) -> Result<Self, GmmError> {
        let n_features = reader.n_features();
        check_shape("low", &[low.len()], &[n_features])?;
        check_shape("high", &[high.len()], &[n_features])?;
        if n_samples == 0 || n_features == 0 {
            return Err(GmmError::EmptyData {
                n_samples,
                n_features,
            });
        }
        Ok(Self {
            n_samples,
            extent: Extent::new(low, high),
            reader: Box::new(reader),
        })
    }

    /// Number of rows, N.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Number of columns, D.
    pub fn n_features(&self) -> usize {
        self.extent.bounds().0.len()
    }

    /// The least and the largest value of each feature.
    pub fn bounds(&self) -> (&[f64], &[f64]) {
        self.extent.bounds()
    }

    pub(super) fn half_ranges(&self) -> Vec<f64> {
        self.extent.half_ranges()
    }

    /// The sums of `pass`.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] once `watch` is stopped, [`GmmError::Reading`] where there are not as many rows as there
    /// were before; those of the reader.
    pub(super) fn pass<P: Pass<T>>(
        &self,
        pass: &P,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<SpanSums<P::Sum>, GmmError> {
        let spans = pass.spans(self.n_samples);
        let mut start = 0;
        let n_spans = BLOCK_VALUES / (spans.span_len() * self.n_features());
        let n_spans = n_spans.max(SPANS_PER_THREAD * threads.count());
        let n_rows = n_spans * spans.span_len();
        let (done, results) = channel();
        let mut sums = UnorderedSums::default();
        threads.scope(|tasks| {
            each_block(&*self.reader, n_rows.min(self.n_samples), |block| {
                let end = start + block.rows().n_rows();
                let is_last = end == self.n_samples;
                if end > self.n_samples || (block.rows().n_rows() < n_rows && !is_last) {
                    return Err(self.changed(end));
                }
                for span in spans.of(block.rows().n_rows()).ranges() {
                    let (block, done, first) = (block.clone(), done.clone(), start + span.start);
                    tasks.begin(move || {
                        let rows = block.rows().view().slice_move(s![span, ..]);
                        // Somebody listens until all tasks have ended.
                        let _ = done.send((first / spans.span_len(), pass.of_span(rows, first)));
                    });
                }
                for (number, sum) in results.try_iter() {
                    sums.insert(number, sum);
                }
                start = end;
                watch.check()
            })
        })?;
        for (number, sum) in results.try_iter() {
            sums.insert(number, sum);
        }
        if start == self.n_samples {
            Ok(sums.in_order())
        } else {
            Err(self.changed(start))
        }
    }

    fn changed(&self, n_rows: usize) -> GmmError {
        GmmError::Reading(format!(
            "X had {} rows when it was read first, and then other ones (up to row {n_rows}): it must not change during a fit",
            self.n_samples
        ))
    }

    /// The same rows in other units.
    pub(super) fn scaled<'b>(&'b self, units: &'b Units) -> BlockRows<'b, f64> {
        BlockRows {
            n_samples: self.n_samples,
            extent: self.extent.scaled(units),
            reader: Box::new(ScaledReader { rows: self, units }),
        }
    }
}

/// A block that goes back to be filled anew when nobody has it any more.
struct Lent<T> {
    /// Always there, until it goes back.
    block: Option<Arc<Block<T>>>,
    used: Sender<Block<T>>,
}

impl<T> Lent<T> {
    fn rows(&self) -> &Block<T> {
        self.block.as_ref().expect("a block that is lent")
    }
}

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        Self {
            block: self.block.clone(),
            used: self.used.clone(),
        }
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if let Some(block) = self.block.take().and_then(Arc::into_inner) {
            // The reader may have ended.
            let _ = self.used.send(block);
        }
    }
}

/// Calls `work` with one block after another, while others are being read.
fn each_block<T: Float>(
    reader: &dyn BlockReader<T>,
    n_rows: usize,
    mut work: impl FnMut(Lent<T>) -> Result<(), GmmError>,
) -> Result<(), GmmError> {
    let n_features = reader.n_features();
    thread::scope(|scope| {
        let (full_blocks, blocks) = sync_channel(0);
        let (used, empty_blocks) = channel();
        for _ in 0..BLOCKS {
            let block = Block::new(n_features, n_rows);
            used.send(block).expect("its receiver is here");
        }
        thread::Builder::new()
            .name("gmm-read".into())
            .spawn_scoped(scope, move || {
                let end = read_ahead(reader, &empty_blocks, &full_blocks);
                if let Err(error) = end {
                    // Nobody listens where the work has failed before.
                    let _ = full_blocks.send(Err(error));
                }
            })
            .map_err(|error| GmmError::Reading(format!("no thread can be started: {error}")))?;
        for block in blocks {
            work(Lent {
                block: Some(Arc::new(block?)),
                used: used.clone(),
            })?;
        }
        Ok(())
    })
}

/// Reads blocks into the empty ones until there are no more, or nobody wants them.
fn read_ahead<T: Float>(
    reader: &dyn BlockReader<T>,
    empty: &Receiver<Block<T>>,
    full: &SyncSender<Result<Block<T>, GmmError>>,
) -> Result<(), GmmError> {
    let mut blocks = reader.blocks()?;
    while let Ok(mut block) = empty.recv() {
        block.clear();
        blocks.read(&mut block)?;
        if block.n_rows() == 0 || full.send(Ok(block)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Rows in other units.
struct ScaledReader<'a, T> {
    rows: &'a BlockRows<'a, T>,
    units: &'a Units,
}

/// Blocks of them.
struct ScaledBlocks<'a, T> {
    blocks: Box<dyn Blocks<T> + 'a>,
    block: Option<Block<T>>,
    units: &'a Units,
}

impl<T: Float> BlockReader<f64> for ScaledReader<'_, T> {
    fn n_features(&self) -> usize {
        self.rows.n_features()
    }

    fn blocks(&self) -> Result<Box<dyn Blocks<f64> + '_>, GmmError> {
        Ok(Box::new(ScaledBlocks {
            blocks: self.rows.reader.blocks()?,
            block: None,
            units: self.units,
        }))
    }
}

impl<T: Float> Blocks<f64> for ScaledBlocks<'_, T> {
    fn read(&mut self, block: &mut Block<f64>) -> Result<(), GmmError> {
        let same = || Block::new(block.n_features(), block.n_missing());
        let rows = self.block.get_or_insert_with(same);
        rows.clear();
        self.blocks.read(rows)?;
        if rows.n_rows() > 0 {
            block.append(self.units.rows(rows.view()).view())?;
        }
        Ok(())
    }
}
