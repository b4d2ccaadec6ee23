//! Speed of the passes over the data on one thread, for each instruction set of the machine and both element types.
//!
//! The engine chooses its instruction set once in a process, so this runs itself once for each, and prints at the
//! end how many floating-point operations a second each pass does and which fraction of the measured peak that is.

mod problem;
mod speed;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use gmm_core::CovarianceType::{Diag, Spherical, Tied};
use gmm_core::Float;
use ndarray::Array2;
use problem::{Problem, Shape};
use speed::{Pass, Peak, Timed, flops, heading, instruction_sets};

const INSTRUCTION_SET: &str = "GMM_RS_INSTRUCTION_SET";

/// Iterations of one fit at most.
const MOST_ITERATIONS: usize = 10;

/// The file that collects the lines of the table; it is there in the runs for one instruction set alone.
const TABLE: &str = "GMM_RS_BENCH_TABLE";

const SHAPES: [Shape; 8] = [
    Shape::full(100_000, 2, 8),
    Shape::full(50_000, 16, 16),
    Shape::full(10_000, 64, 32),
    Shape::full(6_000, 256, 8),
    Shape::full(50_000, 39, 64).with(Diag),
    Shape::full(100_000, 8, 10).with(Tied),
    Shape::full(100_000, 8, 10).with(Spherical),
    Shape::full(3_000, 18, 10),
];

fn main() {
    if let (Ok(path), Ok(name)) = (env::var(TABLE), env::var(INSTRUCTION_SET)) {
        let lines = measure(&name);
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + &lines).expect("the table can be written");
        return;
    }
    let table = env::temp_dir().join(format!("gmm-core-passes-{}.txt", std::process::id()));
    for (name, _) in instruction_sets() {
        let status = Command::new(env::current_exe().expect("this has a path"))
            .args(env::args_os().skip(1))
            .env(TABLE, &table)
            .env(INSTRUCTION_SET, name)
            .status();
        assert!(status.expect("this can be run").success());
    }
    println!("{}", heading());
    print!("{}", fs::read_to_string(&table).unwrap_or_default());
    fs::remove_file(table).ok();
}

/// All passes with the instruction set of this process; returns its lines of the table.
fn measure(name: &str) -> String {
    let sets = instruction_sets();
    let (_, set) = sets.iter().find(|(known, _)| *known == name).expect(name);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut timed = Vec::new();
    for shape in SHAPES {
        passes::<f64>(&mut criterion, name, "f64", shape, &mut timed);
        passes::<f32>(&mut criterion, name, "f32", shape, &mut timed);
    }
    criterion.final_summary();
    let peak = Peak::measure(*set);
    let done = timed.iter_mut().filter(|timed| !timed.seconds.is_empty());
    done.map(|timed| timed.line(name, &peak) + "\n").collect()
}

/// The passes over one problem.
fn passes<T: Float + From<f32>>(
    criterion: &mut Criterion,
    set: &str,
    element: &'static str,
    shape: Shape,
    timed: &mut Vec<Timed>,
) {
    let Shape { n, k, .. } = shape;
    let problem = Problem::<T>::new(shape);
    let evaluator = problem.evaluator();
    let mut proba = Array2::zeros((n, k));

    let mut group = criterion.benchmark_group(format!("{shape}/{set}/{element}"));
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(n as u64));
    let mut bench = |name: &str, pass: Pass, run: &mut dyn FnMut(u64) -> Duration| {
        timed.push(Timed {
            name: format!("{name}, {shape}"),
            element,
            flops: flops(pass, shape),
            seconds: times(&mut group, name, run),
        });
    };
    bench("iteration", Pass::Iteration, &mut |iterations| {
        // Short fits: a component that empties would be moved, for as many iterations again.
        let fits = (0..iterations as usize).step_by(MOST_ITERATIONS);
        let lengths = fits.map(|done| MOST_ITERATIONS.min(iterations as usize - done));
        lengths.map(|n| time_of_iterations(&problem, n)).sum()
    });
    bench("predict_proba", Pass::PredictProba, &mut |repeats| {
        clock(repeats, || problem.predict_proba(&evaluator, &mut proba))
    });
}

/// The time that so many iterations take: what a fit takes longer that has as many more, so that its start is not in it.
fn time_of_iterations<T: Float + From<f32>>(problem: &Problem<T>, n: usize) -> Duration {
    let fit = |max_iter| {
        let (start, mut n_iter) = (Instant::now(), 0);
        problem.fit(&problem.iterations(max_iter), || n_iter += 1);
        assert_eq!(n_iter, max_iter, "iterations of one start");
        start.elapsed()
    };
    let first = fit(1);
    fit(1 + n).saturating_sub(first)
}

/// Lets criterion measure `run`, which takes a number of repeats; returns the seconds of one, sample by sample.
fn times(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    run: &mut dyn FnMut(u64) -> Duration,
) -> Vec<f64> {
    let mut seconds = Vec::new();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|repeats| {
            let taken = run(repeats);
            seconds.push(taken.as_secs_f64() / repeats as f64);
            taken
        });
    });
    seconds
}

/// The time of so many runs.
fn clock(repeats: u64, mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(&mut run)();
    }
    start.elapsed()
}
