//! The sums of one span of rows, laid out for the kernels: rows of features padded to whole vectors.

use super::sufficient_stats::{MomentKind, SufficientStats};
use crate::kernels::moments::Moments;
use crate::rows::padded;

/// Moments of all components with rows padded to whole vectors.
#[derive(Debug, Default)]
pub(crate) struct PaddedSums {
    zeroth: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    pub(crate) log_likelihood: f64,
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
    pub(crate) fn reset(&mut self, n_components: usize, n_features: usize, kind: MomentKind) {
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
    pub(crate) fn moments<const P: usize>(
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
    pub(crate) fn unpadded(
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
