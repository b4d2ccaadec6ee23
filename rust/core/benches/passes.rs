//! Speed of the passes over the data: one EM iteration, responsibilities, log-likelihoods, and a whole start.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gmm_core::{Evaluator, FitConfig, Mixture, RowKnowledge, Rows, Threads, fit};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// (N, D, K).
const SHAPES: [(usize, usize, usize); 4] = [
    (3_000, 18, 10),
    (100_000, 2, 8),
    (50_000, 16, 16),
    (5_000, 64, 32),
];

/// Overlapping clusters.
fn data(n: usize, d: usize, k: usize) -> Array2<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let centres = Array2::from_shape_simple_fn((k, d), || 3.0 * random.random::<f64>());
    Array2::from_shape_fn((n, d), |(i, j)| {
        centres[[i % k, j]] + random.random::<f64>()
    })
}

/// The mixture after `iterations` of EM from one k-means start.
fn learn(data: &Array2<f64>, k: usize, iterations: usize, threads: &Threads) -> Mixture {
    let config = FitConfig {
        max_iter: iterations,
        tol: 0.0,
        ..FitConfig::new(k)
    };
    let rows = Rows::new(data.view()).expect("finite");
    let fitted = fit(rows, &config, RowKnowledge::default(), threads, |_| {
        ControlFlow::Continue(())
    });
    fitted.expect("a fit").mixture
}

fn passes(criterion: &mut Criterion) {
    let threads = Threads::new(1).expect("1 thread");
    for (n, d, k) in SHAPES {
        let data = data(n, d, k);
        let mixture = learn(&data, k, 5, &threads);
        let evaluator = Evaluator::new(&mixture).expect("positive definite");
        let (mut proba, mut norms) = (Array2::zeros((n, k)), Array1::zeros(n));

        let mut group = criterion.benchmark_group(format!("{n} x {d}, {k} components"));
        group.sample_size(10);
        group.throughput(Throughput::Elements(n as u64));
        for iterations in [1, 11] {
            // Ten iterations are the difference; one includes k-means.
            group.bench_function(BenchmarkId::new("fit", iterations), |bencher| {
                bencher.iter(|| black_box(learn(&data, k, iterations, &threads)));
            });
        }
        group.bench_function("predict_proba", |bencher| {
            bencher.iter(|| {
                let rows = Rows::new(data.view()).expect("finite");
                evaluator.predict_proba(rows, None, &threads, proba.view_mut())
            });
        });
        group.bench_function("score_samples", |bencher| {
            bencher.iter(|| {
                let rows = Rows::new(data.view()).expect("finite");
                evaluator.score_samples(rows, None, &threads, norms.view_mut())
            });
        });
        group.finish();
    }
}

criterion_group!(benches, passes);
criterion_main!(benches);
