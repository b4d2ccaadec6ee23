//! Spaces in which the units of features don't matter to distances.

use serde::{Deserialize, Serialize};

use crate::float::Float;
use crate::kernels::lanes::Lanes;
use crate::kernels::point::Point;
use crate::linalg::dot;
use crate::rows::{Rows, Spread, Tile};

/// Standardised coordinates are cut off here, so that squares of mapped ones don't overflow in `f32`.
const LIMIT: f64 = 1e8;

/// The map z_d = (x_d − centre_d) / σ_d, cut off where rows are very far out; then, where there are axes a_i,
/// y_i = Σ_d a_id z_d.
#[derive(Debug, Clone)]
pub(crate) struct FeatureSpace<T> {
    map: FeatureMap,
    centre: Point<T>,
}

/// The numbers of a map.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FeatureMap {
    centre: Vec<f64>,
    /// 1/σ.
    scale: Vec<f64>,
    /// Each as long as it isn't 0.
    axes: Option<Vec<Vec<f64>>>,
}

impl<T: Float> FeatureSpace<T> {
    /// The space that `map` leads to.
    pub(crate) fn new(map: FeatureMap) -> Self {
        Self {
            centre: Point::new(&map.centre),
            map,
        }
    }

    /// The map to it.
    pub(crate) fn feature_map(&self) -> &FeatureMap {
        &self.map
    }

    /// Features in units of their spread, about their centre.
    pub(crate) fn standardised(spread: &Spread) -> Self {
        Self::new(FeatureMap {
            centre: spread.mean.clone(),
            scale: spread.variance.iter().map(|v| 1.0 / v.sqrt()).collect(),
            axes: None,
        })
    }

    /// Coordinates along `axes` of the standardised features.
    pub(crate) fn along(spread: &Spread, axes: Vec<Vec<f64>>) -> Self {
        let mut space = Self::standardised(spread);
        space.map.axes = Some(axes);
        space
    }

    /// Number of coordinates.
    pub(crate) fn n_axes(&self) -> usize {
        self.map
            .axes
            .as_ref()
            .map_or(self.map.scale.len(), Vec::len)
    }

    /// The rows of `tile`, mapped, into `mapped`.
    #[inline(always)]
    pub(crate) fn map_tile<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        tile: &Tile<T>,
        mapped: &mut Tile<T>,
    ) {
        mapped.hold_as_many(tile);
        let zero = lanes.splat(T::default());
        let mut z = vec![zero; self.map.scale.len() * L::GROUP];
        for (group, out) in tile.groups::<L>().zip(mapped.groups_mut::<L>()) {
            let Some(axes) = &self.map.axes else {
                self.standardise_group(lanes, group, out);
                continue;
            };
            self.standardise_group(lanes, group, &mut z);
            for (axis, y) in axes.iter().zip(out.chunks_exact_mut(L::GROUP)) {
                y.fill(zero);
                for (&a, z) in axis.iter().zip(z.chunks_exact(L::GROUP)) {
                    let a = lanes.splat(T::from_f64(a));
                    for (y, &z) in y.iter_mut().zip(z) {
                        *y = lanes.mul_add(a, z, *y);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn standardise_group<L: Lanes<Element = T>>(
        &self,
        lanes: L,
        group: &[L::Vector],
        out: &mut [L::Vector],
    ) {
        let most = lanes.splat(T::from_f64(LIMIT));
        let least = lanes.splat(T::from_f64(-LIMIT));
        let features = group.chunks_exact(L::GROUP);
        for (d, (x, z)) in features.zip(out.chunks_exact_mut(L::GROUP)).enumerate() {
            let centre = self.centre.coordinate(lanes, d);
            let scale = lanes.splat(T::from_f64(self.map.scale[d]));
            for (&x, z) in x.iter().zip(z) {
                let scaled = lanes.mul(centre.difference(lanes, x), scale);
                *z = lanes.max(lanes.min(scaled, most), least);
            }
        }
    }

    /// The standardised coordinates of the point `x`, into `z`.
    #[inline(always)]
    pub(crate) fn standardise(&self, x: impl Iterator<Item = f64>, z: &mut [f64]) {
        let units = self.map.centre.iter().zip(&self.map.scale);
        for ((z, x), (centre, scale)) in z.iter_mut().zip(x).zip(units) {
            *z = ((x - centre) * scale).clamp(-LIMIT, LIMIT);
        }
    }

    /// The point `x`, mapped (not to the same last digit as [`map_tile`](Self::map_tile) maps it).
    pub(crate) fn map(&self, x: impl Iterator<Item = f64>) -> Vec<f32> {
        let mut z = vec![0.0; self.map.scale.len()];
        self.standardise(x, &mut z);
        match &self.map.axes {
            None => z.into_iter().map(|z| z as f32).collect(),
            Some(axes) => {
                let along = |axis: &Vec<f64>| dot(axis, &z[..axis.len()]) as f32;
                axes.iter().map(along).collect()
            }
        }
    }

    /// Row `n`, mapped.
    pub(crate) fn point(&self, rows: &Rows<'_, T>, n: usize) -> Vec<f32> {
        self.map(rows.view().row(n).iter().map(|x| x.to_f64()))
    }
}
