//! Centres of clusters: found by k-means, or drawn.

use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use super::lloyd::improve;
use super::packed_rows::PackedRows;
use super::seeding::greedy_centres;
use crate::error::GmmError;
use crate::float::Float;
use crate::init::distinct_rows::distinct_rows;
use crate::init::ground::Ground;
use crate::init::spaces::{FeatureMap, FeatureSpace};

/// Centres of clusters, one for each component, one after another.
#[derive(Debug, Clone)]
pub(crate) struct Clusters<T> {
    pub(super) space: FeatureSpace<T>,
    pub(super) centres: Vec<T>,
    /// The component that each centre is of.
    pub(super) names: Vec<usize>,
}

/// The same in numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PortableClusters {
    map: FeatureMap,
    centres: Vec<f64>,
    names: Vec<usize>,
}

impl<T: Float> Clusters<T> {
    /// By greedy k-means++; centres of components with known rows are the means of these.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(in crate::init) fn seeded(
        ground: &Ground<'_, '_, T>,
        space: FeatureSpace<T>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Self, GmmError> {
        let packed = pack(ground, &space);
        let centres = seeds(&packed, ground, &space, rng)?;
        Ok(Self::new(ground, space, &centres))
    }

    /// By k-means: seeded ones, improved.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] when the fit is stopped.
    pub(in crate::init) fn by_kmeans(
        ground: &Ground<'_, '_, T>,
        space: FeatureSpace<T>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Self, GmmError> {
        let packed = pack(ground, &space);
        let mut centres = seeds(&packed, ground, &space, rng)?;
        improve(
            &packed,
            &mut centres,
            space.n_axes(),
            ground.em.threads,
            ground.em.watch,
        )?;
        Ok(Self::new(ground, space, &centres))
    }

    /// At rows drawn at random; centres of components with known rows are the means of these.
    pub(in crate::init) fn at_random_rows(
        ground: &Ground<'_, '_, T>,
        space: FeatureSpace<T>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Self {
        let mut centres = ground.known.centres(&space);
        let n_drawn = ground.n_components() - centres.len() / space.n_axes();
        let (rows, weights) = (&ground.rows, ground.em.knowledge.sample_weight);
        for n in distinct_rows(rows.n_samples(), weights, n_drawn, rng) {
            centres.extend(space.point(rows, n));
        }
        Self::new(ground, space, &centres)
    }

    /// Clusters about `centres`, of which the known ones come first.
    fn new(ground: &Ground<'_, '_, T>, space: FeatureSpace<T>, centres: &[f32]) -> Self {
        let centres = ground.known.in_place(centres, space.n_axes());
        Self {
            centres: centres.iter().map(|&x| T::from_f64(x.into())).collect(),
            names: (0..ground.n_components()).collect(),
            space,
        }
    }

    /// The clusters of these numbers.
    pub(crate) fn from_portable(portable: &PortableClusters) -> Self {
        Self {
            space: FeatureSpace::new(portable.map.clone()),
            centres: portable.centres.iter().map(|&x| T::from_f64(x)).collect(),
            names: portable.names.clone(),
        }
    }

    pub(in crate::init) fn portable(&self) -> PortableClusters {
        PortableClusters {
            map: self.space.feature_map().clone(),
            centres: self.centres.iter().map(|x| x.to_f64()).collect(),
            names: self.names.clone(),
        }
    }
}

fn pack<T: Float>(ground: &Ground<'_, '_, T>, space: &FeatureSpace<T>) -> PackedRows {
    let em = ground.em;
    let weights = em.knowledge.sample_weight;
    let n_clusters = ground.n_components();
    PackedRows::new(&ground.rows, weights, space, n_clusters, em.threads)
}

/// The centres by greedy k-means++, the known ones first.
fn seeds<T: Float>(
    packed: &PackedRows,
    ground: &Ground<'_, '_, T>,
    space: &FeatureSpace<T>,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Vec<f32>, GmmError> {
    let known = ground.known.centres(space);
    let em = ground.em;
    let (rows, threads, watch) = (&ground.rows, em.threads, em.watch);
    greedy_centres(packed, rows, space, &known, threads, rng, watch)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Axis, concatenate, s};
    use rand::RngExt;
    use rand_xoshiro::rand_core::SeedableRng;

    use super::*;
    use crate::init::clusters::lloyd::sums;
    use crate::parallel::Threads;
    use crate::rows::{Rows, Spread, stratified};
    use crate::watch::Watch;

    const N_CLUSTERS: usize = 8;

    /// Clusters of unequal size at random places; the last has one row in a thousand.
    fn blobs(n_samples: usize, separation: f64) -> Array2<f64> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let centres = Array2::from_shape_simple_fn((N_CLUSTERS, 3), || rng.random::<f64>());
        let mut data = Array2::zeros((n_samples, 3));
        for mut row in data.rows_mut() {
            let cluster = match rng.random_range(0..1000) {
                0 => N_CLUSTERS - 1,
                n => (n as usize % 49).isqrt(),
            };
            for (x, centre) in row.iter_mut().zip(centres.row(cluster)) {
                let noise: f64 = (0..4).map(|_| rng.random::<f64>() - 0.5).sum();
                *x = separation * centre + noise;
            }
        }
        data
    }

    struct Problem<'a> {
        rows: Rows<'a, f64>,
        space: FeatureSpace<f64>,
        threads: Threads,
    }

    impl<'a> Problem<'a> {
        fn new(data: &'a Array2<f64>) -> Self {
            let rows = Rows::new(data.view()).expect("finite");
            let threads = Threads::new(2).expect("2 threads");
            let spread = Spread::new(&rows.into(), None, &threads, &Watch::new(None))
                .expect("finite squares");
            Self {
                space: FeatureSpace::standardised(&spread),
                rows,
                threads,
            }
        }

        fn packed(&self, sample_weight: Option<&Array1<f64>>) -> PackedRows {
            let weights = sample_weight.map(|weights| weights.view());
            let (rows, space) = (&self.rows, &self.space);
            PackedRows::new(rows, weights, space, N_CLUSTERS, &self.threads)
        }

        fn centres(
            &self,
            packed: &PackedRows,
            seed: u64,
            watch: &Watch,
        ) -> Result<Vec<f32>, GmmError> {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let (rows, space, threads) = (&self.rows, &self.space, &self.threads);
            let mut centres = greedy_centres(packed, rows, space, &[], threads, &mut rng, watch)?;
            improve(packed, &mut centres, 3, threads, watch)?;
            Ok(centres)
        }

        fn centres_in_the_end(&self, packed: &PackedRows, seed: u64) -> Vec<f32> {
            self.centres(packed, seed, &Watch::new(None))
                .expect("not interrupted")
        }

        fn inertia(&self, packed: &PackedRows, centres: &[f32]) -> f64 {
            sums(packed, centres, self.rows.n_features(), &self.threads).inertia
        }
    }

    #[test]
    fn a_sample_gives_centres_as_good_as_all_rows() {
        for separation in [3.0, 30.0] {
            let data = blobs(150_000, separation);
            let problem = Problem::new(&data);
            let all = problem.packed(None);
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
            let drawn = data.select(Axis(0), &stratified(150_000, None, 1 << 14, &mut rng));
            let sampled = Problem::new(&drawn);
            // Both in the same space.
            let sampled = Problem {
                space: Problem::new(&data).space,
                ..sampled
            };
            let best = |problem_of_centres: &Problem<'_>| {
                let packed = problem_of_centres.packed(None);
                (0..8)
                    .map(|seed| problem_of_centres.centres_in_the_end(&packed, seed))
                    .map(|centres| problem.inertia(&all, &centres))
                    .fold(f64::INFINITY, f64::min)
            };
            let (of_sample, of_all) = (best(&sampled), best(&problem));
            assert!(of_sample < 1.01 * of_all, "{of_sample} {of_all}");
        }
    }

    #[test]
    fn equal_weights_are_as_none() {
        let data = blobs(2000, 3.0);
        let problem = Problem::new(&data);
        let equal = Array1::from_elem(2000, 49.0);
        assert_eq!(
            problem.centres_in_the_end(&problem.packed(Some(&equal)), 1),
            problem.centres_in_the_end(&problem.packed(None), 1)
        );
    }

    #[test]
    fn a_weight_of_2_is_the_row_twice_and_0_its_absence() {
        let data = blobs(3000, 3.0);
        let weights = Array1::from_shape_fn(3000, |n| (n / 1000) as f64);
        let rows = |part: usize| data.slice(s![part * 1000..(part + 1) * 1000, ..]);
        let twice = concatenate![Axis(0), rows(1), rows(2), rows(2)];
        let (weighted, repeated) = (Problem::new(&data), Problem::new(&twice));
        // Both in the same space.
        let repeated = Problem {
            space: Problem::new(&data).space,
            ..repeated
        };
        let (of_weights, of_rows) = (weighted.packed(Some(&weights)), repeated.packed(None));
        let start: Vec<f32> = (0..N_CLUSTERS)
            .flat_map(|n| weighted.space.point(&weighted.rows, 1000 + n))
            .collect();
        // The weights count in units of the largest.
        let expected = repeated.inertia(&of_rows, &start) / 2.0;
        let found = weighted.inertia(&of_weights, &start);
        // Sums over a tile are in `f32`.
        assert!((found - expected).abs() < 1e-6 * expected);
        let improved = |problem: &Problem<'_>, packed| {
            let mut centres = start.clone();
            let watch = Watch::new(None);
            improve(packed, &mut centres, 3, &problem.threads, &watch).expect("goes on");
            centres
        };
        let pairs = improved(&weighted, &of_weights);
        for (found, expected) in pairs.iter().zip(improved(&repeated, &of_rows)) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_search_can_be_stopped() {
        let data = blobs(2000, 1.0);
        let problem = Problem::new(&data);
        let watch = Watch::new(None);
        watch.stop();
        let centres = problem.centres(&problem.packed(None), 0, &watch);
        assert_eq!(centres.err(), Some(GmmError::Interrupted));
    }
}
