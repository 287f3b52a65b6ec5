//! SB016 at kernel build: uses of dead buffers, which do not compile.

use thiserror::Error;

/// What stands between a buffer's name and the phase's in the name of a type.
const INFIX: &str = "_is_dead_in_";

/// SB016: kernel text uses a buffer in a phase in which it is dead, as a compiler's log tells it.
///
/// In the block of a phase the name of such a buffer is that of a struct, with which nothing can be
/// done, and whose type has the names of both.
///
/// ```
/// use buffer_core::DeadBuffer;
///
/// let log = "error: invalid operands to binary + (have 'struct guess_is_dead_in_solve' and 'int')";
/// let dead = DeadBuffer::in_log(log).unwrap();
/// assert_eq!((dead.buffer.as_str(), dead.phase.as_str()), ("guess", "solve"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "kernel text uses `{buffer}` in `{phase}`, where it is dead [SB016]\nhelp: add `{phase}` to its `live`, or use it in its live phases only"
)]
pub struct DeadBuffer {
    /// The buffer's name.
    pub buffer: String,
    /// The phase.
    pub phase: String,
}

impl DeadBuffer {
    /// What declares a dead buffer in the block of a phase.
    pub(crate) const DECLARATION: &str = "#ifndef BUFFERS_DEAD\n\
         #define BUFFERS_DEAD(name, phase) struct name##_is_dead_in_##phase { char SB016; } name;\n\
         #endif\n";

    /// What may stand before a kernel text that did not compile, for a log that names the type: some
    /// compilers of C do not name that of a struct with an index. With it a pointer can be passed on as
    /// any other, so it does not take the place of the check.
    pub const PROBE: &str =
        "#define BUFFERS_DEAD(name, phase) struct name##_is_dead_in_##phase *name;\n";

    /// The first use of a dead buffer in a compiler's log.
    pub fn in_log(log: &str) -> Option<Self> {
        let words = log.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let mut uses = words.filter_map(|word| word.split_once(INFIX));
        uses.find(|(buffer, phase)| !buffer.is_empty() && !phase.is_empty())
            .map(|(buffer, phase)| Self { buffer: buffer.to_owned(), phase: phase.to_owned() })
    }
}
