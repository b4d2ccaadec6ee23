//! Renames labels so that they line up with what is known of the components beforehand.

use ndarray::{Array2, ArrayView2, Axis};

use crate::assignment::assign;
use crate::error::GmmError;

/// Renames `labels` so that Σ_n reference[n, label_n] is as large as it can be; `reference` has
/// shape (N, K) and holds probabilities of the components for each row.
///
/// # Errors
/// [`GmmError::NonFinite`] where sums of `reference` are NaN or infinite.
pub(crate) fn align(labels: &mut [u32], reference: ArrayView2<'_, f64>) -> Result<(), GmmError> {
    let n_components = reference.ncols();
    let mut overlap = Array2::<f64>::zeros((n_components, n_components));
    for (&label, row) in labels.iter().zip(reference.axis_iter(Axis(0))) {
        let mut sums = overlap.row_mut(label as usize);
        sums += &row;
    }
    let mut renamed = vec![0; n_components];
    for (label, name) in assign(overlap.view())? {
        renamed[label] = name as u32;
    }
    for label in labels {
        *label = renamed[*label as usize];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn labels_follow_the_reference() {
        let reference = array![
            [0.1, 0.2, 0.7],
            [0.0, 0.1, 0.9],
            [0.8, 0.1, 0.1],
            [0.1, 0.8, 0.1]
        ];
        let mut labels = [0, 0, 1, 2];
        align(&mut labels, reference.view()).expect("finite");
        assert_eq!(labels, [2, 2, 0, 1]);
    }
}
