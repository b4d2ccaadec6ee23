//! From rows and a mixture to sufficient statistics, tile by tile: log-densities, responsibilities, moments.

mod accumulate;
mod density;
mod padded_sums;
mod responsibilities;
mod sufficient_stats;
mod tile_moments;
mod total;
mod worst_row;

pub(crate) use self::accumulate::{Accumulator, flops_per_row};
pub(crate) use self::density::Densities;
pub(crate) use self::responsibilities::{Posterior, Responsibilities, RowTerms, TileScratch};
pub(crate) use self::sufficient_stats::MomentKind;
pub use self::sufficient_stats::SufficientStats;
pub(crate) use self::total::{SingleComponent, TotalScatter, moments_of_all};
pub(crate) use self::worst_row::{WorstRow, WorstRowPass};
