//! A mixture as a distribution: draws from it, and what it says of some features, alone or given others.

mod affine;
mod block;
mod conditional;
mod features;
mod marginal;
mod regression;
mod sample;

pub use conditional::Conditional;
pub use marginal::marginal;
pub use sample::sample;

use crate::parallel::Spans;

/// Rows of a span at most, so that what a thread keeps for them is small.
const MAX_SPAN: usize = 1 << 13;

/// Rows that one thread treats at a time: it depends on the problem's size only.
fn span_len(n_samples: usize, flops_per_row: usize) -> usize {
    let spans = Spans::new(n_samples, flops_per_row, 0);
    spans.span_len().min(MAX_SPAN)
}
