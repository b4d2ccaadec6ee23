//! Rows that stand for all others: one from each of many equal parts of the data.
//!
//! The rows, each as long as its weight, lie one after another; of every part one point is drawn, uniformly, and the
//! row where it lies is taken. A row is thus expected in proportion to its weight, and so is, almost exactly, every
//! group of rows that follow one another: sorted data are sampled better than by independent draws. As the draws
//! within the parts are random, no period in the data can fall in with that of the parts.

use ndarray::ArrayView1;
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::weights::RelativeWeights;

/// `n_draws` of `n_samples` rows, in order. Rows of weight 0 are never among them; others may be there twice.
pub(crate) fn stratified(
    n_samples: usize,
    sample_weight: Option<ArrayView1<'_, f64>>,
    n_draws: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Vec<usize> {
    let weights = RelativeWeights::new(sample_weight);
    let total = weights.total(n_samples);
    let part = total / n_draws as f64;
    let draws = (0..n_draws).map(|i| (i as f64 + rng.random::<f64>()) * part);
    if sample_weight.is_none() {
        return draws.map(|x| (x as usize).min(n_samples - 1)).collect();
    }
    let mut lengths = (0..n_samples)
        .map(|n| (n, weights.get(n)))
        .filter(|(_, weight)| *weight > 0.0);
    let (mut row, mut end) = lengths.next().expect("some row counts");
    let row_at = |x: f64| {
        while end <= x {
            let Some((next, weight)) = lengths.next() else {
                break;
            };
            (row, end) = (next, end + weight);
        }
        row
    };
    draws.map(row_at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;
    use rand_xoshiro::rand_core::SeedableRng;

    fn sample(n: usize, weights: Option<&Array1<f64>>, n_draws: usize) -> Vec<usize> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        stratified(n, weights.map(|w| w.view()), n_draws, &mut rng)
    }

    #[test]
    fn every_part_of_the_data_gives_one_row() {
        let rows = sample(1000, None, 100);
        assert!(rows.iter().enumerate().all(|(i, row)| row / 10 == i));
        // They aren't equally far from one another.
        assert!((0..10).all(|rest| rows.iter().any(|row| row % 10 == rest)));
        assert_eq!(sample(50, None, 50), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn equal_weights_are_as_none_and_others_count_as_rows() {
        let equal = Array1::from_elem(777, 49.0);
        assert_eq!(sample(777, Some(&equal), 100), sample(777, None, 100));
        let weights = Array1::from_shape_fn(900, |n| (n % 3) as f64);
        let rows = sample(900, Some(&weights), 300);
        let count = |rest| rows.iter().filter(|&row| row % 3 == rest).count();
        assert_eq!(count(0), 0);
        assert!((90..=110).contains(&count(1)) && count(1) + count(2) == 300);
    }
}
