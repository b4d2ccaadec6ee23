//! What a mixture says of given rows: labels, responsibilities, log-likelihoods.

use ndarray::{ArrayViewMut, ArrayViewMut1, ArrayViewMut2, Axis, RemoveAxis};
use pulp::{Simd, WithSimd};

use crate::data::{LogPrior, Rows};
use crate::e_step::{Posterior, Responsibilities, Scratch, flops_per_row};
use crate::error::{GmmError, check_shape};
use crate::float::Float;
use crate::kernels;
use crate::mixture::Mixture;
use crate::parallel::{Spans, Threads, tiles};
use crate::precision::Precision;
use crate::tile::{TILE, Tile};

/// A mixture that is ready to be evaluated on any number of rows.
#[derive(Debug)]
pub struct Evaluator {
    precision: Precision,
}

impl Evaluator {
    /// Factorises the covariances of `mixture`.
    ///
    /// # Errors
    /// [`GmmError::DegenerateCovariance`] for a covariance that isn't positive definite.
    pub fn new(mixture: &Mixture) -> Result<Self, GmmError> {
        Ok(Self {
            precision: Precision::new(mixture)?,
        })
    }

    /// Index of the most probable component of each row, the first of equals; `out` has shape (N,).
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `rows` or `out` don't fit the mixture.
    pub fn predict<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, i64>,
    ) -> Result<(), GmmError> {
        check_shape("out", out.shape(), &[rows.n_samples()])?;
        self.each_tile(rows, log_prior, threads, out, |mut labels, scratch| {
            for (n, label) in labels.iter_mut().enumerate() {
                let lanes = scratch.resp[n..].iter().step_by(TILE).enumerate();
                let (best, _) = lanes.fold((0, -1.0), |best, (k, &resp)| {
                    if resp > best.1 {
                        (k as i64, resp)
                    } else {
                        best
                    }
                });
                *label = best;
            }
        })
    }

    /// P(component | row) of every row; `out` has shape (N, K) and gets rows that sum to 1.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `rows` or `out` don't fit the mixture.
    pub fn predict_proba<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut2<'_, f64>,
    ) -> Result<(), GmmError> {
        let shape = [rows.n_samples(), self.precision.n_components()];
        check_shape("out", out.shape(), &shape)?;
        self.each_tile(rows, log_prior, threads, out, |mut proba, scratch| {
            let components = scratch.resp.chunks_exact(TILE);
            for (mut column, resp) in proba.columns_mut().into_iter().zip(components) {
                for (out, &resp) in column.iter_mut().zip(resp) {
                    *out = resp;
                }
            }
        })
    }

    /// log p(x_n) of every row, in nats; `out` has shape (N,).
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `rows` or `out` don't fit the mixture.
    pub fn score_samples<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, f64>,
    ) -> Result<(), GmmError> {
        check_shape("out", out.shape(), &[rows.n_samples()])?;
        self.each_tile(rows, log_prior, threads, out, |mut norms, scratch| {
            for (n, norm) in norms.iter_mut().enumerate() {
                *norm = scratch.normaliser.log_prob_norm(n);
            }
        })
    }

    /// Calls `visit` with each tile's part of `out` and its responsibilities.
    fn each_tile<T: Float, A: Send, D: RemoveAxis>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        mut out: ArrayViewMut<'_, A, D>,
        visit: impl Fn(ArrayViewMut<'_, A, D>, &Scratch) + Sync,
    ) -> Result<(), GmmError> {
        let (n_components, n_features) = (self.precision.n_components(), self.precision.n_features);
        check_shape(
            "X",
            &[rows.n_samples(), rows.n_features()],
            &[rows.n_samples(), n_features],
        )?;
        let posterior = Posterior {
            precision: &self.precision,
            log_prior: log_prior.as_ref().map(LogPrior::reborrow),
        };
        let spans = Spans::new(rows.n_samples(), flops_per_row(n_components, n_features), 0);
        let parts = out.axis_chunks_iter_mut(Axis(0), spans.span_len());
        threads.map(
            spans.ranges().into_iter().zip(parts).collect(),
            |(span, part)| {
                kernels::run(SpanEvaluation {
                    rows: rows.reborrow(),
                    posterior: posterior.reborrow(),
                    start: span.start,
                    out: part,
                    visit: &visit,
                });
            },
        );
        Ok(())
    }
}

/// The work of [`Evaluator::each_tile`] on one span, which starts at row `start`.
struct SpanEvaluation<'a, T, A, D, V> {
    rows: Rows<'a, T>,
    posterior: Posterior<'a>,
    start: usize,
    out: ArrayViewMut<'a, A, D>,
    visit: &'a V,
}

impl<T, A, D, V> WithSimd for SpanEvaluation<'_, T, A, D, V>
where
    T: Float,
    D: RemoveAxis,
    V: Fn(ArrayViewMut<'_, A, D>, &Scratch),
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let precision = self.posterior.precision;
        let mut tile = Tile::new(precision.n_features);
        let mut scratch = Scratch::new(precision.n_components(), precision.n_features);
        let span = self.start..self.start + self.out.len_of(Axis(0));
        let parts = self.out.axis_chunks_iter_mut(Axis(0), TILE);
        for (range, part) in tiles(span).zip(parts) {
            let start = range.start;
            tile.load(self.rows.view(), range);
            self.posterior.fill(simd, &tile, start, &mut scratch);
            (self.visit)(part, &scratch);
        }
    }
}
