//! The component of each row, as clusters have it.

use ndarray::{ArrayView2, Axis, s};
use pulp::{Simd, WithSimd};

use super::Clusters;
use super::packed_rows::flops_per_row;
use crate::error::GmmError;
use crate::float::Float;
use crate::init::alignment::names_of_labels;
use crate::init::ground::Ground;
use crate::init::labelled::respected;
use crate::kernels;
use crate::parallel::{Spans, Threads};
use crate::rows::{MAX_TILE, Rows, Tile};

impl<T: Float> Clusters<T> {
    /// The same clusters, numbered so that they agree with what is known of the rows.
    ///
    /// # Errors
    /// [`GmmError::NonFinite`] where sums of the reference are NaN or infinite.
    pub(in crate::init) fn aligned(mut self, ground: &Ground<'_, '_, T>) -> Result<Self, GmmError> {
        if let Some(reference) = ground.reference {
            let labels = nearest_labels(&ground.rows, &self, ground.em.threads);
            self.names = names_of_labels(&labels, reference)?;
        }
        Ok(self)
    }

    /// The component of each row: that of the nearest centre, or where class priors rule it out, the most probable one.
    /// Components are numbered so that they agree with what is known of the rows.
    ///
    /// # Errors
    /// [`GmmError::NonFinite`] where sums of the reference are NaN or infinite.
    pub(in crate::init) fn labels(&self, ground: &Ground<'_, '_, T>) -> Result<Vec<u32>, GmmError> {
        let mut labels = nearest_labels(&ground.rows, self, ground.em.threads);
        if let Some(reference) = ground.reference {
            let names = names_of_labels(&labels, reference)?;
            labels
                .iter_mut()
                .for_each(|k| *k = names[*k as usize] as u32);
        }
        if let Some(log_prior) = &ground.em.knowledge.log_prior {
            for (n, k) in labels.iter_mut().enumerate() {
                *k = respected(*k as usize, log_prior, n) as u32;
            }
        }
        Ok(labels)
    }
}

/// The index of the nearest centre of each row, the first of equals.
fn nearest_labels<T: Float>(
    rows: &Rows<'_, T>,
    clusters: &Clusters<T>,
    threads: &Threads,
) -> Vec<u32> {
    let n_axes = clusters.space.n_axes();
    let flops = flops_per_row(n_axes, clusters.names.len());
    let spans = Spans::new(rows.n_samples(), n_axes, flops, 0);
    let labels = threads.map(spans.ranges(), |span| {
        let rows = rows.view().slice_move(s![span, ..]);
        kernels::run(Label { rows, clusters })
    });
    labels.concat()
}

/// The work of [`nearest_labels`] on one span.
struct Label<'a, T> {
    rows: ArrayView2<'a, T>,
    clusters: &'a Clusters<T>,
}

impl<T: Float> WithSimd for Label<'_, T> {
    type Output = Vec<u32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<u32> {
        let lanes = T::lanes(simd);
        let mut tile = Tile::new(self.rows.ncols(), MAX_TILE);
        let mut mapped = Tile::new(self.clusters.space.n_axes(), MAX_TILE);
        let mut found = [T::default(); MAX_TILE];
        let mut labels = Vec::with_capacity(self.rows.nrows());
        for rows in self.rows.axis_chunks_iter(Axis(0), MAX_TILE) {
            tile.load::<T::Lanes<S>, T>(rows);
            self.clusters
                .find_nearest(lanes, &tile, &mut mapped, &mut found);
            let found = found[..rows.nrows()].iter();
            labels.extend(found.map(|label| label.to_f64() as u32));
        }
        labels
    }
}
