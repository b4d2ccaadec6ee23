//! Fixed workloads on one thread, whose instructions `make bench-check` counts.
//!
//! `workloads` lists their names; `workloads NAME TIMES` runs one so many times. The instructions of one time are the
//! difference between two counts.

mod problem;

use std::hint::black_box;

use Task::{Fit, Iteration, KMeans, PredictProba};
use gmm_core::CovarianceType::{Diag, Spherical, Tied};
use gmm_core::{FitConfig, Float};
use ndarray::Array2;
use problem::{Problem, Shape};

/// What is done so many times.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// One iteration of EM.
    Iteration,
    /// A k-means start and one iteration.
    KMeans,
    /// A start and 20 iterations.
    Fit,
    /// Responsibilities.
    PredictProba,
}

const WORKLOADS: [(Task, Shape); 10] = [
    (Iteration, Shape::full(20_000, 2, 8)),
    (Iteration, Shape::full(5_000, 16, 16)),
    (Iteration, Shape::full(1_500, 64, 4)),
    (Iteration, Shape::full(700, 256, 2)),
    (Iteration, Shape::full(2_000, 39, 32).with(Diag)),
    (Iteration, Shape::full(10_000, 8, 10).with(Tied)),
    (Iteration, Shape::full(10_000, 8, 10).with(Spherical)),
    (KMeans, Shape::full(2_000, 16, 8)),
    (Fit, Shape::full(500, 4, 3)),
    (PredictProba, Shape::full(5_000, 16, 16)),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = arguments.as_slice() else {
        for (task, shape) in WORKLOADS {
            println!("{}", name_of::<f64>(task, shape));
            println!("{}", name_of::<f32>(task, shape));
        }
        return;
    };
    let times = times.parse().expect("a number of times");
    for (task, shape) in WORKLOADS {
        if *name == name_of::<f64>(task, shape) {
            return run::<f64>(task, shape, times);
        }
        if *name == name_of::<f32>(task, shape) {
            return run::<f32>(task, shape, times);
        }
    }
    panic!("there is no workload {name:?}");
}

/// What it is called on the command line and in the baseline.
fn name_of<T>(task: Task, shape: Shape) -> String {
    format!("{task:?}, {shape}, {}", std::any::type_name::<T>())
}

/// Does the task so many times, once at least.
fn run<T: Float + From<f32>>(task: Task, shape: Shape, times: usize) {
    let problem = Problem::<T>::new(shape);
    let fits = |max_iter| {
        let config = FitConfig {
            max_iter,
            tol: 0.0,
            ..FitConfig::new(shape.k)
        };
        for _ in 0..times {
            black_box(problem.fit(&config, || ()));
        }
    };
    match task {
        Iteration => drop(black_box(problem.fit(&problem.iterations(times), || ()))),
        KMeans => fits(1),
        Fit => fits(20),
        PredictProba => {
            let (evaluator, mut out) = (problem.evaluator(), Array2::zeros((shape.n, shape.k)));
            (0..times).for_each(|_| problem.predict_proba(&evaluator, &mut out));
        }
    }
}
