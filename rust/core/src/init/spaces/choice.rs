//! Which spaces a start is drawn in.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::feature_space::FeatureSpace;
use super::pursuit::least_kurtosis;
use super::whitening::Whitened;
use crate::error::GmmError;
use crate::float::Float;
use crate::init::ground::Ground;

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

/// The spaces of k-means in start number `index`: all, to choose from, and then each in turn, so that starts differ.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(in crate::init) fn kmeans_spaces<T: Float>(
    ground: &Ground<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<FeatureSpace<T>>, GmmError> {
    const ALL: [Space; 3] = [
        Space::Standardised,
        Space::Whitened,
        Space::LeastKurtosis(DIRECTIONS),
    ];
    let wanted = match index % 4 {
        0 => &ALL[..],
        1 => &[Space::Standardised],
        2 => &[Space::Whitened],
        _ => &[Space::LeastKurtosis(1)],
    };
    found_spaces(ground, wanted, rng)
}

/// `wanted` as they follow from the rows; standardised features where there is nothing to choose.
fn found_spaces<T: Float>(
    ground: &Ground<'_, '_, T>,
    wanted: &[Space],
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<FeatureSpace<T>>, GmmError> {
    let spread = ground.spread;
    let standardised = || FeatureSpace::standardised(spread);
    let is_one = ground.rows.n_features() == 1 || ground.n_components() == 1;
    if is_one || matches!(wanted, [Space::Standardised]) {
        return Ok(vec![standardised()]);
    }
    let Some(whitened) = Whitened::new(ground, rng)? else {
        return Ok(vec![standardised()]);
    };
    let found = wanted.iter().map(|space| match space {
        Space::Standardised => standardised(),
        Space::Whitened => FeatureSpace::along(spread, whitened.axes.clone()),
        Space::LeastKurtosis(n_tries) => {
            let axis = least_kurtosis(&whitened, *n_tries, ground.em.threads, rng);
            FeatureSpace::along(spread, vec![axis])
        }
    });
    Ok(found.collect())
}

/// A space to draw single rows in: standardised features and whitened ones, in turn.
///
/// # Errors
/// [`GmmError::Interrupted`] when the fit is stopped.
pub(in crate::init) fn drawing_space<T: Float>(
    ground: &Ground<'_, '_, T>,
    index: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<FeatureSpace<T>, GmmError> {
    let wanted = [Space::Standardised, Space::Whitened][index % 2];
    Ok(found_spaces(ground, &[wanted], rng)?.remove(0))
}
