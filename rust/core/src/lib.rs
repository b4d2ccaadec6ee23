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

mod assignment;
mod compiled;
mod distribution;
mod e_step;
mod em;
mod error;
mod evaluate;
mod fit;
mod float;
mod init;
mod kernels;
mod linalg;
mod model;
mod parallel;
mod rows;
mod source;
pub mod text;
mod watch;

pub use assignment::assign;
pub use distribution::{Conditional, marginal, sample};
pub use e_step::SufficientStats;
pub use em::{PriorConfig, maximise};
pub use error::GmmError;
pub use evaluate::Evaluator;
pub use fit::{
    Acceleration, Checkpoints, Collapse, Fit, FitConfig, Fitter, InitialParameters, Progress,
    Regularisation, RowKnowledge, Start, StartFailure, StartMethod, StartReport, StopRule,
    draw_partitions, fit, fit_many, fit_with_checkpoints,
};
pub use float::Float;
pub use model::{CovarianceType, Covariances, Mixture, precisions_cholesky};
pub use parallel::Threads;
pub use rows::{LogPrior, Rows};
pub use source::{
    Block, BlockReader, BlockRows, Blocks, Cluster, ClusterRows, Part, Source, answer,
    merge_answers,
};
