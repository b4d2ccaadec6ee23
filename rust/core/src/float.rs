//! The element types that data may have.

use pulp::Simd;

use crate::compiled::Compiled;
use crate::kernels::lanes::{Double, Lanes, Single};

/// `f32` or `f64`: data are read as they are, and densities are computed in their own precision;
/// every sum over many rows is kept in `f64`.
pub trait Float: sealed::Element + Compiled {
    /// The same value as an `f64`, exactly.
    fn to_f64(self) -> f64;
}

/// What the kernels need to know of an element type.
mod sealed {
    use super::{Lanes, Simd};

    pub trait Element:
        Copy + Default + PartialOrd + Send + Sync + std::fmt::Debug + 'static
    {
        /// Vectors of this type.
        type Lanes<S: Simd>: Lanes<Element = Self>;

        /// Coefficients of 2^r for |r| ≤ ½, the highest power first.
        const EXP2: &'static [Self];
        /// Below this, 2^x is not a normal number.
        const SMALLEST_EXPONENT: Self;
        /// Stands for exponents below that: what has the bits of 1, times 2 to this power, has those of 0.
        const ZERO_EXPONENT: Self;
        /// The distance of 1 from the next number.
        const EPSILON: f64;
        /// Smallest log-density that is reported. Where a square overflows, the result is this value and not
        /// −∞ or NaN, so that everything derived from it stays finite.
        const LOG_FLOOR: Self;
        /// Stands for the logarithm of a probability of 0: however far a row is, a component that is ruled out is
        /// less probable than those that aren't.
        const LOG_ZERO: Self;
        /// Standard deviations from the origin up to which rows may be mapped before they are compared with a mean: the
        /// log-densities are then off by less than 1e-10 (`f64`) or 1e-4 (`f32`) near a component, for condition
        /// numbers up to 1e3.
        const FAR: f64;
        /// Standard deviations from 2^−this to 2^this leave room for the squares of differences.
        const ORDINARY_EXPONENT: f64;
        /// Whether a centre needs a second number of this type to be known well enough.
        const SPLIT_CENTRES: bool;

        fn lanes<S: Simd>(simd: S) -> Self::Lanes<S>;

        /// The nearest value of this type.
        fn from_f64(value: f64) -> Self;
    }
}
pub(crate) use sealed::Element;

impl Float for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

impl Float for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    type Lanes<S: Simd> = Double<S>;

    // Relative error 1.8e-17.
    const EXP2: &'static [Self] = &[
        4.078_071_941_314_749e-10,
        7.072_570_480_196_682e-9,
        1.018_064_766_906_027_4e-7,
        1.321_544_267_499_332_5e-6,
        1.525_272_738_514_470_4e-5,
        1.540_353_044_157_268_2e-4,
        1.333_355_815_344_004_5e-3,
        9.618_129_107_607_002e-3,
        5.550_410_866_479_04e-2,
        2.402_265_069_591_009_8e-1,
        6.931_471_805_599_457e-1,
        1.0,
    ];
    const SMALLEST_EXPONENT: Self = -1021.0;
    const ZERO_EXPONENT: Self = -1023.0;
    const EPSILON: f64 = f64::EPSILON;
    const LOG_FLOOR: Self = -1e200;
    const LOG_ZERO: Self = -4e200;
    const FAR: f64 = 1e4;
    const ORDINARY_EXPONENT: f64 = 240.0;
    const SPLIT_CENTRES: bool = false;

    #[inline(always)]
    fn lanes<S: Simd>(simd: S) -> Double<S> {
        Double(simd)
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl Element for f32 {
    type Lanes<S: Simd> = Single<S>;

    // Relative error 2.6e-9.
    const EXP2: &'static [Self] = &[
        1.559_468e-4,
        1.340_664_4e-3,
        9.617_693e-3,
        5.550_310_6e-2,
        2.402_265_3e-1,
        6.931_472e-1,
        1.0,
    ];
    const SMALLEST_EXPONENT: Self = -125.0;
    const ZERO_EXPONENT: Self = -127.0;
    const EPSILON: f64 = f32::EPSILON as f64;
    const LOG_FLOOR: Self = -1e30;
    const LOG_ZERO: Self = -4e30;
    const FAR: f64 = 32.0;
    const ORDINARY_EXPONENT: f64 = 40.0;
    const SPLIT_CENTRES: bool = true;

    #[inline(always)]
    fn lanes<S: Simd>(simd: S) -> Single<S> {
        Single(simd)
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}
