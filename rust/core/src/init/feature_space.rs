//! Features in units of their spread, about their centre, so that units don't matter to distances.

use ndarray::ArrayView2;

use crate::data::Rows;
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::spread::Spread;
use crate::tile::Tile;

/// The map z_d = (x_d − centre_d) / σ_d, cut off where squares would overflow.
pub(crate) struct FeatureSpace<T> {
    centre: Point<T>,
    coordinates: Vec<f64>,
    scale: Vec<f64>,
    limit: T,
}

impl<T: Float> FeatureSpace<T> {
    /// About the mean of `spread`, in units of the roots of `variance`.
    pub(crate) fn new(spread: &Spread, variance: &[f64]) -> Self {
        Self {
            centre: Point::new(&spread.mean),
            coordinates: spread.mean.clone(),
            scale: variance.iter().map(|v| 1.0 / v.sqrt()).collect(),
            limit: T::from_f64((-T::LOG_FLOOR.to_f64()).sqrt()),
        }
    }

    pub(super) fn n_features(&self) -> usize {
        self.scale.len()
    }

    /// Loads `rows` into `tile`, mapped.
    #[inline(always)]
    pub(super) fn load<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        rows: ArrayView2<'_, T>,
        tile: &mut Tile<T>,
    ) {
        tile.load::<L, T>(rows);
        let (most, least) = (self.limit, T::from_f64(-self.limit.to_f64()));
        let (most, least) = (lanes.splat(most), lanes.splat(least));
        for group in tile.groups_mut::<L>() {
            for (d, feature) in group.chunks_exact_mut(L::GROUP).enumerate() {
                let centre = self.centre.coordinate(lanes, d);
                let scale = lanes.splat(T::from_f64(self.scale[d]));
                for x in feature {
                    let z = lanes.mul(centre.difference(lanes, *x), scale);
                    *x = lanes.max(lanes.min(z, most), least);
                }
            }
        }
    }

    /// Row `n`, mapped (not to the same last digit as [`load`](Self::load) maps it).
    pub(super) fn point(&self, rows: &Rows<'_, T>, n: usize) -> Vec<T> {
        let view = rows.view();
        let row = view.row(n);
        let limit = self.limit.to_f64();
        row.iter()
            .zip(&self.coordinates)
            .zip(&self.scale)
            .map(|((x, centre), scale)| ((x.to_f64() - centre) * scale).clamp(-limit, limit))
            .map(T::from_f64)
            .collect()
    }
}
