//! Partitions: to which component the clusters of k-means give each row that starts are tried on.
//!
//! In standardised features clusters that are elongated in a common direction are cut across; whitened, directions that separate
//! clusters shrink; and one direction alone can't tell clusters that differ in several. So a start may have several
//! partitions, of which the lower bound after one iteration chooses. They don't depend on the type of the covariances.

use ndarray::{Array2, ArrayView2};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::clusters::Clusters;
use super::ground::Ground;
use super::responsibilities::Members;
use super::spaces::kmeans_spaces;
use crate::error::GmmError;
use crate::float::Float;
use crate::model::Mixture;

/// The partitions that k-means finds for start number `index`, one in each row.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn kmeans_partitions<T: Float>(
    ground: &Ground<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Array2<u32>, GmmError> {
    let spaces = kmeans_spaces(ground, index, rng);
    let shape = (spaces.len(), ground.rows.n_samples());
    let mut labels = Vec::with_capacity(shape.0 * shape.1);
    for space in spaces {
        labels.extend(Clusters::by_kmeans(ground, space, rng)?.labels(ground)?);
    }
    Ok(Array2::from_shape_vec(shape, labels).expect("a label for each row"))
}

/// The mixture of the partition that makes the most probable one, the first of equals.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn most_probable<T: Float>(
    ground: &Ground<'_, '_, T>,
    partitions: ArrayView2<'_, u32>,
) -> Result<Mixture, GmmError> {
    let mixture_of = |labels| {
        ground.em.mixture_of(&Members {
            labels,
            sample_weight: ground.em.knowledge.sample_weight,
        })
    };
    if partitions.nrows() == 1 {
        return mixture_of(partitions.row(0));
    }
    let mut best: Option<(f64, Mixture)> = None;
    for labels in partitions.outer_iter() {
        let found = mixture_of(labels)?;
        let bound = match ground.em.iterate(found.clone(), 1) {
            Ok((_, bound)) => bound,
            Err(_) => f64::NEG_INFINITY,
        };
        if best.as_ref().is_none_or(|(most, _)| bound > *most) {
            best = Some((bound, found));
        }
    }
    Ok(best.expect("a partition").1)
}
