//! Cholesky factors of precisions, in the form in which scikit-learn keeps them.
//!
//!   Σ_k⁻¹ = P_k P_kᵀ,      P_k upper triangular with a positive diagonal
//!
//! With Σ_k = L Lᵀ this is P_k = L⁻ᵀ, so that log |Σ_k| = −2 Σ_i log (P_k)_ii and the quadratic form of the density is
//! ‖(x − μ_k)ᵀ P_k‖². They come in arrays of the shapes of [`Covariances`]; of diagonal and spherical covariances they
//! are 1/σ.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::covariance::Covariances;
use super::precision::{Factors, factorise_all};
use crate::error::{GmmError, check_parameter};
use crate::linalg::{packed_index, packed_len};
use crate::parallel::Threads;

const NAME: &str = "precisions_cholesky";

/// The factors P_k of `covariances`, in an array of the same shape.
///
/// # Errors
/// [`GmmError::Parameter`] for arrays that are empty, not square or not finite, [`GmmError::DegenerateCovariance`] for a
/// covariance that isn't positive definite.
pub fn precisions_cholesky(covariances: &Covariances) -> Result<Covariances, GmmError> {
    let shape = covariances.shape();
    let (n_components, n_features) = match covariances {
        Covariances::Full(array) => (array.shape()[0], array.shape()[1]),
        Covariances::Tied(array) => (1, array.nrows()),
        Covariances::Diag(array) => array.dim(),
        Covariances::Spherical(array) => (array.len(), 1),
    };
    let not_empty = n_components > 0 && n_features > 0;
    check_parameter(
        not_empty,
        "covariances",
        format_args!("of shape {shape:?}"),
        "not empty",
    )?;
    covariances.check_shape("covariances", n_components, n_features)?;
    let finite = covariances.iter().all(|x| x.is_finite());
    check_parameter(finite, "covariances", "not finite", "finite")?;

    let threads = Threads::new(1)?;
    let (factors, _) = factorise_all(covariances, n_components, n_features, &threads)?;
    Ok(match factors {
        Factors::Full(triangles) => {
            let mut array = ndarray::Array3::zeros((n_components, n_features, n_features));
            for (mut factor, triangle) in array.outer_iter_mut().zip(&triangles) {
                factor.assign(&unpack(triangle, n_features));
            }
            Covariances::Full(array)
        }
        Factors::Tied(triangle) => Covariances::Tied(unpack(&triangle, n_features)),
        Factors::Diagonal(scales) => Covariances::Diag(Array2::from_shape_fn(
            (n_components, n_features),
            |(k, d)| scales[k][d],
        )),
        Factors::Spherical(scales) => Covariances::Spherical(Array1::from(scales)),
    })
}

/// The factors L_k⁻¹ = P_kᵀ of K components of D features, and log |Σ_k|.
///
/// # Errors
/// [`GmmError::Shape`] for another shape, [`GmmError::Parameter`] for a factor that isn't finite, isn't upper triangular,
/// or has an entry on its diagonal that isn't positive.
pub(crate) fn engine_factors(
    precisions_cholesky: &Covariances,
    n_components: usize,
    n_features: usize,
) -> Result<(Factors, Vec<f64>), GmmError> {
    precisions_cholesky.check_shape(NAME, n_components, n_features)?;
    Ok(match precisions_cholesky {
        Covariances::Full(array) => {
            let components: Result<Vec<_>, _> = (0..n_components)
                .map(|k| pack(array.index_axis(Axis(0), k), &format!(" of component {k}")))
                .collect();
            let (triangles, log_dets) = components?.into_iter().unzip();
            (Factors::Full(triangles), log_dets)
        }
        Covariances::Tied(array) => {
            let (triangle, log_det) = pack(array.view(), "")?;
            (Factors::Tied(triangle), vec![log_det; n_components])
        }
        Covariances::Diag(array) => {
            for ((k, d), &scale) in array.indexed_iter() {
                check_scale(scale, || format!("feature {d} of component {k}"))?;
            }
            let scales: Vec<_> = array.outer_iter().map(|row| row.to_vec()).collect();
            let log_det = |scales: &Vec<f64>| -2.0 * scales.iter().map(|s| s.ln()).sum::<f64>();
            let log_dets = scales.iter().map(log_det).collect();
            (Factors::Diagonal(scales), log_dets)
        }
        Covariances::Spherical(array) => {
            for (k, &scale) in array.iter().enumerate() {
                check_scale(scale, || format!("component {k}"))?;
            }
            let log_det = |scale: &f64| -2.0 * n_features as f64 * scale.ln();
            let log_dets = array.iter().map(log_det).collect();
            (Factors::Spherical(array.to_vec()), log_dets)
        }
    })
}

/// The packed Pᵀ of a factor, called `owner` in errors, and log |Σ|.
fn pack(factor: ArrayView2<'_, f64>, owner: &str) -> Result<(Vec<f64>, f64), GmmError> {
    let mut triangle = vec![0.0; packed_len(factor.nrows())];
    let mut log_det = 0.0;
    for ((i, j), &entry) in factor.indexed_iter() {
        let fits = match i.cmp(&j) {
            std::cmp::Ordering::Less => entry.is_finite(),
            std::cmp::Ordering::Equal => entry.is_finite() && entry > 0.0,
            std::cmp::Ordering::Greater => entry == 0.0,
        };
        if !fits {
            return Err(GmmError::Parameter {
                name: NAME,
                given: format!("{entry} in row {i}, column {j}{owner}"),
                needed: "finite, upper triangular, with a positive diagonal",
            });
        }
        if i <= j {
            triangle[packed_index(j, i)] = entry;
        }
        if i == j {
            log_det -= 2.0 * entry.ln();
        }
    }
    Ok((triangle, log_det))
}

/// Checks 1/σ, where `place` says of what.
fn check_scale(scale: f64, place: impl FnOnce() -> String) -> Result<(), GmmError> {
    if scale.is_finite() && scale > 0.0 {
        return Ok(());
    }
    Err(GmmError::Parameter {
        name: NAME,
        given: format!("{scale} for {}", place()),
        needed: "finite and positive",
    })
}

/// The square matrix P of a packed Pᵀ.
fn unpack(triangle: &[f64], n: usize) -> Array2<f64> {
    let entry = |(i, j)| {
        if i <= j {
            triangle[packed_index(j, i)]
        } else {
            0.0
        }
    };
    Array2::from_shape_fn((n, n), entry)
}
