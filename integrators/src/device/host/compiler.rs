//! The system's C compiler.

use std::process::{Command, Output};
use std::{fmt, fs};

use super::HostError;

/// What is tried where `CC` is not set.
const COMPILERS: [&str; 3] = ["cc", "gcc", "clang"];

/// Floating point is written in the text (no contraction), buffers are reused under other element
/// types (no strict aliasing), and nothing reads `errno`.
const OPTIONS: [&str; 8] = [
    "-std=gnu11",
    "-O3",
    "-fno-math-errno",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
    "-fPIC",
    "-shared",
    "-w",
];

/// Code for this processor alone, in its widest vectors.
const MACHINE_OPTIONS: &[&str] = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
    &["-march=native", "-mprefer-vector-width=512"]
} else {
    &["-mcpu=native"]
};

/// A C compiler that runs.
#[derive(Debug)]
pub(super) struct Compiler {
    program: String,
    /// Arguments that `CC` gives before ours, as in `ccache gcc`.
    arguments: Vec<String>,
    version: String,
}

impl Compiler {
    /// The compiler that `CC` names, else the first of the usual ones that runs.
    pub(super) fn find() -> Result<Self, HostError> {
        let named = std::env::var("CC").ok().filter(|command| !command.trim().is_empty());
        let candidates = match &named {
            Some(command) => vec![command.as_str()],
            None => COMPILERS.to_vec(),
        };
        candidates.iter().find_map(|command| Self::try_command(command)).ok_or_else(|| {
            let tried = candidates.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>();
            HostError::NoCompiler { tried: tried.join(", ") }
        })
    }

    fn try_command(command: &str) -> Option<Self> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next()?;
        let arguments: Vec<_> = words.collect();
        let answer = Command::new(&program).args(&arguments).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&answer.stdout).into_owned();
        answer.status.success().then_some(Self { program, arguments, version })
    }

    /// What decides the code besides the text: compiler, options and processor.
    pub(super) fn identity(&self) -> String {
        format!(
            "{} {:?}\n{}\n{OPTIONS:?} {MACHINE_OPTIONS:?}\n{:?}",
            self.program,
            self.arguments,
            self.version,
            features()
        )
    }

    /// The bytes of the shared library that a text compiles to.
    pub(super) fn compile(&self, text: &str) -> Result<Vec<u8>, HostError> {
        let folder = tempfile::tempdir()?;
        let (source, library) = (folder.path().join("kernel.c"), folder.path().join("kernel.so"));
        fs::write(&source, text)?;
        let Output { status, stderr, .. } = Command::new(&self.program)
            .args(&self.arguments)
            .args(OPTIONS)
            .args(MACHINE_OPTIONS)
            .arg("-o")
            .args([&library, &source])
            .arg("-lm")
            .output()?;
        if status.success() {
            Ok(fs::read(&library)?)
        } else {
            Err(HostError::Compile {
                compiler: self.program.clone(),
                log: String::from_utf8_lossy(&stderr).into_owned(),
            })
        }
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version.lines().next().unwrap_or(&self.program))
    }
}

macro_rules! detected {
    ($detect:ident: $($feature:tt)*) => {
        vec![$(($feature, std::arch::$detect!($feature))),*]
    };
}

/// The processor's features that bear on the code, and whether it has them.
fn features() -> Vec<(&'static str, bool)> {
    #[cfg(target_arch = "x86_64")]
    return detected!(is_x86_feature_detected: "sse4.2" "avx" "avx2" "fma" "bmi2" "avx512f"
        "avx512cd" "avx512bw" "avx512dq" "avx512vl" "avx512ifma" "avx512vbmi" "avx512vnni"
        "avx512bf16" "avx512fp16");
    #[cfg(target_arch = "aarch64")]
    return detected!(is_aarch64_feature_detected: "neon" "fp16" "dotprod" "sve" "sve2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Vec::new();
}

/// Bytes of the widest vector register that fuses multiply-adds.
pub(super) fn vector_bytes() -> usize {
    let features = features();
    let has = |name| features.contains(&(name, true));
    if has("avx512f") {
        64
    } else if has("avx2") && has("fma") {
        32
    } else {
        16
    }
}
