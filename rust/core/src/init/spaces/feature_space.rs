//! Spaces in which the units of features don't matter to distances.

use serde::{Deserialize, Serialize};

use crate::float::{Element, Float};
use crate::kernels::lanes::{Lanes, by_group};
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
        by_group!(L, V => self.map_groups::<L, V>(lanes, tile, mapped));
    }

    #[inline(always)]
    fn map_groups<L: Lanes<Element = T>, const V: usize>(
        &self,
        lanes: L,
        tile: &Tile<T>,
        mapped: &mut Tile<T>,
    ) {
        let mut z = vec![[lanes.splat(T::default()); V]; self.map.scale.len()];
        for (group, out) in tile.groups::<L>().zip(mapped.groups_mut::<L>()) {
            let (x, out) = (group.as_chunks().0, out.as_chunks_mut().0);
            match &self.map.axes {
                None => self.standardise_group(lanes, x, out),
                Some(axes) => {
                    self.standardise_group(lanes, x, &mut z);
                    project::<L, V>(lanes, &z, axes, out);
                }
            }
        }
    }

    #[inline(always)]
    fn standardise_group<L: Lanes<Element = T>, const V: usize>(
        &self,
        lanes: L,
        x: &[[L::Vector; V]],
        z: &mut [[L::Vector; V]],
    ) {
        let most = lanes.splat(T::from_f64(LIMIT));
        let least = lanes.splat(T::from_f64(-LIMIT));
        for (d, (x, z)) in x.iter().zip(z).enumerate() {
            let centre = self.centre.coordinate(lanes, d);
            let scale = lanes.splat(T::from_f64(self.map.scale[d]));
            for v in 0..V {
                let scaled = lanes.mul(centre.difference(lanes, x[v]), scale);
                z[v] = lanes.max(lanes.min(scaled, most), least);
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

/// The coordinates of `z` along `axes`, into `out`.
#[inline(always)]
fn project<L: Lanes, const V: usize>(
    lanes: L,
    z: &[[L::Vector; V]],
    axes: &[Vec<f64>],
    out: &mut [[L::Vector; V]],
) {
    let (fours, others) = axes.as_chunks::<4>();
    let (outs_of_fours, outs_of_others) = out.as_chunks_mut::<4>();
    for (axes, out) in fours.iter().zip(outs_of_fours) {
        *out = project_together(lanes, z, axes);
    }
    for (axis, out) in others.iter().zip(outs_of_others) {
        [*out] = project_together(lanes, z, std::array::from_ref(axis));
    }
}

/// The same for `B` axes, so that what is read of `z` is used as often.
#[inline(always)]
fn project_together<L: Lanes, const V: usize, const B: usize>(
    lanes: L,
    z: &[[L::Vector; V]],
    axes: &[Vec<f64>; B],
) -> [[L::Vector; V]; B] {
    let mut sums = [[lanes.splat(L::Element::default()); V]; B];
    let common = axes.iter().map(Vec::len).min().unwrap_or(0);
    for (d, z) in z[..common].iter().enumerate() {
        for b in 0..B {
            add_multiple(lanes, axes[b][d], z, &mut sums[b]);
        }
    }
    for b in 0..B {
        for (&a, z) in axes[b][common..].iter().zip(&z[common..]) {
            add_multiple(lanes, a, z, &mut sums[b]);
        }
    }
    sums
}

/// sums += a z.
#[inline(always)]
fn add_multiple<L: Lanes, const V: usize>(
    lanes: L,
    a: f64,
    z: &[L::Vector; V],
    sums: &mut [L::Vector; V],
) {
    let a = lanes.splat(L::Element::from_f64(a));
    for v in 0..V {
        sums[v] = lanes.mul_add(a, z[v], sums[v]);
    }
}
