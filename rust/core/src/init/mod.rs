//! Starting points of EM.

mod alignment;
mod candidates;
pub(crate) mod feature_space;
mod given;
mod ground;
pub(crate) mod hard_labels;
mod kmeans;
mod labelled;
mod lloyd;
mod packed_rows;
mod pursuit;
mod random;
mod row_draws;
pub(crate) mod sample;
mod seeding;
mod short_em;
pub(crate) mod starts;
mod trial;
mod whitening;
