//! Spaces in which distances between rows are measured, as they follow from the rows.

mod choice;
mod feature_space;
mod pursuit;
mod whitening;

pub(super) use self::choice::{drawing_space, kmeans_spaces};
pub(super) use self::feature_space::{FeatureMap, FeatureSpace};
