//! What the iterations of all starts share: passes over the data ([`accumulate`](crate::e_step::accumulate)) and
//! maximisations ([`m_step`]).
//!
//! Neither lowers the lower bound, the log-likelihood plus the log-density of the prior
//! (Dempster, Laird & Rubin 1977, thm. 1).

use super::collapse::Resolution;
use super::m_step::{loses_digits, m_step};
use super::prior::Prior;
use crate::e_step::{
    Accumulator, Densities, MomentKind, Posterior, Responsibilities, RowTerms, SufficientStats,
    TotalScatter, WorstRow, WorstRowPass,
};
use crate::error::GmmError;
use crate::fit::{FitConfig, RowKnowledge};
use crate::float::Float;
use crate::model::{CovarianceType, Mixture, Precision};
use crate::parallel::Threads;
use crate::rows::{LogPrior, Spread};
use crate::source::Source;
use crate::watch::Watch;

/// A component with less than this many rows, in expectation, counts as empty. Where weights are small, so that all
/// rows together count less than their number, a row is what one counts on average.
const EMPTY: f64 = 0.5;

/// What a fit is given beside data and configuration, in whatever units these are.
pub(crate) struct Task<'a> {
    /// With weights in units of `weight_unit`.
    pub(crate) knowledge: RowKnowledge<'a>,
    pub(crate) weight_unit: f64,
    pub(crate) threads: &'a Threads,
    pub(crate) watch: &'a Watch,
}

/// What all starts of a fit share.
pub(crate) struct Em<'a, T> {
    pub(crate) source: Source<'a, T>,
    pub(crate) config: &'a FitConfig,
    pub(crate) prior: Prior,
    pub(crate) resolution: Resolution,
    /// With weights in units of `weight_unit`.
    pub(crate) knowledge: RowKnowledge<'a>,
    weight_unit: f64,
    pub(crate) threads: &'a Threads,
    pub(crate) watch: &'a Watch,
    accumulator: Accumulator<T>,
    /// How often all rows together count.
    pub(crate) total_weight: f64,
    /// How often a row counts on average, of those that count at all; at most 1.
    one_row: f64,
    /// Where one covariance is shared.
    total_scatter: Option<TotalScatter>,
    /// What the log-density of each row gets because of the units that it is in.
    log_unit: f64,
}

/// A mixture and what a pass over the data says of it.
pub(crate) struct Expectation<T> {
    pub(crate) mixture: Mixture,
    precision: Precision,
    densities: Densities<T>,
    pub(crate) stats: SufficientStats,
    /// Lower bound, mean of the rows.
    pub(crate) bound: f64,
}

impl<'a, T: Float> Em<'a, T> {
    pub(crate) fn new(
        source: Source<'a, T>,
        config: &'a FitConfig,
        task: &'a Task<'_>,
        spread: &Spread,
        log_unit: f64,
    ) -> Result<Self, GmmError> {
        let knowledge = task.knowledge.reborrow();
        let (weight_unit, threads, watch) = (task.weight_unit, task.threads, task.watch);
        let covariance_type = config.covariance_type;
        let prior = Prior::new(
            &config.regularisation,
            config.n_components,
            covariance_type,
            spread,
        )?;
        let total_scatter = match covariance_type {
            CovarianceType::Tied => {
                let (origin, weights) = (&spread.mean, knowledge.sample_weight);
                let scatter =
                    TotalScatter::new(&source, origin, weights, weight_unit, threads, watch)?;
                Some(scatter)
            }
            _ => None,
        };
        let mut total_weight = source.n_samples() as f64;
        let mut n_counted = total_weight;
        if let Some(weights) = knowledge.sample_weight {
            total_weight = weight_unit * weights.sum();
            n_counted = weights.iter().filter(|&&w| w > 0.0).count() as f64;
        }
        Ok(Self {
            total_weight,
            one_row: (total_weight / n_counted).min(1.0),
            weight_unit,
            accumulator: Accumulator::new(config.n_components, source.n_features()),
            source,
            config,
            resolution: Resolution::new::<T>(spread, &prior),
            prior,
            knowledge,
            threads,
            watch,
            total_scatter,
            log_unit,
        })
    }

    /// The mixture that follows from responsibilities.
    pub(crate) fn mixture_of<R: Responsibilities<T>>(
        &self,
        responsibilities: &R,
    ) -> Result<Mixture, GmmError> {
        let anchors = vec![self.prior.mean.clone(); self.config.n_components];
        let stats = self.statistics(&anchors, self.moment_kind(), responsibilities)?;
        let mixture = self.maximise(&stats, responsibilities)?;
        if self.prior.is_flat() {
            self.resolution.widened(mixture, self.threads)
        } else {
            Ok(mixture)
        }
    }

    /// `mixture` after `n_iter` iterations, one at least, and its lower bound.
    ///
    /// # Errors
    /// [`GmmError::DegenerateCovariance`] if a covariance collapses on the way.
    pub(crate) fn iterate(
        &self,
        mixture: Mixture,
        n_iter: usize,
    ) -> Result<(Mixture, f64), GmmError> {
        let expect = |mixture: Mixture, kind| {
            let precision = Precision::new(&mixture, self.threads)?;
            self.expect_moments(mixture, precision, kind)
        };
        let mut current = expect(mixture, self.moment_kind())?;
        for _ in 1..n_iter {
            current = expect(self.next(&current)?, self.moment_kind())?;
        }
        // No more than the bound is asked of the last.
        let last = expect(self.next(&current)?, MomentKind::First)?;
        Ok((last.mixture, last.bound))
    }

    /// The pass over the data under `mixture`, which has these factors.
    pub(crate) fn expect(
        &self,
        mixture: Mixture,
        precision: Precision,
    ) -> Result<Expectation<T>, GmmError> {
        self.expect_moments(mixture, precision, self.moment_kind())
    }

    fn expect_moments(
        &self,
        mixture: Mixture,
        precision: Precision,
        kind: MomentKind,
    ) -> Result<Expectation<T>, GmmError> {
        let densities = Densities::new(&precision);
        let posterior = self.posterior(&precision, &densities);
        let common_anchor = match kind {
            MomentKind::Full => None,
            MomentKind::Diagonal | MomentKind::First => precision.common_anchor(),
        };
        let mut stats = match common_anchor {
            None => self.statistics(&precision.means, kind, &posterior)?,
            Some(anchor) => {
                let anchors = vec![anchor; precision.n_components()];
                let stats = self.statistics(&anchors, kind, &posterior)?;
                stats.recentred(&precision.means)
            }
        };
        stats.log_likelihood += self.total_weight * self.log_unit;
        // Each covariance is in the density of the prior as exponent / 2 rows with its determinant are.
        let gaussians = mixture.covariances().count() as f64 * self.prior.exponent;
        let log_prior_density =
            self.prior.log_density(&mixture, &precision) + gaussians * self.log_unit;
        Ok(Expectation {
            bound: (stats.log_likelihood + log_prior_density) / self.total_weight,
            mixture,
            precision,
            densities,
            stats,
        })
    }

    /// The M-step that follows `current`.
    pub(crate) fn next(&self, current: &Expectation<T>) -> Result<Mixture, GmmError> {
        let Expectation {
            precision,
            densities,
            stats,
            ..
        } = current;
        self.maximise(stats, &self.posterior(precision, densities))
    }

    fn posterior<'b>(
        &'b self,
        precision: &'b Precision,
        densities: &'b Densities<T>,
    ) -> Posterior<'b, T> {
        Posterior {
            precision,
            densities,
            terms: self.row_terms(),
        }
    }

    fn row_terms(&self) -> RowTerms<'_> {
        RowTerms {
            log_prior: self.knowledge.log_prior.as_ref().map(LogPrior::reborrow),
            sample_weight: self.knowledge.sample_weight,
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

    pub(crate) fn statistics<R: Responsibilities<T>>(
        &self,
        anchors: &[Vec<f64>],
        kind: MomentKind,
        responsibilities: &R,
    ) -> Result<SufficientStats, GmmError> {
        let moments = self
            .accumulator
            .moments(anchors, kind, responsibilities, self.watch);
        let stats = moments.of(&self.source, self.threads)?;
        Ok(stats.scaled(self.weight_unit))
    }

    /// How many spans of rows, which threads can share, a pass has.
    pub(crate) fn n_spans(&self) -> usize {
        let spans = self
            .accumulator
            .spans(self.source.n_samples(), self.moment_kind());
        spans.ranges().len()
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
        let stats = self.statistics(&anchors, kind, responsibilities)?;
        m_step(&stats, covariance_type, None, &self.prior)
    }

    /// Whether a component is empty that has so many rows.
    pub(crate) fn is_empty(&self, count: f64) -> bool {
        count < EMPTY * self.one_row
    }

    /// The emptiest component, if it is empty.
    pub(crate) fn empty_component(&self, stats: &SufficientStats) -> Option<usize> {
        let counts = stats.zeroth.iter().enumerate();
        let (emptiest, count) = counts.min_by(|a, b| a.1.total_cmp(b.1))?;
        self.is_empty(*count).then_some(emptiest)
    }

    /// `mixture` with a component moved to the row that is explained worst: there it gets the mean of all covariances
    /// and the weight of one row.
    pub(crate) fn with_component_moved(
        &self,
        mixture: &Mixture,
        component: usize,
    ) -> Result<Mixture, GmmError> {
        let precision = Precision::new(mixture, self.threads)?;
        let pass = WorstRowPass::<T>::new(&precision, self.row_terms());
        let WorstRow(worst) = self.source.pass(&pass, self.threads, self.watch)?;
        let (_, row) = worst.expect("some row counts");
        let weight = self.one_row / self.total_weight;
        Ok(mixture.with_component_moved(component, &row, weight))
    }
}
