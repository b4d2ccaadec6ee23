//! Cholesky factors and triangular inverses of small dense matrices.
//!
//! Lower triangles are stored packed, row by row: entry (i, j), j ≤ i, is at [`packed_index`].

use ndarray::ArrayView2;

/// Length of the packed lower triangle of an n × n matrix.
pub(crate) const fn packed_len(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Position of entry (i, j), j ≤ i, of a packed lower triangle.
#[inline(always)]
pub(crate) const fn packed_index(i: usize, j: usize) -> usize {
    packed_len(i) + j
}

/// Row i, of length i + 1, of a packed lower triangle.
#[inline]
pub(crate) fn packed_row(triangle: &[f64], i: usize) -> &[f64] {
    &triangle[packed_len(i)..packed_len(i + 1)]
}

/// The packed lower triangle of a square matrix.
pub(crate) fn pack_lower(matrix: ArrayView2<'_, f64>) -> Vec<f64> {
    let mut triangle = Vec::with_capacity(packed_len(matrix.nrows()));
    for (i, row) in matrix.outer_iter().enumerate() {
        triangle.extend(row.iter().take(i + 1));
    }
    triangle
}

/// A pivot that is not positive: its index and value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pivot {
    pub(crate) index: usize,
    pub(crate) value: f64,
}

/// The Cholesky factor L of a packed symmetric matrix A = L Lᵀ, packed (Golub & Van Loan 2013, alg. 4.2.1).
///
/// # Errors
/// The first pivot that is not a positive finite number.
#[inline(always)]
pub(crate) fn cholesky(a: Vec<f64>, n: usize) -> Result<Vec<f64>, Pivot> {
    let mut l = a;
    for i in 0..n {
        let (above, rest) = l.split_at_mut(packed_len(i));
        let row = &mut rest[..=i];
        for j in 0..i {
            let other = packed_row(above, j);
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let value = row[i] - dot(&row[..i], &row[..i]);
        if !(value > 0.0 && value.is_finite()) {
            return Err(Pivot { index: i, value });
        }
        row[i] = value.sqrt();
    }
    Ok(l)
}

/// The inverse of a packed lower triangle with a positive diagonal, packed.
#[inline(always)]
pub(crate) fn invert_lower(l: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; packed_len(n)];
    // Row i of the inverse follows from the rows above: L⁻¹ᵢ = (eᵢ − Σ_{m<i} l_im L⁻¹ₘ) / l_ii.
    for i in 0..n {
        let (above, rest) = inverse.split_at_mut(packed_len(i));
        let row = &mut rest[..=i];
        let scale = 1.0 / l[packed_index(i, i)];
        for m in 0..i {
            let factor = -l[packed_index(i, m)] * scale;
            for (entry, &upper) in row.iter_mut().zip(packed_row(above, m)) {
                *entry += factor * upper;
            }
        }
        row[i] = scale;
    }
    inverse
}

/// Σ log of the diagonal of a packed triangle.
pub(crate) fn log_diagonal_sum(triangle: &[f64], n: usize) -> f64 {
    (0..n).map(|i| triangle[packed_index(i, i)].ln()).sum()
}

/// Dot product in eight interleaved partial sums, which the compiler can keep in vector registers.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A A ᵀ + I for a fixed pseudo-random A: positive definite.
    fn spd(n: usize) -> Vec<f64> {
        let a = |i: usize, j: usize| ((i * 37 + j * 101) % 19) as f64 / 19.0 - 0.5;
        let mut out = vec![0.0; packed_len(n)];
        for i in 0..n {
            for j in 0..=i {
                let product: f64 = (0..n).map(|m| a(i, m) * a(j, m)).sum();
                out[packed_index(i, j)] = product + f64::from(u8::from(i == j));
            }
        }
        out
    }

    #[test]
    fn factor_reproduces_the_matrix_and_inverse_undoes_the_factor() {
        for n in [1, 2, 3, 8, 17, 40] {
            let a = spd(n);
            let l = cholesky(a.clone(), n).expect("positive definite");
            let inverse = invert_lower(&l, n);
            for i in 0..n {
                for j in 0..=i {
                    let (row_i, row_j) = (packed_row(&l, i), packed_row(&l, j));
                    let product = dot(&row_i[..=j], row_j);
                    assert!((product - a[packed_index(i, j)]).abs() < 1e-12);
                    let identity: f64 = (j..=i)
                        .map(|m| l[packed_index(i, m)] * inverse[packed_index(m, j)])
                        .sum();
                    assert!((identity - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_names_its_pivot() {
        let pivot = cholesky(vec![4.0, 2.0, 1.0], 2).expect_err("singular");
        assert_eq!(
            pivot,
            Pivot {
                index: 1,
                value: 0.0
            }
        );
        assert_eq!(
            cholesky(vec![f64::NAN], 1).expect_err("not a number").index,
            0
        );
    }
}
