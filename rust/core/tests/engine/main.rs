//! Tests of the engine through its public interface.

mod common;
mod degenerate;
mod determinism;
mod distribution;
mod oracle;
mod properties;
mod starts;
mod statistics;
