//! Passes as data: what a cluster is asked for, and what a part of the rows answers.

use ndarray::{ArrayView1, ArrayView2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::extent::{Extent, ExtentPass};
use super::gather::{Gather, Gathered};
use super::pass::{Pass, add_spans};
use super::span_sums::SpanSums;
use crate::e_step::{
    Accumulator, Densities, MomentKind, Posterior, RowTerms, SingleComponent, SufficientStats,
    WorstRow, WorstRowPass,
};
use crate::error::{GmmError, check_shape};
use crate::float::Float;
use crate::init::{Clusters, Nearest, PortableClusters, RandomResponsibilities};
use crate::model::Precision;
use crate::parallel::Threads;
use crate::rows::{Fence, RelativeWeights, Rows, SpreadPass, SpreadSums, Units};
use crate::watch::Watch;

/// A pass over rows that are elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// The range of each feature.
    Extent,
    /// The rows of these numbers, in order.
    Rows(Vec<usize>),
    /// Sums within fences; weights count in units of the largest.
    Spread {
        fences: Vec<Fence>,
        largest_weight: f64,
    },
    /// Sufficient statistics.
    Moments {
        anchors: Vec<Vec<f64>>,
        kind: MomentKind,
        responsibilities: PortableResponsibilities,
    },
    /// The row that is explained worst.
    WorstRow(Precision),
}

/// Where the responsibilities of the rows of a part come from.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum PortableResponsibilities {
    /// There is one component; moments are in `f64`.
    SingleComponent,
    Posterior(Precision),
    Nearest(PortableClusters),
    Random {
        key: u64,
        names: Vec<usize>,
    },
}

/// What a part is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope {
    pub(super) request: Request,
    /// Rows of all parts together.
    pub(super) n_samples: usize,
    /// Whether parts begin where spans do: they are then added like these, and else part by part.
    pub(super) is_aligned: bool,
    /// What the weights of rows are divided by.
    pub(super) weight_unit: f64,
    /// In which the rows are to be measured.
    pub(super) units: Option<Units>,
}

impl Envelope {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, GmmError> {
        to_bytes(self)
    }
}

/// Which part of the rows answers.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a, T> {
    /// Its rows. A fit asks first whether they are finite.
    pub rows: ArrayView2<'a, T>,
    /// Its number: parts follow one another in the order of the rows.
    pub number: usize,
    /// The number of its first row.
    pub first_row: usize,
    /// How often each of its rows counts, if anything tells, shape (n,).
    pub sample_weight: Option<ArrayView1<'a, f64>>,
}

/// The answer of a part of the rows to a request of [`Cluster::ask`](super::Cluster::ask).
///
/// # Errors
/// [`GmmError::EmptyData`] without rows or columns, [`GmmError::Shape`] for weights of another number,
/// [`GmmError::Reading`] for a request of another version.
pub fn answer<T: Float>(
    part: Part<'_, T>,
    request: &[u8],
    threads: &Threads,
) -> Result<Vec<u8>, GmmError> {
    T::answer(part, request, threads)
}

/// The work of [`answer`].
pub(crate) fn answer_request<T: Float>(
    part: Part<'_, T>,
    request: &[u8],
    threads: &Threads,
) -> Result<Vec<u8>, GmmError> {
    let envelope: Envelope = from_bytes(request)?;
    let rows = Rows::to_be_checked(part.rows)?;
    if let Some(weights) = part.sample_weight {
        check_shape("sample_weight", weights.shape(), &[rows.n_samples()])?;
    }
    let in_units = |weights: ArrayView1<'_, f64>| weights.mapv(|w| w / envelope.weight_unit);
    let weights = part.sample_weight.map(in_units);
    let place = Place {
        number: part.number,
        first_row: part.first_row,
        sample_weight: weights.as_ref().map(|weights| weights.view()),
        envelope: &envelope,
        threads,
    };
    let answer = match &envelope.units {
        None => place.answer(rows),
        Some(units) => {
            let scaled = units.rows(rows.view());
            place.answer(Rows::to_be_checked(scaled.view())?)
        }
    };
    to_bytes(&answer)
}

/// The answer of neighbouring parts, from theirs in order: the same for any grouping.
///
/// # Errors
/// [`GmmError::Reading`] for answers of another version, of other requests or in another order.
pub fn merge_answers(answers: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, GmmError> {
    let mut answers = answers
        .iter()
        .map(|bytes| from_bytes::<Answer>(bytes.as_ref()));
    let first = answers
        .next()
        .unwrap_or_else(|| Err(unreadable("there is none")))?;
    let joined = answers.try_fold(first, |joined, later| joined.append(later?))?;
    to_bytes(&joined)
}

/// The sums that an answer holds.
///
/// # Errors
/// [`GmmError::Reading`] for an answer of another version or to another request.
pub(super) fn read_answer<S: Answered>(bytes: &[u8]) -> Result<SpanSums<S>, GmmError> {
    S::from_answer(from_bytes(bytes)?).ok_or_else(|| unreadable("it is one to another request"))
}

/// Sums that can be answered with.
pub(crate) trait Answered: Sized {
    fn into_answer(sums: SpanSums<Self>) -> Answer;
    fn from_answer(answer: Answer) -> Option<SpanSums<Self>>;
}

/// Makes the enum of all answers.
macro_rules! answers {
    ($($kind:ident($sum:ty)),*) => {
        /// The sums over the spans of neighbouring parts.
        #[derive(Debug, Serialize, Deserialize)]
        pub(crate) enum Answer {
            $($kind(SpanSums<$sum>)),*
        }

        impl Answer {
            /// This one and that of the parts that follow.
            fn append(self, later: Self) -> Result<Self, GmmError> {
                match (self, later) {
                    $((Self::$kind(mut sums), Self::$kind(later)) => {
                        if later.first().is_some_and(|first| first != sums.next()) {
                            return Err(unreadable("they are not those of neighbours, in order"));
                        }
                        sums.append(later);
                        Ok(Self::$kind(sums))
                    })*
                    _ => Err(unreadable("they are to different requests")),
                }
            }
        }

        $(impl Answered for $sum {
            fn into_answer(sums: SpanSums<Self>) -> Answer {
                Answer::$kind(sums)
            }

            fn from_answer(answer: Answer) -> Option<SpanSums<Self>> {
                match answer {
                    Answer::$kind(sums) => Some(sums),
                    _ => None,
                }
            }
        })*
    };
}

answers! {
    Extent(Extent),
    Rows(Gathered),
    Spread(SpreadSums),
    Moments(SufficientStats),
    WorstRow(WorstRow)
}

/// A part of the rows, about to answer.
struct Place<'a> {
    number: usize,
    first_row: usize,
    /// In units.
    sample_weight: Option<ArrayView1<'a, f64>>,
    envelope: &'a Envelope,
    threads: &'a Threads,
}

impl Place<'_> {
    fn answer<T: Float>(&self, rows: Rows<'_, T>) -> Answer {
        let (first_row, n_features) = (self.first_row, rows.n_features());
        let sample_weight = self.sample_weight.map(|view| view.reborrow());
        match &self.envelope.request {
            Request::Extent => self.sums(
                rows,
                &ExtentPass {
                    first_row,
                    n_features,
                },
            ),
            Request::Rows(numbers) => self.sums(
                rows,
                &Gather {
                    numbers,
                    first_row,
                    n_features,
                },
            ),
            Request::Spread {
                fences,
                largest_weight,
            } => self.sums(
                rows,
                &SpreadPass {
                    fences,
                    weights: RelativeWeights::in_units_of(*largest_weight, sample_weight),
                },
            ),
            Request::WorstRow(precision) => self.sums(
                rows,
                &WorstRowPass::<T>::new(
                    precision,
                    RowTerms {
                        log_prior: None,
                        sample_weight,
                    },
                ),
            ),
            Request::Moments {
                anchors,
                kind,
                responsibilities,
            } => self.moments(rows, anchors, *kind, responsibilities),
        }
    }

    fn moments<T: Float>(
        &self,
        rows: Rows<'_, T>,
        anchors: &[Vec<f64>],
        kind: MomentKind,
        responsibilities: &PortableResponsibilities,
    ) -> Answer {
        let (n_components, n_features) = (anchors.len(), rows.n_features());
        let accumulator = Accumulator::<T>::new(n_components, n_features);
        let sample_weight = self.sample_weight.map(|view| view.reborrow());
        let watch = Watch::new(None);
        match responsibilities {
            PortableResponsibilities::SingleComponent => {
                let accumulator = Accumulator::<f64>::new(n_components, n_features);
                let all = SingleComponent(sample_weight);
                self.sums(rows, &accumulator.moments(anchors, kind, &all, &watch))
            }
            PortableResponsibilities::Posterior(precision) => {
                let posterior = Posterior {
                    precision,
                    densities: &Densities::new(precision),
                    terms: RowTerms {
                        log_prior: None,
                        sample_weight,
                    },
                };
                self.sums(
                    rows,
                    &accumulator.moments(anchors, kind, &posterior, &watch),
                )
            }
            PortableResponsibilities::Nearest(clusters) => {
                let nearest = Nearest {
                    clusters: &Clusters::from_portable(clusters),
                    terms: RowTerms {
                        log_prior: None,
                        sample_weight,
                    },
                };
                self.sums(rows, &accumulator.moments(anchors, kind, &nearest, &watch))
            }
            PortableResponsibilities::Random { key, names } => {
                let random = RandomResponsibilities::new(*key, names.clone(), None, sample_weight)
                    .beginning_at(self.first_row);
                self.sums(rows, &accumulator.moments(anchors, kind, &random, &watch))
            }
        }
    }

    /// The sums of `pass` over `rows`.
    fn sums<T: Float, P: Pass<T>>(&self, rows: Rows<'_, T>, pass: &P) -> Answer
    where
        P::Sum: Answered,
    {
        let spans = pass.spans(self.envelope.n_samples);
        if self.envelope.is_aligned {
            let mut sums = SpanSums::from_span(self.first_row / spans.span_len());
            add_spans(&mut sums, pass, rows.view(), 0, spans, self.threads);
            return P::Sum::into_answer(sums);
        }
        let mut sums = SpanSums::default();
        add_spans(&mut sums, pass, rows.view(), 0, spans, self.threads);
        let mut part = SpanSums::from_span(self.number);
        part.push(sums.total().expect("a part has rows"));
        P::Sum::into_answer(part)
    }
}

fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, GmmError> {
    postcard::to_allocvec(value).map_err(|error| unreadable(&error.to_string()))
}

fn from_bytes<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, GmmError> {
    postcard::from_bytes(bytes).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(reason: &str) -> GmmError {
    GmmError::Reading(format!(
        "what the parts of a cluster say can't be understood: {reason}; all must run the same version of gmm_rs"
    ))
}
