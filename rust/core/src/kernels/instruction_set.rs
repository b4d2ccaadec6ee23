//! The instruction set that the kernels run with: the widest of the machine, or a narrower one by choice.

use std::sync::LazyLock;

#[cfg(target_arch = "aarch64")]
use pulp::aarch64::Neon;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Arch, Simd, WithSimd};

/// Names the instruction set to use: `avx512`, `avx2`, `neon` or `portable`. A set that the machine
/// lacks, or an unknown name, leaves the choice to the machine.
///
/// Results are the same bits for any number of threads with one set; other sets round differently.
const VARIABLE: &str = "GMM_RS_INSTRUCTION_SET";

/// The instruction sets of this machine by name, the widest first.
pub(crate) fn instruction_sets() -> Vec<(&'static str, Arch)> {
    let mut sets = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(V4::try_new().map(|v4| ("avx512", Arch::V4(v4))));
        sets.extend(V3::try_new().map(|v3| ("avx2", Arch::V3(v3))));
    }
    #[cfg(target_arch = "aarch64")]
    sets.extend(Neon::try_new().map(|neon| ("neon", Arch::Neon(neon))));
    sets.push(("portable", Arch::Scalar));
    sets
}

/// The instruction set that the environment names, or the widest.
fn chosen() -> Arch {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    let named = instruction_sets()
        .into_iter()
        .find(|(known, _)| *known == name);
    named.map_or_else(Arch::new, |(_, arch)| arch)
}

/// Runs `work` with the instruction set of this process.
pub(crate) fn run<W: WithSimd>(work: W) -> W::Output {
    static CHOSEN: LazyLock<Arch> = LazyLock::new(chosen);
    CHOSEN.dispatch(OnAlignedStack(work))
}

/// Work on a stack that is aligned to cache lines, and with it the vectors that the compiler keeps there: it aligns the
/// stack for a variable that needs it, but not for spilled registers alone, and a vector across two lines costs twice.
struct OnAlignedStack<W>(W);

impl<W: WithSimd> WithSimd for OnAlignedStack<W> {
    type Output = W::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> W::Output {
        #[repr(align(64))]
        struct CacheLine([u8; 64]);
        std::hint::black_box(&mut CacheLine([0; 64]).0);
        self.0.with_simd(simd)
    }
}
