//! SB016 at kernel build: uses of dead buffers, which do not compile.

use thiserror::Error;

/// What stands between a buffer's name and the phase's in the name of a type.
const INFIX: &str = "_is_dead_in_";

/// What stands before the path of a factory, and between that and a buffer's name, in the name of the
/// type that the latter has outside of marked phases.
const TYPE_PREFIX: &str = "buffers_";
const TYPE_INFIX: &str = "_type_of_";

/// Before operands of which one is a struct, NVRTC says this, and names their types as they are written.
const OPERANDS: &str = "operand types are:";

/// SB016: kernel text uses a buffer in a phase in which it is dead, as a compiler's log tells it.
///
/// In the block of a phase the name of such a buffer is that of a struct, with which nothing can be
/// done, and whose type has the names of both. Outside of marked phases those of buffers that marks zero
/// are such names, too.
///
/// ```
/// use buffer_core::DeadBuffer;
///
/// let log = "error: invalid operands to binary + (have 'struct guess_is_dead_in_solve' and 'int')";
/// let dead = DeadBuffer::in_log(log).unwrap();
/// assert_eq!((dead.buffer.as_str(), dead.phase.as_deref()), ("guess", Some("solve")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("kernel text uses `{buffer}` {}", explain(phase.as_deref()))]
pub struct DeadBuffer {
    /// The buffer's name.
    pub buffer: String,
    /// The phase; none where a buffer that marks zero is used outside of marked phases.
    pub phase: Option<String>,
}

/// Where the use is, and what to do.
fn explain(phase: Option<&str>) -> String {
    match phase {
        Some(phase) => format!(
            "in `{phase}`, where it is dead [SB016]\nhelp: add `{phase}` to its `live`, or use it in its live phases only"
        ),
        None => "where no phase is marked that zeroes it [SB016]\nhelp: use it in blocks of its live phases, each of which begins with a mark, `PHASE(...)`, in a function that allocates it".to_owned(),
    }
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

    /// The type that the name of a buffer has outside of marked phases. A dead buffer of this name, in no
    /// phase, defines it.
    pub(crate) fn type_outside_of_marks(path: &str, buffer: &str) -> String {
        format!("{TYPE_PREFIX}{path}{TYPE_INFIX}{buffer}")
    }

    /// The first use of a dead buffer in a compiler's log.
    pub fn in_log(log: &str) -> Option<Self> {
        log.lines().find_map(|line| {
            let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.find_map(|word| {
                let in_phase = Self::in_phase(word);
                in_phase.or_else(|| Self::outside_of_marks(word, line.contains(OPERANDS)))
            })
        })
    }

    /// The buffer and the phase of a struct.
    fn in_phase(word: &str) -> Option<Self> {
        let (buffer, phase) = word.split_once(INFIX)?;
        let [buffer, phase] = [buffer, phase].map(str::to_owned);
        (!buffer.is_empty() && !phase.is_empty()).then_some(Self { buffer, phase: Some(phase) })
    }

    /// The buffer of a struct that is no phase's, or of the name of its type among operands.
    fn outside_of_marks(word: &str, among_operands: bool) -> Option<Self> {
        let name = word.strip_suffix(INFIX).or_else(|| among_operands.then_some(word))?;
        let (path, buffer) = name.split_once(TYPE_INFIX)?;
        (path.starts_with(TYPE_PREFIX) && !buffer.is_empty())
            .then(|| Self { buffer: buffer.to_owned(), phase: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(log: &str) -> Option<(String, Option<String>)> {
        DeadBuffer::in_log(log).map(|DeadBuffer { buffer, phase }| (buffer, phase))
    }

    #[test]
    fn a_log_tells_of_a_use_outside_of_marks() {
        let type_name = DeadBuffer::type_outside_of_marks("step_solver", "sums");
        for log in [
            // GCC, and NVRTC where a type is quoted, and where it is an operand.
            format!("error: invalid use of '{type_name}' {{aka 'struct {type_name}_is_dead_in_'}}"),
            format!(
                "conversion from \"{type_name}\" (aka \"{type_name}_is_dead_in_\") to \"real *\""
            ),
            format!("error: no operator matches\n  operand types are: {type_name} [ int ]"),
        ] {
            assert_eq!(found(&log), Some(("sums".to_owned(), None)), "{log}");
        }
        // In a marked phase it is the type of a pointer.
        let log = format!("a value of type \"{type_name}\" (aka \"double *\") cannot be assigned");
        for log in
            [log.as_str(), "_is_dead_in_", "x_is_dead_in_", "operand types are: real [ int ]"]
        {
            assert_eq!(found(log), None, "{log}");
        }
    }
}
