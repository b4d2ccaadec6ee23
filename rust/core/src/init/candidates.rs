//! k-means in several spaces, and the choice among what it finds.
//!
//! In standardised features clusters that are elongated in a common direction are cut across; whitened, directions that separate
//! clusters shrink; and one direction alone can't tell clusters that differ in several. Which of these fits is decided by
//! the lower bound after one iteration from each.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use super::ground::Ground;
use super::kmeans::Clusters;
use super::pursuit::least_kurtosis;
use super::trial::{is_sampled, on_trial_rows};
use super::whitening::Whitened;
use crate::error::GmmError;
use crate::float::Float;
use crate::mixture::Mixture;

/// Random directions that the search for the direction of least kurtosis begins from, where all spaces are tried.
const DIRECTIONS: usize = 4;

/// Where k-means measures distances.
#[derive(Debug, Clone, Copy)]
enum Space {
    Standardised,
    Whitened,
    /// Along the direction of least kurtosis found from so many.
    LeastKurtosis(usize),
}

/// The spaces of start number `index`: all, to choose from, and then each in turn, so that starts differ.
fn spaces(index: usize) -> &'static [Space] {
    const ALL: [Space; 3] = [
        Space::Standardised,
        Space::Whitened,
        Space::LeastKurtosis(DIRECTIONS),
    ];
    match index % 4 {
        0 => &ALL,
        1 => &[Space::Standardised],
        2 => &[Space::Whitened],
        _ => &[Space::LeastKurtosis(1)],
    }
}

/// The mixture of the clusters that k-means finds in start number `index`.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn kmeans_start<T: Float>(
    ground: &Ground<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Mixture, GmmError> {
    let (clusters, mixture) = on_trial_rows(ground, rng, |trial, rng| {
        let mut spaces = found_spaces(trial, spaces(index), rng);
        if spaces.len() == 1 {
            let space = spaces.remove(0);
            return candidate(trial, space, rng);
        }
        let mut best: Option<(f64, (Clusters<T>, Mixture))> = None;
        for space in spaces {
            let found = candidate(trial, space, rng)?;
            let bound = match trial.em.iterate(found.1.clone(), 1) {
                Ok((_, bound)) => bound,
                Err(_) => f64::NEG_INFINITY,
            };
            if best.as_ref().is_none_or(|(most, _)| bound > *most) {
                best = Some((bound, found));
            }
        }
        Ok(best.expect("a space").1)
    })?;
    if is_sampled(ground) {
        ground.mixture_of_labels(clusters.labels(ground))
    } else {
        Ok(mixture)
    }
}

/// What k-means finds in `space`.
fn candidate<T: Float>(
    ground: &Ground<'_, '_, T>,
    space: FeatureSpace<T>,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(Clusters<T>, Mixture), GmmError> {
    let clusters = Clusters::by_kmeans(ground, space, rng)?;
    let mixture = ground.mixture_of_labels(clusters.labels(ground))?;
    Ok((clusters, mixture))
}

/// `wanted` as they follow from the rows; standardised features where there is nothing to choose.
fn found_spaces<T: Float>(
    ground: &Ground<'_, '_, T>,
    wanted: &[Space],
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<FeatureSpace<T>> {
    let (rows, spread) = (&ground.em.rows, ground.spread);
    let standardised = || FeatureSpace::standardised(spread);
    if rows.n_features() == 1 || ground.n_components() == 1 {
        return vec![standardised()];
    }
    let weights = ground.em.knowledge.sample_weight;
    let Some(whitened) = Whitened::new(rows, weights, spread, rng) else {
        return vec![standardised()];
    };
    let found = wanted.iter().map(|space| match space {
        Space::Standardised => standardised(),
        Space::Whitened => FeatureSpace::along(spread, whitened.axes.clone()),
        Space::LeastKurtosis(n_tries) => {
            let axis = least_kurtosis(&whitened, *n_tries, rng);
            FeatureSpace::along(spread, vec![axis])
        }
    });
    found.collect()
}

/// A space to draw single rows in: standardised features and whitened ones, in turn.
pub(super) fn drawing_space<T: Float>(
    ground: &Ground<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> FeatureSpace<T> {
    let wanted = [Space::Standardised, Space::Whitened][index % 2];
    found_spaces(ground, &[wanted], rng).remove(0)
}
