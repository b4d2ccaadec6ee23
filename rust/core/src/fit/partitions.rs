//! The part of k-means starts that fits with other covariances can share.

use std::ops::ControlFlow;

use ndarray::Array2;

use super::config::{FitConfig, Progress, RowKnowledge};
use super::prepared::{OnRestarts, prepared};
use super::restarts::Restarts;
use super::start::{Start, StartMethod};
use crate::error::{GmmError, check_parameter};
use crate::float::Float;
use crate::parallel::Threads;
use crate::rows::Units;
use crate::source::Source;
use crate::watch::Watch;

/// What the k-means starts of a fit begin with: for each start an array with a row for each partition that is tried, of the
/// component of each row of the data, or of a sample of them.
///
/// [`Start::Partitions`] makes a fit of them that is, to the bit, the one that draws them itself. They don't depend on the
/// type of the covariances, on what regularises them or on when a fit stops, so that fits that differ in these share the work.
/// (But spherical covariances need one unit for all features: where the sizes of these differ by more than 1e70, a fit of
/// them that draws its own sees less of the small ones.)
///
/// ```
/// use std::ops::ControlFlow;
/// use gmm_core::{CovarianceType, FitConfig, RowKnowledge, Rows, Start, Threads, draw_partitions, fit};
/// use ndarray::array;
///
/// let data = array![[0.0, 0.1], [0.2, 0.0], [0.1, 0.2], [5.0, 5.1], [5.2, 5.0], [5.1, 5.2]];
/// let rows = Rows::new(data.view())?;
/// let threads = Threads::new(1)?;
/// let mut config = FitConfig::new(2);
/// let go_on = |_| ControlFlow::Continue(());
/// let partitions = draw_partitions(rows, &config, RowKnowledge::default(), &threads, go_on)?;
/// config.start = Start::Partitions(partitions);
/// for covariance_type in [CovarianceType::Full, CovarianceType::Diag] {
///     config.covariance_type = covariance_type;
///     let fitted = fit(rows, &config, RowKnowledge::default(), &threads, go_on)?;
///     assert_eq!(fitted.mixture.n_components(), 2);
/// }
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
///
/// # Errors
/// [`GmmError::Parameter`] where `config` doesn't ask for starts drawn by [`StartMethod::KMeans`]; those of
/// [`fit`](crate::fit()).
pub fn draw_partitions<'a, T: Float>(
    source: impl Into<Source<'a, T>>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    observer: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<Array2<u32>>, GmmError> {
    let is_drawn = matches!(
        config.start,
        Start::Drawn {
            method: StartMethod::KMeans,
            ..
        }
    );
    check_parameter(is_drawn, "init", "another start", "drawn by k-means")?;
    let source = source.into();
    let watch = Watch::new(None);
    watch.run(observer, || {
        T::draw_partitions(&source, config, knowledge, threads, &watch)
    })
}

/// The work of [`draw_partitions`].
pub(crate) fn draw_watched<T: Float>(
    source: &Source<'_, T>,
    config: &FitConfig,
    knowledge: RowKnowledge<'_>,
    threads: &Threads,
    watch: &Watch,
) -> Result<Vec<Array2<u32>>, GmmError> {
    prepared(source, config, knowledge, threads, watch, &DrawAll)
}

/// Draws the partitions of all starts.
struct DrawAll;

impl OnRestarts for DrawAll {
    type Result = Vec<Array2<u32>>;

    fn on<T: Float>(&self, restarts: &Restarts<'_, '_, T>) -> Result<Self::Result, GmmError> {
        let starts = (0..restarts.starts.count()).collect();
        let drawn = restarts.map(starts, |start| restarts.starts.partitions(start));
        drawn.into_iter().collect()
    }

    fn restored(&self, drawn: Self::Result, _: &Units) -> Result<Self::Result, GmmError> {
        Ok(drawn)
    }
}
