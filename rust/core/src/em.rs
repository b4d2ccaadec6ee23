//! Expectation-maximisation: restarts, iterations, convergence.
//!
//! Each iteration is one pass over the data ([`accumulate`]) and one maximisation ([`m_step`]); neither
//! lowers the lower bound, the log-likelihood plus the log-density of the prior
//! (Dempster, Laird & Rubin 1977, thm. 1).

use std::ops::ControlFlow;

use ndarray::{Array1, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::config::{FitConfig, Progress, RowKnowledge};
use crate::data::{LogPrior, Rows};
use crate::e_step::{Posterior, Responsibilities, accumulate};
use crate::error::{GmmError, check_shape};
use crate::evaluate::Evaluator;
use crate::float::Float;
use crate::init::HardLabels;
use crate::init::alignment::align;
use crate::init::kmeans::kmeans_labels;
use crate::init::scaled_rows::ScaledRows;
use crate::m_step::{loses_digits, m_step};
use crate::mixture::Mixture;
use crate::parallel::Threads;
use crate::precision::Precision;
use crate::prior::Prior;
use crate::spread::Spread;
use crate::stats::SufficientStats;

/// A component with less than this many rows, in expectation, counts as empty.
const EMPTY: f64 = 0.5;

/// A fitted mixture and how it was reached.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The model.
    pub mixture: Mixture,
    /// Σ_n log p(x_n) after each iteration, in nats.
    pub log_likelihoods: Vec<f64>,
    /// Log-likelihood plus log-density of the prior (up to a constant) after each iteration, divided
    /// by the number of rows, in nats. It never falls.
    pub lower_bounds: Vec<f64>,
    /// Whether the last iteration changed the lower bound by less than the tolerance.
    pub converged: bool,
}

/// Fits a mixture to `rows` and returns the best of all starts.
///
/// `observer` is called after every iteration, on the calling thread; it stops the fit by breaking.
///
/// # Errors
/// [`GmmError::Shape`] and [`GmmError::Parameter`] for a prior or row knowledge that don't fit the data,
/// [`GmmError::DegenerateCovariance`] if every start ends in one, [`GmmError::Interrupted`] from the observer.
pub fn fit<T: Float>(
    rows: Rows<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    mut observer: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Fit, GmmError> {
    let shape = [rows.n_samples(), config.n_components];
    if let Some(reference) = knowledge.align_to {
        check_shape("align_to", reference.shape(), &shape)?;
    }
    if let Some(log_prior) = knowledge.log_prior {
        check_shape("log_prior", log_prior.view().shape(), &shape)?;
    }
    let spread = Spread::new(rows.reborrow(), threads)?;
    let em = Em {
        rows: rows.reborrow(),
        config,
        prior: Prior::new(&config.prior, config.n_components, &spread)?,
        knowledge: knowledge.reborrow(),
        threads,
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let mut best: Option<Fit> = None;
    let mut failure = None;
    for start in 0..config.n_init {
        // Every other start measures the features by their spread within the best clusters so far:
        // by their total spread, features that don't separate clusters weigh more than those that do.
        let variance = match &best {
            Some(best) if start % 2 == 1 => best.mixture.pooled_variance(),
            _ => spread.variance.clone(),
        };
        let data = ScaledRows::new(rows.reborrow(), &variance, config.n_components, threads);
        let labels = kmeans_labels(&data, config.n_components, &mut rng);
        let mut observe = |iteration, lower_bound| {
            observer(Progress {
                start,
                iteration,
                lower_bound,
            })
        };
        match em.run_from_labels(labels, &mut observe) {
            Ok(fit) => {
                if best.as_ref().is_none_or(|best| fit.bound() > best.bound()) {
                    best = Some(fit);
                }
            }
            Err(GmmError::Interrupted) => return Err(GmmError::Interrupted),
            Err(error) => failure = failure.or(Some(error)),
        }
        // Streams of different starts don't overlap, however many numbers one of them takes.
        rng.jump();
    }
    best.ok_or_else(|| failure.expect("a start that gave no fit gave an error"))
}

impl Fit {
    /// Lower bound of the model: the last of all iterations.
    fn bound(&self) -> f64 {
        self.lower_bounds
            .last()
            .copied()
            .unwrap_or(f64::NEG_INFINITY)
    }
}

/// Told the number of the iteration and its lower bound.
type Observe<'a> = dyn FnMut(usize, f64) -> ControlFlow<()> + 'a;

/// What all starts of a fit share.
struct Em<'a, T> {
    rows: Rows<'a, T>,
    config: &'a FitConfig,
    prior: Prior,
    knowledge: RowKnowledge<'a>,
    threads: &'a Threads,
}

impl<T: Float> Em<'_, T> {
    /// Runs EM from hard labels; as long as it ends with an empty component and giving that one
    /// to the row that is explained worst leads to a higher bound, goes on from there.
    fn run_from_labels(
        &self,
        mut labels: Vec<u32>,
        observe: &mut Observe<'_>,
    ) -> Result<Fit, GmmError> {
        if let Some(reference) = self.knowledge.align_to {
            align(&mut labels, reference)?;
        }
        let (mut fit, mut stats) = self.run(self.maximise_labels(&labels)?, observe)?;
        while let Some(mixture) = self.with_empty_component_moved(&fit.mixture, &stats)? {
            let (moved, moved_stats) = self.run(mixture, observe)?;
            if moved.bound() <= fit.bound() {
                break;
            }
            (fit, stats) = (moved, moved_stats);
        }
        Ok(fit)
    }

    /// The mixture that follows from hard labels.
    fn maximise_labels(&self, labels: &[u32]) -> Result<Mixture, GmmError> {
        let anchors = vec![&self.prior.mean[..]; self.config.n_components];
        let labels = HardLabels(labels);
        let stats = accumulate(self.rows.reborrow(), &anchors, &labels, self.threads);
        self.maximise(&stats, &anchors, &labels)
    }

    /// The M-step. Where `stats` are too far from the new means for exact differences, they are taken once
    /// more about these.
    fn maximise<R: Responsibilities>(
        &self,
        stats: &SufficientStats,
        anchors: &[&[f64]],
        responsibilities: &R,
    ) -> Result<Mixture, GmmError> {
        let mixture = m_step(stats, anchors, &self.prior)?;
        if !loses_digits(stats, &mixture) {
            return Ok(mixture);
        }
        let means: Vec<Vec<f64>> = mixture
            .means()
            .outer_iter()
            .map(|mean| mean.to_vec())
            .collect();
        let anchors: Vec<&[f64]> = means.iter().map(Vec::as_slice).collect();
        let stats = accumulate(
            self.rows.reborrow(),
            &anchors,
            responsibilities,
            self.threads,
        );
        m_step(&stats, &anchors, &self.prior)
    }

    /// Runs EM from `mixture`. The statistics returned are those of the final model.
    fn run(
        &self,
        mut mixture: Mixture,
        observe: &mut Observe<'_>,
    ) -> Result<(Fit, SufficientStats), GmmError> {
        let n_samples = self.rows.n_samples() as f64;
        let mut log_likelihoods = Vec::with_capacity(self.config.max_iter);
        let mut lower_bounds = Vec::with_capacity(self.config.max_iter);
        let mut converged = false;
        let mut bound = f64::NEG_INFINITY;
        for iteration in 0.. {
            let precision = Precision::new(&mixture)?;
            let anchors = precision.means();
            let posterior = Posterior {
                precision: &precision,
                log_prior: self.knowledge.log_prior.as_ref().map(LogPrior::reborrow),
            };
            let stats = accumulate(self.rows, &anchors, &posterior, self.threads);

            let previous = bound;
            let log_prior_density = self.prior.log_density(&mixture, &precision);
            bound = (stats.log_likelihood + log_prior_density) / n_samples;
            // Iteration 0 is the start itself.
            if iteration > 0 {
                log_likelihoods.push(stats.log_likelihood);
                lower_bounds.push(bound);
                converged = (bound - previous).abs() < self.config.tol;
                if observe(iteration, bound).is_break() {
                    return Err(GmmError::Interrupted);
                }
            }
            if converged || iteration == self.config.max_iter {
                let fit = Fit {
                    mixture,
                    log_likelihoods,
                    lower_bounds,
                    converged,
                };
                return Ok((fit, stats));
            }
            mixture = self.maximise(&stats, &anchors, &posterior)?;
        }
        unreachable!("the loop ends at max_iter")
    }

    /// `mixture` with its emptiest component, if it is empty, moved to the row that is explained
    /// worst: there it gets the mean of all covariances and the weight of one row.
    fn with_empty_component_moved(
        &self,
        mixture: &Mixture,
        stats: &SufficientStats,
    ) -> Result<Option<Mixture>, GmmError> {
        let counts = stats.zeroth.iter().enumerate();
        let Some((empty, _)) = counts
            .min_by(|a, b| a.1.total_cmp(b.1))
            .filter(|(_, count)| **count < EMPTY)
        else {
            return Ok(None);
        };
        let mut norms = Array1::zeros(self.rows.n_samples());
        Evaluator::new(mixture)?.score_samples(
            self.rows,
            self.knowledge.log_prior,
            self.threads,
            norms.view_mut(),
        )?;
        let (worst, _) = norms
            .iter()
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(b.1))
            .expect("data have at least one row");

        let (mut weights, mut means, mut covariances) = mixture.clone().into_parts();
        let pooled = weights
            .iter()
            .zip(covariances.outer_iter())
            .map(|(&weight, covariance)| weight * &covariance)
            .reduce(|sum, term| sum + term)
            .expect("a mixture has at least one component");
        covariances.index_axis_mut(Axis(0), empty).assign(&pooled);
        let row = self.rows.view().row(worst).mapv(Float::to_f64);
        means.row_mut(empty).assign(&row);
        weights[empty] = 1.0 / self.rows.n_samples() as f64;
        let total = weights.sum();
        weights /= total;
        Mixture::new(weights, means, covariances).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::PriorConfig;
    use ndarray::Array2;

    #[test]
    fn a_component_that_starts_empty_comes_back() {
        // Three groups of rows, of which the labels give two to one component and none to the third.
        let data = Array2::from_shape_fn((90, 2), |(n, d)| {
            let spread = ((n * (17 + 12 * d)) % 31) as f64 / 31.0;
            100.0 * ((n % 3) * (1 - d)) as f64 + spread
        });
        let labels: Vec<u32> = (0..90).map(|n| u32::from(n % 3 == 2)).collect();
        let rows = Rows::new(data.view()).expect("finite");
        let threads = Threads::new(1).expect("1 thread");
        let config = FitConfig::new(3, 100, 1e-8, 1, 0, PriorConfig::default()).expect("valid");
        let spread = Spread::new(rows.reborrow(), &threads).expect("finite squares");
        let em = Em {
            rows,
            config: &config,
            prior: Prior::new(&config.prior, 3, &spread).expect("valid"),
            knowledge: RowKnowledge::default(),
            threads: &threads,
        };
        let fit = em
            .run_from_labels(labels, &mut |_, _| ControlFlow::Continue(()))
            .expect("a fit");
        for weight in fit.mixture.weights() {
            assert!((weight - 1.0 / 3.0).abs() < 1e-3, "{weight}");
        }
    }
}
