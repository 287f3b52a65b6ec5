//! What the sanitizer build of a solver found.

use std::fmt;

use buffer_core::SanitizerFault;

use crate::solution::Solution;

/// A solution by the sanitizer build of a kernel, with the mistakes of its text.
///
/// Its `Display` lists the faults, each with what to do.
#[derive(Debug)]
pub struct Sanitized {
    /// The solution: without faults, bit for bit that of the release kernel.
    pub solution: Solution,
    /// The faults, each once and in the order of the runs where it first happened, up to 64 of a thread;
    /// none where every use of a buffer is sound.
    pub faults: Vec<SanitizerFault>,
}

impl fmt::Display for Sanitized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.is_empty() {
            return f.write_str("every use of a buffer is sound");
        }
        let faults: Vec<_> = self.faults.iter().map(|fault| format!("error: {fault}")).collect();
        f.write_str(&faults.join("\n\n"))
    }
}
