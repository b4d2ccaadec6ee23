//! How rows are split among threads.

use crate::parallel::Spans;

/// Rows of a span at most, so that what a thread keeps for them is small.
const MAX_SPAN: usize = 1 << 13;

/// Rows that one thread treats at a time: it depends on the problem's size only.
pub(super) fn span_len(n_samples: usize, flops_per_row: usize) -> usize {
    // Values set no limit: MAX_SPAN does.
    let spans = Spans::new(n_samples, 1, flops_per_row, 0);
    spans.span_len().min(MAX_SPAN)
}
