//! Rows as the starts see them: each feature in units of its spread.

use std::ops::Range;

use ndarray::{ArrayView2, s};

use crate::data::Rows;
use crate::float::Float;
use crate::parallel::{Spans, Threads};
use crate::tile::MAX_TILE;

/// Data with a factor for each feature, and how the work on them is split.
pub(crate) struct ScaledRows<'a, T> {
    pub(super) rows: Rows<'a, T>,
    /// What each feature is multiplied by.
    pub(super) scale: Vec<T>,
    pub(super) threads: &'a Threads,
    pub(super) spans: Spans,
}

impl<'a, T: Float> ScaledRows<'a, T> {
    /// `rows` with each feature divided by the root of its `variance`, for distances from `n_points` points at a time.
    pub(crate) fn new(
        rows: Rows<'a, T>,
        variance: &[f64],
        n_points: usize,
        threads: &'a Threads,
    ) -> Self {
        let flops = n_points * (4 * rows.n_features() + 4);
        Self {
            spans: Spans::new(rows.n_samples(), flops, 0),
            rows,
            scale: variance
                .iter()
                .map(|v| T::from_f64(1.0 / v.sqrt()))
                .collect(),
            threads,
        }
    }

    /// The rows of a span, [`MAX_TILE`] at a time.
    pub(super) fn tiles(&self, span: Range<usize>) -> impl Iterator<Item = ArrayView2<'_, T>> {
        let rows = self.rows.view().slice_move(s![span, ..]);
        let len = rows.nrows();
        (0..len)
            .step_by(MAX_TILE)
            .map(move |start| rows.slice_move(s![start..(start + MAX_TILE).min(len), ..]))
    }

    /// Row `n`, not scaled.
    pub(super) fn point(&self, n: usize) -> Vec<f64> {
        self.rows.view().row(n).iter().map(|x| x.to_f64()).collect()
    }
}
