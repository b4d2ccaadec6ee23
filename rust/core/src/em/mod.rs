//! Expectation-maximisation from one start: E-step and M-step in turns, until the lower bound no longer rises.

mod collapse;
mod iteration;
mod m_step;
mod prior;
mod run;
mod squarem;
mod stepwise;

pub(crate) use self::iteration::{Em, Task};
pub use self::prior::PriorConfig;
pub(crate) use self::run::{Rank, Run, RunState, Snapshot};
pub use self::stepwise::maximise;
