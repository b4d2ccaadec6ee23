//! Spaces in which the units of features don't matter to distances.

use ndarray::{Array2, ArrayView2};

use crate::data::Rows;
use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::linalg::dot;
use crate::spread::Spread;
use crate::tile::Tile;

/// The map z_d = (x_d − centre_d) / σ_d, cut off where squares would overflow; then, where there are axes a_i,
/// y_i = Σ_d a_id z_d.
pub(crate) struct FeatureSpace<T> {
    centre: Point<T>,
    coordinates: Vec<f64>,
    scale: Vec<f64>,
    limit: T,
    /// Each as long as it isn't 0.
    axes: Option<Vec<Vec<f64>>>,
}

impl<T: Float> FeatureSpace<T> {
    /// Features in units of their spread, about their centre.
    pub(crate) fn standardised(spread: &Spread) -> Self {
        Self {
            centre: Point::new(&spread.mean),
            coordinates: spread.mean.clone(),
            scale: spread.variance.iter().map(|v| 1.0 / v.sqrt()).collect(),
            limit: T::from_f64((-T::LOG_FLOOR.to_f64()).sqrt()),
            axes: None,
        }
    }

    /// Coordinates along `axes` of the standardised features.
    pub(crate) fn along(spread: &Spread, axes: Vec<Vec<f64>>) -> Self {
        Self {
            axes: Some(axes),
            ..Self::standardised(spread)
        }
    }

    /// Number of coordinates.
    pub(crate) fn n_axes(&self) -> usize {
        self.axes.as_ref().map_or(self.scale.len(), Vec::len)
    }

    /// Loads `rows` into `tile`, mapped.
    #[inline(always)]
    pub(crate) fn load<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        rows: ArrayView2<'_, T>,
        tile: &mut Tile<T>,
    ) {
        if let Some(axes) = &self.axes {
            tile.load::<L, T>(self.project(axes, rows).view());
            return;
        }
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

    /// The coordinates of `rows` along `axes`.
    #[inline(always)]
    fn project(&self, axes: &[Vec<f64>], rows: ArrayView2<'_, T>) -> Array2<T> {
        let mut projected = Array2::from_elem((rows.nrows(), axes.len()), T::default());
        let mut z = vec![0.0; rows.ncols()];
        for (row, mut out) in rows.outer_iter().zip(projected.outer_iter_mut()) {
            self.standardise(row.iter().map(|x| x.to_f64()), &mut z);
            for (y, axis) in out.iter_mut().zip(axes) {
                *y = T::from_f64(dot(axis, &z[..axis.len()]));
            }
        }
        projected
    }

    /// The standardised coordinates of the point `x`, into `z`.
    #[inline(always)]
    pub(crate) fn standardise(&self, x: impl Iterator<Item = f64>, z: &mut [f64]) {
        let limit = self.limit.to_f64();
        let units = self.coordinates.iter().zip(&self.scale);
        for ((z, x), (centre, scale)) in z.iter_mut().zip(x).zip(units) {
            *z = ((x - centre) * scale).clamp(-limit, limit);
        }
    }

    /// The point `x`, mapped (not to the same last digit as [`load`](Self::load) maps it).
    pub(crate) fn map(&self, x: &[f64]) -> Vec<T> {
        let mut z = vec![0.0; x.len()];
        self.standardise(x.iter().copied(), &mut z);
        match &self.axes {
            None => z.into_iter().map(T::from_f64).collect(),
            Some(axes) => {
                let along = |axis: &Vec<f64>| T::from_f64(dot(axis, &z[..axis.len()]));
                axes.iter().map(along).collect()
            }
        }
    }

    /// Row `n`, mapped.
    pub(crate) fn point(&self, rows: &Rows<'_, T>, n: usize) -> Vec<T> {
        let view = rows.view();
        let row: Vec<f64> = view.row(n).iter().map(|x| x.to_f64()).collect();
        self.map(&row)
    }
}
