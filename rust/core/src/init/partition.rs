//! Partitions: to which component the clusters of k-means give each row that starts are tried on.
//!
//! In standardised features clusters that are elongated in a common direction are cut across; whitened, directions that separate
//! clusters shrink; and one direction alone can't tell clusters that differ in several. So a start may have several
//! partitions, of which the lower bound after one iteration chooses. They don't depend on the type of the covariances.

use ndarray::{Array2, ArrayView1, ArrayView2};
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
    let spaces = kmeans_spaces(ground, index, rng)?;
    let shape = (spaces.len(), ground.rows.n_samples());
    let mut labels = Vec::with_capacity(shape.0 * shape.1);
    for space in spaces {
        labels.extend(Clusters::by_kmeans(ground, space, rng)?.labels(ground)?);
    }
    Ok(Array2::from_shape_vec(shape, labels).expect("a label for each row"))
}

/// The mixture of the partition that makes the most probable one, the first of equals. Those that only name the parts
/// otherwise than one before are left out: where clusters are plain, all may be the same.
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
    let partitions = distinct(partitions, ground.n_components());
    if let [labels] = partitions[..] {
        return mixture_of(labels);
    }
    let mut best: Option<(f64, Mixture)> = None;
    for labels in partitions {
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

/// The partitions, into so many parts at most, that differ from all before them in more than the names of the parts.
fn distinct(partitions: ArrayView2<'_, u32>, n_parts: usize) -> Vec<ArrayView1<'_, u32>> {
    let mut distinct: Vec<ArrayView1<'_, u32>> = Vec::new();
    for labels in partitions.into_outer_iter() {
        if !distinct
            .iter()
            .any(|&other| are_alike(labels, other, n_parts))
        {
            distinct.push(labels);
        }
    }
    distinct
}

/// Whether only the names of their parts tell two partitions apart.
fn are_alike(one: ArrayView1<'_, u32>, other: ArrayView1<'_, u32>, n_parts: usize) -> bool {
    // The name that each part of one has in the other.
    let (mut there, mut back) = (vec![None; n_parts], vec![None; n_parts]);
    one.iter().zip(other).all(|(&a, &b)| {
        *there[a as usize].get_or_insert(b) == b && *back[b as usize].get_or_insert(a) == a
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn only_names_differ_in_what_is_left_out() {
        let partitions = array![[0, 0, 1, 2], [2, 2, 0, 1], [0, 1, 1, 2], [5, 5, 5, 5]];
        let distinct = distinct(partitions.view(), 6);
        let rows = [0, 2, 3].map(|n| partitions.row(n));
        assert_eq!(distinct, rows);
    }
}
