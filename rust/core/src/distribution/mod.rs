//! A mixture as a distribution: draws from it, and what it says of some features, alone or given others.

mod affine;
mod block;
mod conditional;
mod features;
mod marginal;
mod regression;
mod sample;
mod spans;

pub use conditional::Conditional;
pub use marginal::marginal;
pub use sample::sample;
