//! What a mixture is: its parameters, and the same made ready for the evaluation of densities.

mod covariance;
mod mixture;
mod precision;
mod precisions_cholesky;

pub use self::covariance::{CovarianceType, Covariances};
pub use self::mixture::Mixture;
pub(crate) use self::mixture::{check_weights, check_weights_and_means};
pub(crate) use self::precision::{Factors, Precision, degenerate, inverse_factor};
pub(crate) use self::precisions_cholesky::engine_factors;
pub use self::precisions_cholesky::precisions_cholesky;
