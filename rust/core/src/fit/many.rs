//! Many data sets: each is fitted on one thread, several at the same time.
//!
//! The threads take one data set after the other, so that none waits while there are some left, whatever their sizes.

use std::ops::ControlFlow;

use super::config::{FitConfig, RowKnowledge};
use super::outcome::Fit;
use crate::error::GmmError;
use crate::float::Float;
use crate::parallel::Threads;
use crate::rows::Rows;
use crate::watch::Watch;

/// Fits one data set of many.
#[derive(Debug)]
pub struct Fitter<'a> {
    single: Threads,
    watch: &'a Watch,
}

impl Fitter<'_> {
    /// What [`fit`](crate::fit()) gives, to the bit, but for `max_time`, which is no limit here.
    ///
    /// # Errors
    /// Those of [`fit`](crate::fit()).
    pub fn fit<T: Float>(
        &self,
        rows: Rows<'_, T>,
        config: &FitConfig,
        knowledge: RowKnowledge<'_>,
    ) -> Result<Fit, GmmError> {
        self.watch.check()?;
        T::fit(&rows.into(), config, knowledge, &self.single, self.watch)
    }
}

/// Calls `fit_one` for the data sets 0, 1, … `n_sets` − 1 and returns what it gives, in this order. An error of one leaves
/// the others as they are.
///
/// `observer` is called on the calling thread many times a second. It stops all fits by breaking, within moments.
///
/// ```
/// use std::ops::ControlFlow;
/// use gmm_core::{FitConfig, RowKnowledge, Rows, Threads, fit_many};
/// use ndarray::array;
///
/// let sets = [array![[0.0], [0.1], [5.0], [5.1]], array![[f64::NAN], [1.0], [2.0], [2.1]]];
/// let fits = fit_many(
///     sets.len(),
///     |i, fitter| {
///         let config = FitConfig { seed: i as u64, ..FitConfig::new(2) };
///         fitter.fit(Rows::new(sets[i].view())?, &config, RowKnowledge::default())
///     },
///     &Threads::new(2)?,
///     || ControlFlow::Continue(()),
/// )?;
/// assert!(fits[0].is_ok() && fits[1].is_err());
/// # Ok::<(), gmm_core::GmmError>(())
/// ```
///
/// # Errors
/// [`GmmError::Interrupted`] from the observer, [`GmmError::Parameter`] where the system starts no thread.
pub fn fit_many<R: Send>(
    n_sets: usize,
    fit_one: impl Fn(usize, &Fitter<'_>) -> Result<R, GmmError> + Send + Sync,
    threads: &Threads,
    mut observer: impl FnMut() -> ControlFlow<()>,
) -> Result<Vec<Result<R, GmmError>>, GmmError> {
    let watch = Watch::of_many_fits();
    let fitter = Fitter {
        single: Threads::new(1)?,
        watch: &watch,
    };
    watch.run(
        |_| observer(),
        || Ok(threads.map(0..n_sets, |set| fit_one(set, &fitter))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn data(set: usize) -> Array2<f64> {
        Array2::from_shape_fn((50 + 40 * set, 2), |(n, d)| {
            let spread = ((n * (17 + 12 * d + 5 * set)) % 31) as f64 / 31.0;
            2.0 * ((n % 3) * (d + 1)) as f64 + spread
        })
    }

    fn config(set: usize) -> FitConfig {
        FitConfig {
            seed: 7 * set as u64,
            ..FitConfig::new(3)
        }
    }

    #[test]
    fn each_set_gets_what_a_fit_of_its_own_gives() {
        let sets: Vec<_> = (0..9).map(data).collect();
        let single = Threads::new(1).expect("1 thread");
        let go_on = |_| ControlFlow::Continue(());
        let rows = |set: usize| Rows::new(sets[set].view()).expect("finite");
        let expected: Vec<_> = (0..9)
            .map(|set| {
                let knowledge = RowKnowledge::default();
                crate::fit(rows(set), &config(set), knowledge, &single, go_on).expect("a fit")
            })
            .collect();
        for n_threads in 1..4 {
            let fit_one = |set: usize, fitter: &Fitter<'_>| {
                fitter.fit(rows(set), &config(set), RowKnowledge::default())
            };
            let threads = Threads::new(n_threads).expect("a few threads");
            let fits = fit_many(9, fit_one, &threads, || ControlFlow::Continue(()));
            for (found, expected) in fits.expect("not stopped").iter().zip(&expected) {
                let found = found.as_ref().expect("a fit");
                assert_eq!(found.mixture.means(), expected.mixture.means());
                assert_eq!(found.lower_bounds, expected.lower_bounds);
                assert_eq!(found.restarts, expected.restarts);
            }
        }
    }

    #[test]
    fn the_observer_stops_all_of_them() {
        let rows = data(20);
        let fit_one = |_: usize, fitter: &Fitter<'_>| {
            let config = FitConfig {
                tol: 0.0,
                max_iter: 1_000_000,
                ..FitConfig::new(3)
            };
            fitter.fit(Rows::new(rows.view())?, &config, RowKnowledge::default())
        };
        let threads = Threads::new(2).expect("2 threads");
        let stopped = fit_many(100, fit_one, &threads, || ControlFlow::Break(()));
        assert_eq!(stopped.err(), Some(GmmError::Interrupted));
    }
}
