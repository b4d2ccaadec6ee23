//! Where the rows of a fit are, and how it passes over them.
//!
//! A fit never looks at rows by itself: it makes passes, and a [`Pass`] says what a span of rows contributes to a sum. Which
//! spans there are depends on the size of the problem only, and the sums of spans are added in a fixed order
//! ([`SpanSums`](span_sums::SpanSums)). So a sum has the same bits, whether the rows lie in memory, are read block by
//! block or are spread over other machines.

mod answer;
mod any;
mod block;
mod blocks;
mod cluster;
mod extent;
mod gather;
mod pass;
mod span_sums;

pub use self::answer::{Part, answer, merge_answers};
pub(crate) use self::answer::{PortableResponsibilities, Request, answer_request};
pub use self::any::Source;
pub use self::block::Block;
pub use self::blocks::{BlockReader, BlockRows, Blocks};
pub use self::cluster::{Cluster, ClusterRows};
pub(crate) use self::pass::Pass;
pub(crate) use self::span_sums::Sum;
