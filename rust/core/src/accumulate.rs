//! One fused pass over the data: responsibilities of a tile, straight into sufficient statistics.
//!
//! Nothing of size N × K is kept. Each thread has tables for one tile and the sums of one span of rows.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView2, Axis, s};
use pulp::{Simd, WithSimd};

use crate::data::Rows;
use crate::density::FEW_FEATURES;
use crate::float::Float;
use crate::kernels;
use crate::kernels::lanes::Lanes;
use crate::kernels::moments::Moments;
use crate::kernels::moments::diagonal::{Weighting, add_diagonal_moments};
use crate::kernels::moments::narrow::{WeightedGroups, add_narrow_moments, is_narrow};
use crate::kernels::moments::selected_diagonal::add_selected_diagonal;
use crate::kernels::moments::selected_full::{WeightedRows, add_selected_full};
use crate::kernels::moments::small::{SmallMoments, add_group};
use crate::kernels::point::Anchor;
use crate::kernels::selection::Selection;
use crate::parallel::{Spans, Threads};
use crate::responsibilities::{Responsibilities, TileScratch};
use crate::stats::{MomentKind, SufficientStats};
use crate::tile::{Panel, padded};

/// Passes over rows of one shape: keeps the tables of its threads from one pass to the next.
#[derive(Debug)]
pub(crate) struct Accumulator<E> {
    n_components: usize,
    n_features: usize,
    idle: Mutex<Vec<Tables<E>>>,
}

impl<E: Float> Accumulator<E> {
    pub(crate) fn new(n_components: usize, n_features: usize) -> Self {
        Self {
            n_components,
            n_features,
            idle: Mutex::default(),
        }
    }

    /// Sufficient statistics of all rows, and the log-likelihood. The anchors are those nearest to the wanted ones, one
    /// for each component, that `E` can hold.
    pub(crate) fn pass<T: Float, R: Responsibilities<E>>(
        &self,
        rows: Rows<'_, T>,
        wanted_anchors: &[Vec<f64>],
        kind: MomentKind,
        responsibilities: &R,
        threads: &Threads,
    ) -> SufficientStats {
        let (n_components, n_features) = (self.n_components, self.n_features);
        let spans = Spans::new(
            rows.n_samples(),
            flops_per_row(n_components, n_features, kind),
            SufficientStats::bytes(n_components, n_features, kind),
        );
        let anchors: Vec<Anchor<E>> = wanted_anchors.iter().map(|x| Anchor::new(x)).collect();
        let partials = threads.map(spans.ranges(), |span| {
            let mut tables = self.take();
            tables.sums.reset(n_components, n_features, kind);
            kernels::run(Accumulate {
                rows: rows.reborrow(),
                anchors: &anchors,
                kind,
                responsibilities,
                span,
                tables: &mut tables,
            });
            let stats = tables.sums.unpadded(n_components, n_features, kind);
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(tables);
            stats
        });
        let mut partials = partials.into_iter();
        let mut sum = partials.next().expect("data have at least one row");
        for partial in partials {
            sum.merge(&partial);
        }
        sum.anchors = anchors
            .iter()
            .map(|anchor| anchor.to_f64(n_features))
            .collect();
        sum
    }

    /// Tables that no thread uses.
    fn take(&self) -> Tables<E> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.unwrap_or_else(|| Tables::new(self.n_components, self.n_features))
    }
}

/// About how many floating-point operations a pass spends on one row.
pub(crate) fn flops_per_row(n_components: usize, n_features: usize, kind: MomentKind) -> usize {
    let per_component = match kind {
        MomentKind::Full => 2 * n_features * (n_features + 1),
        MomentKind::Diagonal => 8 * n_features,
        MomentKind::First => 5 * n_features,
    };
    n_components * (per_component + 40)
}

/// What one thread needs.
#[derive(Debug)]
struct Tables<E> {
    tile: TileScratch<E>,
    panel: Panel<E>,
    selection: Selection<E>,
    /// Components to which most rows of the tile matter.
    dense: Vec<usize>,
    weighted: WeightedRows<E>,
    weighted_groups: WeightedGroups<E>,
    sums: PaddedSums,
}

impl<E: Float> Tables<E> {
    fn new(n_components: usize, n_features: usize) -> Self {
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

/// Moments of all components with rows padded to whole vectors.
#[derive(Debug, Default)]
struct PaddedSums {
    zeroth: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    log_likelihood: f64,
}

/// Entries of the second moments of one component.
fn padded_second(n_features: usize, kind: MomentKind) -> usize {
    match kind {
        MomentKind::Full => padded(n_features) * padded(n_features),
        MomentKind::Diagonal => padded(n_features),
        MomentKind::First => 0,
    }
}

impl PaddedSums {
    /// Makes all sums 0.
    fn reset(&mut self, n_components: usize, n_features: usize, kind: MomentKind) {
        let zeros = |values: &mut Vec<f64>, len| {
            values.clear();
            values.resize(len, 0.0);
        };
        zeros(&mut self.zeroth, n_components);
        zeros(&mut self.first, n_components * padded(n_features));
        zeros(
            &mut self.second,
            n_components * padded_second(n_features, kind),
        );
        self.log_likelihood = 0.0;
    }

    /// The moments of `components`, which differ, for a kernel to add to.
    fn moments<const P: usize>(
        &mut self,
        components: [usize; P],
        n_features: usize,
        kind: MomentKind,
    ) -> [Moments<'_>; P] {
        let ranges = |len: usize| components.map(|k| k * len..(k + 1) * len);
        let differ = "components differ";
        let zeroth = self.zeroth.get_disjoint_mut(components).expect(differ);
        let first = self
            .first
            .get_disjoint_mut(ranges(padded(n_features)))
            .expect(differ);
        let second = padded_second(n_features, kind);
        let mut second = match second {
            0 => [(); P].map(|()| <&mut [f64]>::default()),
            len => self.second.get_disjoint_mut(ranges(len)).expect(differ),
        }
        .into_iter();
        let mut zeroth = zeroth.into_iter();
        first.map(|first| Moments {
            zeroth: zeroth.next().expect("P entries"),
            first,
            second: second.next().expect("P entries"),
        })
    }

    /// The sums without padding.
    fn unpadded(
        &mut self,
        n_components: usize,
        n_features: usize,
        kind: MomentKind,
    ) -> SufficientStats {
        let mut stats = SufficientStats::zero(n_components, n_features, kind);
        for k in 0..n_components {
            let [moments] = self.moments([k], n_features, kind);
            stats.zeroth[k] = *moments.zeroth;
            let first = moments.first.iter();
            stats
                .first
                .row_mut(k)
                .iter_mut()
                .zip(first)
                .for_each(|(to, from)| *to = *from);
            let mut second = stats.second.row_mut(k);
            let second = second
                .as_slice_mut()
                .expect("statistics are in standard layout");
            match kind {
                MomentKind::Full => {
                    let mut rest = second;
                    for (i, row) in moments
                        .second
                        .chunks_exact(padded(n_features))
                        .take(n_features)
                        .enumerate()
                    {
                        let (to, others) = rest.split_at_mut(i + 1);
                        to.copy_from_slice(&row[..=i]);
                        rest = others;
                    }
                }
                MomentKind::Diagonal => second.copy_from_slice(&moments.second[..n_features]),
                MomentKind::First => {}
            }
        }
        stats.log_likelihood = self.log_likelihood;
        stats
    }
}

/// The work of [`Accumulator::pass`] on one span.
struct Accumulate<'a, T, E, R> {
    rows: Rows<'a, T>,
    anchors: &'a [Anchor<E>],
    kind: MomentKind,
    responsibilities: &'a R,
    span: Range<usize>,
    tables: &'a mut Tables<E>,
}

impl<T: Float, E: Float, R: Responsibilities<E>> WithSimd for Accumulate<'_, T, E, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = E::lanes(simd);
        let n_features = self.rows.n_features();
        let few = self.kind == MomentKind::Full && n_features <= FEW_FEATURES;
        let mut start = self.span.start;
        let span = self.rows.view().slice_move(s![self.span, ..]);
        for rows in span.axis_chunks_iter(Axis(0), self.tables.tile.capacity) {
            let tables = &mut *self.tables;
            let fill = self
                .responsibilities
                .fill(lanes, rows, start, &mut tables.tile);
            tables.sums.log_likelihood += fill;
            if few {
                match n_features {
                    1 => tables.add_small::<_, 1>(lanes, self.anchors),
                    2 => tables.add_small::<_, 2>(lanes, self.anchors),
                    3 => tables.add_small::<_, 3>(lanes, self.anchors),
                    _ => tables.add_small::<_, FEW_FEATURES>(lanes, self.anchors),
                }
            } else {
                tables.add_moments(lanes, rows, self.anchors, self.kind);
            }
            start += rows.nrows();
        }
    }
}

impl<E: Float> Tables<E> {
    /// Adds the tile's moments, of all kinds; the tile holds `rows`.
    #[inline(always)]
    fn add_moments<L: Lanes<Element = E>, T: Float>(
        &mut self,
        lanes: L,
        rows: ArrayView2<'_, T>,
        anchors: &[Anchor<E>],
        kind: MomentKind,
    ) {
        let (len, n_features) = rows.dim();
        let selects_all = kind == MomentKind::Full && !is_narrow::<L>(n_features);
        let mut panel_is_loaded = false;
        self.dense.clear();
        let table = self.tile.resp.chunks_exact(self.tile.capacity);
        for (k, (resp, anchor)) in table.zip(anchors).enumerate() {
            let (indices, weights) = self.selection.choose(lanes, resp, len);
            if indices.len() == len && !selects_all {
                self.dense.push(k);
                continue;
            }
            if indices.is_empty() {
                continue;
            }
            if !panel_is_loaded {
                self.panel.load::<L, T>(rows);
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
        match kind {
            MomentKind::Full => self.add_narrow(lanes, n_features, anchors),
            MomentKind::Diagonal => self.add_diagonal::<L, true>(lanes, n_features, anchors),
            MomentKind::First => self.add_diagonal::<L, false>(lanes, n_features, anchors),
        }
    }

    /// Adds all rows of the tile to the full moments of the dense components.
    #[inline(always)]
    fn add_narrow<L: Lanes<Element = E>>(
        &mut self,
        lanes: L,
        n_features: usize,
        anchors: &[Anchor<E>],
    ) {
        for &k in &self.dense {
            let (tile, scratch) = (&self.tile.tile, &mut self.weighted_groups);
            let resp = self.tile.resp_of(k);
            let [into] = &mut self.sums.moments([k], n_features, MomentKind::Full);
            add_narrow_moments(lanes, tile, n_features, &anchors[k], resp, scratch, into);
        }
    }

    /// Adds all rows of the tile to the diagonal or first moments of the dense components.
    #[inline(always)]
    fn add_diagonal<L: Lanes<Element = E>, const SECOND: bool>(
        &mut self,
        lanes: L,
        n_features: usize,
        anchors: &[Anchor<E>],
    ) {
        let kind = if SECOND {
            MomentKind::Diagonal
        } else {
            MomentKind::First
        };
        let tile = &self.tile;
        let weighting = |k: usize| Weighting {
            anchor: &anchors[k],
            resp: tile.resp_of(k),
        };
        let (pairs, rest) = self.dense.as_chunks::<2>();
        for &pair in pairs {
            let components = [weighting(pair[0]), weighting(pair[1])];
            let into = self.sums.moments(pair, n_features, kind);
            add_diagonal_moments::<L, SECOND, 2>(lanes, &tile.tile, n_features, components, into);
        }
        for &k in rest {
            let into = self.sums.moments([k], n_features, kind);
            add_diagonal_moments::<L, SECOND, 1>(
                lanes,
                &tile.tile,
                n_features,
                [weighting(k)],
                into,
            );
        }
    }

    /// Adds the tile's full moments of `D` features.
    #[inline(always)]
    fn add_small<L: Lanes<Element = E>, const D: usize>(
        &mut self,
        lanes: L,
        anchors: &[Anchor<E>],
    ) {
        if const { L::GROUP == 6 } {
            self.add_small_groups::<L, D, 6>(lanes, anchors);
        } else {
            self.add_small_groups::<L, D, 2>(lanes, anchors);
        }
    }

    #[inline(always)]
    fn add_small_groups<L: Lanes<Element = E>, const D: usize, const V: usize>(
        &mut self,
        lanes: L,
        anchors: &[Anchor<E>],
    ) {
        let resp = self.tile.resp.chunks_exact(self.tile.capacity);
        for (k, (resp, anchor)) in resp.zip(anchors).enumerate() {
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
