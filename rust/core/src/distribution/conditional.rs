//! What a mixture says of some features, given the values of the others.
//!
//! With the given features a and the remaining ones b, and Σ_k in this order factorised as
//!   Σ_k = L Lᵀ,      L = (L_aa 0; L_ba L_bb),
//! a component given x_a is N(m_k, S_k) with
//!   m_k = μ_b + B_k (x_a − μ_a),      B_k = Σ_ba Σ_aa⁻¹ = L_ba L_aa⁻¹                           (Bishop 2006, eq. 2.81)
//!   S_k = Σ_bb − Σ_ba Σ_aa⁻¹ Σ_ab = L_bb L_bbᵀ, positive definite by construction                (Bishop 2006, eq. 2.82)
//! and the mixture given x_a has these components with the weights
//!   w_k = weights_k N(x_a; μ_ka, Σ_kaa) / Σ_j weights_j N(x_a; μ_ja, Σ_jaa)                                (Sung 2004)
//! Its mean is the prediction of Gaussian mixture regression (Ghahramani & Jordan 1994; Cohn, Ghahramani & Jordan 1996),
//! and its covariance follows from the law of total covariance:
//!   m = Σ_k w_k m_k,      S = Σ_k w_k (S_k + (m_k − m)(m_k − m)ᵀ)
//!
//! * Z. Ghahramani, M. I. Jordan: Supervised learning from incomplete data via an EM approach. NIPS 6, 1994.
//! * D. A. Cohn, Z. Ghahramani, M. I. Jordan: Active learning with statistical models. JAIR 4, 1996.
//! * H. G. Sung: Gaussian mixture regression and classification. PhD thesis, Rice University, 2004.

use ndarray::{Array2, Array3, ArrayViewMut2, ArrayViewMut3, Axis, s};

use super::affine::LANES;
use super::block::Block;
use super::features::{Features, covariances_of};
use super::marginal::marginal;
use super::regression::{Regression, regressions};
use super::spans::span_len;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::evaluate::Evaluator;
use crate::float::Float;
use crate::model::{Covariances, Mixture};
use crate::parallel::Threads;
use crate::rows::Rows;

/// The distribution of some features of a mixture given the values of the others, for any number of rows.
///
/// ```
/// use gmm_core::{Conditional, Covariances, Mixture, Rows, Threads};
/// use ndarray::{Array2, array};
///
/// let covariances = Covariances::Tied(array![[4.0, 2.0], [2.0, 5.0]]);
/// let mixture = Mixture::new(array![1.0], array![[1.0, 5.0]], covariances)?;
/// let second_given_first = Conditional::new(&mixture, &[0])?;
/// assert_eq!(second_given_first.covariances(), &Covariances::Tied(array![[4.0]]));
///
/// let values = array![[1.0], [3.0]];
/// let mut mean = Array2::zeros((2, 1));
/// second_given_first.mean(Rows::new(values.view())?, &Threads::new(1)?, mean.view_mut(), None)?;
/// assert_eq!(mean, array![[5.0], [6.0]]);
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
#[derive(Debug)]
pub struct Conditional {
    /// The marginal mixture of the given features.
    given: Evaluator,
    components: Vec<Component>,
    covariances: Covariances,
}

/// The mean of a component as a function of the given features.
#[derive(Debug)]
pub(super) struct Component {
    /// μ_a.
    pub(super) given: Vec<f64>,
    /// μ_b.
    pub(super) remaining: Vec<f64>,
    /// B, a row for each remaining feature; the rows are empty where B is 0.
    pub(super) slopes: Vec<Vec<f64>>,
}

impl Conditional {
    /// Prepares `mixture` for rows that give the values of the features `indices`.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] if `indices` are none or all of the features, out of range or not of different features;
    /// [`GmmError::DegenerateCovariance`] for a covariance that isn't positive definite.
    pub fn new(mixture: &Mixture, indices: &[usize]) -> Result<Self, GmmError> {
        let features = Features::new(indices, mixture.n_features())?;
        check_parameter(
            !features.others.is_empty(),
            "indices",
            format!("{indices:?}"),
            "such that at least one feature is left over",
        )?;
        let regressions = regressions(mixture, &features)?;
        let components = mixture.means().outer_iter().enumerate();
        let component = |(k, mean): (usize, ndarray::ArrayView1<'_, f64>)| Component {
            given: features.chosen.iter().map(|&d| mean[d]).collect(),
            remaining: features.others.iter().map(|&d| mean[d]).collect(),
            slopes: match regressions.as_slice() {
                [] => vec![Vec::new(); features.others.len()],
                [tied] => tied.slopes.clone(),
                full => full[k].slopes.clone(),
            },
        };
        Ok(Self {
            given: Evaluator::new(&marginal(mixture, indices)?)?,
            components: components.map(component).collect(),
            covariances: conditional_covariances(mixture, &features, &regressions),
        })
    }

    /// Number of components, K.
    pub fn n_components(&self) -> usize {
        self.components.len()
    }

    /// Number of features whose values are given.
    pub fn n_given(&self) -> usize {
        self.components[0].given.len()
    }

    /// Number of features that are left over, R.
    pub fn n_remaining(&self) -> usize {
        self.components[0].remaining.len()
    }

    /// S_k, of all rows: covariances of the type that the mixture has.
    pub fn covariances(&self) -> &Covariances {
        &self.covariances
    }

    /// The mixture of each row of `values`: its weights w_k, shape (N, K), and means m_k, shape (N, K, R).
    /// Densities, from which the weights follow, are computed in the precision of `values`, all else in double precision.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `values` don't have the given features, or where `weights` or `means` don't fit.
    pub fn mixtures<T: Float>(
        &self,
        values: Rows<'_, T>,
        threads: &Threads,
        mut weights: ArrayViewMut2<'_, f64>,
        mut means: ArrayViewMut3<'_, f64>,
    ) -> Result<(), GmmError> {
        let (n, k, r) = (values.n_samples(), self.n_components(), self.n_remaining());
        check_shape("weights", weights.shape(), &[n, k])?;
        check_shape("means", means.shape(), &[n, k, r])?;
        let span_len = self.span_len(&values)?;
        let single = Threads::new(1)?;
        let weights = weights.axis_chunks_iter_mut(Axis(0), span_len);
        let means = means.axis_chunks_iter_mut(Axis(0), span_len);
        let spans = weights.zip(means).enumerate();
        let results = threads.map(spans, |(index, (mut weights, mut means))| {
            let start = index * span_len;
            let values = values.slice(start..start + weights.nrows());
            let view = values.view();
            self.weigh(values, &single, weights.view_mut())?;
            let mut block = Block::new(&self.components);
            let rows = view.axis_chunks_iter(Axis(0), LANES);
            for (rows, mut means) in rows.zip(means.axis_chunks_iter_mut(Axis(0), LANES)) {
                block.set_means(rows);
                block.copy_means(means.view_mut());
            }
            Ok(())
        });
        results.into_iter().collect()
    }

    /// The mean m of the mixture of each row of `values`, shape (N, R), and its covariance S, shape (N, R, R), where
    /// there is an array for it.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `values` don't have the given features, or where `mean` or `covariance` don't fit.
    pub fn mean<T: Float>(
        &self,
        values: Rows<'_, T>,
        threads: &Threads,
        mut mean: ArrayViewMut2<'_, f64>,
        mut covariance: Option<ArrayViewMut3<'_, f64>>,
    ) -> Result<(), GmmError> {
        let (n, r) = (values.n_samples(), self.n_remaining());
        check_shape("mean", mean.shape(), &[n, r])?;
        if let Some(covariance) = &covariance {
            check_shape("covariance", covariance.shape(), &[n, r, r])?;
        }
        let span_len = self.span_len(&values)?;
        let single = Threads::new(1)?;
        let mut spans: Vec<_> = mean
            .axis_chunks_iter_mut(Axis(0), span_len)
            .map(|mean| (mean, None))
            .collect();
        if let Some(covariance) = &mut covariance {
            let parts = covariance.axis_chunks_iter_mut(Axis(0), span_len);
            for (span, part) in spans.iter_mut().zip(parts) {
                span.1 = Some(part);
            }
        }
        let spans = spans.into_iter().enumerate();
        let results = threads.map(spans, |(index, (mut mean, mut covariance))| {
            let start = index * span_len;
            let values = values.slice(start..start + mean.nrows());
            let view = values.view();
            let mut weights = Array2::zeros((mean.nrows(), self.n_components()));
            self.weigh(values, &single, weights.view_mut())?;
            let mut block = Block::new(&self.components);
            let rows = view.axis_chunks_iter(Axis(0), LANES);
            let weights = weights.axis_chunks_iter(Axis(0), LANES);
            let mean = mean.axis_chunks_iter_mut(Axis(0), LANES);
            for (index, ((rows, weights), mean)) in rows.zip(weights).zip(mean).enumerate() {
                block.set_means(rows);
                block.set_weights(weights);
                block.average(mean);
                if let Some(covariance) = &mut covariance {
                    let end = covariance.len_of(Axis(0)).min((index + 1) * LANES);
                    let part = covariance.slice_mut(s![index * LANES..end, .., ..]);
                    block.spread(&self.covariances, part);
                }
            }
            Ok(())
        });
        results.into_iter().collect()
    }

    /// Rows of a span.
    ///
    /// # Errors
    /// [`GmmError::Shape`] where `values` don't have the given features.
    fn span_len<T: Float>(&self, values: &Rows<'_, T>) -> Result<usize, GmmError> {
        let (n, given) = (values.n_samples(), self.n_given());
        check_shape("values", values.view().shape(), &[n, given])?;
        let flops_per_component = given * (given + 2 * self.n_remaining()) + 40;
        Ok(span_len(n, self.n_components() * flops_per_component))
    }

    /// Writes w_k of every row.
    fn weigh<T: Float>(
        &self,
        values: Rows<'_, T>,
        threads: &Threads,
        mut weights: ArrayViewMut2<'_, f64>,
    ) -> Result<(), GmmError> {
        self.given
            .predict_proba(values, None, threads, weights.view_mut())?;
        // In single precision they sum to 1 only nearly; a mean far from 0 would be off by as much.
        for mut row in weights.outer_iter_mut() {
            let total = row.sum();
            row /= total;
        }
        Ok(())
    }
}

/// S_k of all components.
fn conditional_covariances(
    mixture: &Mixture,
    features: &Features,
    regressions: &[Regression],
) -> Covariances {
    match mixture.covariances() {
        Covariances::Full(_) => {
            let n = features.others.len();
            let entry = |(k, i, j): (usize, usize, usize)| regressions[k].covariance[[i, j]];
            Covariances::Full(Array3::from_shape_fn((regressions.len(), n, n), entry))
        }
        Covariances::Tied(_) => Covariances::Tied(regressions[0].covariance.clone()),
        uncorrelated @ (Covariances::Diag(_) | Covariances::Spherical(_)) => {
            covariances_of(uncorrelated, &features.others)
        }
    }
}
