//! A space in which all directions have the same spread, so that none outweighs the others.
//!
//! With the correlations R = L Lᵀ of the standardised features z, those of y = L⁻¹ z are the identity: distances are Mahalanobis
//! distances, the same for all linear images of the data. Clusters that are elongated in a common direction, and so far from
//! round that k-means cuts them across, are seen here.

use ndarray::{Array2, s};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use crate::e_step::moments_of_all;
use crate::error::GmmError;
use crate::float::Float;
use crate::init::ground::Ground;
use crate::linalg::{dot, packed_index, packed_row};
use crate::model::inverse_factor;
use crate::rows::{Rows, Spread, stratified};

/// Rows that correlations are taken from, at most, unless features are many.
const MAX_ROWS: usize = 2048;

/// The same for each feature.
const ROWS_PER_FEATURE: usize = 16;

/// Different rows for each feature that correlations need at least. Of fewer, nearly any grouping falls apart
/// along some direction.
const LEAST_ROWS_PER_FEATURE: usize = 5;

/// A row with a feature so many units of spread from the centre is left out.
const FAR: f64 = 10.0;

/// Rows that are projected at a time.
pub(super) const BLOCK: usize = 64;

/// The space, and the rows that it follows from.
pub(super) struct Whitened {
    /// The rows of L⁻¹.
    pub(super) axes: Vec<Vec<f64>>,
    /// The standardised features of these rows about their means, shape (D, N); zeros fill up the last block.
    pub(super) features: Array2<f64>,
    /// N, without what fills up.
    pub(super) n_rows: usize,
}

impl Whitened {
    /// Whitens the rows of `ground`, unless they are too few. Directions that vary less than rounding aren't stretched
    /// further.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(super) fn new<T: Float>(
        ground: &Ground<'_, '_, T>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Option<Self>, GmmError> {
        let (rows, em) = (&ground.rows, ground.em);
        let n_features = rows.n_features();
        let n_rows = rows
            .n_samples()
            .min(MAX_ROWS.max(ROWS_PER_FEATURE * n_features));
        let sample = stratified(rows.n_samples(), em.knowledge.sample_weight, n_rows, rng);
        // They are in order.
        let n_different = 1 + sample.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if n_different < LEAST_ROWS_PER_FEATURE * n_features {
            return Ok(None);
        }
        let (features, n_rows) = centred(rows, &sample, ground.spread);
        if n_rows == 0 {
            return Ok(None);
        }
        // What fills up adds nothing to sums about 0.
        let filled = Rows::new(features.t())?.into();
        let origin = vec![0.0; n_features];
        let sums = moments_of_all(&filled, &origin, None, em.threads, em.watch)?;
        let correlations = sums.second / n_rows as f64;
        let mut correlations = correlations.into_raw_vec_and_offset().0;
        let smallest = 16.0 * n_features as f64 * T::EPSILON;
        for d in 0..n_features {
            correlations[packed_index(d, d)] += smallest;
        }
        let Ok((inverse, _)) = inverse_factor(correlations, n_features) else {
            return Ok(None);
        };
        let axis = |i| packed_row(&inverse, i).to_vec();
        Ok(Some(Self {
            axes: (0..n_features).map(axis).collect(),
            features,
            n_rows,
        }))
    }

    /// L⁻¹ z.
    pub(super) fn map(&self, z: &[f64]) -> Vec<f64> {
        let along = |axis: &Vec<f64>| dot(axis, &z[..axis.len()]);
        self.axes.iter().map(along).collect()
    }

    /// The axis a, of standardised features, with aᵀ z = wᵀ L⁻¹ z.
    pub(super) fn axis(&self, w: &[f64]) -> Vec<f64> {
        let mut axis = vec![0.0; w.len()];
        for (row, w) in self.axes.iter().zip(w) {
            for (entry, l) in axis.iter_mut().zip(row) {
                *entry += w * l;
            }
        }
        axis
    }
}

/// The standardised features of the rows in `sample`, those that are far out aside, about their means, and how many rows
/// there are; zeros fill up the last block.
fn centred<T: Float>(
    rows: &Rows<'_, T>,
    sample: &[usize],
    spread: &Spread,
) -> (Array2<f64>, usize) {
    let n_features = rows.n_features();
    let space = FeatureSpace::<T>::standardised(spread);
    let mut features = Array2::zeros((n_features, sample.len().next_multiple_of(BLOCK)));
    let mut z = vec![0.0; n_features];
    let mut n_rows = 0;
    for &n in sample {
        space.standardise(rows.view().row(n).iter().map(|x| x.to_f64()), &mut z);
        if z.iter().all(|z| z.abs() <= FAR) {
            let column = features.column_mut(n_rows);
            column.into_iter().zip(&z).for_each(|(to, z)| *to = *z);
            n_rows += 1;
        }
    }
    for mut feature in features.outer_iter_mut() {
        let mut feature = feature.slice_mut(s![..n_rows]);
        let mean = feature.sum() / n_rows as f64;
        feature -= mean;
    }
    (features, n_rows)
}
