//! How long a start works before it asks whether it may go on.

use std::ops::ControlFlow;

use crate::error::GmmError;

/// Floating-point operations between two questions: some milliseconds.
const FLOPS: usize = 1 << 26;

/// Work that may be done until somebody is asked.
pub(crate) struct Patience<'a> {
    left: usize,
    may_go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(may_go_on: &'a mut dyn FnMut() -> ControlFlow<()>) -> Self {
        Self {
            left: FLOPS,
            may_go_on,
        }
    }

    /// Tells that so many operations have been done.
    ///
    /// # Errors
    /// [`GmmError::Interrupted`] as the answer to a question.
    pub(super) fn spend(&mut self, flops: usize) -> Result<(), GmmError> {
        self.left = self.left.saturating_sub(flops);
        if self.left == 0 {
            self.left = FLOPS;
            if (self.may_go_on)().is_break() {
                return Err(GmmError::Interrupted);
            }
        }
        Ok(())
    }
}
