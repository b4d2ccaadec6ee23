//! How fast a pass is beside what the processor could do: floating-point operations a second.

mod peak;
mod work;

pub(crate) use peak::{Peak, instruction_sets};
pub(crate) use work::{Pass, flops};

/// Times of one pass with one element type, of which the median counts.
pub(crate) struct Timed {
    /// What was measured.
    pub(crate) name: String,
    /// `f32` or `f64`.
    pub(crate) element: &'static str,
    /// Operations of one pass.
    pub(crate) flops: f64,
    /// Seconds of one pass, sample by sample.
    pub(crate) seconds: Vec<f64>,
}

impl Timed {
    /// A line of the table: the pass, operations a second, and the fraction of the peak that they are.
    pub(crate) fn line(&mut self, instruction_set: &str, peak: &Peak) -> String {
        self.seconds.sort_by(f64::total_cmp);
        let rate = self.flops / self.seconds[self.seconds.len() / 2];
        let most = match self.element {
            "f32" => peak.f32,
            _ => peak.f64,
        };
        format!(
            "{:<44} {:<5} {instruction_set:<9} {:>8.1} {:>8.0} %",
            self.name,
            self.element,
            rate / 1e9,
            100.0 * rate / most,
        )
    }
}

/// The names of the columns.
pub(crate) fn heading() -> String {
    format!(
        "{:<44} {:<5} {:<9} {:>8} {:>10}",
        "pass", "type", "set", "GFLOP/s", "of peak"
    )
}
