//! Expectation-maximisation from one start: iterations, convergence, empty components.
//!
//! Each iteration is one pass over the data ([`accumulate`]) and one maximisation ([`m_step`]); neither
//! lowers the lower bound, the log-likelihood plus the log-density of the prior
//! (Dempster, Laird & Rubin 1977, thm. 1).

use std::ops::ControlFlow;

use ndarray::Array1;

use crate::accumulate::Accumulator;
use crate::config::{Acceleration, FitConfig, RowKnowledge};
use crate::covariance::CovarianceType;
use crate::data::{LogPrior, Rows};
use crate::density::Densities;
use crate::error::GmmError;
use crate::evaluate::Evaluator;
use crate::fit::Fit;
use crate::float::Float;
use crate::m_step::{loses_digits, m_step};
use crate::mixture::Mixture;
use crate::parallel::Threads;
use crate::precision::Precision;
use crate::prior::Prior;
use crate::responsibilities::{Posterior, Responsibilities, RowTerms};
use crate::spread::Spread;
use crate::squarem::Squarem;
use crate::stats::{MomentKind, SufficientStats};
use crate::total::TotalScatter;

/// A component with less than this many rows, in expectation, counts as empty. Where weights are small, so that all
/// rows together count less than their number, a row is what one counts on average.
const EMPTY: f64 = 0.5;

/// Told the number of the iteration and its lower bound.
pub(crate) type Observe<'a> = dyn FnMut(usize, f64) -> ControlFlow<()> + 'a;

/// What all starts of a fit share.
pub(crate) struct Em<'a, T> {
    pub(crate) rows: Rows<'a, T>,
    pub(crate) config: &'a FitConfig,
    prior: Prior,
    /// With weights in units of `weight_unit`.
    pub(crate) knowledge: RowKnowledge<'a>,
    weight_unit: f64,
    pub(crate) threads: &'a Threads,
    accumulator: Accumulator<T>,
    /// How often all rows together count.
    pub(crate) total_weight: f64,
    /// How often a row counts on average, of those that count at all; at most 1.
    one_row: f64,
    /// Where one covariance is shared.
    total_scatter: Option<TotalScatter>,
}

/// A mixture and what a pass over the data says of it.
struct Expectation<T> {
    mixture: Mixture,
    densities: Densities<T>,
    stats: SufficientStats,
    /// Lower bound, mean of the rows.
    bound: f64,
}

impl<'a, T: Float> Em<'a, T> {
    pub(crate) fn new(
        rows: Rows<'a, T>,
        config: &'a FitConfig,
        knowledge: RowKnowledge<'a>,
        weight_unit: f64,
        spread: &Spread,
        threads: &'a Threads,
    ) -> Result<Self, GmmError> {
        let covariance_type = config.covariance_type;
        let prior = Prior::new(
            &config.regularisation,
            config.n_components,
            covariance_type,
            spread,
        )?;
        let total_scatter = (covariance_type == CovarianceType::Tied).then(|| {
            let origin = &spread.mean;
            let weights = knowledge.sample_weight;
            TotalScatter::new(rows.reborrow(), origin, weights, weight_unit, threads)
        });
        let (mut total_weight, mut n_counted) = (rows.n_samples() as f64, rows.n_samples() as f64);
        if let Some(weights) = knowledge.sample_weight {
            total_weight = weight_unit * weights.sum();
            n_counted = weights.iter().filter(|&&w| w > 0.0).count() as f64;
        }
        Ok(Self {
            total_weight,
            one_row: (total_weight / n_counted).min(1.0),
            weight_unit,
            accumulator: Accumulator::new(config.n_components, rows.n_features()),
            rows,
            config,
            prior,
            knowledge,
            threads,
            total_scatter,
        })
    }

    /// The mixture that follows from responsibilities.
    pub(crate) fn mixture_of<R: Responsibilities<T>>(
        &self,
        responsibilities: &R,
    ) -> Result<Mixture, GmmError> {
        let anchors = vec![self.prior.mean.clone(); self.config.n_components];
        let stats = self.statistics(&anchors, self.moment_kind(), responsibilities);
        self.maximise(&stats, responsibilities)
    }

    /// `mixture` after `n_iter` iterations, and its lower bound.
    pub(crate) fn iterate(
        &self,
        mixture: Mixture,
        n_iter: usize,
    ) -> Result<(Mixture, f64), GmmError> {
        let mut current = self.expect(mixture)?;
        for _ in 0..n_iter {
            current = self.advance(current, None)?;
        }
        Ok((current.mixture, current.bound))
    }

    /// Runs EM from a mixture; as long as it ends with an empty component and giving that one to the row that is
    /// explained worst leads to a higher bound, goes on from there. Where the component ends empty again, only more
    /// iterations have raised the bound: it stays where it was.
    pub(crate) fn run_from(
        &self,
        mixture: Mixture,
        observe: &mut Observe<'_>,
    ) -> Result<Fit, GmmError> {
        let (mut fit, mut stats) = self.run(mixture, observe)?;
        while let Some((k, mixture)) = self.with_empty_component_moved(&fit.mixture, &stats)? {
            let (moved, moved_stats) = self.run(mixture, observe)?;
            if moved.bound() <= fit.bound() || self.is_empty(moved_stats.zeroth[k]) {
                break;
            }
            (fit, stats) = (moved, moved_stats);
        }
        Ok(fit)
    }

    /// Runs EM from `mixture`. The statistics returned are those of the final model.
    fn run(
        &self,
        mixture: Mixture,
        observe: &mut Observe<'_>,
    ) -> Result<(Fit, SufficientStats), GmmError> {
        let mut log_likelihoods = Vec::with_capacity(self.config.max_iter);
        let mut lower_bounds = Vec::with_capacity(self.config.max_iter);
        let mut converged = false;
        let mut squarem = (self.config.acceleration == Acceleration::Squarem)
            .then(|| Squarem::new(&self.prior.variance));
        let mut current = self.expect(mixture)?;
        for iteration in 1..=self.config.max_iter {
            let previous = current.bound;
            current = self.advance(current, squarem.as_mut())?;
            log_likelihoods.push(current.stats.log_likelihood);
            lower_bounds.push(current.bound);
            converged = (current.bound - previous).abs() < self.config.tol;
            if observe(iteration, current.bound).is_break() {
                return Err(GmmError::Interrupted);
            }
            if converged {
                break;
            }
        }
        let fit = Fit {
            mixture: current.mixture,
            log_likelihoods,
            lower_bounds,
            converged,
        };
        Ok((fit, current.stats))
    }

    /// One iteration: the M-step and the pass that follows it, or a step of `squarem` that is at least as good as
    /// where it starts.
    fn advance(
        &self,
        current: Expectation<T>,
        squarem: Option<&mut Squarem>,
    ) -> Result<Expectation<T>, GmmError> {
        let posterior = self.posterior(&current.densities);
        let plain = self.maximise(&current.stats, &posterior)?;
        if let Some(squarem) = squarem
            && let Some(trial) = squarem.propose(&current.mixture, &plain)
        {
            match self.expect(trial) {
                Ok(accepted) if accepted.bound >= current.bound => {
                    squarem.accepted();
                    return Ok(accepted);
                }
                Ok(_) | Err(GmmError::DegenerateCovariance { .. }) => squarem.rejected(),
                Err(error) => return Err(error),
            }
        }
        self.expect(plain)
    }

    /// The pass over the data under `mixture`.
    fn expect(&self, mixture: Mixture) -> Result<Expectation<T>, GmmError> {
        let precision = Precision::new(&mixture, self.threads)?;
        let densities = Densities::new(&precision);
        let stats = self.statistics(
            &precision.means,
            self.moment_kind(),
            &self.posterior(&densities),
        );
        let log_prior_density = self.prior.log_density(&mixture, &precision);
        Ok(Expectation {
            bound: (stats.log_likelihood + log_prior_density) / self.total_weight,
            mixture,
            densities,
            stats,
        })
    }

    fn posterior<'b>(&'b self, densities: &'b Densities<T>) -> Posterior<'b, T> {
        Posterior {
            densities,
            terms: RowTerms {
                log_prior: self.knowledge.log_prior.as_ref().map(LogPrior::reborrow),
                sample_weight: self.knowledge.sample_weight,
            },
        }
    }

    /// The second moments that the covariances follow from.
    fn moment_kind(&self) -> MomentKind {
        match self.config.covariance_type {
            CovarianceType::Full => MomentKind::Full,
            CovarianceType::Tied => MomentKind::First,
            CovarianceType::Diag | CovarianceType::Spherical => MomentKind::Diagonal,
        }
    }

    fn statistics<R: Responsibilities<T>>(
        &self,
        anchors: &[Vec<f64>],
        kind: MomentKind,
        responsibilities: &R,
    ) -> SufficientStats {
        let rows = self.rows.reborrow();
        self.accumulator
            .pass(rows, anchors, kind, responsibilities, self.threads)
            .scaled(self.weight_unit)
    }

    /// The M-step. Where `stats` are too far from the new means for exact differences, they are taken once
    /// more about these.
    fn maximise<R: Responsibilities<T>>(
        &self,
        stats: &SufficientStats,
        responsibilities: &R,
    ) -> Result<Mixture, GmmError> {
        let covariance_type = self.config.covariance_type;
        let total = self.total_scatter.as_ref();
        let mixture = m_step(stats, covariance_type, total, &self.prior)?;
        let exact = match total {
            Some(total) => !total.loses_digits(&mixture, self.total_weight),
            None => !loses_digits(stats, &mixture),
        };
        if exact {
            return Ok(mixture);
        }
        let means = mixture.means().outer_iter();
        let anchors: Vec<Vec<f64>> = means.map(|mean| mean.to_vec()).collect();
        let kind = match total {
            Some(_) => MomentKind::Full,
            None => self.moment_kind(),
        };
        let stats = self.statistics(&anchors, kind, responsibilities);
        m_step(&stats, covariance_type, None, &self.prior)
    }

    /// Whether a component is empty that has so many rows.
    fn is_empty(&self, count: f64) -> bool {
        count < EMPTY * self.one_row
    }

    /// The emptiest component of `mixture`, if it is empty, and the mixture with it moved to the row that is
    /// explained worst: there it gets the mean of all covariances and the weight of one row.
    fn with_empty_component_moved(
        &self,
        mixture: &Mixture,
        stats: &SufficientStats,
    ) -> Result<Option<(usize, Mixture)>, GmmError> {
        let counts = stats.zeroth.iter().enumerate();
        let Some((empty, _)) = counts
            .min_by(|a, b| a.1.total_cmp(b.1))
            .filter(|(_, count)| self.is_empty(**count))
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
        let counts = |n: &usize| {
            self.knowledge
                .sample_weight
                .is_none_or(|weights| weights[*n] > 0.0)
        };
        let worst = (0..self.rows.n_samples())
            .filter(counts)
            .min_by(|&a, &b| norms[a].total_cmp(&norms[b]))
            .expect("some row counts");
        let row = self.rows.view().row(worst).mapv(Float::to_f64).to_vec();
        let weight = self.one_row / self.total_weight;
        Ok(Some((
            empty,
            mixture.with_component_moved(empty, &row, weight),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::hard_labels::HardLabels;
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
        let config = FitConfig {
            tol: 1e-8,
            ..FitConfig::new(3)
        };
        let spread = Spread::new(rows.reborrow(), None, &threads).expect("finite squares");
        let em = Em::new(
            rows,
            &config,
            RowKnowledge::default(),
            1.0,
            &spread,
            &threads,
        )
        .expect("valid");
        let fit = em
            .mixture_of(&HardLabels {
                labels: &labels,
                sample_weight: None,
            })
            .and_then(|mixture| em.run_from(mixture, &mut |_, _| ControlFlow::Continue(())))
            .expect("a fit");
        for weight in fit.mixture.weights() {
            assert!((weight - 1.0 / 3.0).abs() < 1e-3, "{weight}");
        }
    }
}
