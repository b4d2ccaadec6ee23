//! The same bits for any number of threads and any strides.

use crate::common::{blobs, fit};
use ndarray::{Array2, ShapeBuilder};

fn bits(fit: &gmm_core::Fit) -> Vec<u64> {
    let mixture = &fit.mixture;
    mixture
        .weights()
        .iter()
        .chain(mixture.means())
        .chain(mixture.covariances().iter())
        .chain(&fit.lower_bounds)
        .map(|x| x.to_bits())
        .collect()
}

#[test]
fn a_fit_has_the_same_bits_for_1_to_5_threads() {
    for (n, d, k) in [(100, 2, 3), (20_000, 3, 4), (3_000, 18, 10)] {
        let data = blobs(n, d, k, 1.0, 11);
        let single = fit(data.view(), k, 1);
        for threads in 2..=5 {
            assert_eq!(bits(&fit(data.view(), k, threads)), bits(&single));
        }
    }
}

#[test]
fn a_fit_has_the_same_bits_for_any_memory_order() {
    let data = blobs(2_000, 5, 3, 1.0, 12);
    let mut fortran = Array2::zeros(data.raw_dim().f());
    fortran.assign(&data);
    let reversed = data.slice(ndarray::s![..;-1, ..]).to_owned();
    let expected = bits(&fit(data.view(), 3, 2));
    assert_eq!(bits(&fit(fortran.view(), 3, 2)), expected);
    assert_eq!(
        bits(&fit(reversed.slice(ndarray::s![..;-1, ..]), 3, 2)),
        expected
    );
}
