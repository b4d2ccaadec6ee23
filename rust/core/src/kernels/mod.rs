//! The inner loops, generic over [`Lanes`](lanes::Lanes): an element type and an instruction set.
//!
//! Each function here is inlined into one entry point per instruction set; the set is chosen once per process, by
//! [`run`]. Densities have one lane per row of data, in register tiles of [`GROUP`](lanes::Lanes::GROUP) vectors;
//! moments have one lane per feature, unless features are few.

pub(crate) mod clusters;
pub(crate) mod distance;
pub(crate) mod exp2;
mod instruction_set;
pub(crate) mod lanes;
pub(crate) mod moments;
pub(crate) mod point;
pub(crate) mod selection;
pub(crate) mod softmax;
pub(crate) mod triangle;

#[cfg(test)]
pub(crate) use instruction_set::instruction_sets;
pub(crate) use instruction_set::run;
