//! Different rows, drawn at random.
//!
//! Each row gets an exponential waiting time −log(u_n) / w_n, and the rows with the shortest are taken: the same as draws
//! without replacement in proportion to the weights (Efraimidis & Spirakis 2006).

use ndarray::ArrayView1;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

/// `n_draws` rows in random order, all different if so many count; rows of weight 0 are never among them.
pub(super) fn distinct_rows(
    n_samples: usize,
    sample_weight: Option<ArrayView1<'_, f64>>,
    n_draws: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<usize> {
    let mut times: Vec<(f64, usize)> = (0..n_samples)
        .map(|n| (sample_weight.map_or(1.0, |weights| weights[n]), n))
        .map(|(weight, n)| (-(1.0 - rng.random::<f64>()).ln(), weight, n))
        .filter(|(_, weight, _)| *weight > 0.0)
        .map(|(time, weight, n)| (time / weight, n))
        .collect();
    let earlier = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if n_draws < times.len() {
        times.select_nth_unstable_by(n_draws, earlier);
        times.truncate(n_draws);
    }
    times.sort_unstable_by(earlier);
    let rows = times.iter().map(|(_, n)| *n);
    rows.cycle().take(n_draws).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand_xoshiro::rand_core::SeedableRng;

    #[test]
    fn rows_are_different_and_drawn_in_proportion_to_their_weights() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let weights = array![0.0, 1.0, 3.0, 4.0];
        let mut first = [0.0; 4];
        for _ in 0..20_000 {
            let drawn = distinct_rows(4, Some(weights.view()), 2, &mut rng);
            assert!(drawn[0] != drawn[1] && !drawn.contains(&0));
            first[drawn[0]] += 1.0 / 20_000.0;
        }
        for (share, weight) in first.iter().zip(&weights) {
            assert!((share - weight / 8.0).abs() < 0.01, "{first:?}");
        }
        let mut all = distinct_rows(5, None, 7, &mut rng);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    }
}
