//! Gaussian mixtures by multithreaded expectation-maximisation with stable log-probabilities.

pub mod text;
