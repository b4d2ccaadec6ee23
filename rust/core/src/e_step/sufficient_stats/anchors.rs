//! Sufficient statistics about other points, and what they say of the data as a whole.
//!
//! Taken about other anchors, c′ = c + δ, they are
//!   s0′ = s0      s1′ = s1 − s0 δ      s2′ = s2 − s1′ δᵀ − δ s1ᵀ
//! (which is s2 − s1 δᵀ − δ s1ᵀ + s0 δ δᵀ with one difference that can cancel, not three), and about the mean of all rows,
//!   x̄ = c_1 + Σ_k (s0_k (c_k − c_1) + s1_k) / Σ_k s0_k,
//! the diagonals of Σ_k s2′_k / Σ_k s0_k are the variances of the features: those within components and those of their
//! means (the law of total variance).

use ndarray::{Array2, ArrayViewMut1};

use super::SufficientStats;
use crate::error::{GmmError, check_parameter, check_shape};
use crate::linalg::packed_len;
use crate::rows::Spread;

impl SufficientStats {
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
    pub(crate) fn spread(&self) -> Result<Spread, GmmError> {
        let total = self.zeroth.iter().sum::<f64>();
        check_parameter(
            total > 0.0 && total.is_finite(),
            "zeroth",
            format_args!("of sum {total}"),
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
