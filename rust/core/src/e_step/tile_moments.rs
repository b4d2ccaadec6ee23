//! Responsibilities of a tile into moments: which kernel adds which component.

use ndarray::ArrayView2;

use super::density::FEW_FEATURES;
use super::padded_sums::PaddedSums;
use super::responsibilities::TileScratch;
use super::sufficient_stats::MomentKind;
use crate::float::Float;
use crate::kernels::lanes::{Lanes, by_group};
use crate::kernels::moments::diagonal::{Weighting, add_diagonal_moments};
use crate::kernels::moments::narrow::{WeightedGroups, add_narrow_moments, is_narrow};
use crate::kernels::moments::selected_diagonal::add_selected_diagonal;
use crate::kernels::moments::selected_full::{WeightedRows, add_selected_full};
use crate::kernels::moments::small::{SmallMoments, add_group};
use crate::kernels::point::Anchors;
use crate::kernels::selection::Selection;
use crate::rows::Panel;

/// What one thread needs.
#[derive(Debug)]
pub(crate) struct Tables<E> {
    pub(crate) tile: TileScratch<E>,
    panel: Panel<E>,
    selection: Selection<E>,
    /// Components to which most rows of the tile matter.
    dense: Vec<usize>,
    weighted: WeightedRows<E>,
    weighted_groups: WeightedGroups<E>,
    pub(crate) sums: PaddedSums,
}

impl<E: Float> Tables<E> {
    pub(crate) fn new(n_components: usize, n_features: usize) -> Self {
        let tile = TileScratch::new(n_components, n_features);
        Self {
            panel: Panel::new(n_features, tile.capacity),
            selection: Selection::new(tile.capacity),
            dense: Vec::with_capacity(n_components),
            weighted: WeightedRows::new(n_features, tile.capacity),
            weighted_groups: WeightedGroups::new(n_features, tile.capacity),
            sums: PaddedSums::default(),
            tile,
        }
    }
}

impl<E: Float> Tables<E> {
    /// Adds the moments of the tile, which holds `rows`, to the sums.
    #[inline(always)]
    pub(crate) fn add<L: Lanes<Element = E>, T: Float>(
        &mut self,
        lanes: L,
        rows: ArrayView2<'_, T>,
        anchors: &Anchors<E>,
        kind: MomentKind,
    ) {
        match (kind, rows.ncols()) {
            (MomentKind::Full, 1) => self.add_small::<_, 1>(lanes, anchors),
            (MomentKind::Full, 2) => self.add_small::<_, 2>(lanes, anchors),
            (MomentKind::Full, 3) => self.add_small::<_, 3>(lanes, anchors),
            (MomentKind::Full, FEW_FEATURES) => self.add_small::<_, FEW_FEATURES>(lanes, anchors),
            _ => self.add_wide(lanes, rows, anchors, kind),
        }
    }

    /// The same where features are not few, or moments not full.
    #[inline(always)]
    fn add_wide<L: Lanes<Element = E>, T: Float>(
        &mut self,
        lanes: L,
        rows: ArrayView2<'_, T>,
        anchors: &Anchors<E>,
        kind: MomentKind,
    ) {
        let (len, n_features) = rows.dim();
        let selects_all = kind == MomentKind::Full && !is_narrow::<L>(n_features);
        let mut panel_is_loaded = false;
        self.dense.clear();
        let table = self.tile.resp.chunks_exact(self.tile.capacity);
        for (k, (resp, anchor)) in table.zip(&anchors.each).enumerate() {
            let (indices, weights) = self.selection.choose(lanes, resp, len);
            if indices.len() == len && !selects_all {
                self.dense.push(k);
                continue;
            }
            if indices.is_empty() {
                continue;
            }
            if !panel_is_loaded {
                self.panel.load::<L, T>(rows, &self.tile.tile);
                panel_is_loaded = true;
            }
            let (panel, scratch) = (&self.panel, &mut self.weighted);
            let [into] = &mut self.sums.moments([k], n_features, kind);
            match kind {
                MomentKind::Full => {
                    add_selected_full(
                        lanes, panel, n_features, anchor, indices, weights, scratch, into,
                    );
                }
                MomentKind::Diagonal => {
                    add_selected_diagonal::<L, true>(
                        lanes, panel, n_features, anchor, indices, weights, into,
                    );
                }
                MomentKind::First => {
                    add_selected_diagonal::<L, false>(
                        lanes, panel, n_features, anchor, indices, weights, into,
                    );
                }
            }
        }
        match (kind, anchors.are_equal) {
            (MomentKind::Full, _) => self.add_narrow(lanes, n_features, anchors),
            (MomentKind::Diagonal, true) => {
                self.add_diagonal::<L, true, true>(lanes, n_features, anchors);
            }
            (MomentKind::Diagonal, false) => {
                self.add_diagonal::<L, false, true>(lanes, n_features, anchors);
            }
            (MomentKind::First, true) => {
                self.add_diagonal::<L, true, false>(lanes, n_features, anchors);
            }
            (MomentKind::First, false) => {
                self.add_diagonal::<L, false, false>(lanes, n_features, anchors);
            }
        }
    }

    /// Adds all rows of the tile to the full moments of the dense components.
    #[inline(always)]
    fn add_narrow<L: Lanes<Element = E>>(
        &mut self,
        lanes: L,
        n_features: usize,
        anchors: &Anchors<E>,
    ) {
        for &k in &self.dense {
            let (tile, scratch) = (&self.tile.tile, &mut self.weighted_groups);
            let resp = self.tile.resp_of::<L>(k);
            let anchor = &anchors.each[k];
            let [into] = &mut self.sums.moments([k], n_features, MomentKind::Full);
            add_narrow_moments(lanes, tile, n_features, anchor, resp, scratch, into);
        }
    }

    /// Adds all rows of the tile to the diagonal or, without `SECOND`, first moments of the dense components, which have
    /// one anchor if it is `SHARED`.
    #[inline(always)]
    fn add_diagonal<L: Lanes<Element = E>, const SHARED: bool, const SECOND: bool>(
        &mut self,
        lanes: L,
        n_features: usize,
        anchors: &Anchors<E>,
    ) {
        let (tile, sums) = (&self.tile, &mut self.sums);
        let mut rest = &self.dense[..];
        if const { SHARED && L::GROUP == 6 } {
            let (eights, others) = rest.as_chunks();
            add_diagonals::<L, SHARED, SECOND, 8>(lanes, tile, n_features, anchors, eights, sums);
            rest = others;
        }
        let (fours, rest) = rest.as_chunks();
        let (pairs, rest) = rest.as_chunks();
        let last = rest.as_chunks().0;
        add_diagonals::<L, SHARED, SECOND, 4>(lanes, tile, n_features, anchors, fours, sums);
        add_diagonals::<L, SHARED, SECOND, 2>(lanes, tile, n_features, anchors, pairs, sums);
        add_diagonals::<L, SHARED, SECOND, 1>(lanes, tile, n_features, anchors, last, sums);
    }

    /// Adds the tile's full moments of `D` features.
    #[inline(always)]
    fn add_small<L: Lanes<Element = E>, const D: usize>(&mut self, lanes: L, anchors: &Anchors<E>) {
        by_group!(L, V => self.add_small_groups::<L, D, V>(lanes, anchors));
    }

    #[inline(always)]
    fn add_small_groups<L: Lanes<Element = E>, const D: usize, const V: usize>(
        &mut self,
        lanes: L,
        anchors: &Anchors<E>,
    ) {
        let resp = self.tile.resp.chunks_exact(self.tile.capacity);
        for (k, (resp, anchor)) in resp.zip(&anchors.each).enumerate() {
            let mut sums = SmallMoments::<L, D>::zero(lanes);
            let resp = L::vectors(resp).as_chunks::<V>().0;
            for (group, resp) in self.tile.tile.groups::<L>().zip(resp) {
                let group = group.as_chunks::<V>().0.as_chunks::<D>().0;
                add_group::<L, V, D>(lanes, &group[0], resp, anchor, &mut sums);
            }
            let [into] = &mut self.sums.moments([k], D, MomentKind::Full);
            sums.add_to(lanes, into);
        }
    }
}

/// Adds all rows of the tile to the diagonal or first moments of components, `P` at a time.
#[inline(always)]
fn add_diagonals<L: Lanes, const SHARED: bool, const SECOND: bool, const P: usize>(
    lanes: L,
    tile: &TileScratch<L::Element>,
    n_features: usize,
    anchors: &Anchors<L::Element>,
    components: &[[usize; P]],
    sums: &mut PaddedSums,
) {
    let kind = if SECOND {
        MomentKind::Diagonal
    } else {
        MomentKind::First
    };
    for &components in components {
        let weightings = components.map(|k| Weighting {
            anchor: &anchors.each[k],
            resp: tile.resp_of::<L>(k),
        });
        let into = sums.moments(components, n_features, kind);
        add_diagonal_moments::<L, SHARED, SECOND, P>(
            lanes, &tile.tile, n_features, weightings, into,
        );
    }
}
