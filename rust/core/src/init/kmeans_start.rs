//! k-means in several spaces, and the choice among what it finds.
//!
//! In standardised features clusters that are elongated in a common direction are cut across; whitened, directions that separate
//! clusters shrink; and one direction alone can't tell clusters that differ in several. Which of these fits is decided by
//! the lower bound after one iteration from each.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::clusters::Clusters;
use super::ground::Ground;
use super::spaces::{FeatureSpace, kmeans_spaces};
use super::starts::Starts;
use crate::error::GmmError;
use crate::float::Float;
use crate::model::Mixture;

/// The mixture of the clusters that k-means finds in start number `index`.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(super) fn kmeans_start<T: Float>(
    starts: &Starts<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Mixture, GmmError> {
    starts.on_trial_rows(rng, |trial, rng| {
        let mut spaces = kmeans_spaces(trial, index, rng);
        if spaces.len() == 1 {
            let space = spaces.remove(0);
            return candidate(trial, space, rng);
        }
        let mut best: Option<(f64, Mixture)> = None;
        for space in spaces {
            let found = candidate(trial, space, rng)?;
            let bound = match trial.em.iterate(found.clone(), 1) {
                Ok((_, bound)) => bound,
                Err(_) => f64::NEG_INFINITY,
            };
            if best.as_ref().is_none_or(|(most, _)| bound > *most) {
                best = Some((bound, found));
            }
        }
        Ok(best.expect("a space").1)
    })
}

/// The mixture of what k-means finds in `space`.
fn candidate<T: Float>(
    ground: &Ground<'_, '_, T>,
    space: FeatureSpace<T>,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Mixture, GmmError> {
    ground.mixture_of(&Clusters::by_kmeans(ground, space, rng)?.aligned(ground)?)
}
