//! Fixed spans of rows, thread pools, and results in span order.
//!
//! How the rows are split depends on the problem's size only, never on the number of threads, and
//! partial results are combined in the order of the spans. So the bits of a result are the same
//! for any number of threads.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{GmmError, check_parameter};
use crate::rows::MAX_TILE;

/// Spans that a problem of moderate size is split into at most, and that are worked on at a time.
const MAX_SPANS: usize = 64;

/// Spans that may be worked on at a time however large their partial results are.
const MIN_SPANS: usize = 8;

/// Rows of a span at most. More rows make more spans. All lengths of spans divide it, so that parts of the rows whose
/// lengths are multiples of it begin where spans do.
const MAX_SPAN_LEN: usize = MAX_TILE << 7;

/// Values of a span at most, unless a tile has more: a block of rows that are read from somewhere is a few spans, and
/// threads wait for each other at its end.
const MAX_SPAN_VALUES: usize = 1 << 18;

/// Floating-point operations below which a span is not worth the hand-over to another thread.
const MIN_FLOPS_PER_SPAN: usize = 1 << 21;

/// Bytes that the partial results of the spans that are worked on at a time may take together.
const MAX_PARTIAL_BYTES: usize = 32 << 20;

/// Thread pools by process and size.
type Pools = HashMap<(u32, usize), Arc<ThreadPool>>;

/// The threads that run a computation.
#[derive(Debug, Clone)]
pub struct Threads(Arc<ThreadPool>);

impl Threads {
    /// `num_threads` threads. Pools are made once for each size and process (a forked child makes
    /// its own) and kept.
    ///
    /// # Errors
    /// [`GmmError::Parameter`] for 0 or where the system refuses that many threads.
    pub fn new(num_threads: usize) -> Result<Self, GmmError> {
        static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);
        const NEEDED: &str = "at least 1 and no more than the system can start";

        check_parameter(num_threads > 0, "num_threads", num_threads, NEEDED)?;
        let key = (std::process::id(), num_threads);
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = pools.get(&key) {
            return Ok(Self(Arc::clone(pool)));
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(num_threads)
            .thread_name(|index| format!("gmm-{index}"))
            .build()
            .map_err(|error| GmmError::Parameter {
                name: "num_threads",
                given: format!("{num_threads} ({error})"),
                needed: NEEDED,
            })?;
        let pool = Arc::new(pool);
        pools.insert(key, Arc::clone(&pool));
        Ok(Self(pool))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Runs `work` where rayon's parallel iterators use these threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.0.install(work)
    }

    /// `work` of every item, in the order of the items. Where one thread does, it is the calling one.
    pub(crate) fn map<I: Send, R: Send>(
        &self,
        items: impl IntoIterator<Item = I, IntoIter: ExactSizeIterator>,
        work: impl Fn(I) -> R + Send + Sync,
    ) -> Vec<R> {
        let items = items.into_iter();
        if items.len() == 1 || self.count() == 1 {
            return items.map(work).collect();
        }
        let items: Vec<I> = items.collect();
        self.install(|| items.into_par_iter().with_max_len(1).map(work).collect())
    }

    /// The result of `work`, which begins tasks on these threads; they have ended when it is returned. Where one thread
    /// does, it is the calling one.
    pub(crate) fn scope<'scope, R>(&self, work: impl FnOnce(&Tasks<'_, 'scope>) -> R) -> R {
        match self.count() {
            1 => work(&Tasks(None)),
            _ => self.0.in_place_scope(|scope| work(&Tasks(Some(scope)))),
        }
    }
}

/// Where tasks are begun.
pub(crate) struct Tasks<'a, 'scope>(Option<&'a rayon::Scope<'scope>>);

impl<'scope> Tasks<'_, 'scope> {
    /// Begins `task`, or does it at once where there is no other thread.
    pub(crate) fn begin(&self, task: impl FnOnce() + Send + 'scope) {
        match self.0 {
            None => task(),
            Some(scope) => scope.spawn(|_| task()),
        }
    }
}

/// Splits rows into spans of equal length, [`MAX_TILE`] times a power of two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    n_samples: usize,
    span_len: usize,
    /// Spans that are worked on at a time.
    at_a_time: usize,
}

impl Spans {
    /// Spans for work of `flops_per_row` on rows of `n_features`, each with a partial result of `partial_bytes`.
    pub(crate) fn new(
        n_samples: usize,
        n_features: usize,
        flops_per_row: usize,
        partial_bytes: usize,
    ) -> Self {
        let at_a_time = (MAX_PARTIAL_BYTES / partial_bytes.max(1)).clamp(MIN_SPANS, MAX_SPANS);
        let worthwhile = MIN_FLOPS_PER_SPAN.div_ceil(flops_per_row.max(1));
        let wanted = n_samples.div_ceil(at_a_time).max(worthwhile);
        let most = (MAX_SPAN_VALUES / n_features).min(MAX_SPAN_LEN);
        let mut span_len = MAX_TILE;
        while span_len < wanted && 2 * span_len <= most {
            span_len *= 2;
        }
        Self {
            n_samples,
            span_len,
            at_a_time,
        }
    }

    /// Spans of the same length for a part of the rows, or for others.
    pub(crate) fn of(self, n_samples: usize) -> Self {
        Self { n_samples, ..self }
    }

    /// Rows of every span but the last.
    pub(crate) fn span_len(self) -> usize {
        self.span_len
    }

    /// The spans, in order.
    pub(crate) fn ranges(self) -> Vec<Range<usize>> {
        let end = |start: usize| (start + self.span_len).min(self.n_samples);
        (0..self.n_samples)
            .step_by(self.span_len)
            .map(|start| start..end(start))
            .collect()
    }

    /// The spans, in order, in groups that are worked on at a time.
    pub(crate) fn waves(self) -> impl Iterator<Item = Vec<Range<usize>>> {
        let mut rest = self.ranges().into_iter();
        std::iter::from_fn(move || Some(rest.by_ref().take(self.at_a_time).collect()))
            .take_while(|wave: &Vec<_>| !wave.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_all_rows_once_and_start_at_tiles() {
        for (n, n_features, flops, bytes) in [
            (1, 1, 1, 1),
            (191, 3, 10, 8),
            (100_000, 40, 5_000, 1 << 16),
            (1 << 20, 2, 50, 1 << 30),
            (1 << 20, 1 << 21, 50, 1 << 30),
            (1 << 23, 5, 50, 8),
        ] {
            let spans = Spans::new(n, n_features, flops, bytes);
            let ranges = spans.ranges();
            assert_eq!(spans.waves().flatten().collect::<Vec<_>>(), ranges);
            assert_eq!(ranges[0].start, 0);
            assert_eq!(ranges[ranges.len() - 1].end, n);
            assert!(spans.waves().all(|wave| wave.len() <= MAX_SPANS));
            assert_eq!(MAX_SPAN_LEN % spans.span_len(), 0);
            let most = (MAX_SPAN_VALUES / n_features).max(MAX_TILE);
            assert!(ranges.iter().all(|r| r.len() <= most));
            assert!(ranges.windows(2).all(|w| w[0].end == w[1].start));
            assert!(
                ranges
                    .iter()
                    .all(|r| r.start % MAX_TILE == 0 && !r.is_empty())
            );
        }
    }

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        for n in 1..5 {
            let threads = Threads::new(n).expect("a few threads can be had");
            let squares = threads.map(0..100, |i: usize| i * i);
            assert!(squares.iter().enumerate().all(|(i, &s)| s == i * i));
        }
        assert!(Threads::new(0).is_err());
    }
}
