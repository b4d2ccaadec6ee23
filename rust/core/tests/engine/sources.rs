//! The same rows in memory, in blocks and on a cluster: equal bits.

use std::ops::ControlFlow;

use gmm_core::{
    Acceleration, Block, BlockReader, BlockRows, Blocks, Cluster, ClusterRows, CovarianceType, Fit,
    FitConfig, Float, GmmError, Part, Regularisation, RowKnowledge, Rows, Source, Start,
    StartMethod, Threads, answer, fit, merge_answers,
};
use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use rand::RngExt;

use crate::common::{blobs, rng};

/// More than starts are tried on.
const N: usize = 70_000;

/// The lengths of spans divide it.
const ALIGNED: usize = 49_152;

/// An array that is read block by block.
#[derive(Clone, Copy)]
struct Reader<'a, T> {
    rows: ArrayView2<'a, T>,
    /// Rows that come together.
    part_len: usize,
    comes_by_columns: bool,
}

impl<'a, T> Reader<'a, T> {
    fn new(rows: ArrayView2<'a, T>) -> Self {
        Self {
            rows,
            part_len: 9999,
            comes_by_columns: false,
        }
    }
}

impl<T: Float> BlockReader<T> for Reader<'_, T> {
    fn n_features(&self) -> usize {
        self.rows.ncols()
    }

    fn blocks(&self) -> Result<Box<dyn Blocks<T> + '_>, GmmError> {
        Ok(Box::new(*self))
    }
}

/// Those that are yet to be read.
impl<T: Float> Blocks<T> for Reader<'_, T> {
    fn read(&mut self, block: &mut Block<T>) -> Result<(), GmmError> {
        while block.n_missing() > 0 && self.rows.nrows() > 0 {
            let len = self.part_len.min(block.n_missing()).min(self.rows.nrows());
            let (part, rest) = self.rows.split_at(Axis(0), len);
            if self.comes_by_columns {
                let columns: Vec<_> = part.columns().into_iter().collect();
                block.append_columns(&columns)?;
            } else {
                block.append(part)?;
            }
            self.rows = rest;
        }
        Ok(())
    }
}

/// An array in parts, which answer one by one.
struct Parts<'a, T> {
    rows: ArrayView2<'a, T>,
    lengths: Vec<usize>,
    sample_weight: Option<Array1<f64>>,
}

impl<T: Float> Cluster for Parts<'_, T> {
    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, GmmError> {
        let mut first_row = 0;
        let mut answers = Vec::new();
        for (number, len) in self.lengths.iter().enumerate() {
            let span = first_row..first_row + len;
            let weights = self.sample_weight.as_ref();
            let part = Part {
                rows: self.rows.slice(s![span.clone(), ..]),
                number,
                first_row,
                sample_weight: weights.map(|weights| weights.slice(s![span])),
            };
            answers.push(answer(part, request, &Threads::new(2)?)?);
            first_row += len;
        }
        // In a tree that has nothing to do with that of spans.
        while answers.len() > 1 {
            let groups = answers.chunks(3);
            answers = groups.map(merge_answers).collect::<Result<_, _>>()?;
        }
        Ok(answers.remove(0))
    }
}

fn fitted<'a, T: Float>(
    source: impl Into<Source<'a, T>>,
    config: &FitConfig,
    sample_weight: Option<&Array1<f64>>,
) -> Fit {
    let knowledge = RowKnowledge {
        sample_weight: sample_weight.map(|weights| weights.view()),
        ..RowKnowledge::default()
    };
    let threads = Threads::new(2).expect("2 threads");
    let go_on = |_| ControlFlow::Continue(());
    fit(source, config, knowledge, &threads, go_on).expect("a fit")
}

fn block_rows<'a, T: Float>(rows: ArrayView2<'a, T>) -> BlockRows<'a, T> {
    let reader = Reader::new(rows);
    BlockRows::new(reader, || true).expect("finite")
}

fn assert_equal(a: &Fit, b: &Fit) {
    assert_eq!(a.mixture.weights(), b.mixture.weights());
    assert_eq!(a.mixture.means(), b.mixture.means());
    assert_eq!(a.mixture.covariances(), b.mixture.covariances());
    assert_eq!(a.lower_bounds, b.lower_bounds);
    assert_eq!(a.restarts, b.restarts);
}

/// Checks that fits of `data` are equal, wherever it is.
fn check<T: Float>(data: &Array2<T>, config: &FitConfig, sample_weight: Option<&Array1<f64>>) {
    let expected = fitted(
        Rows::new(data.view()).expect("finite"),
        config,
        sample_weight,
    );
    for comes_by_columns in [false, true] {
        let reader = Reader {
            comes_by_columns,
            ..Reader::new(data.view())
        };
        let rows = BlockRows::new(reader, || true).expect("finite");
        assert_equal(&fitted::<T>(&rows, config, sample_weight), &expected);
    }
    let cluster = Parts {
        rows: data.view(),
        lengths: vec![ALIGNED, data.nrows() - ALIGNED],
        sample_weight: sample_weight.cloned(),
    };
    let weights = sample_weight.map(|weights| weights.view());
    let rows = ClusterRows::new::<T>(&cluster, &cluster.lengths, data.ncols(), weights);
    let rows = rows.expect("finite");
    assert_equal(&fitted::<T>(&rows, config, sample_weight), &expected);
    let cluster = Parts {
        lengths: vec![20_000, 1, 30_000, data.nrows() - 50_001],
        ..cluster
    };
    let rows = ClusterRows::new::<T>(&cluster, &cluster.lengths, data.ncols(), weights);
    let rows = rows.expect("finite");
    let found = fitted::<T>(&rows, config, sample_weight);
    let differences = found.mixture.means() - expected.mixture.means();
    let scale = expected.mixture.means().mapv(f64::abs);
    let largest = scale.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    // Tiles of float32 are summed in float32, and these parts cut tiles.
    let tolerance = if size_of::<T>() == 4 { 1e-6 } else { 1e-10 };
    let furthest = differences.iter().map(|d| d.abs()).fold(0.0, f64::max);
    assert!(furthest <= tolerance * largest, "{furthest} {largest}");
}

fn config(covariance_type: CovarianceType, method: StartMethod) -> FitConfig {
    FitConfig {
        covariance_type,
        max_iter: 6,
        tol: 0.0,
        start: Start::drawn(method, 2),
        seed: 3,
        regularisation: Regularisation::RelativeRidge(1e-6),
        ..FitConfig::new(3)
    }
}

#[test]
fn every_covariance_type_and_start_has_the_same_bits() {
    let data = blobs(N, 3, 3, 4.0, 1);
    use CovarianceType::{Diag, Full, Spherical, Tied};
    use StartMethod::{KMeans, KMeansPlusPlus, Random, RandomFromData, ShortEm};
    for (covariance_type, method) in [
        (Full, KMeans),
        (Tied, KMeansPlusPlus),
        (Diag, Random),
        (Spherical, RandomFromData),
        (Full, ShortEm),
    ] {
        check(&data, &config(covariance_type, method), None);
    }
}

#[test]
fn weights_float32_units_and_acceleration_have_the_same_bits() {
    let data = blobs(N, 2, 3, 5.0, 2);
    let mut rng = rng(0);
    let weights = Array1::from_shape_simple_fn(N, || 3.0 * rng.random::<f64>());
    let full = config(CovarianceType::Full, StartMethod::KMeans);
    check(&data, &full, Some(&weights));
    check(&data.mapv(|x| x as f32), &full, Some(&weights));
    // Squares of these don't fit float32.
    check(&data.mapv(|x| (1e-30 * x) as f32), &full, None);
    let accelerated = FitConfig {
        acceleration: Acceleration::Squarem,
        ..full
    };
    check(&data, &accelerated, None);
}

#[test]
fn few_rows_and_empty_components_have_the_same_bits() {
    // One start gives a component no row: it is moved to the row that is explained worst.
    let data = blobs(N, 2, 3, 30.0, 4);
    let mut given = Array2::zeros((N, 3));
    for (n, mut row) in given.outer_iter_mut().enumerate() {
        row[usize::from(n % 3 == 2)] = 1.0;
    }
    let empty = FitConfig {
        max_iter: 50,
        tol: 1e-6,
        start: Start::Responsibilities(vec![given]),
        ..config(CovarianceType::Full, StartMethod::KMeans)
    };
    let in_memory = fitted(Rows::new(data.view()).expect("finite"), &empty, None);
    let rows = block_rows(data.view());
    assert_equal(&fitted::<f64>(&rows, &empty, None), &in_memory);
    assert!(in_memory.mixture.weights().iter().all(|w| *w > 0.3));
    let few = data.slice(s![..500, ..]).to_owned();
    let full = config(CovarianceType::Full, StartMethod::KMeans);
    let in_memory = fitted(Rows::new(few.view()).expect("finite"), &full, None);
    let rows = block_rows(few.view());
    assert_equal(&fitted::<f64>(&rows, &full, None), &in_memory);
}

#[test]
fn rows_that_are_wrong_or_change_are_errors() {
    let mut data = blobs(N, 2, 3, 5.0, 6);
    let config = config(CovarianceType::Full, StartMethod::KMeans);
    data[[66_000, 1]] = f64::NAN;
    let reader = Reader::new(data.view());
    let place = |error: Option<GmmError>| match error {
        Some(GmmError::NonFinite { row, column, .. }) => (row, column),
        other => panic!("{other:?}"),
    };
    assert_eq!(place(BlockRows::new(reader, || true).err()), (66_000, 1));
    let cluster = Parts {
        rows: data.view(),
        lengths: vec![40_000, 30_000],
        sample_weight: None,
    };
    let rows = ClusterRows::new::<f64>(&cluster, &cluster.lengths, 2, None);
    assert_eq!(place(rows.err()), (66_000, 1));
    data[[66_000, 1]] = 0.0;
    let reader = Reader::new(data.view());
    let stopped = BlockRows::new(reader, || false);
    assert_eq!(stopped.err(), Some(GmmError::Interrupted));
    /// Ends after the first block of every pass but the first.
    struct Shrinking<'a>(Reader<'a, f64>, std::sync::atomic::AtomicUsize);
    impl BlockReader<f64> for Shrinking<'_> {
        fn n_features(&self) -> usize {
            self.0.n_features()
        }
        fn blocks(&self) -> Result<Box<dyn Blocks<f64> + '_>, GmmError> {
            let pass = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let rows = match pass {
                0 => self.0.rows,
                _ => self.0.rows.slice_move(s![..60_000, ..]),
            };
            Ok(Box::new(Reader { rows, ..self.0 }))
        }
    }
    let reader = Reader::new(data.view());
    let rows = BlockRows::new(Shrinking(reader, 0.into()), || true).expect("finite");
    let threads = Threads::new(2).expect("2 threads");
    let go_on = |_| ControlFlow::Continue(());
    let changed = fit::<f64>(&rows, &config, RowKnowledge::default(), &threads, go_on);
    match changed {
        Err(GmmError::Reading(message)) => {
            assert!(
                message.contains("70000 rows") && message.contains("60000"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_that_cannot_be_read_are_an_error_after_a_good_start_too() {
    /// Can be read some times only.
    struct Fading<'a>(Reader<'a, f64>, std::sync::atomic::AtomicUsize);
    impl BlockReader<f64> for Fading<'_> {
        fn n_features(&self) -> usize {
            self.0.n_features()
        }
        fn blocks(&self) -> Result<Box<dyn Blocks<f64> + '_>, GmmError> {
            if self.1.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                return Err(GmmError::Reading("gone".into()));
            }
            self.0.blocks()
        }
    }
    let data = blobs(N, 2, 3, 5.0, 7);
    let three_starts = FitConfig {
        max_iter: 1,
        start: Start::drawn(StartMethod::RandomFromData, 3),
        ..config(CovarianceType::Full, StartMethod::KMeans)
    };
    let threads = Threads::new(2).expect("2 threads");
    for n_passes in 1.. {
        let reader = Reader::new(data.view());
        let rows = BlockRows::new(Fading(reader, n_passes.into()), || true).expect("finite");
        let go_on = |_| ControlFlow::Continue(());
        let knowledge = RowKnowledge::default();
        match fit::<f64>(&rows, &three_starts, knowledge, &threads, go_on) {
            Err(error) => assert_eq!(error, GmmError::Reading("gone".into())),
            Ok(_) => return assert!(n_passes > 9, "{n_passes}"),
        }
    }
}

#[test]
fn answers_of_other_parts_and_requests_are_refused() {
    let none: [Vec<u8>; 0] = [];
    assert!(matches!(merge_answers(&none), Err(GmmError::Reading(_))));
    assert!(matches!(
        merge_answers(&[[255; 4]]),
        Err(GmmError::Reading(_))
    ));
    let data = blobs(10, 1, 1, 1.0, 0);
    let part = Part {
        rows: data.view(),
        number: 0,
        first_row: 0,
        sample_weight: None,
    };
    let threads = Threads::new(1).expect("1 thread");
    let refused = answer(part, b"?", &threads);
    assert!(matches!(refused, Err(GmmError::Reading(_))));
}
