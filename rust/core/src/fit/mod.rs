//! A fit: what it is told, all of its starts, which of them is the best, and what is left of one that is interrupted.

mod checkpoint;
mod config;
mod fitting;
mod halving;
mod many;
mod outcome;
mod partitions;
mod prepared;
mod restarts;
mod start;

pub use self::checkpoint::Checkpoints;
pub(crate) use self::checkpoint::{Board, StartState};
pub use self::config::{Acceleration, FitConfig, Progress, Regularisation, RowKnowledge, StopRule};
pub(crate) use self::fitting::fit_watched;
pub use self::fitting::{fit, fit_with_checkpoints};
pub use self::many::{Fitter, fit_many};
pub use self::outcome::{Collapse, Fit, StartFailure, StartReport};
pub use self::partitions::draw_partitions;
pub(crate) use self::partitions::draw_watched;
pub use self::start::{InitialParameters, Start, StartMethod};
