//! The element types that data may have.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: data are read as they are, every sum is kept in `f64`.
pub trait Float: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The same value as an `f64`, exactly.
    fn to_f64(self) -> f64;
}

impl Float for f32 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}
