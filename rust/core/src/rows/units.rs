//! Powers of two that bring features of extreme size to an ordinary one.
//!
//! Kernels square differences in the precision of the data: of values around 1e-30, float32 has no squares. Data and
//! mixtures that are so small or large are computed with as a copy in float64, in which feature d is measured in units
//! of 2^e_d. Changing to such units is exact: z = 2^−e x has means 2^−e μ and covariances with entries
//! 2^(−e_i − e_j) Σ_ij, and log p(x) = log p(z) − Σ_d e_d log 2. All other data are computed with as they are.

use std::f64::consts::LN_2;

use ndarray::{Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::spread::Spread;
use crate::e_step::SufficientStats;
use crate::error::GmmError;
use crate::fit::{FitConfig, Regularisation};
use crate::float::Float;
use crate::linalg::packed_index;
use crate::model::{CovarianceType, Covariances, Factors, Mixture, Precision};
use crate::parallel::Threads;
use crate::source::Source;
use crate::watch::Watch;

/// Variances from 2^−this to 2^this leave room in float64 for narrow components and sums of many rows.
const MAX_VARIANCE_EXPONENT: i32 = 1000;

/// e_d of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Units {
    exponents: Vec<i32>,
}

impl Units {
    /// Those that the data need, whose `spread` was found by squaring; none for most data.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for data whose variances float64 can't hold; those of [`Source::pass`].
    pub(crate) fn of_data<T: Float>(
        source: &Source<'_, T>,
        spread: &Spread,
        config: &FitConfig,
        threads: &Threads,
        watch: &Watch,
    ) -> Result<Option<Self>, GmmError> {
        let squares = |v: &f64| v.is_normal() && is_ordinary::<T>(0.5 * v.log2());
        if spread.variance.iter().all(squares) {
            return Ok(None);
        }
        let mut sizes = source.half_ranges(threads, watch)?;
        if config.covariance_type == CovarianceType::Spherical {
            let largest = sizes.iter().copied().fold(0.0, f64::max);
            sizes.fill(largest);
        }
        let exponents: Vec<i32> = sizes
            .iter()
            .enumerate()
            .map(|(d, &half)| exponent::<T>(half, config.ridge(d)))
            .collect();
        let is_too_large = |d: &usize| 2 * exponents[*d] > MAX_VARIANCE_EXPONENT;
        let is_too_small = |d: &usize| 2 * exponents[*d] < -MAX_VARIANCE_EXPONENT;
        let varies = |d: &usize| sizes[*d] > 0.0;
        let features = 0..sizes.len();
        let mut refused = features.clone().find(is_too_large);
        // Beside others that vary, a feature whose variances are nothing is constant.
        if refused.is_none() && features.clone().filter(varies).all(|d| is_too_small(&d)) {
            refused = features.clone().find(is_too_small);
        }
        if let Some(d) = refused {
            return Err(GmmError::Parameter {
                name: "X",
                given: format!("of range {:e} in column {d}", 2.0 * sizes[d]),
                needed: "of ranges between 1e-150 and 1e150: multiply it by a constant first",
            });
        }
        let exponents = features
            .map(|d| if is_too_small(&d) { 0 } else { exponents[d] })
            .collect();
        Ok(Self::unless_all_are_one(exponents))
    }

    /// Those that data of type `T` need to be compared with a mixture.
    pub(crate) fn of_precision<T: Float>(precision: &Precision) -> Option<Self> {
        let n_features = precision.n_features();
        let deviation = |k, d| -precision.inverse_pivot(k, d).log2();
        let exponent = |d| {
            let logs = (0..precision.n_components()).map(|k| deviation(k, d));
            if logs.clone().all(is_ordinary::<T>) {
                return 0;
            }
            logs.fold(f64::NEG_INFINITY, f64::max) as i32
        };
        Self::unless_all_are_one((0..n_features).map(exponent).collect())
    }

    fn unless_all_are_one(exponents: Vec<i32>) -> Option<Self> {
        exponents
            .iter()
            .any(|&e| e != 0)
            .then_some(Self { exponents })
    }

    /// −Σ_d e_d log 2: what the log-density of a row in these units gets.
    pub(crate) fn log_density(&self) -> f64 {
        -LN_2 * self.exponents.iter().map(|&e| f64::from(e)).sum::<f64>()
    }

    /// The data in these units.
    pub(crate) fn rows<T: Float>(&self, rows: ArrayView2<'_, T>) -> Array2<f64> {
        let mut scaled = rows.mapv(Float::to_f64);
        self.scale_rows(&mut scaled, -1);
        scaled
    }

    /// Changes a row to these units.
    pub(crate) fn scale_row(&self, row: &mut [f64]) {
        let entries = row.iter_mut().zip(&self.exponents);
        entries.for_each(|(x, &e)| *x = times_power(*x, -e));
    }

    /// What to fit to the data in these units.
    pub(crate) fn config(&self, config: &FitConfig) -> Result<FitConfig, GmmError> {
        let mut scaled = config.clone();
        match &mut scaled.regularisation {
            Regularisation::RelativeRidge(_) => {}
            Regularisation::Prior(prior) => {
                if let Some(mean) = &mut prior.mean {
                    let scaled = mean.iter_mut().zip(&self.exponents);
                    scaled.for_each(|(x, &e)| *x = times_power(*x, -e));
                }
                if let Some(covariance) = &mut prior.covariance {
                    self.scale_matrix(covariance, -1);
                }
            }
            Regularisation::Ridge(_) | Regularisation::Ridges(_) => {
                let ridge = |(d, &e)| times_power(config.ridge(d), -2 * e);
                let ridges = self.exponents.iter().enumerate().map(ridge);
                scaled.regularisation = Regularisation::Ridges(ridges.collect());
            }
        }
        if let Some(means) = &mut scaled.initial.means {
            self.scale_rows(means, -1);
        }
        if let Some(covariances) = &mut scaled.initial.covariances {
            self.scale_covariances(covariances, -1);
        }
        Ok(scaled)
    }

    /// A mixture of rows in these units as one of the rows themselves.
    pub(crate) fn restored(&self, mixture: Mixture) -> Result<Mixture, GmmError> {
        let (weights, mut means, mut covariances) = mixture.into_parts();
        self.scale_rows(&mut means, 1);
        self.scale_covariances(&mut covariances, 1);
        Mixture::new(weights, means, covariances)
    }

    /// `precision` for rows in these units. It still gives the densities of the rows themselves.
    pub(crate) fn precision(&self, precision: &Precision) -> Precision {
        let mut scaled = precision.clone();
        for mean in &mut scaled.means {
            let coordinates = mean.iter_mut().zip(&self.exponents);
            coordinates.for_each(|(x, &e)| *x = times_power(*x, -e));
        }
        let scale_triangle = |triangle: &mut Vec<f64>| {
            for i in 0..self.exponents.len() {
                for (j, &e) in self.exponents[..=i].iter().enumerate() {
                    let entry = &mut triangle[packed_index(i, j)];
                    *entry = times_power(*entry, e);
                }
            }
        };
        match &mut scaled.factors {
            Factors::Full(triangles) => triangles.iter_mut().for_each(scale_triangle),
            Factors::Tied(triangle) => scale_triangle(triangle),
            Factors::Diagonal(scales) => {
                for scales in scales {
                    let entries = scales.iter_mut().zip(&self.exponents);
                    entries.for_each(|(x, &e)| *x = times_power(*x, e));
                }
            }
            Factors::Spherical(scales) => {
                let exponent = self.exponents[0];
                scales
                    .iter_mut()
                    .for_each(|x| *x = times_power(*x, exponent));
            }
        }
        scaled
    }

    /// Statistics of rows in these units as those of the rows themselves.
    pub(crate) fn restored_statistics(&self, mut stats: SufficientStats) -> SufficientStats {
        for anchor in &mut stats.anchors {
            let coordinates = anchor.iter_mut().zip(&self.exponents);
            coordinates.for_each(|(x, &e)| *x = times_power(*x, e));
        }
        self.scale_rows(&mut stats.first, 1);
        for ((i, j), mut column) in stats.second_columns_mut() {
            let exponent = self.exponents[i] + self.exponents[j];
            column.mapv_inplace(|x| times_power(x, exponent));
        }
        stats
    }

    fn scale_covariances(&self, covariances: &mut Covariances, sign: i32) {
        match covariances {
            Covariances::Full(array) => {
                for mut covariance in array.outer_iter_mut() {
                    let mut scaled = covariance.to_owned();
                    self.scale_matrix(&mut scaled, sign);
                    covariance.assign(&scaled);
                }
            }
            Covariances::Tied(array) => self.scale_matrix(array, sign),
            Covariances::Diag(array) => self.scale_rows(array, 2 * sign),
            Covariances::Spherical(array) => {
                let exponent = 2 * sign * self.exponents[0];
                array.mapv_inplace(|x| times_power(x, exponent));
            }
        }
    }

    /// Multiplies column d by 2^(`sign` e_d).
    fn scale_rows(&self, rows: &mut Array2<f64>, sign: i32) {
        for (mut column, &e) in rows.columns_mut().into_iter().zip(&self.exponents) {
            if e != 0 {
                column.mapv_inplace(|x| times_power(x, sign * e));
            }
        }
    }

    /// Multiplies entry (i, j) by 2^(`sign` (e_i + e_j)).
    fn scale_matrix(&self, matrix: &mut Array2<f64>, sign: i32) {
        Zip::indexed(matrix).for_each(|(i, j), entry| {
            *entry = times_power(*entry, sign * (self.exponents[i] + self.exponents[j]));
        });
    }
}

/// Whether squares of values around 2^`exponent`, and of far smaller and larger ones, are normal numbers of type `T`.
fn is_ordinary<T: Float>(exponent: f64) -> bool {
    exponent.abs() <= T::ORDINARY_EXPONENT
}

/// e of a feature whose range is twice `half`, and to whose variances `ridge` is added: where that is wider than the
/// data, they are measured by it.
fn exponent<T: Float>(half: f64, ridge: f64) -> i32 {
    if half == 0.0 || is_ordinary::<T>(half.log2()) {
        0
    } else {
        (half.log2() as i32).max((0.5 * ridge.log2()) as i32)
    }
}

/// x 2^exponent, in two steps, as 2^exponent itself may overflow.
fn times_power(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * f64::from(half).exp2() * f64::from(exponent - half).exp2()
}
