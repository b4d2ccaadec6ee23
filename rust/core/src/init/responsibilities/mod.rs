//! Responsibilities that don't come from a model.

mod given;
mod members;
mod random;

pub(crate) use given::Given;
pub(crate) use members::Members;
pub(crate) use random::RandomResponsibilities;
