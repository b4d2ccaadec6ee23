//! The most operations a second that one core gets out of an instruction set.

use std::hint::black_box;
use std::time::Instant;

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Arch, Simd, WithSimd};

/// Accumulators: enough to fill two pipelines of a latency of 4 or 5, and few enough for 16 registers.
const CHAINS: usize = 12;

/// Multiply-adds of each accumulator in one run.
const LENGTH: usize = 1 << 16;

/// Runs, of which the fastest counts.
const RUNS: usize = 200;

/// Operations a second.
pub(crate) struct Peak {
    pub(crate) f32: f64,
    pub(crate) f64: f64,
}

impl Peak {
    /// Measures it.
    pub(crate) fn measure(set: Arch) -> Self {
        Self {
            f32: fastest(|| set.dispatch(Singles)),
            f64: fastest(|| set.dispatch(Doubles)),
        }
    }
}

/// The instruction sets of this machine by the names that `GMM_RS_INSTRUCTION_SET` knows, the widest first.
pub(crate) fn instruction_sets() -> Vec<(&'static str, Arch)> {
    let mut sets = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(V4::try_new().map(|v4| ("avx512", Arch::V4(v4))));
        sets.extend(V3::try_new().map(|v3| ("avx2", Arch::V3(v3))));
    }
    #[cfg(target_arch = "aarch64")]
    sets.push(("neon", Arch::new()));
    sets.push(("portable", Arch::Scalar));
    sets
}

/// Operations a second of the fastest run; a run returns how many it has done.
fn fastest(run: impl Fn() -> usize) -> f64 {
    let rate = || {
        let start = Instant::now();
        let flops = run();
        flops as f64 / start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| rate()).fold(0.0, f64::max)
}

/// A loop of multiply-adds of one element type, which returns the number of operations.
macro_rules! multiply_adds {
    ($name:ident, $splat:ident, $mul_add:ident, $lanes:ident) => {
        struct $name;

        impl WithSimd for $name {
            type Output = usize;

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> usize {
                let (factor, term) = (simd.$splat(black_box(0.5)), simd.$splat(black_box(1.0)));
                let mut chains = [simd.$splat(black_box(0.0)); CHAINS];
                for _ in 0..LENGTH {
                    for chain in &mut chains {
                        *chain = simd.$mul_add(*chain, factor, term);
                    }
                }
                black_box(chains);
                2 * CHAINS * LENGTH * S::$lanes
            }
        }
    };
}

multiply_adds!(Doubles, splat_f64s, mul_add_e_f64s, F64_LANES);
multiply_adds!(Singles, splat_f32s, mul_add_e_f32s, F32_LANES);
