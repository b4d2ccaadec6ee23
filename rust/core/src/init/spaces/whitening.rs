//! A space in which all directions have the same spread, so that none outweighs the others.
//!
//! With the correlations R = L Lᵀ of the standardised features z, those of y = L⁻¹ z are the identity: distances are Mahalanobis
//! distances, the same for all linear images of the data. Clusters that are elongated in a common direction, and so far from
//! round that k-means cuts them across, are seen here.

use ndarray::ArrayView1;
use pulp::{Simd, WithSimd};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use crate::float::Float;
use crate::kernels;
use crate::linalg::{cholesky, dot, invert_lower, packed_row};
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

/// Whitened rows, those of a sample where there are many.
pub(super) struct Whitened {
    /// The rows of L⁻¹.
    pub(super) axes: Vec<Vec<f64>>,
    /// A column for each axis.
    pub(super) columns: Vec<Vec<f64>>,
}

impl Whitened {
    /// Whitens `rows`, unless they are too few. Directions that vary less than rounding aren't stretched further.
    pub(super) fn new<T: Float>(
        rows: &Rows<'_, T>,
        sample_weight: Option<ArrayView1<'_, f64>>,
        spread: &Spread,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Option<Self> {
        let n_features = rows.n_features();
        let n_rows = rows
            .n_samples()
            .min(MAX_ROWS.max(ROWS_PER_FEATURE * n_features));
        let sample = stratified(rows.n_samples(), sample_weight, n_rows, rng);
        // They are in order.
        let n_different = 1 + sample.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if n_different < LEAST_ROWS_PER_FEATURE * n_features {
            return None;
        }
        let columns = standardised_columns(rows, &sample, spread);
        kernels::run(Whiten {
            columns,
            n_features,
            smallest: 16.0 * n_features as f64 * T::EPSILON,
        })
    }
}

/// The standardised features of the rows in `sample`, those that are far out aside.
fn standardised_columns<T: Float>(
    rows: &Rows<'_, T>,
    sample: &[usize],
    spread: &Spread,
) -> Vec<Vec<f64>> {
    let n_features = rows.n_features();
    let space = FeatureSpace::<T>::standardised(spread);
    let mut columns = vec![Vec::with_capacity(sample.len()); n_features];
    let mut z = vec![0.0; n_features];
    let view = rows.view();
    for &n in sample {
        space.standardise(view.row(n).iter().map(|x| x.to_f64()), &mut z);
        if z.iter().all(|z| z.abs() <= FAR) {
            for (column, &z) in columns.iter_mut().zip(&z) {
                column.push(z);
            }
        }
    }
    columns
}

/// The work of [`Whitened::new`], compiled for each instruction set.
struct Whiten {
    columns: Vec<Vec<f64>>,
    n_features: usize,
    smallest: f64,
}

impl WithSimd for Whiten {
    type Output = Option<Whitened>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<Whitened> {
        let Self {
            mut columns,
            n_features,
            smallest,
        } = self;
        let n_rows = columns[0].len() as f64;
        for column in &mut columns {
            let mean = column.iter().sum::<f64>() / n_rows;
            column.iter_mut().for_each(|z| *z -= mean);
        }
        let mut correlations = Vec::new();
        for i in 0..n_features {
            for j in 0..=i {
                let correlation = dot(&columns[i], &columns[j]) / n_rows;
                let least = if i == j { smallest } else { 0.0 };
                correlations.push(correlation + least);
            }
        }
        let factor = cholesky(correlations, n_features).ok()?;
        let inverse = invert_lower(&factor, n_features);
        let axes: Vec<Vec<f64>> = (0..n_features)
            .map(|i| packed_row(&inverse, i).to_vec())
            .collect();
        // From the last to the first, as each needs those before it as they were.
        for i in (0..n_features).rev() {
            let (before, rest) = columns.split_at_mut(i);
            let column = &mut rest[0];
            column.iter_mut().for_each(|y| *y *= axes[i][i]);
            for (z, &factor) in before.iter().zip(&axes[i]) {
                for (y, z) in column.iter_mut().zip(z) {
                    *y += factor * z;
                }
            }
        }
        Some(Whitened { axes, columns })
    }
}
