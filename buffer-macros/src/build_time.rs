//! What the derive costs a build: `cargo bench -p buffer-macros --bench build_time`.
//!
//! Crates of 1 to 1000 structs of 12 buffers are checked and built, with the derive and without it;
//! what both have in common, cargo and the rest of the compiler, is their difference. Repetitions take
//! turns, and the fastest of each counts, as in processor seconds so in seconds of the clock: those of
//! a busy machine are its own.

// The tests of the modules come along, and are not run.
#![allow(dead_code, unused_imports)]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

// The derive itself. No other package can call what one of macros holds, so this program stands among
// its modules.
mod check;
mod derive;
mod diag;
mod expand;
mod keys;
mod model;
mod names;
mod parse;
mod phase_order;
mod polynomial;
mod proof;
#[cfg(test)]
mod random;
mod suggest;

type Fallible<T> = Result<T, Box<dyn Error>>;

const SIZES: [usize; 4] = [1, 10, 100, 1000];
const ROUNDS: usize = 3;
/// Milliseconds of build time for a struct of 12 buffers.
const BUDGET: f64 = 3.0;

/// Sizes over fields and constants, aliases, parts of a loop, and every kind of lifetime.
const FIELDS: &str = r#"
    pub n: usize,
    pub stages: u32,
    #[buffer(size = n * (stages - 1), location = "shared", live = start)]
    pub predictor: Buffer,
    #[buffer(size = n, aliases = "predictor", live = base..=feval)]
    pub stage_base: Buffer,
    #[buffer(size = n * stages, location = "shared", live = solve)]
    pub right: Buffer,
    #[buffer(size = n, aliases = "right", live = finish, zero)]
    pub total: Buffer,
    #[buffer(size = 2 * WIDTH, location = "local", live = finish)]
    pub counters: Buffer<i32>,
    #[buffer(size = WIDTH, aliases = "counters", live = start)]
    pub flags: Buffer<i32>,
    #[buffer(size = n, location = "local", persistent)]
    pub cache: Buffer,
    #[buffer(size = 1, location = "local", persistent)]
    pub time: Buffer<f64>,
    #[buffer(size = max(n, 4), location = "local", live = start..=base)]
    pub guess: Buffer,
    #[buffer(size = 4, aliases = "guess", live = finish)]
    pub norms: Buffer,
    #[buffer(size = if stages > 2 { n } else { 0 }, location = "shared")]
    pub last: Buffer,
    #[buffer(size = 3, location = "auto")]
    pub small: Buffer,
"#;

const ATTRIBUTE: &str = "#[buffers(vars(n >= 1, stages >= 2), phases(start, loop stage { base, solve, feval }, finish))]";

fn main() -> Fallible<()> {
    print_machine();
    expansion()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("build_time");
    let crates = Crates::write(&folder)?;
    for command in ["check", "build"] {
        crates.measure(command)?;
    }
    Ok(())
}

fn print_machine() {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("not known");
    println!("machine: {model}, {cores} core(s), load before the start: {load}");
}

/// The derive alone, optimised, on tokens that are no compiler's.
fn expansion() -> Fallible<()> {
    let tokens: proc_macro2::TokenStream =
        format!("{ATTRIBUTE} pub struct Step {{ {FIELDS} }}").parse()?;
    let expanded = derive::derive_or_report(tokens.clone());
    let file: syn::File = syn::parse2(expanded.clone())?;
    if !matches!(file.items.as_slice(), [syn::Item::Const(_)]) {
        return Err(format!("the struct is refused: {expanded}").into());
    }
    let mut fastest = f64::INFINITY;
    for _ in 0..1000 {
        let input = tokens.clone();
        let start = Instant::now();
        let output = derive::derive_or_report(input);
        fastest = fastest.min(start.elapsed().as_secs_f64());
        drop(std::hint::black_box(output));
    }
    let characters = expanded.to_string().len();
    println!("expansion of one struct: {:.0} us, into {characters} characters\n", 1e6 * fastest);
    Ok(())
}

/// Packages of as many structs as [`SIZES`] says, with the derive and without.
struct Crates {
    folder: PathBuf,
}

impl Crates {
    fn write(folder: &Path) -> Fallible<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let core = workspace.join("buffer-core");
        let mut members = String::new();
        for structs in SIZES {
            for (kind, derives) in [("derived", true), ("plain", false)] {
                let name = format!("{kind}_{structs}");
                write!(members, "\"{name}\", ")?;
                let source = folder.join(&name).join("src");
                std::fs::create_dir_all(&source)?;
                std::fs::write(source.join("lib.rs"), text(structs, derives)?)?;
                let manifest = format!(
                    "[package]\nname = \"{name}\"\nedition = \"2024\"\n[dependencies]\n\
                     buffer-core = {{ path = {core:?} }}\n"
                );
                std::fs::write(folder.join(&name).join("Cargo.toml"), manifest)?;
            }
        }
        let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n");
        std::fs::write(folder.join("Cargo.toml"), manifest)?;
        std::fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Seconds of the clock, and of all processors, that cargo takes for one package alone.
    fn run(&self, command: &str, name: &str) -> Fallible<[f64; 2]> {
        let source = self.folder.join(name).join("src/lib.rs");
        std::fs::File::options()
            .append(true)
            .open(source)?
            .set_modified(std::time::SystemTime::now())?;
        let (before, start) = (processor_seconds(), Instant::now());
        let output = Command::new(env!("CARGO"))
            .args([command, "--offline", "--quiet", "--package", name])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "0")
            .output()?;
        let elapsed = start.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok([elapsed, processor_seconds() - before])
    }

    fn measure(&self, command: &str) -> Fallible<()> {
        // What the packages depend on is built before.
        self.run(command, "derived_1")?;
        let mut fastest = [[[f64::INFINITY; 2]; 2]; SIZES.len()];
        for _ in 0..ROUNDS {
            for (structs, fastest) in SIZES.iter().zip(&mut fastest) {
                for (kind, fastest) in ["derived", "plain"].iter().zip(fastest) {
                    let times = self.run(command, &format!("{kind}_{structs}"))?;
                    for (time, fastest) in times.into_iter().zip(fastest) {
                        *fastest = fastest.min(time);
                    }
                }
            }
        }
        println!("cargo {command}, not incremental");
        for (clock, name) in ["seconds", "processor seconds"].into_iter().enumerate() {
            println!("  {name}");
            let mut costs = Vec::new();
            for (structs, times) in SIZES.into_iter().zip(fastest) {
                let [derived, plain] = times.map(|times| times.get(clock).copied().unwrap_or(0.0));
                println!("  {structs:>6} structs: {derived:.2} derived, {plain:.2} plain");
                costs.push((structs as f64, derived - plain));
            }
            // From 100 structs on, a step of the clock or of cargo is no part of it.
            if let [.., (few, little), (many, much)] = costs.as_slice() {
                let each = 1e3 * (much - little) / (many - few);
                let slope = (much / little).ln() / (many / few).ln();
                let verdict = if each < BUDGET { "within" } else { "MISSES" };
                println!(
                    "  each struct: {each:.2} ms, {verdict} the budget of {BUDGET} ms; log-log slope {slope:.2}\n"
                );
            }
        }
        Ok(())
    }
}

/// The source of one package.
fn text(structs: usize, derives: bool) -> Fallible<String> {
    let mut text =
        String::from("use buffer_core::{Buffer, Buffers};\n\npub const WIDTH: usize = 3;\n");
    let plain: String = FIELDS
        .lines()
        .filter(|line| !line.contains("#["))
        .map(|line| format!("{line}\n"))
        .collect();
    for index in 0..structs {
        if derives {
            writeln!(text, "#[derive(Buffers)]\n{ATTRIBUTE}\npub struct Step{index} {{{FIELDS}}}")?;
        } else {
            writeln!(text, "pub struct Step{index} {{{plain}}}")?;
        }
    }
    if !derives {
        writeln!(text, "pub trait Uses: Buffers {{}}")?;
    }
    Ok(text)
}

/// Processor seconds of all commands that have ended, where the system tells.
fn processor_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_the_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = behind_the_name.split(' ').collect();
    // `cutime` and `cstime`, the 16th and 17th in proc(5), of which the name is the second.
    let ticks = [13, 14].map(|field| fields.get(field).and_then(|text| text.parse::<f64>().ok()));
    ticks.into_iter().flatten().sum::<f64>() / TICKS_PER_SECOND
}
