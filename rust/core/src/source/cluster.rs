//! Rows on other machines, to which passes go as bytes.

use std::fmt;

use ndarray::ArrayView1;

use super::answer::{Envelope, read_answer};
use super::extent::ExtentPass;
use super::pass::Pass;
use super::span_sums::SpanSums;
use crate::error::GmmError;
use crate::float::Float;
use crate::parallel::Spans;
use crate::rows::{RowWeights, Units};

/// Machines that hold parts of the rows.
pub trait Cluster: Sync {
    /// The answers of all parts to `request`, joined: [`answer`](super::answer) gives that of one part, and
    /// [`merge_answers`](super::merge_answers) joins those of neighbours.
    ///
    /// # Errors
    /// [`GmmError::Reading`] or any other: it ends the fit.
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, GmmError>;
}

/// Rows on a cluster that have been checked: finite numbers, at least one row and one column.
pub struct ClusterRows<'a> {
    cluster: &'a dyn Cluster,
    /// The number of the first row of each part, and at the end that of all rows.
    starts: Vec<usize>,
    n_features: usize,
    weight_unit: f64,
    units: Option<&'a Units>,
}

impl fmt::Debug for ClusterRows<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n_samples, n_features) = (self.n_samples(), self.n_features);
        write!(formatter, "ClusterRows({n_samples} x {n_features})")
    }
}

impl<'a> ClusterRows<'a> {
    /// Checks the rows, of which the parts have so many; `T` is the type of their values. Weights are those of all rows, in
    /// order; the parts have theirs, too.
    ///
    /// # Errors
    /// [`GmmError::EmptyData`] without rows or columns, [`GmmError::NonFinite`] for NaN or infinity; those of `cluster`.
    pub fn new<T: Float>(
        cluster: &'a dyn Cluster,
        lengths: &[usize],
        n_features: usize,
        sample_weight: Option<ArrayView1<'_, f64>>,
    ) -> Result<Self, GmmError> {
        let mut starts = vec![0];
        starts.extend(lengths.iter().scan(0, |end, len| {
            *end += len;
            Some(*end)
        }));
        let rows = Self {
            cluster,
            starts,
            n_features,
            weight_unit: sample_weight.map_or(1.0, |weights| RowWeights::new(weights).unit),
            units: None,
        };
        let n_samples = rows.n_samples();
        if n_samples == 0 || n_features == 0 {
            return Err(GmmError::EmptyData {
                n_samples,
                n_features,
            });
        }
        let pass = ExtentPass {
            first_row: 0,
            n_features,
        };
        let extent = rows.pass::<T, _>(&pass)?.total();
        extent.expect("there is at least one row").check_finite()?;
        Ok(rows)
    }

    /// Number of rows, N.
    pub fn n_samples(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// Number of columns, D.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The sums of `pass`.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for a pass that needs more than rows and weights; those of the cluster.
    pub(super) fn pass<T: Float, P: Pass<T>>(
        &self,
        pass: &P,
    ) -> Result<SpanSums<P::Sum>, GmmError> {
        let request = pass.request().ok_or_else(|| GmmError::Parameter {
            name: "X",
            given: "on a cluster, with priors of each row's component or given responsibilities"
                .into(),
            needed: "in one place for these",
        })?;
        let request = Envelope {
            request,
            n_samples: self.n_samples(),
            is_aligned: self.is_aligned(pass.spans(self.n_samples())),
            weight_unit: self.weight_unit,
            units: self.units.cloned(),
        };
        read_answer(&self.cluster.ask(&request.to_bytes()?)?)
    }

    /// Whether every part begins where a span does.
    fn is_aligned(&self, spans: Spans) -> bool {
        let (_, inner) = self.starts.split_last().expect("at least one");
        inner.iter().all(|start| start % spans.span_len() == 0)
    }

    /// The same rows in other units.
    pub(super) fn scaled<'b>(&'b self, units: &'b Units) -> ClusterRows<'b> {
        ClusterRows {
            cluster: self.cluster,
            starts: self.starts.clone(),
            units: Some(units),
            ..*self
        }
    }
}
