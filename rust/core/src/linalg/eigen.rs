//! Eigenvalues and eigenvectors of small symmetric matrices, by Jacobi's rotations.
//!
//! Each rotation makes one off-diagonal entry 0; sweeps over all of them converge quadratically, and small eigenvalues
//! keep their digits (Golub & Van Loan 2013, §8.5).

use ndarray::{Array1, Array2};

/// Sweeps at most: matrices of any size have converged after about ten.
const MAX_SWEEPS: usize = 40;

/// λ and U, of which the columns are eigenvectors, with A = U diag(λ) Uᵀ for a symmetric A.
pub(crate) fn symmetric_eigen(mut a: Array2<f64>) -> (Array1<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::eye(n);
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let entry = a[[p, q]];
                if entry.abs() <= f64::EPSILON * (a[[p, p]] * a[[q, q]]).abs().sqrt() {
                    continue;
                }
                rotated = true;
                let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * entry);
                let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = tangent * cosine;
                for i in 0..n {
                    (a[[i, p]], a[[i, q]]) = rotate(a[[i, p]], a[[i, q]], cosine, sine);
                }
                for i in 0..n {
                    (a[[p, i]], a[[q, i]]) = rotate(a[[p, i]], a[[q, i]], cosine, sine);
                    (vectors[[i, p]], vectors[[i, q]]) =
                        rotate(vectors[[i, p]], vectors[[i, q]], cosine, sine);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    (a.diag().to_owned(), vectors)
}

fn rotate(x: f64, y: f64, cosine: f64, sine: f64) -> (f64, f64) {
    (cosine * x - sine * y, sine * x + cosine * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_vectors_reproduce_the_matrix() {
        for n in [1, 2, 5, 30] {
            // Of rank 2, and with entries of very different size.
            let a = Array2::from_shape_fn((n, n), |(i, j)| {
                let unit = |i: usize| 10f64.powi((i % 7) as i32 - 3);
                let row = |i: usize| [(i * i % 11) as f64 - 4.0, (i % 5) as f64];
                let product: f64 = row(i).iter().zip(row(j)).map(|(x, y)| x * y).sum();
                unit(i) * unit(j) * product
            });
            let size = a.iter().fold(0.0f64, |size, x| size.max(x.abs()));
            let (values, vectors) = symmetric_eigen(a.clone());
            let again = (&vectors * &values).dot(&vectors.t());
            assert!((again - a).iter().all(|x| x.abs() < 1e-13 * size));
            let identity = vectors.t().dot(&vectors) - Array2::<f64>::eye(n);
            assert!(identity.iter().all(|x| x.abs() < 1e-13));
        }
    }
}
