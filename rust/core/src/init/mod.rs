//! Starting points of EM.

mod alignment;
mod clusters;
mod distinct_rows;
mod ground;
mod labelled;
mod partition;
mod responsibilities;
mod short_em_start;
mod spaces;
mod starts;
mod trial_rows;

pub(crate) use self::clusters::{Clusters, Nearest, PortableClusters};
#[cfg(test)]
pub(crate) use self::responsibilities::Given;
pub(crate) use self::responsibilities::RandomResponsibilities;
pub(crate) use self::starts::Starts;
pub(crate) use self::trial_rows::{is_sampled, trial_len};
