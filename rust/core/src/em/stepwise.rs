//! The two halves of an EM iteration apart, for rows that come in pieces: statistics of a piece under a mixture, and the
//! mixture that follows from the sum of all.

use ndarray::Axis;

use super::m_step::m_step;
use super::prior::Prior;
use crate::e_step::{Accumulator, Densities, MomentKind, Posterior, RowTerms, SufficientStats};
use crate::error::{GmmError, check_parameter, check_shape};
use crate::evaluate::Evaluator;
use crate::fit::{Regularisation, RowKnowledge};
use crate::float::Float;
use crate::model::{CovarianceType, Factors, Mixture, Precision};
use crate::parallel::Threads;
use crate::rows::{LogPrior, RowWeights, Rows, Units};
use crate::watch::Watch;

impl Evaluator {
    /// Sufficient statistics of `rows` about the means of the mixture: the E-step. Weights of rows and priors of their
    /// components count as in a fit; `align_to` says nothing here.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `rows` or `knowledge` don't fit the mixture, [`GmmError::Parameter`] for weights that are
    /// negative or without a sum, and for rows so far from the mixture that their squares overflow.
    pub fn statistics<T: Float>(
        &self,
        rows: Rows<'_, T>,
        knowledge: RowKnowledge<'_>,
        threads: &Threads,
    ) -> Result<SufficientStats, GmmError> {
        T::statistics(self, rows, knowledge, threads)
    }

    pub(crate) fn take_statistics<T: Float>(
        &self,
        rows: Rows<'_, T>,
        knowledge: RowKnowledge<'_>,
        threads: &Threads,
    ) -> Result<SufficientStats, GmmError> {
        let precision = &self.precision;
        let n_samples = rows.n_samples();
        let needed = [n_samples, precision.n_features()];
        check_shape("X", &[n_samples, rows.n_features()], &needed)?;
        knowledge.check(n_samples, precision.n_components())?;
        let weights = knowledge.sample_weight.map(RowWeights::new);
        let terms = RowTerms {
            log_prior: knowledge.log_prior.as_ref().map(LogPrior::reborrow),
            sample_weight: weights.as_ref().map(RowWeights::in_units),
        };
        let stats = match Units::of_precision::<T>(precision) {
            None => pass(precision, rows, terms, threads)?,
            Some(units) => {
                let scaled = units.rows(rows.view());
                let rows = Rows::new(scaled.view())?;
                let precision = units.precision(precision);
                units.restored_statistics(pass(&precision, rows, terms, threads)?)
            }
        };
        let stats = stats.scaled(weights.as_ref().map_or(1.0, |weights| weights.unit));
        let mut moments = stats.first.iter().chain(&stats.second);
        check_parameter(
            moments.all(|x| x.is_finite()),
            "X",
            "so far from the mixture that squares overflow",
            "near its components: use float64, or begin with another mixture",
        )?;
        // Anchors of float32 rows are float32, too.
        Ok(stats.recentred(&precision.means))
    }
}

/// Statistics of rows of ordinary size, with the second moments that covariances of the type of `precision` follow from.
fn pass<T: Float>(
    precision: &Precision,
    rows: Rows<'_, T>,
    terms: RowTerms<'_>,
    threads: &Threads,
) -> Result<SufficientStats, GmmError> {
    let kind = match precision.factors {
        Factors::Full(_) | Factors::Tied(_) => MomentKind::Full,
        Factors::Diagonal(_) | Factors::Spherical(_) => MomentKind::Diagonal,
    };
    let accumulator = Accumulator::<T>::new(precision.n_components(), precision.n_features());
    let densities = Densities::new(precision);
    let posterior = Posterior {
        precision,
        densities: &densities,
        terms: terms.reborrow(),
    };
    // Nobody stops it.
    let watch = Watch::new(None);
    let moments = accumulator.moments(&precision.means, kind, &posterior, &watch);
    let mut stats = moments.of(&rows.into(), threads)?;
    if matches!(precision.factors, Factors::Tied(_)) {
        stats.second = stats.second.sum_axis(Axis(0)).insert_axis(Axis(0));
    }
    Ok(stats)
}

/// The mixture that maximises the expected log-posterior given `stats`: the M-step of a fit.
///
/// What `regularisation` takes from the data, it takes from the mean and the variances of all rows, which `stats` say; a
/// fit leaves far outliers aside there. A component whose mean moves by s standard deviations has a covariance with a
/// relative error of about s² ε: a fit reads the rows again where that matters.
///
/// ```
/// use gmm_core::{CovarianceType, Covariances, Evaluator, Mixture, Regularisation, RowKnowledge, Rows, Threads, maximise};
/// use ndarray::{array, s};
///
/// let variances = Covariances::Spherical(array![1.0, 1.0]);
/// let mixture = Mixture::new(array![0.5, 0.5], array![[0.0], [9.0]], variances)?;
/// let evaluator = Evaluator::new(&mixture)?;
/// let data = array![[-1.0], [1.0], [8.0], [10.0]];
/// let of = |rows| evaluator.statistics(Rows::new(rows)?, RowKnowledge::default(), &Threads::new(1)?);
/// let stats = of(data.slice(s![..2, ..]))?.plus(&of(data.slice(s![2.., ..]))?)?;
/// let next = maximise(&stats, CovarianceType::Spherical, &Regularisation::Ridge(0.0))?;
/// assert!((next.means()[[1, 0]] - 9.0).abs() < 1e-9);
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
///
/// # Errors
/// [`GmmError::Parameter`] for statistics of no rows or of values so large that squares overflow, and for a prior or
/// ridges outside their domain; [`GmmError::Shape`] for second moments that don't fit `covariance_type`.
pub fn maximise(
    stats: &SufficientStats,
    covariance_type: CovarianceType,
    regularisation: &Regularisation,
) -> Result<Mixture, GmmError> {
    stats.check_second(covariance_type)?;
    let (n_components, n_features) = stats.first.dim();
    regularisation.check(n_features)?;
    let prior = Prior::new(
        regularisation,
        n_components,
        covariance_type,
        &stats.spread()?,
    )?;
    m_step(stats, covariance_type, None, &prior)
}
