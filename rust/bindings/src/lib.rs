//! The extension module `gmm_rs._core`: what Python sees of gmm-core. Conversion only.

mod arrays;
mod assignment;
mod checkpoint;
mod compute;
mod covariances;
mod distribution;
mod errors;
mod evaluate;
mod fit;
mod fit_many;
mod mixture;
mod partitions;
mod precisions_cholesky;
mod source;
mod statistics;
mod text;

use pyo3::pymodule;

#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::assignment::linear_sum_assignment;
    #[pymodule_export]
    use crate::distribution::{conditional, conditional_mean, marginal, sample};
    #[pymodule_export]
    use crate::evaluate::{predict, predict_proba, score_samples};
    #[pymodule_export]
    use crate::fit::fit;
    #[pymodule_export]
    use crate::fit_many::fit_many;
    #[pymodule_export]
    use crate::partitions::draw_partitions;
    #[pymodule_export]
    use crate::precisions_cholesky::precisions_cholesky;
    #[pymodule_export]
    use crate::source::{answer, extent, merge};
    #[pymodule_export]
    use crate::statistics::{maximise, recentre, statistics};
    #[pymodule_export]
    use crate::text::write_text;
}
