//! Matrices as text, byte for byte what C's `printf` (and so `numpy.savetxt`) prints.
//!
//! | function | conversion | numbers |
//! | --- | --- | --- |
//! | [`write_integers`] | `%d` | `i64` |
//! | [`write_fixed`] | `%f`, six decimals | `f64` |
//! | [`write_scientific`] | `%.18e`, nineteen significant digits | `f64` |
//!
//! One row is one line ended by `\n`, the numbers of a row are separated by one space. A vector is written as a matrix of
//! one column: one number a line. A matrix without rows gives no bytes, one without columns an empty line for each row.
//! NaN is `nan` whatever its sign, infinities are `inf` and `-inf`, negative zero keeps its sign.
//!
//! # Exactness
//!
//! A finite `f64` is the exact number m · 2^e with integers m and e. What is printed is x · 10^p rounded to an integer, ties
//! to even, so only that integer has to be right:
//!
//! - `%f` needs x · 10^6. Both m and 10^6 fit a word, so the product and the division by 2^−e are exact in 128 bits.
//! - `%.18e` needs x · 10^k with 10^18 ≤ x · 10^k < 10^19. A table holds 10^k to 128 bits, which decides the rounding except
//!   within 2^−60 of a tie; there the product is exact (0 ≤ k ≤ 55), or the number is left to the standard library.
//!
//! What no such argument covers (`%f` from 2^63 on) is left to the standard library too, whose digits are exact.
//!
//! # Parallelism and memory
//!
//! Blocks of 8192 numbers are formatted on the current rayon pool while the blocks before them are written in order. The
//! bytes don't depend on the number of threads. The memory is sixteen blocks for each thread, whatever the shape: 2 to 6 MB
//! a thread, or ten times as much if most numbers have hundreds of digits (`%f` of 1e300).
//!
//! # Example
//!
//! ```
//! use gmm_core::text;
//! use ndarray::array;
//!
//! let mut bytes = Vec::new();
//! text::write_fixed(&mut bytes, array![[0.5, -1.25e-7], [1e3, f64::NAN]].view())?;
//! assert_eq!(bytes, b"0.500000 -0.000000\n1000.000000 nan\n");
//! # std::io::Result::Ok(())
//! ```

mod block;
mod digits;
mod fixed;
mod integer;
mod powers_of_ten;
mod scientific;

pub use fixed::write_fixed;
pub use integer::write_integers;
pub use scientific::write_scientific;
