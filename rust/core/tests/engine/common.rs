//! Data and models that the tests share, and a brute-force reference.

use gmm_core::{
    CovarianceType, Covariances, Fit, FitConfig, Float, Mixture, PriorConfig, Regularisation,
    RowKnowledge, Rows, Start, StartMethod, Threads,
};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::ControlFlow;

pub(crate) const TYPES: [CovarianceType; 4] = [
    CovarianceType::Full,
    CovarianceType::Tied,
    CovarianceType::Diag,
    CovarianceType::Spherical,
];

pub(crate) fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// About normal: the sum of twelve uniform numbers, less 6.
pub(crate) fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// `n` rows around `k` centres that are at least `separation` standard deviations apart; row i belongs to i mod k.
pub(crate) fn blobs(n: usize, d: usize, k: usize, separation: f64, seed: u64) -> Array2<f64> {
    let mut rng = rng(seed);
    let centre = |i: usize, j: usize| separation * ((i % k) * (2 * j + 1) % k) as f64;
    Array2::from_shape_fn((n, d), |(i, j)| centre(i, j) + normal(&mut rng))
}

/// A mixture with random weights, means and correlated covariances.
pub(crate) fn random_mixture(k: usize, d: usize, seed: u64) -> Mixture {
    let mut rng = rng(seed);
    let mut weights = Array1::from_shape_simple_fn(k, || 0.1 + rng.random::<f64>());
    weights /= weights.sum();
    let means = Array2::from_shape_simple_fn((k, d), || 2.0 * normal(&mut rng));
    let mut covariances = Array3::zeros((k, d, d));
    for mut covariance in covariances.outer_iter_mut() {
        let a = Array2::from_shape_simple_fn((d, d), || normal(&mut rng) / (d as f64).sqrt());
        covariance.assign(&(a.dot(&a.t()) + Array2::<f64>::eye(d) * 0.5));
    }
    Mixture::new(weights, means, Covariances::Full(covariances)).expect("valid parameters")
}

/// A random mixture whose covariances are as much of full ones as their type holds.
pub(crate) fn mixture_of(
    covariance_type: CovarianceType,
    k: usize,
    d: usize,
    seed: u64,
) -> Mixture {
    let full = random_mixture(k, d, seed);
    let variance = |k, d| covariance(&full, k)[[d, d]];
    let covariances = match covariance_type {
        CovarianceType::Full => return full,
        CovarianceType::Tied => Covariances::Tied(covariance(&full, 0)),
        CovarianceType::Diag => {
            Covariances::Diag(Array2::from_shape_fn((k, d), |(k, d)| variance(k, d)))
        }
        CovarianceType::Spherical => {
            Covariances::Spherical(Array1::from_shape_fn(k, |k| variance(k, 0)))
        }
    };
    Mixture::new(full.weights().clone(), full.means().clone(), covariances).expect("valid")
}

/// The covariance matrix of component `k`.
pub(crate) fn covariance(mixture: &Mixture, k: usize) -> Array2<f64> {
    match mixture.covariances() {
        Covariances::Full(array) => array.index_axis(Axis(0), k).to_owned(),
        Covariances::Tied(array) => array.clone(),
        Covariances::Diag(array) => Array2::from_diag(&array.row(k)),
        Covariances::Spherical(array) => Array2::eye(mixture.n_features()) * array[k],
    }
}

/// log(weights_k N(x | k)) of every component, by Gaussian elimination with nothing clever.
pub(crate) fn weighted_log_densities(mixture: &Mixture, x: ArrayView1<'_, f64>) -> Vec<f64> {
    let d = x.len();
    (0..mixture.n_components())
        .map(|k| {
            let mut a = covariance(mixture, k);
            let z = &x - &mixture.means().row(k);
            let mut y = z.clone();
            let mut log_det = 0.0;
            let mut quadratic = 0.0;
            for p in 0..d {
                log_det += a[[p, p]].ln();
                quadratic += y[p] * y[p] / a[[p, p]];
                for i in p + 1..d {
                    let factor = a[[i, p]] / a[[p, p]];
                    for j in p..d {
                        a[[i, j]] -= factor * a[[p, j]];
                    }
                    y[i] -= factor * y[p];
                }
            }
            let constant = d as f64 * std::f64::consts::TAU.ln();
            mixture.weights()[k].ln() - 0.5 * (constant + log_det + quadratic)
        })
        .collect()
}

/// A fit with default prior.
pub(crate) fn fit<T: Float>(data: ArrayView2<'_, T>, k: usize, threads: usize) -> Fit {
    fit_with(
        data,
        k,
        threads,
        RowKnowledge::default(),
        PriorConfig::default(),
    )
}

/// A fit from five starts of at most 100 iterations.
pub(crate) fn fit_with<T: Float>(
    data: ArrayView2<'_, T>,
    k: usize,
    threads: usize,
    knowledge: RowKnowledge<'_>,
    prior: PriorConfig,
) -> Fit {
    let rows = Rows::new(data).expect("finite data");
    let threads = Threads::new(threads).expect("threads");
    let config = FitConfig {
        tol: 1e-8,
        start: Start::drawn(StartMethod::KMeans, 5),
        seed: 7,
        regularisation: Regularisation::Prior(prior),
        ..FitConfig::new(k)
    };
    gmm_core::fit(rows, &config, knowledge, &threads, |_| {
        ControlFlow::Continue(())
    })
    .expect("a fit")
}

/// Labels of `data` under `mixture`.
pub(crate) fn labels<T: Float>(mixture: &Mixture, data: ArrayView2<'_, T>) -> Array1<i64> {
    let mut out = Array1::zeros(data.nrows());
    let rows = Rows::new(data).expect("finite data");
    gmm_core::Evaluator::new(mixture)
        .and_then(|evaluator| evaluator.predict(rows, None, &Threads::new(1)?, out.view_mut()))
        .expect("labels");
    out
}

/// Whether two labellings are the same up to the names of the labels.
pub(crate) fn same_partition(a: &Array1<i64>, b: &Array1<i64>) -> bool {
    let mut names = std::collections::HashMap::new();
    let mut taken = std::collections::HashSet::new();
    a.iter().zip(b).all(|(x, y)| match names.get(x) {
        Some(name) => name == y,
        None => {
            names.insert(*x, *y);
            taken.insert(*y)
        }
    })
}
