//! Linear algebra of small dense matrices.

mod cholesky;
mod eigen;

pub(crate) use cholesky::{
    Pivot, cholesky, dot, invert_lower, log_diagonal_sum, pack_lower, packed_index, packed_len,
    packed_row,
};
pub(crate) use eigen::symmetric_eigen;
