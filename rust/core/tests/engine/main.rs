//! Tests of the engine through its public interface.

mod checkpoints;
mod common;
mod degenerate;
mod determinism;
mod distribution;
mod iterations;
mod oracle;
mod partitions;
mod properties;
mod sources;
mod starts;
mod statistics;
