//! The two halves of an EM iteration apart, for rows that come in pieces: statistics of a piece under a mixture, and the
//! mixture that follows from the sum of all.
//!
//! What is known of the data as a whole follows from the statistics alone. Taken about other anchors, c′ = c + δ, they are
//!   s0′ = s0      s1′ = s1 − s0 δ      s2′ = s2 − s1′ δᵀ − δ s1ᵀ
//! (which is s2 − s1 δᵀ − δ s1ᵀ + s0 δ δᵀ with one difference that can cancel, not three), and about the mean of all rows,
//!   x̄ = c_1 + Σ_k (s0_k (c_k − c_1) + s1_k) / Σ_k s0_k,
//! the diagonals of Σ_k s2′_k / Σ_k s0_k are the variances of the features: those within components and those of their
//! means (the law of total variance).

use ndarray::{Array1, Array2, Array3, ArrayViewMut1, Axis};

use crate::accumulate::Accumulator;
use crate::config::{Regularisation, RowKnowledge};
use crate::covariance::{CovarianceType, Covariances};
use crate::data::{LogPrior, Rows};
use crate::density::Densities;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::evaluate::Evaluator;
use crate::float::Float;
use crate::linalg::{packed_index, packed_len};
use crate::m_step::m_step;
use crate::mixture::Mixture;
use crate::parallel::Threads;
use crate::precision::{Factors, Precision};
use crate::prior::Prior;
use crate::responsibilities::{Posterior, RowTerms};
use crate::spread::Spread;
use crate::stats::{MomentKind, SufficientStats};
use crate::units::Units;
use crate::watch::Watch;
use crate::weights::RowWeights;

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
            None => pass(precision, rows, terms, threads),
            Some(units) => {
                let scaled = units.rows(&rows);
                let rows = Rows::new(scaled.view())?;
                units.restored_statistics(pass(&units.precision(precision), rows, terms, threads))
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
) -> SufficientStats {
    let kind = match precision.factors {
        Factors::Full(_) | Factors::Tied(_) => MomentKind::Full,
        Factors::Diagonal(_) | Factors::Spherical(_) => MomentKind::Diagonal,
    };
    let accumulator = Accumulator::<T>::new(precision.n_components(), precision.n_features());
    let densities = Densities::new(precision);
    let posterior = Posterior {
        densities: &densities,
        terms: RowTerms {
            log_prior: terms.log_prior.as_ref().map(LogPrior::reborrow),
            sample_weight: terms.sample_weight.map(|view| view.reborrow()),
        },
    };
    // Nobody stops it.
    let watch = Watch::new(None);
    let mut stats = accumulator.pass(rows, &precision.means, kind, &posterior, threads, &watch);
    if matches!(precision.factors, Factors::Tied(_)) {
        stats.second = stats.second.sum_axis(Axis(0)).insert_axis(Axis(0));
    }
    stats
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

impl SufficientStats {
    /// Statistics from their parts: `anchors` (K, D), `zeroth` (K,), `first` (K, D); `second` of shape (K, D, D), their
    /// sum (D, D) where one covariance is shared, or their diagonals (K, D). Of matrices the lower triangle is read.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where the shapes disagree; [`GmmError::Parameter`] for second moments that are spherical, and
    /// for numbers of rows that are negative.
    pub fn from_parts(
        anchors: &Array2<f64>,
        zeroth: Array1<f64>,
        first: Array2<f64>,
        second: &Covariances,
        log_likelihood: f64,
    ) -> Result<Self, GmmError> {
        let (n_components, n_features) = anchors.dim();
        check_shape("zeroth", zeroth.shape(), &[n_components])?;
        check_shape("first", first.shape(), &[n_components, n_features])?;
        second.check_shape("second", n_components, n_features)?;
        check_parameter(
            zeroth.iter().all(|&s0| s0 >= 0.0),
            "zeroth",
            &zeroth,
            "not negative",
        )?;
        let triangles = (0..n_features).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let second = match second {
            Covariances::Full(array) => {
                let mut packed = Array2::zeros((n_components, packed_len(n_features)));
                for (mut column, (i, j)) in packed.columns_mut().into_iter().zip(triangles) {
                    column.assign(&array.slice(ndarray::s![.., i, j]));
                }
                packed
            }
            Covariances::Tied(array) => {
                let packed: Array1<f64> = triangles.map(|at| array[at]).collect();
                packed.insert_axis(Axis(0))
            }
            Covariances::Diag(array) => array.clone(),
            Covariances::Spherical(_) => {
                return Err(GmmError::Parameter {
                    name: "second",
                    given: "one number for each component".into(),
                    needed: "one for each component and feature",
                });
            }
        };
        Ok(Self {
            anchors: anchors.outer_iter().map(|row| row.to_vec()).collect(),
            zeroth: zeroth.to_vec(),
            first,
            second,
            log_likelihood,
        })
    }

    /// How often rows count for each component, shape (K,): s0.
    pub fn zeroth(&self) -> &[f64] {
        &self.zeroth
    }

    /// First moments about the anchors, shape (K, D): s1.
    pub fn first(&self) -> &Array2<f64> {
        &self.first
    }

    /// Second moments about the anchors, as [`from_parts`](Self::from_parts) takes them.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where they are not those that covariances of this type follow from.
    pub fn second(&self, covariance_type: CovarianceType) -> Result<Covariances, GmmError> {
        self.check_second(covariance_type)?;
        let n_features = self.first.ncols();
        let shape = (n_features, n_features);
        let entry = |k, i: usize, j: usize| self.second[[k, packed_index(i.max(j), i.min(j))]];
        Ok(match covariance_type {
            CovarianceType::Full => {
                let shape = (self.zeroth.len(), n_features, n_features);
                Covariances::Full(Array3::from_shape_fn(shape, |(k, i, j)| entry(k, i, j)))
            }
            CovarianceType::Tied => {
                Covariances::Tied(Array2::from_shape_fn(shape, |(i, j)| entry(0, i, j)))
            }
            CovarianceType::Diag | CovarianceType::Spherical => {
                Covariances::Diag(self.second.clone())
            }
        })
    }

    /// Checks that covariances of this type follow from what is kept of s2.
    fn check_second(&self, covariance_type: CovarianceType) -> Result<(), GmmError> {
        let (n_components, n_features) = self.first.dim();
        let needed = match covariance_type {
            CovarianceType::Full => [n_components, packed_len(n_features)],
            CovarianceType::Tied => [1, packed_len(n_features)],
            CovarianceType::Diag | CovarianceType::Spherical => [n_components, n_features],
        };
        check_shape("second", self.second.shape(), &needed)
    }

    /// Σ_n log p(x_n), in nats, of the mixture that gave the responsibilities.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The statistics of these rows and others.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] where they are about other anchors, [`GmmError::Shape`] where they are of another form.
    pub fn plus(mut self, other: &Self) -> Result<Self, GmmError> {
        check_shape("second", other.second.shape(), self.second.shape())?;
        check_parameter(
            self.anchors == other.anchors,
            "anchors",
            "other ones",
            "the same in both",
        )?;
        self.merge(other);
        Ok(self)
    }

    /// The statistics of the same rows about other anchors, one for each component.
    pub(crate) fn recentred(&self, anchors: &[Vec<f64>]) -> Self {
        let mut moved = self.clone();
        if self.anchors == anchors {
            return moved;
        }
        let shift = Array2::from_shape_fn(self.first.dim(), |(k, d)| {
            anchors[k][d] - self.anchors[k][d]
        });
        for ((k, d), s1) in moved.first.indexed_iter_mut() {
            *s1 -= self.zeroth[k] * shift[[k, d]];
        }
        let first = moved.first.clone();
        let is_shared = moved.second.nrows() < self.zeroth.len();
        for ((i, j), mut column) in moved.second_columns_mut() {
            for k in 0..self.zeroth.len() {
                column[if is_shared { 0 } else { k }] -=
                    first[[k, i]] * shift[[k, j]] + shift[[k, i]] * self.first[[k, j]];
            }
        }
        moved.anchors = anchors.to_vec();
        moved
    }

    /// The statistics about the rows of `anchors`, shape (K, D).
    ///
    /// # Errors
    /// [`GmmError::Shape`] for another number of them or of features.
    pub fn about(&self, anchors: &Array2<f64>) -> Result<Self, GmmError> {
        check_shape("anchors", anchors.shape(), self.first.shape())?;
        let anchors: Vec<Vec<f64>> = anchors.outer_iter().map(|row| row.to_vec()).collect();
        Ok(self.recentred(&anchors))
    }

    /// What is kept of s2, by entries: (i, j), and the numbers there of all components, or the one that they share.
    pub(crate) fn second_columns_mut(
        &mut self,
    ) -> impl Iterator<Item = ((usize, usize), ArrayViewMut1<'_, f64>)> {
        let n_features = self.first.ncols();
        let places: Vec<(usize, usize)> = if self.is_packed() {
            let triangle = |i| (0..=i).map(move |j| (i, j));
            (0..n_features).flat_map(triangle).collect()
        } else {
            (0..n_features).map(|d| (d, d)).collect()
        };
        places.into_iter().zip(self.second.columns_mut())
    }

    /// Whether s2 is kept as lower triangles; of one feature, they are diagonals too.
    fn is_packed(&self) -> bool {
        self.second.ncols() == packed_len(self.first.ncols())
    }

    /// Mean and variances of all rows.
    fn spread(&self) -> Result<Spread, GmmError> {
        let total = self.zeroth.iter().sum::<f64>();
        check_parameter(
            total > 0.0 && total.is_finite(),
            "zeroth",
            format!("of sum {total}"),
            "of a sum that is finite and above 0: add the statistics of rows first",
        )?;
        let n_features = self.first.ncols();
        let mean: Vec<f64> = (0..n_features)
            .map(|d| {
                let origin = self.anchors[0][d];
                let components = self.anchors.iter().zip(&self.zeroth);
                let offsets = components.map(|(anchor, s0)| s0 * (anchor[d] - origin));
                origin + (offsets.sum::<f64>() + self.first.column(d).sum()) / total
            })
            .collect();
        let mut centred = self.recentred(&vec![mean.clone(); self.zeroth.len()]);
        let diagonal = centred.second_columns_mut().filter(|((i, j), _)| i == j);
        let variance = diagonal.map(|(_, column)| column.sum() / total).collect();
        Spread { mean, variance }.positive()
    }
}
