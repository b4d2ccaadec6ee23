//! Clusters: centres in a [`FeatureSpace`](super::spaces::FeatureSpace), found by k-means (greedy k-means++ and Lloyd's
//! iterations) or drawn, and the rows nearest to each.

mod centres;
mod labels;
mod lloyd;
mod nearest;
mod packed_rows;
mod seeding;

pub(crate) use self::centres::{Clusters, PortableClusters};
pub(crate) use self::nearest::Nearest;
