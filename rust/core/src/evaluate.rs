//! What a mixture says of given rows: labels, responsibilities, log-likelihoods.

use ndarray::{
    Array1, Array2, ArrayView2, ArrayViewMut, ArrayViewMut1, ArrayViewMut2, Axis, Ix1, Ix2,
    RemoveAxis, s,
};
use pulp::{Simd, WithSimd};

use crate::e_step::{
    Densities, MomentKind, Posterior, Responsibilities, RowTerms, TileScratch, flops_per_row,
};
use crate::error::{GmmError, check_shape};
use crate::float::Float;
use crate::kernels;
use crate::model::{Covariances, Mixture, Precision, check_weights_and_means, engine_factors};
use crate::parallel::{Spans, Threads};
use crate::rows::{LogPrior, MAX_TILE, Rows, Units, transpose_blocks};

/// A mixture that is ready to be evaluated on any number of rows.
#[derive(Debug)]
pub struct Evaluator {
    pub(crate) precision: Precision,
}

impl Evaluator {
    /// Factorises the covariances of `mixture`.
    ///
    /// # Errors
    /// [`GmmError::DegenerateCovariance`] for a covariance that isn't positive definite.
    pub fn new(mixture: &Mixture) -> Result<Self, GmmError> {
        Ok(Self {
            precision: Precision::new(mixture, &Threads::new(1)?)?,
        })
    }

    /// Takes the components as `weights` (K,), `means` (K, D) and the Cholesky factors of their precisions, as
    /// [`precisions_cholesky`](crate::model::precisions_cholesky) gives them; nothing is factorised.
    ///
    /// # Errors
    /// Those of [`Mixture::new`], and [`GmmError::Parameter`] for a factor that isn't finite, isn't upper triangular, or
    /// has an entry on its diagonal that isn't positive.
    pub fn from_precisions_cholesky(
        weights: &Array1<f64>,
        means: &Array2<f64>,
        precisions_cholesky: &Covariances,
    ) -> Result<Self, GmmError> {
        check_weights_and_means(weights, means)?;
        let (factors, log_dets) =
            engine_factors(precisions_cholesky, means.nrows(), means.ncols())?;
        Ok(Self {
            precision: Precision::from_factors(weights, means, factors, log_dets),
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
        T::predict(self, rows, log_prior, threads, out)
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
        T::predict_proba(self, rows, log_prior, threads, out)
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
        T::score_samples(self, rows, log_prior, threads, out)
    }

    pub(crate) fn write_labels<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, i64>,
    ) -> Result<(), GmmError> {
        self.each_tile(rows, log_prior, threads, out, Labels)
    }

    pub(crate) fn write_probabilities<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut2<'_, f64>,
    ) -> Result<(), GmmError> {
        self.each_tile(rows, log_prior, threads, out, Probabilities)
    }

    pub(crate) fn write_log_likelihoods<T: Float>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut1<'_, f64>,
    ) -> Result<(), GmmError> {
        self.each_tile(rows, log_prior, threads, out, LogLikelihoods)
    }

    /// Writes each tile's part of `out`. Where squares under- or overflow in `T`, from a copy in units in which they
    /// don't.
    fn each_tile<T: Float, W: Output>(
        &self,
        rows: Rows<'_, T>,
        log_prior: Option<LogPrior<'_>>,
        threads: &Threads,
        out: ArrayViewMut<'_, W::Entry, W::Dim>,
        output: W,
    ) -> Result<(), GmmError> {
        let n_features = self.precision.n_features();
        check_shape(
            "X",
            &[rows.n_samples(), rows.n_features()],
            &[rows.n_samples(), n_features],
        )?;
        match Units::of_precision::<T>(&self.precision) {
            None => each_tile(&self.precision, rows, log_prior, threads, out, output),
            Some(units) => {
                let precision = units.precision(&self.precision);
                let scaled = units.rows(rows.view());
                let rows = Rows::new(scaled.view())?;
                each_tile(&precision, rows, log_prior, threads, out, output);
            }
        }
        Ok(())
    }
}

/// Writes each tile's part of `out`: what `precision` says of rows of ordinary size.
fn each_tile<T: Float, W: Output>(
    precision: &Precision,
    rows: Rows<'_, T>,
    log_prior: Option<LogPrior<'_>>,
    threads: &Threads,
    mut out: ArrayViewMut<'_, W::Entry, W::Dim>,
    output: W,
) {
    let (n_components, n_features) = (precision.n_components(), precision.n_features());
    let densities = Densities::<T>::new(precision);
    let flops = flops_per_row(n_components, n_features, MomentKind::Full);
    let spans = Spans::new(rows.n_samples(), n_features, flops, 0);
    let parts = out.axis_chunks_iter_mut(Axis(0), spans.span_len());
    let work = spans.ranges().into_iter().zip(parts);
    threads.map(work, |(span, part)| {
        kernels::run(SpanEvaluation {
            rows: rows.view().slice_move(s![span.clone(), ..]),
            posterior: Posterior {
                precision,
                densities: &densities,
                terms: RowTerms {
                    log_prior: log_prior.as_ref().map(LogPrior::reborrow),
                    sample_weight: None,
                },
            },
            n_components,
            start: span.start,
            out: part,
            output,
        });
    });
}

/// What is written of a tile.
trait Output: Copy + Send + Sync {
    type Entry: Send;
    type Dim: RemoveAxis;

    /// Writes the rows of the tile to `out`.
    fn write<E: Float>(self, tile: &TileScratch<E>, out: ArrayViewMut<'_, Self::Entry, Self::Dim>);
}

/// The most probable component.
#[derive(Clone, Copy)]
struct Labels;

impl Output for Labels {
    type Entry = i64;
    type Dim = Ix1;

    #[inline(always)]
    fn write<E: Float>(self, tile: &TileScratch<E>, mut out: ArrayViewMut1<'_, i64>) {
        let mut best = [E::default(); MAX_TILE];
        let mut labels = [0; MAX_TILE];
        for (k, resp) in tile.resp.chunks_exact(tile.capacity).enumerate() {
            for ((best, label), &resp) in best.iter_mut().zip(&mut labels).zip(resp) {
                let better = resp > *best;
                *label = if better { k as i64 } else { *label };
                *best = if better { resp } else { *best };
            }
        }
        out.iter_mut()
            .zip(labels)
            .for_each(|(out, label)| *out = label);
    }
}

/// P(component | row).
#[derive(Clone, Copy)]
struct Probabilities;

impl Output for Probabilities {
    type Entry = f64;
    type Dim = Ix2;

    #[inline(always)]
    fn write<E: Float>(self, tile: &TileScratch<E>, mut out: ArrayViewMut2<'_, f64>) {
        let n_components = out.ncols();
        if out.nrows() == tile.capacity
            && let Some(out) = out.as_slice_mut()
        {
            transpose_blocks(&tile.resp, tile.capacity, out, n_components);
            return;
        }
        for (n, mut row) in out.outer_iter_mut().enumerate() {
            let resp = tile.resp[n..].iter().step_by(tile.capacity);
            for (out, resp) in row.iter_mut().zip(resp) {
                *out = resp.to_f64();
            }
        }
    }
}

/// log p(x).
#[derive(Clone, Copy)]
struct LogLikelihoods;

impl Output for LogLikelihoods {
    type Entry = f64;
    type Dim = Ix1;

    #[inline(always)]
    fn write<E: Float>(self, tile: &TileScratch<E>, mut out: ArrayViewMut1<'_, f64>) {
        for (n, out) in out.iter_mut().enumerate() {
            *out = tile.log_prob_norm(n);
        }
    }
}

/// The work of [`each_tile`] on one span, which starts at row `start`.
struct SpanEvaluation<'a, T, W: Output> {
    rows: ArrayView2<'a, T>,
    posterior: Posterior<'a, T>,
    n_components: usize,
    start: usize,
    out: ArrayViewMut<'a, W::Entry, W::Dim>,
    output: W,
}

impl<T: Float, W: Output> WithSimd for SpanEvaluation<'_, T, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = T::lanes(simd);
        let mut scratch = TileScratch::new(self.n_components, self.rows.ncols());
        let tiles = self.rows.axis_chunks_iter(Axis(0), scratch.capacity);
        let parts = self.out.axis_chunks_iter_mut(Axis(0), scratch.capacity);
        let mut start = self.start;
        for (rows, part) in tiles.zip(parts) {
            scratch.tile.load::<T::Lanes<S>, T>(rows);
            self.posterior.fill(lanes, start, &mut scratch);
            self.output.write(&scratch, part);
            start += rows.nrows();
        }
    }
}
