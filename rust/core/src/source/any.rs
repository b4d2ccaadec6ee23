//! Rows in any of the places where they may be, and passes over them.

use ndarray::{Array2, Axis, CowArray, Ix2};

use super::blocks::BlockRows;
use super::cluster::ClusterRows;
use super::extent::ExtentPass;
use super::gather::Gather;
use super::pass::{Pass, add_spans};
use super::span_sums::SpanSums;
use crate::error::GmmError;
use crate::float::Float;
use crate::parallel::Threads;
use crate::rows::{Rows, Units};
use crate::watch::Watch;

/// Where the rows of a fit are.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a, T> {
    /// In memory.
    Memory(Rows<'a, T>),
    /// In a place that they are read from block by block.
    Blocks(&'a BlockRows<'a, T>),
    /// On other machines.
    Cluster(&'a ClusterRows<'a>),
}

impl<'a, T> From<Rows<'a, T>> for Source<'a, T> {
    fn from(rows: Rows<'a, T>) -> Self {
        Self::Memory(rows)
    }
}

impl<'a, T> From<&'a BlockRows<'a, T>> for Source<'a, T> {
    fn from(rows: &'a BlockRows<'a, T>) -> Self {
        Self::Blocks(rows)
    }
}

impl<'a, T> From<&'a ClusterRows<'a>> for Source<'a, T> {
    fn from(rows: &'a ClusterRows<'a>) -> Self {
        Self::Cluster(rows)
    }
}

impl<'a, T: Float> Source<'a, T> {
    /// Number of rows, N.
    pub fn n_samples(&self) -> usize {
        match self {
            Self::Memory(rows) => rows.n_samples(),
            Self::Blocks(rows) => rows.n_samples(),
            Self::Cluster(rows) => rows.n_samples(),
        }
    }

    /// Number of columns, D.
    pub fn n_features(&self) -> usize {
        match self {
            Self::Memory(rows) => rows.n_features(),
            Self::Blocks(rows) => rows.n_features(),
            Self::Cluster(rows) => rows.n_features(),
        }
    }

    /// The rows, if they are in memory.
    pub(crate) fn in_memory(&self) -> Option<Rows<'_, T>> {
        match self {
            Self::Memory(rows) => Some(rows.reborrow()),
            _ => None,
        }
    }

    /// The same source, borrowed for a shorter time (views of ndarray are invariant).
    pub(crate) fn reborrow(&self) -> Source<'_, T> {
        match self {
            Self::Memory(rows) => Source::Memory(rows.reborrow()),
            Self::Blocks(rows) => Source::Blocks(rows),
            Self::Cluster(rows) => Source::Cluster(rows),
        }
    }

    /// The sum of `pass` over all rows.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] once `watch` is stopped; whatever reading the rows fails with.
    pub(crate) fn pass<P: Pass<T>>(
        &self,
        pass: &P,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<P::Sum, GmmError> {
        watch.check()?;
        let sums = match self {
            Self::Memory(rows) => {
                let mut sums = SpanSums::default();
                let spans = pass.spans(rows.n_samples());
                add_spans(&mut sums, pass, rows.view(), 0, spans, threads);
                sums
            }
            Self::Blocks(rows) => rows.pass(pass, threads, watch)?,
            Self::Cluster(rows) => rows.pass::<T, P>(pass)?,
        };
        watch.check()?;
        Ok(sums.total().expect("there is at least one row"))
    }

    /// The rows of these numbers, which are in order; a view of them if they are all rows in memory.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub(crate) fn rows(
        &self,
        numbers: &[usize],
        threads: &Threads,
        watch: &Watch,
    ) -> Result<CowArray<'_, T, Ix2>, GmmError> {
        if let Self::Memory(rows) = self {
            let all = 0..rows.n_samples();
            return Ok(match numbers.iter().copied().eq(all) {
                true => rows.view().into(),
                false => rows.view().select(Axis(0), numbers).into(),
            });
        }
        let gather = Gather {
            numbers,
            first_row: 0,
            n_features: self.n_features(),
        };
        let values = self.pass(&gather, threads, watch)?.0;
        let values = values.into_iter().map(T::from_f64).collect();
        let shape = (numbers.len(), self.n_features());
        let rows = Array2::from_shape_vec(shape, values).expect("one row for each number");
        Ok(rows.into())
    }

    /// Half the difference between the largest and the smallest value of each feature.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub(crate) fn half_ranges(
        &self,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Vec<f64>, GmmError> {
        if let Self::Blocks(rows) = self {
            return Ok(rows.half_ranges());
        }
        let pass = ExtentPass {
            first_row: 0,
            n_features: self.n_features(),
        };
        Ok(self.pass(&pass, threads, watch)?.half_ranges())
    }

    /// The same rows in other units.
    pub(crate) fn scaled<'b>(&'b self, units: &'b Units) -> Scaled<'b> {
        match self {
            Self::Memory(rows) => Scaled::Memory(units.rows(rows.view())),
            Self::Blocks(rows) => Scaled::Blocks(rows.scaled(units)),
            Self::Cluster(rows) => Scaled::Cluster(rows.scaled(units)),
        }
    }
}

/// Rows in other units: a copy of those in memory, and the others as they are passed over.
pub(crate) enum Scaled<'a> {
    Memory(Array2<f64>),
    Blocks(BlockRows<'a, f64>),
    Cluster(ClusterRows<'a>),
}

impl Scaled<'_> {
    /// Where they are.
    ///
    /// # Errors
    /// [`GmmError::NonFinite`] where a value overflows.
    pub(crate) fn source(&self) -> Result<Source<'_, f64>, GmmError> {
        Ok(match self {
            Self::Memory(rows) => Source::Memory(Rows::new(rows.view())?),
            Self::Blocks(rows) => Source::Blocks(rows),
            Self::Cluster(rows) => Source::Cluster(rows),
        })
    }
}
