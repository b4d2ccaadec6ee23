//! Products of a lower triangle with a group of rows.

use super::lanes::Lanes;
use super::point::Point;
use crate::float::Float;
use crate::linalg::packed_row;

/// Rows of the triangle that the kernel treats together.
const BLOCK: usize = 4;

/// A lower triangle T in the order in which the kernels read it: whole blocks of [`BLOCK`] rows column by
/// column (zeros fill the corner above the diagonal), then the remaining rows.
#[derive(Debug)]
pub(crate) struct TriangleBlocks<E> {
    coefficients: Vec<E>,
    n_features: usize,
}

impl<E: Float> TriangleBlocks<E> {
    /// `factor` times a packed lower triangle of size `n_features`.
    pub(crate) fn new(triangle: &[f64], n_features: usize, factor: f64) -> Self {
        let mut coefficients = Vec::new();
        let whole = n_features - n_features % BLOCK;
        let coefficient = |&x: &f64| E::from_f64(factor * x);
        for first in (0..whole).step_by(BLOCK) {
            for j in 0..first + BLOCK {
                let column = (first..first + BLOCK).map(|i| packed_row(triangle, i).get(j));
                coefficients.extend(column.map(|x| x.map_or_else(E::default, coefficient)));
            }
        }
        for i in whole..n_features {
            coefficients.extend(packed_row(triangle, i).iter().map(coefficient));
        }
        Self {
            coefficients,
            n_features,
        }
    }

    /// ‖T z + offsets‖² of the `V` vectors of rows in `z`.
    #[inline(always)]
    pub(crate) fn squared_norms<L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        z: &[[L::Vector; V]],
        offsets: &[E],
    ) -> [L::Vector; V] {
        let mut squares = [lanes.splat(E::default()); V];
        let whole = self.n_features - self.n_features % BLOCK;
        let mut rest = self.coefficients.as_slice();
        let (offsets, last_offsets) = offsets.as_chunks::<BLOCK>();
        for (first, offsets) in (0..whole).step_by(BLOCK).zip(offsets) {
            let (block, others) = rest.split_at((first + BLOCK) * BLOCK);
            let product = block_product(lanes, block, z, offsets);
            add_squares(lanes, &product, &mut squares);
            rest = others;
        }
        for (i, &offset) in (whole..self.n_features).zip(last_offsets) {
            let (row, others) = rest.split_at(i + 1);
            let product = block_product(lanes, row, z, &[offset]);
            add_squares(lanes, &product, &mut squares);
            rest = others;
        }
        squares
    }

    /// Writes T (x − origin) of the `V` vectors of rows in `x` to `out`; `z` is scratch.
    #[inline(always)]
    pub(crate) fn map<L: Lanes<Element = E>, const V: usize>(
        &self,
        lanes: L,
        x: &[[L::Vector; V]],
        origin: &Point<E>,
        z: &mut [[L::Vector; V]],
        out: &mut [[L::Vector; V]],
    ) {
        centre(lanes, x, origin, z);
        let whole = self.n_features - self.n_features % BLOCK;
        let mut rest = self.coefficients.as_slice();
        for first in (0..whole).step_by(BLOCK) {
            let (block, others) = rest.split_at((first + BLOCK) * BLOCK);
            let product = block_product(lanes, block, z, &[E::default(); BLOCK]);
            out[first..first + BLOCK].copy_from_slice(&product);
            rest = others;
        }
        for (i, out) in out.iter_mut().enumerate().skip(whole) {
            let (row, others) = rest.split_at(i + 1);
            [*out] = block_product(lanes, row, z, &[E::default()]);
            rest = others;
        }
    }
}

/// Writes x − point to `z`.
#[inline(always)]
pub(crate) fn centre<L: Lanes, const V: usize>(
    lanes: L,
    x: &[[L::Vector; V]],
    point: &Point<L::Element>,
    z: &mut [[L::Vector; V]],
) {
    for (d, (x, z)) in x.iter().zip(z).enumerate() {
        let centre = point.coordinate(lanes, d);
        for v in 0..V {
            z[v] = centre.difference(lanes, x[v]);
        }
    }
}

/// `B` rows of T z + offsets; `block` holds their coefficients, column by column.
#[inline(always)]
fn block_product<L: Lanes, const V: usize, const B: usize>(
    lanes: L,
    block: &[L::Element],
    z: &[[L::Vector; V]],
    offsets: &[L::Element; B],
) -> [[L::Vector; V]; B] {
    let mut sums = [[lanes.splat(L::Element::default()); V]; B];
    for b in 0..B {
        sums[b] = [lanes.splat(offsets[b]); V];
    }
    for (column, z) in block.as_chunks::<B>().0.iter().zip(z) {
        for b in 0..B {
            let coefficient = lanes.splat(column[b]);
            for v in 0..V {
                sums[b][v] = lanes.mul_add(coefficient, z[v], sums[b][v]);
            }
        }
    }
    sums
}

/// squares += rows², summed over the rows.
#[inline(always)]
fn add_squares<L: Lanes, const V: usize, const B: usize>(
    lanes: L,
    rows: &[[L::Vector; V]; B],
    squares: &mut [L::Vector; V],
) {
    for row in rows {
        for v in 0..V {
            squares[v] = lanes.mul_add(row[v], row[v], squares[v]);
        }
    }
}

/// constant − ‖T z + offsets‖² where the number of features is known: `triangle` is packed.
#[inline(always)]
pub(crate) fn small_form<L: Lanes, const V: usize, const D: usize>(
    lanes: L,
    z: &[[L::Vector; V]],
    triangle: &[L::Element],
    offsets: &[L::Element],
    constant: L::Element,
) -> [L::Vector; V] {
    let z: &[[L::Vector; V]; D] = z.try_into().expect("a group has D features");
    let offsets: &[L::Element; D] = offsets.try_into().expect("one offset for each feature");
    let triangle = &triangle[..D * (D + 1) / 2];
    let mut result = [lanes.splat(constant); V];
    for v in 0..V {
        let mut next = 0;
        for (i, &offset) in offsets.iter().enumerate() {
            let mut sum = lanes.splat(offset);
            for j in 0..=i {
                sum = lanes.mul_add(lanes.splat(triangle[next + j]), z[j][v], sum);
            }
            next += i + 1;
            result[v] = lanes.neg_mul_add(sum, sum, result[v]);
        }
    }
    result
}
