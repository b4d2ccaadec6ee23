//! Speed of formatting matrices as text, by format and number of threads; the text goes nowhere.

use std::hint::black_box;
use std::io;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gmm_core::text::{write_fixed, write_integers, write_scientific};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const DIM: (usize, usize) = (100_000, 10);

fn text(criterion: &mut Criterion) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let ordinary = Array2::from_shape_simple_fn(DIM, || 6.0 * (random.random::<f64>() - 0.5));
    let resp = ordinary.mapv(|value: f64| (-20.0 * value.abs()).exp());
    let labels = Array2::from_shape_simple_fn(DIM, || random.random_range(0..20));

    let mut group = criterion.benchmark_group("text");
    group.throughput(Throughput::Elements(ordinary.len() as u64));
    for n_threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .build()
            .expect("threads can be started");
        let mut case = |name: &str, write: &(dyn Fn() -> io::Result<()> + Sync)| {
            group.bench_function(BenchmarkId::new(name, n_threads), |bencher| {
                bencher.iter(|| pool.install(|| black_box(write())));
            });
        };
        case("fixed", &|| write_fixed(io::sink(), ordinary.view()));
        case("fixed, columns first", &|| {
            write_fixed(io::sink(), ordinary.t())
        });
        case("fixed, near zero", &|| write_fixed(io::sink(), resp.view()));
        case("scientific", &|| {
            write_scientific(io::sink(), ordinary.view())
        });
        case("integers", &|| write_integers(io::sink(), labels.view()));
    }
    group.finish();
}

criterion_group!(benches, text);
criterion_main!(benches);
