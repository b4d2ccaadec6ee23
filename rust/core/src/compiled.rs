//! The heavy functions for each element type, compiled with this crate: a generic function is compiled anew in every crate
//! that calls it, and these take minutes.
//!
//! In a release they are left to the crate that calls: compiled there, an iteration of float32 with 64 features takes 15 %
//! less time.

use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2};

use crate::e_step::SufficientStats;
use crate::error::GmmError;
use crate::evaluate::Evaluator;
use crate::fit::{Fit, FitConfig, RowKnowledge};
use crate::parallel::Threads;
use crate::rows::{LogPrior, Rows};
use crate::source::{Part, Source};
use crate::watch::Watch;

macro_rules! compiled {
    ($(fn $name:ident $parameters:tt -> $result:ty = $call:expr;)*) => {
        /// What data of an element type can be used for.
        pub trait Compiled: Sized {
            $(fn $name $parameters -> $result;)*
        }

        impl Compiled for f64 {
            $(#[cfg_attr(not(debug_assertions), inline)]
            fn $name $parameters -> $result { $call })*
        }

        impl Compiled for f32 {
            $(#[cfg_attr(not(debug_assertions), inline)]
            fn $name $parameters -> $result { $call })*
        }
    };
}

compiled! {
    fn fit(
        source: &Source<'_, Self>,
        config: &FitConfig,
        knowledge: RowKnowledge<'_>,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Fit, GmmError> = crate::fit::fit_watched(source, config, knowledge, threads, watch);

    fn draw_partitions(
        source: &Source<'_, Self>,
        config: &FitConfig,
        knowledge: RowKnowledge<'_>,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Vec<Array2<u32>>, GmmError>
        = crate::fit::draw_watched(source, config, knowledge, threads, watch);

    fn answer(part: Part<'_, Self>, request: &[u8], threads: &Threads) -> Result<Vec<u8>, GmmError>
        = crate::source::answer_request(part, request, threads);

    fn predict(
        evaluator: &Evaluator,
        rows: Rows<'_, Self>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, i64>,
    ) -> Result<(), GmmError> = evaluator.write_labels(rows, log_prior, threads, out);

    fn predict_proba(
        evaluator: &Evaluator,
        rows: Rows<'_, Self>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut2<'_, f64>,
    ) -> Result<(), GmmError> = evaluator.write_probabilities(rows, log_prior, threads, out);

    fn score_samples(
        evaluator: &Evaluator,
        rows: Rows<'_, Self>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, f64>,
    ) -> Result<(), GmmError> = evaluator.write_log_likelihoods(rows, log_prior, threads, out);

    fn statistics(
        evaluator: &Evaluator,
        rows: Rows<'_, Self>,
        knowledge: RowKnowledge<'_>,
        threads: &Threads,
    ) -> Result<SufficientStats, GmmError> = evaluator.take_statistics(rows, knowledge, threads);
}
