//! What a fit wants to know of all rows: a sum over spans of them.

use ndarray::{ArrayView2, s};

use super::answer::{Answered, Request};
use super::span_sums::{SpanSums, Sum};
use crate::float::Float;
use crate::parallel::{Spans, Threads};

/// What spans of rows contribute to a sum over all rows.
pub(crate) trait Pass<T>: Sync {
    /// What is summed.
    type Sum: Sum + Answered;

    /// How so many rows are split.
    fn spans(&self, n_samples: usize) -> Spans;

    /// The sum over the rows of one span, of which the first has this number.
    fn of_span(&self, rows: ArrayView2<'_, T>, start: usize) -> Self::Sum;

    /// The same pass as data, for rows that are elsewhere; nothing, if it needs more than rows and weights.
    fn request(&self) -> Option<Request>;
}

/// Adds what `pass` says of `rows`, the first of which has the number `start` and begins a span, to `sums`.
pub(super) fn add_spans<T: Float, P: Pass<T>>(
    sums: &mut SpanSums<P::Sum>,
    pass: &P,
    rows: ArrayView2<'_, T>,
    start: usize,
    spans: Spans,
    threads: &Threads,
) {
    for wave in spans.of(rows.nrows()).waves() {
        let of_span = |span: std::ops::Range<usize>| {
            let first = start + span.start;
            pass.of_span(rows.slice(s![span, ..]), first)
        };
        for sum in threads.map(wave, of_span) {
            sums.push(sum);
        }
    }
}
