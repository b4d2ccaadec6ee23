//! Gaussian mixtures by multithreaded expectation-maximisation with stable log-probabilities.
//!
//! The model is p(x) = Σ_k π_k N(x; μ_k, Σ_k) with covariances of any [`CovarianceType`]. [`fit`] finds the mode of
//! the posterior of its parameters under a conjugate prior ([`PriorConfig`]), or the maximum of the likelihood, by EM:
//!
//! * E: r_nk = π_k N(x_n; μ_k, Σ_k) / Σ_j π_j N(x_n; μ_j, Σ_j), by log-sum-exp;
//! * M: the maximum of the expected log-posterior, a function of Σ_n r_nk, Σ_n r_nk x_n and
//!   Σ_n r_nk x_n x_nᵀ (or as much of it as the covariances need), which are kept about the old means.
//!
//! One iteration is one pass over the data. The memory of a fit does not grow with the number of rows
//! times the number of components, and its result, to the bit, does not depend on the number of threads.
//! The rows are in memory ([`Rows`]), read block by block ([`BlockRows`]) or spread over machines ([`ClusterRows`]): the
//! result has the same bits. [`fit_with_checkpoints`] goes on where an earlier fit was interrupted.
//! [`fit_many`] fits many small data sets at the same time.
//! The halves of an iteration are there apart, too: [`SufficientStats`] are taken from rows that come in pieces by
//! [`Evaluator::statistics`], added, and made a [`Mixture`] by [`maximise`].
//!
//! [`Evaluator`] gives labels, responsibilities and log-likelihoods of rows under a mixture; [`sample`], [`marginal`]
//! and [`Conditional`] treat it as the distribution that it is. [`precisions_cholesky`] gives the factors that scikit-learn
//! keeps, [`assign`] matches components with classes, and [`text`] writes matrices as text.
//!
//! ```
//! use std::ops::ControlFlow;
//! use gmm_core::{Evaluator, FitConfig, RowKnowledge, Rows, Threads, fit};
//! use ndarray::{Array1, array};
//!
//! let data = array![[0.0, 0.1], [0.2, 0.0], [0.1, 0.2], [5.0, 5.1], [5.2, 5.0], [5.1, 5.2]];
//! let rows = Rows::new(data.view())?;
//! let threads = Threads::new(2)?;
//! let config = FitConfig::new(2);
//! let fitted = fit(rows, &config, RowKnowledge::default(), &threads, |_| ControlFlow::Continue(()))?;
//!
//! let mut labels = Array1::zeros(6);
//! Evaluator::new(&fitted.mixture)?.predict(rows, None, &threads, labels.view_mut())?;
//! assert!(labels[0] == labels[2] && labels[3] == labels[5] && labels[0] != labels[3]);
//! # Ok::<(), gmm_core::GmmError>(())
//! ```

mod accumulate;
mod assignment;
mod checkpoint;
mod collapse;
mod compiled;
mod config;
mod covariance;
mod data;
mod density;
mod distribution;
mod em;
mod error;
mod evaluate;
mod fit;
mod float;
mod halving;
mod init;
mod kernels;
mod linalg;
mod m_step;
mod many;
mod mixture;
mod padded_sums;
mod parallel;
mod precision;
mod precisions_cholesky;
mod prior;
mod responsibilities;
mod restarts;
mod run;
mod source;
mod spread;
mod squarem;
mod start;
mod stepwise;
mod stratified;
mod sufficient_stats;
pub mod text;
mod tile;
mod tile_moments;
mod total;
mod units;
mod watch;
mod weights;
mod worst_row;

pub use assignment::assign;
pub use checkpoint::Checkpoints;
pub use config::{Acceleration, FitConfig, Progress, Regularisation, RowKnowledge, StopRule};
pub use covariance::{CovarianceType, Covariances};
pub use data::{LogPrior, Rows};
pub use distribution::{Conditional, marginal, sample};
pub use error::GmmError;
pub use evaluate::Evaluator;
pub use fit::{Collapse, Fit, StartFailure, StartReport, fit, fit_with_checkpoints};
pub use float::Float;
pub use many::{Fitter, fit_many};
pub use mixture::Mixture;
pub use parallel::Threads;
pub use precisions_cholesky::precisions_cholesky;
pub use prior::PriorConfig;
pub use source::{
    BlockReader, BlockRows, Blocks, Cluster, ClusterRows, Part, Source, answer, merge_answers,
};
pub use start::{InitialParameters, Start, StartMethod};
pub use stepwise::maximise;
pub use sufficient_stats::SufficientStats;
