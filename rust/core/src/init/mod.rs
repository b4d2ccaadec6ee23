//! Starting points of EM.

mod alignment;
mod clusters;
mod distinct_rows;
mod ground;
mod kmeans_start;
mod labelled;
pub(crate) mod responsibilities;
mod short_em_start;
mod spaces;
pub(crate) mod starts;
pub(crate) mod trial_rows;

pub(crate) use self::clusters::{Clusters, Nearest, PortableClusters};
pub(crate) use self::responsibilities::RandomResponsibilities;
