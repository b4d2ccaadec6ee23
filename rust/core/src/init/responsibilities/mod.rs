//! Responsibilities that don't come from a model.

mod given;
mod hard_labels;
mod random;

pub(super) use given::Given;
pub(crate) use hard_labels::HardLabels;
pub(super) use random::RandomResponsibilities;
