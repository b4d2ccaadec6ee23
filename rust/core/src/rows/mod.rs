//! Rows, and what is known of them before there is a mixture: weights, units, spread. And how they are packed for the
//! kernels.

mod data;
mod spread;
mod stratified;
mod tile;
mod units;
mod weights;

pub(crate) use self::data::all_finite;
pub use self::data::{LogPrior, Rows};
pub(crate) use self::spread::{Fence, Spread, SpreadPass, SpreadSums};
pub(crate) use self::stratified::stratified;
pub(crate) use self::tile::{
    Buffer, MAX_TILE, Panel, Tile, buffer, padded, tile_len, transpose_blocks,
};
pub(crate) use self::units::Units;
pub(crate) use self::weights::{RelativeWeights, RowWeights};
