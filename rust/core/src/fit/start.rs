//! Where EM starts from.

use std::str::FromStr;

use ndarray::{Array1, Array2, Axis};

use crate::error::{GmmError, check_parameter, check_shape};
use crate::init::trial_len;
use crate::model::{CovarianceType, Covariances, Mixture, check_weights};

/// Where EM starts from.
#[derive(Debug, Clone)]
pub enum Start {
    /// Drawn from the rows, so many times.
    Drawn {
        /// How.
        method: StartMethod,
        /// Number of starts. They differ from one another, and each depends on the seed and its number only.
        n_init: usize,
    },
    /// Responsibilities of the components for each row, an array of shape (N, K) for each start. Entries are not
    /// negative, and the rows of the arrays are divided by their sums.
    Responsibilities(Vec<Array2<f64>>),
    /// What [`draw_partitions`](crate::draw_partitions) has found for the same rows and seed and as many components: fits
    /// that differ in the rest share it.
    Partitions(Vec<Array2<u32>>),
}

/// How a start is drawn. Rows of weight 0 are never drawn, the others in proportion to their weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartMethod {
    /// Clusters found by k-means, greedy k-means++ and Lloyd's iterations. The distances of the first start, and of
    /// every fourth one, are those of which the clusters make the most probable mixture: in units of the
    /// features' spread, after whitening, or along the direction of least kurtosis. The others take one of these in turn.
    KMeans,
    /// The rows nearest to each of K rows that are drawn by greedy k-means++.
    KMeansPlusPlus,
    /// Responsibilities drawn uniformly and divided by their sums.
    Random,
    /// The rows nearest to each of K different rows that are drawn at random.
    RandomFromData,
    /// The best of ten times five EM iterations from [`RandomFromData`](Self::RandomFromData)
    /// (Biernacki, Celeux & Govaert 2003).
    ShortEm,
}

impl FromStr for StartMethod {
    type Err = GmmError;

    /// The method of scikit-learn's name.
    fn from_str(name: &str) -> Result<Self, GmmError> {
        match name {
            "kmeans" => Ok(Self::KMeans),
            "k-means++" => Ok(Self::KMeansPlusPlus),
            "random" => Ok(Self::Random),
            "random_from_data" => Ok(Self::RandomFromData),
            "short-em" => Ok(Self::ShortEm),
            other => Err(GmmError::Parameter {
                name: "init",
                given: format!("{other:?}"),
                needed: "'kmeans', 'k-means++', 'random', 'random_from_data' or 'short-em'",
            }),
        }
    }
}

impl Start {
    /// `n_init` starts drawn by `method`.
    pub const fn drawn(method: StartMethod, n_init: usize) -> Self {
        Self::Drawn { method, n_init }
    }

    /// How many starts there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Drawn { n_init, .. } => *n_init,
            Self::Responsibilities(arrays) => arrays.len(),
            Self::Partitions(arrays) => arrays.len(),
        }
    }

    /// Checks everything against data of `n_samples` rows of `n_features` and a mixture of `n_components`.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for no start, for responsibilities that are negative, not finite or all 0 in a row, and for
    /// labels of no component; [`GmmError::Shape`] for arrays of other shape.
    pub(crate) fn check(
        &self,
        n_samples: usize,
        n_features: usize,
        n_components: usize,
    ) -> Result<(), GmmError> {
        match self {
            Self::Drawn { n_init, .. } => {
                check_parameter(*n_init > 0, "n_init", n_init, "at least 1")
            }
            Self::Responsibilities(arrays) => {
                check_responsibilities(arrays, n_samples, n_components)
            }
            Self::Partitions(arrays) => {
                let n_rows = trial_len(n_samples, n_features, n_components);
                check_partitions(arrays, n_rows, n_components)
            }
        }
    }
}

fn check_responsibilities(
    arrays: &[Array2<f64>],
    n_samples: usize,
    n_components: usize,
) -> Result<(), GmmError> {
    check_not_empty(arrays)?;
    for (start, array) in arrays.iter().enumerate() {
        check_shape("init", array.shape(), &[n_samples, n_components])?;
        for (n, row) in array.axis_iter(Axis(0)).enumerate() {
            let sum = row.sum();
            check_parameter(
                row.iter().all(|&r| r >= 0.0) && sum > 0.0 && sum.is_finite(),
                "init",
                format_args!("{row} in row {n} of start {start}"),
                "finite and not negative, with a positive sum in each row",
            )?;
        }
    }
    Ok(())
}

fn check_partitions(
    arrays: &[Array2<u32>],
    n_rows: usize,
    n_components: usize,
) -> Result<(), GmmError> {
    check_not_empty(arrays)?;
    for (start, array) in arrays.iter().enumerate() {
        check_shape("init", array.shape(), &[array.nrows().max(1), n_rows])?;
        let largest = array.iter().copied().max().unwrap_or(0);
        check_parameter(
            (largest as usize) < n_components,
            "init",
            format_args!("label {largest} in start {start}"),
            "labels from 0 to n_components − 1",
        )?;
    }
    Ok(())
}

fn check_not_empty<A>(arrays: &[A]) -> Result<(), GmmError> {
    let given = "an empty list";
    check_parameter(!arrays.is_empty(), "init", given, "at least one array")
}

/// Parameters that are known before the fit: they take the place of those of each start. Where means are given, drawn
/// components are numbered so that they lie near them; where covariances are and no means, so that theirs are like them.
/// Where all three are given, they are the only start.
///
/// ```
/// use gmm_core::{FitConfig, InitialParameters};
/// use ndarray::array;
///
/// let means = Some(array![[0.0, 0.0], [5.0, 5.0]]);
/// let config = FitConfig {
///     initial: InitialParameters { means, ..InitialParameters::default() },
///     ..FitConfig::new(2)
/// };
/// assert!(config.initial.weights.is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct InitialParameters {
    /// Mixing proportions, shape (K,).
    pub weights: Option<Array1<f64>>,
    /// Means, shape (K, D).
    pub means: Option<Array2<f64>>,
    /// Covariances, of the type of the fit.
    pub covariances: Option<Covariances>,
}

impl InitialParameters {
    /// Whether nothing is left to be drawn.
    pub(crate) fn are_complete(&self) -> bool {
        self.weights.is_some() && self.means.is_some() && self.covariances.is_some()
    }

    /// `drawn` with these in the place of its own.
    ///
    /// # Errors
    /// Those of [`Mixture::new`], which [`check`](Self::check) excludes.
    pub(crate) fn replace(&self, drawn: Mixture) -> Result<Mixture, GmmError> {
        let (weights, means, covariances) = drawn.into_parts();
        Mixture::new(
            self.weights.clone().unwrap_or(weights),
            self.means.clone().unwrap_or(means),
            self.covariances.clone().unwrap_or(covariances),
        )
    }

    /// The mixture, if nothing is left to be drawn.
    ///
    /// # Errors
    /// Those of [`Mixture::new`], which [`check`](Self::check) excludes.
    pub(crate) fn mixture(&self) -> Option<Result<Mixture, GmmError>> {
        let (weights, means) = (self.weights.clone()?, self.means.clone()?);
        Some(Mixture::new(weights, means, self.covariances.clone()?))
    }

    /// Checks what is given against the size and the covariance type of the fit.
    ///
    /// # Errors
    /// [`GmmError::Shape`] for arrays of other shape; [`GmmError::Parameter`] for another covariance type, for weights
    /// that are negative or don't sum to 1, and for parameters that aren't finite.
    pub(crate) fn check(
        &self,
        n_components: usize,
        n_features: usize,
        covariance_type: CovarianceType,
    ) -> Result<(), GmmError> {
        if let Some(weights) = &self.weights {
            check_shape("weights_init", weights.shape(), &[n_components])?;
            check_weights("weights_init", weights)?;
        }
        if let Some(means) = &self.means {
            check_shape("means_init", means.shape(), &[n_components, n_features])?;
            check_finite("means_init", means.iter())?;
        }
        if let Some(covariances) = &self.covariances {
            let given = covariances.covariance_type();
            check_parameter(
                given == covariance_type,
                "the covariance type of covariances_init",
                given.name(),
                "that of the fit",
            )?;
            let shape = covariance_type.shape(n_components, n_features);
            check_shape("covariances_init", covariances.shape(), &shape)?;
            check_finite("covariances_init", covariances.iter())?;
            check_parameter(
                covariances.are_positive_definite(),
                "covariances_init",
                "not positive definite",
                "positive definite: add a little to the variances",
            )?;
        }
        Ok(())
    }
}

/// Checks the entries of the array called `name`.
fn check_finite<'a>(
    name: &'static str,
    mut values: impl Iterator<Item = &'a f64>,
) -> Result<(), GmmError> {
    match values.find(|x| !x.is_finite()) {
        None => Ok(()),
        Some(x) => check_parameter(false, name, format_args!("{x} in one entry"), "finite"),
    }
}

impl From<Mixture> for InitialParameters {
    fn from(mixture: Mixture) -> Self {
        let (weights, means, covariances) = mixture.into_parts();
        Self {
            weights: Some(weights),
            means: Some(means),
            covariances: Some(covariances),
        }
    }
}
