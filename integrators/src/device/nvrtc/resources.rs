//! What a kernel takes from a GPU, read from the compiler's log.

/// Registers and memory of one kernel entry, as the assembler reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Registers of one thread.
    pub registers: u32,
    /// Bytes of local memory that one thread addresses: arrays that are not in registers.
    pub stack_bytes: u32,
    /// Bytes of registers that one thread writes to local memory, for want of registers.
    pub spill_store_bytes: u32,
    /// Bytes that it reads back.
    pub spill_load_bytes: u32,
    /// Bytes of shared memory of a block that the text itself declares, besides what a launch adds.
    pub shared_bytes: u32,
    /// Bytes of constant memory, the kernel's arguments included, where the assembler says.
    pub constant_bytes: u32,
}

impl Resources {
    /// Reads the lines about one entry:
    ///
    /// ```text
    /// ptxas info    : Function properties for batch_kernel
    /// ptxas         .     160 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
    /// ptxas info    : Used 32 registers, used 0 barriers, 160 bytes cumulative stack size
    /// ```
    pub(super) fn parse(log: &str, entry: &str) -> Option<Self> {
        let heading = format!("Function properties for {entry}");
        let mut lines = log.lines().skip_while(|line| !line.trim_end().ends_with(&heading)).skip(1);
        let mut resources = Self::default();
        for item in items(lines.next()?) {
            match item {
                (bytes, "bytes stack frame") => resources.stack_bytes = bytes,
                (bytes, "bytes spill stores") => resources.spill_store_bytes = bytes,
                (bytes, "bytes spill loads") => resources.spill_load_bytes = bytes,
                _ => {}
            }
        }
        for item in items(lines.next()?) {
            match item {
                (registers, "registers") => resources.registers = registers,
                (bytes, "bytes smem") => resources.shared_bytes = bytes,
                (bytes, what) if what.starts_with("bytes cmem") => {
                    resources.constant_bytes += bytes;
                }
                _ => {}
            }
        }
        (resources.registers > 0).then_some(resources)
    }
}

/// The comma-separated items of a line, each as a number and what follows it.
fn items(line: &str) -> impl Iterator<Item = (u32, &str)> {
    line.split(',').filter_map(|item| {
        let item = item.get(item.find(|c: char| c.is_ascii_digit())?..)?;
        let (number, what) = item.split_once(' ')?;
        Some((number.parse().ok()?, what.trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
ptxas info    : 0 bytes gmem, 16 bytes cmem[3]
ptxas info    : Compiling entry function 'other' for 'sm_90'
ptxas info    : Function properties for other
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers
ptxas info    : Compiling entry function 'batch_kernel' for 'sm_75'
ptxas info    : Function properties for batch_kernel
ptxas         .     160 bytes stack frame, 24 bytes spill stores, 28 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 160 bytes cumulative stack size, 392 bytes smem, 364 bytes cmem[0], 8 bytes cmem[2]
ptxas info    : Compile time = 9.649 ms
";

    #[test]
    fn each_number_is_read_for_the_entry_asked_for() {
        let expected = Resources {
            registers: 32,
            stack_bytes: 160,
            spill_store_bytes: 24,
            spill_load_bytes: 28,
            shared_bytes: 392,
            constant_bytes: 372,
        };
        assert_eq!(Resources::parse(LOG, "batch_kernel"), Some(expected));
        let other = Resources { registers: 8, ..Resources::default() };
        assert_eq!(Resources::parse(LOG, "other"), Some(other));
    }

    #[test]
    fn a_log_that_does_not_say_gives_nothing() {
        assert_eq!(Resources::parse(LOG, "kernel"), None);
        assert_eq!(Resources::parse("", "batch_kernel"), None);
        let cut = LOG.split("ptxas info    : Used 32").next().unwrap();
        assert_eq!(Resources::parse(cut, "batch_kernel"), None);
    }
}
