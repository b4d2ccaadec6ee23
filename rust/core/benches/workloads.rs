//! Fixed workloads on one thread, whose instructions `make bench-check` counts.
//!
//! `workloads` lists their names; `workloads NAME TIMES` runs one so many times. The instructions of one time are the
//! difference between two counts.

mod problem;

use std::hint::black_box;

use gmm_core::Float;
use ndarray::{Array1, Array2};
use problem::{Problem, Shape};

/// What is done so many times.
#[derive(Clone, Copy)]
enum Task {
    /// One iteration of EM.
    Iteration,
    /// A k-means start and one iteration.
    Start,
    /// A start and 20 iterations.
    Fit,
    /// Responsibilities.
    PredictProba,
    /// Log-likelihoods.
    ScoreSamples,
}

const WORKLOADS: [(&str, Task, Shape); 8] = [
    (
        "iteration, 20000 x 2, K=8",
        Task::Iteration,
        shape(20_000, 2, 8),
    ),
    (
        "iteration, 5000 x 16, K=16",
        Task::Iteration,
        shape(5_000, 16, 16),
    ),
    (
        "iteration, 2000 x 64, K=32",
        Task::Iteration,
        shape(2_000, 64, 32),
    ),
    (
        "iteration, 1000 x 256, K=4",
        Task::Iteration,
        shape(1_000, 256, 4),
    ),
    ("start, 5000 x 16, K=16", Task::Start, shape(5_000, 16, 16)),
    ("fit, 500 x 4, K=3", Task::Fit, shape(500, 4, 3)),
    (
        "predict_proba, 5000 x 16, K=16",
        Task::PredictProba,
        shape(5_000, 16, 16),
    ),
    (
        "score_samples, 5000 x 16, K=16",
        Task::ScoreSamples,
        shape(5_000, 16, 16),
    ),
];

const ELEMENTS: [&str; 2] = ["f64", "f32"];

const fn shape(n: usize, d: usize, k: usize) -> Shape {
    Shape { n, d, k }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let [name, times] = arguments.as_slice() else {
        for (name, ..) in WORKLOADS {
            ELEMENTS.map(|element| println!("{name}, {element}"));
        }
        return;
    };
    let times = times.parse().expect("a number of times");
    for (known, task, shape) in WORKLOADS {
        match name.strip_prefix(known) {
            Some(", f64") => return run::<f64>(task, shape, times),
            Some(", f32") => return run::<f32>(task, shape, times),
            _ => {}
        }
    }
    panic!("there is no workload {name:?}");
}

/// Does the task so many times, once at least.
fn run<T: Float + From<f32>>(task: Task, shape: Shape, times: usize) {
    let problem = Problem::<T>::new(shape);
    let fits = |iterations| {
        for _ in 0..times {
            black_box(problem.fit(iterations, || ()));
        }
    };
    match task {
        Task::Iteration => drop(black_box(problem.fit(times, || ()))),
        Task::Start => fits(1),
        Task::Fit => fits(20),
        Task::PredictProba => {
            let (evaluator, mut out) = (problem.evaluator(), Array2::zeros((shape.n, shape.k)));
            (0..times).for_each(|_| problem.predict_proba(&evaluator, &mut out));
        }
        Task::ScoreSamples => {
            let (evaluator, mut out) = (problem.evaluator(), Array1::zeros(shape.n));
            (0..times).for_each(|_| problem.score_samples(&evaluator, &mut out));
        }
    }
}
