//! Responsibilities that don't come from a model.

mod given;
mod random;

pub(crate) use given::Given;
pub(crate) use random::RandomResponsibilities;
