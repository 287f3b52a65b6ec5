//! The system's C compiler, and its C++ compiler for the sanitizer build.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Output};
use std::{fmt, fs, io};

use buffer_core::DeadBuffer;

use super::{HostError, library};

/// What a kernel text is compiled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A release kernel.
    C,
    /// The sanitizer build.
    Cpp,
}

impl Language {
    /// The environment variable that names a compiler.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::C => "CC",
            Self::Cpp => "CXX",
        }
    }

    /// What is tried where the variable is not set.
    fn compilers(self) -> [&'static str; 3] {
        match self {
            Self::C => ["cc", "gcc", "clang"],
            Self::Cpp => ["c++", "g++", "clang++"],
        }
    }

    /// The compilers to install.
    pub(super) fn suggestion(self) -> &'static str {
        match self {
            Self::C => "gcc or clang",
            Self::Cpp => "g++ or clang++",
        }
    }

    /// The language, whatever else the compiler may take the text for. A text under the sanitizer is
    /// compiled more often than it is run for long.
    fn options(self) -> [&'static str; 4] {
        match self {
            Self::C => ["-x", "c", "-std=gnu11", "-O3"],
            Self::Cpp => ["-x", "c++", "-std=gnu++17", "-O0"],
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::C => "C",
            Self::Cpp => "C++",
        })
    }
}

/// Floating point is written in the text (no contraction), buffers are reused under other element
/// types (no strict aliasing), and nothing reads `errno`.
const OPTIONS: [&str; 6] =
    ["-fno-math-errno", "-ffp-contract=off", "-fno-strict-aliasing", "-fPIC", "-shared", "-w"];

/// Code for this processor alone, in its widest vectors.
const MACHINE_OPTIONS: &[&str] = if cfg!(any(target_arch = "x86_64", target_arch = "x86")) {
    &["-march=native", "-mprefer-vector-width=512"]
} else {
    &["-mcpu=native"]
};

/// A compiler that runs.
#[derive(Debug)]
pub(super) struct Compiler {
    language: Language,
    program: OsString,
    /// Arguments that the variable gives before ours, as in `ccache gcc`.
    arguments: Vec<String>,
    version: String,
}

impl Compiler {
    /// The compiler that `CC` or `CXX` names, else the first of the usual ones that runs.
    pub(super) fn find(language: Language) -> Result<Self, HostError> {
        let named = std::env::var_os(language.variable()).filter(|command| !command.is_empty());
        let candidates = match &named {
            Some(command) => vec![command.as_os_str()],
            None => language.compilers().map(OsStr::new).to_vec(),
        };
        let mut compilers = candidates.iter();
        compilers.find_map(|command| Self::try_command(language, command)).ok_or_else(|| {
            let tried = candidates.iter().map(|command| format!("`{}`", command.display()));
            HostError::NoCompiler { language, tried: tried.collect::<Vec<_>>().join(", ") }
        })
    }

    /// The compiler of a command: a program, whose path may hold spaces, or one with arguments.
    fn try_command(language: Language, command: &OsStr) -> Option<Self> {
        Self::try_program(language, command.to_owned(), Vec::new()).or_else(|| {
            let mut words = command.to_str()?.split_whitespace().map(str::to_owned);
            Self::try_program(language, words.next()?.into(), words.collect())
        })
    }

    fn try_program(language: Language, program: OsString, arguments: Vec<String>) -> Option<Self> {
        let answer = Command::new(&program).args(&arguments).arg("--version").output().ok()?;
        let version = String::from_utf8_lossy(&answer.stdout).into_owned();
        answer.status.success().then_some(Self { language, program, arguments, version })
    }

    /// What decides the code besides the text: compiler, options, processor and C library.
    pub(super) fn identity(&self) -> String {
        format!(
            "{:?} {:?}\n{}\n{:?} {OPTIONS:?} {MACHINE_OPTIONS:?}\n{}\n{}",
            self.program,
            self.arguments,
            self.version,
            self.language.options(),
            processor(),
            library::c_library_version().unwrap_or_default()
        )
    }

    /// The bytes of the shared library that a text compiles to.
    pub(super) fn compile(&self, text: &str) -> Result<Vec<u8>, HostError> {
        let folder = tempfile::tempdir()?;
        let library = folder.path().join("kernel.so");
        if let Err(log) = self.run(text, folder.path(), &library)? {
            let probed =
                || self.run(&format!("{}{text}", DeadBuffer::PROBE), folder.path(), &library);
            let dead = match DeadBuffer::in_log(&log) {
                None => probed()?.err().and_then(|log| DeadBuffer::in_log(&log)),
                dead => dead,
            };
            return Err(match dead {
                Some(dead) => HostError::DeadBuffer { dead, log },
                None => HostError::Compile { compiler: self.command(), log },
            });
        }
        fs::read(&library).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                HostError::NotACompiler { compiler: self.command(), language: self.language }
            }
            _ => error.into(),
        })
    }

    /// Compiles a text into a library, or gives the log of what is wrong with it.
    fn run(
        &self,
        text: &str,
        folder: &Path,
        library: &Path,
    ) -> Result<Result<(), String>, HostError> {
        let source = folder.join("kernel.c");
        fs::write(&source, text)?;
        let Output { status, stderr, .. } = Command::new(&self.program)
            .args(&self.arguments)
            .args(self.language.options())
            .args(OPTIONS)
            .args(MACHINE_OPTIONS)
            .arg("-o")
            .args([library, &source])
            .arg("-lm")
            .output()
            .map_err(|error| self.not_started(error))?;
        let log = || String::from_utf8_lossy(&stderr).into_owned();
        Ok(if status.success() { Ok(()) } else { Err(log()) })
    }

    fn not_started(&self, error: io::Error) -> HostError {
        HostError::Start { compiler: self.command(), language: self.language, error }
    }

    fn command(&self) -> String {
        self.program.display().to_string()
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version.lines().next() {
            Some(version) => f.write_str(version),
            None => self.program.display().fmt(f),
        }
    }
}

/// What the system tells of a processor, as far as it decides the code for it: its model, by which
/// compilers choose instructions, and all its features. Empty on systems that keep no such file.
fn processor() -> String {
    const KEYS: [&str; 9] = [
        "vendor_id",
        "cpu family",
        "model",
        "flags",
        "Features",
        "CPU implementer",
        "CPU architecture",
        "CPU variant",
        "CPU part",
    ];
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let first = all.split("\n\n").next().unwrap_or_default();
    let is_key =
        |line: &&str| line.split_once(':').is_some_and(|(key, _)| KEYS.contains(&key.trim_end()));
    first.lines().filter(is_key).collect::<Vec<_>>().join("\n")
}

/// Bytes of the widest vector register that fuses multiply-adds.
pub(super) fn vector_bytes() -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        return 64;
    } else if std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
    {
        return 32;
    }
    16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_compiler_is_a_path_or_a_path_with_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let spaced = folder.path().join("a compiler");
        std::os::unix::fs::symlink("/bin/true", &spaced).unwrap();
        let compiler = Compiler::try_command(Language::C, spaced.as_os_str()).unwrap();
        assert_eq!(compiler.program, spaced);
        let with_arguments =
            Compiler::try_command(Language::C, OsStr::new("sh -e -c true")).unwrap();
        assert_eq!(with_arguments.arguments, ["-e", "-c", "true"]);
        assert!(Compiler::try_command(Language::C, OsStr::new("no-such-compiler")).is_none());
    }

    #[test]
    fn what_compiles_nothing_is_told() {
        let compile = |program: &str| {
            let (program, arguments) = (program.into(), Vec::new());
            let (language, version) = (Language::C, String::new());
            Compiler { language, program, arguments, version }.compile("").unwrap_err()
        };
        let error = compile("true");
        assert!(matches!(error, HostError::NotACompiler { .. }), "{error}");
        let error = compile("no-such-compiler");
        assert!(matches!(error, HostError::Start { .. }), "{error}");
        assert!(!error.to_string().contains("temporary"), "{error}");
    }

    #[test]
    fn whatever_the_suffix_the_text_is_c() {
        let Some(compiler) = Compiler::try_command(Language::C, OsStr::new("g++")) else {
            println!("skipped: no g++");
            return;
        };
        compiler.compile("int new;").unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_processor_is_told_by_all_its_features() {
        let known = processor();
        assert!(known.contains("flags\t") || known.contains("Features\t"), "{known}");
        assert!(!known.contains("MHz"), "{known}");
    }
}
