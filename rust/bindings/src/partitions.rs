//! The part of k-means starts that fits with other covariances share.

use std::ops::ControlFlow;

use gmm_core::{FitConfig, Float, GmmError, RowKnowledge, Source, Start, StartMethod, Threads};
use numpy::ndarray::{Array2, ArrayView1};
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray1};
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyfunction};

use crate::compute::compute;
use crate::source::{OnSource, PySource};

/// The partitions that the k-means starts of a fit begin with, an array for each start. Calls `observer` and looks for
/// Ctrl-C many times a second.
#[pyfunction]
#[pyo3(signature = (X, n_components, *, n_init, seed, sample_weight, observer, num_threads))]
#[expect(non_snake_case, reason = "X is the data's name in Python")]
#[expect(
    clippy::too_many_arguments,
    reason = "the keyword arguments of one Python function"
)]
pub(crate) fn draw_partitions<'py>(
    py: Python<'py>,
    X: PySource<'py>,
    n_components: usize,
    n_init: usize,
    seed: u64,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    observer: Option<Py<PyAny>>,
    num_threads: usize,
) -> PyResult<Vec<Bound<'py, PyArray2<u32>>>> {
    let config = FitConfig {
        start: Start::drawn(StartMethod::KMeans, n_init),
        seed,
        ..FitConfig::new(n_components)
    };
    let sample_weight = sample_weight.as_ref().map(|array| array.as_array());
    let view = X.view();
    let mut raised = None;
    let go_on = |py: Python<'_>| {
        if let Some(observer) = &observer {
            observer.call0(py)?;
        }
        py.check_signals()
    };
    let observer = || match Python::attach(go_on) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            raised = Some(error);
            view.give_up();
            ControlFlow::Break(())
        }
    };
    let drawn = compute(py, num_threads, |threads| {
        let drawing = Drawing {
            config: &config,
            sample_weight,
            threads,
            observer,
        };
        view.run(drawing, sample_weight)
    });
    let drawn = drawn.map_err(|error| raised.unwrap_or_else(|| X.raised_or(error)))?;
    Ok(drawn
        .into_iter()
        .map(|array| array.into_pyarray(py))
        .collect())
}

/// Draws partitions of rows that are to come.
struct Drawing<'a, O> {
    config: &'a FitConfig,
    sample_weight: Option<ArrayView1<'a, f64>>,
    threads: &'a Threads,
    observer: O,
}

impl<O: FnMut() -> ControlFlow<()>> OnSource for Drawing<'_, O> {
    type Result = Vec<Array2<u32>>;

    fn on<T: Float>(mut self, source: Source<'_, T>) -> Result<Self::Result, GmmError> {
        let knowledge = RowKnowledge {
            sample_weight: self.sample_weight,
            ..RowKnowledge::default()
        };
        let (config, threads) = (self.config, self.threads);
        gmm_core::draw_partitions(source, config, knowledge, threads, |_| (self.observer)())
    }
}
