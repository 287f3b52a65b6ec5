//! Every instruction that is known, held against Rust's own arithmetic.
//!
//! Each module holds a group of instructions; what is known and in none of them is a failure.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

mod approximations;
mod carries;
mod comparisons;
mod conversions;
mod directed;
mod floats;
mod integers;
mod kernels;

use std::collections::{BTreeMap, BTreeSet};

use crate::arithmetic;
use crate::decode::decode;
use crate::kind::Kind;
use crate::parse::Reason;

/// What fills a register above the bits of a type.
const DIRTY: u64 = 0xdead_beef_f00d_5a5a;

/// The opcodes that a test has executed.
#[derive(Default)]
struct Tested(BTreeSet<String>);

impl Tested {
    fn add(&mut self, opcode: &str) {
        self.0.insert(opcode.to_owned());
    }

    /// Holds an instruction, for every choice of its operands, against what `expected` makes of them:
    /// bits of the type `result`, or none where PTX leaves it open.
    fn hold(
        &mut self,
        opcode: &str,
        result: Kind,
        operands: &[Values<'_>],
        expected: impl Fn([u64; 4]) -> Option<u64>,
    ) {
        let found = arithmetic::find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        assert_eq!(found.operands, operands.len(), "the operands of {opcode}");
        let mut chosen = vec![0; operands.len()];
        loop {
            let (mut clean, mut dirty) = ([0; 4], [0; 4]);
            for (at, Values { kind, values }) in operands.iter().enumerate() {
                clean[at] = values[chosen[at]] & ones(*kind);
                dirty[at] = clean[at] | DIRTY & !ones(*kind);
            }
            if let Some(expected) = expected(clean) {
                let found = found.compute.apply(dirty) & ones(result);
                let same = found == expected || (result == Kind::F64 && both_nan(found, expected));
                assert!(same, "{opcode} of {clean:x?}: {found:#x}, not {expected:#x}");
            }
            // The next choice, as a number with a digit for each operand.
            let Some(at) = (0..chosen.len()).find(|&at| chosen[at] + 1 < operands[at].values.len())
            else {
                break;
            };
            chosen[at] += 1;
            chosen[..at].fill(0);
        }
        self.add(opcode);
    }
}

/// What an operand may be.
#[derive(Clone, Copy)]
struct Values<'a> {
    kind: Kind,
    values: &'a [u64],
}

fn values(kind: Kind, values: &[u64]) -> Values<'_> {
    Values { kind, values }
}

/// The bits of a type.
fn ones(kind: Kind) -> u64 {
    match kind {
        Kind::Predicate => 1,
        kind => u64::MAX >> (64 - 8 * kind.bytes()),
    }
}

fn both_nan(a: u64, b: u64) -> bool {
    f64::from_bits(a).is_nan() && f64::from_bits(b).is_nan()
}

/// The bits of an `f32`: of what is no number, those that PTX gives.
fn single(value: f32) -> u64 {
    let bits = value.to_bits();
    let is_number = bits & 0x7fff_ffff <= f32::INFINITY.to_bits();
    u64::from(if is_number { bits } else { 0x7fff_ffff })
}

/// Zero of the same sign where a value is subnormal.
fn flush(value: f32) -> f32 {
    if value.abs() < f32::MIN_POSITIVE { 0.0_f32.copysign(value) } else { value }
}

/// Zeros, ends of the range, subnormals, ties, infinities, no number, and arbitrary bits.
fn singles() -> Vec<u64> {
    let chosen = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        3.0,
        0.1,
        0.5,
        2.5,
        16_777_216.0,
        -16_777_219.0,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        // The largest subnormal and the smallest.
        1.175_494_2e-38,
        -1e-45,
        1e-20,
        -1e20,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let chosen = chosen.map(|value| u64::from(value.to_bits()));
    chosen.into_iter().chain(arbitrary().take(12).map(|bits| bits >> 32)).collect()
}

/// As [`singles`].
fn doubles() -> Vec<u64> {
    let chosen = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        3.0,
        0.1,
        0.5,
        -0.5,
        2.5,
        0.499_999_999_999_999_94,
        16_777_217.0,
        2_147_483_647.5,
        -2_147_483_648.5,
        4_294_967_295.5,
        9.3e18,
        -9.3e18,
        1.9e19,
        1e39,
        -1e-39,
        f64::MAX,
        f64::MIN_POSITIVE,
        -5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    chosen.into_iter().map(f64::to_bits).chain(arbitrary().take(12)).collect()
}

/// Bits without a pattern, the same every time: SplitMix64 of Steele, Lea and Flood (2014).
fn arbitrary() -> impl Iterator<Item = u64> {
    let mut state = 42_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// The words in quotation marks of the files that know instructions.
fn words() -> BTreeMap<String, Vec<String>> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let folder = std::fs::read_dir(format!("{source}/arithmetic")).unwrap();
    let mut texts: BTreeMap<_, _> = folder
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .map(|(name, path)| (name, read(path.to_str().unwrap())))
        .collect();
    for name in ["arithmetic.rs", "decode.rs"] {
        texts.insert(name.to_owned(), read(&format!("{source}/{name}")));
    }
    let is_word = |text: &&str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let words = |text: &str| -> BTreeSet<String> {
        text.split('"').skip(1).step_by(2).filter(is_word).map(str::to_owned).collect()
    };
    texts.into_iter().map(|(name, text)| (name, words(&text).into_iter().collect())).collect()
}

const KINDS: [&str; 15] = [
    "pred", "b8", "b16", "b32", "b64", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32",
    "f64",
];

/// Whether an opcode is one, whatever its operands.
fn is_known(opcode: &str) -> bool {
    !matches!(decode(opcode, &[]), Err(Reason::UnknownInstruction { .. }))
}

/// Every opcode that is known: words of a file one behind the other, up to four, and a type.
fn known() -> BTreeSet<String> {
    let files = words();
    let mut known = BTreeSet::new();
    for (file, own) in &files {
        // Some modifiers are known to one file and used in another.
        let own = own.iter().chain(&files["directed.rs"]).map(String::as_str);
        let mut pool: BTreeSet<&str> = own.chain(["ftz"]).collect();
        pool.retain(|word| !KINDS.contains(word));
        let names = files["arithmetic.rs"].iter().map(String::as_str).chain(pool.iter().copied());
        for name in names.collect::<BTreeSet<_>>() {
            let targets: &[&str] = match (name, file.as_str()) {
                ("cvt", "convert.rs") => &KINDS,
                ("cvt", _) => continue,
                _ => &[""],
            };
            let mut prefixes = vec![name.to_owned()];
            // Three modifiers are looked for where two are known.
            for modifiers in 0..=3 {
                let before = known.len();
                for prefix in &prefixes {
                    let forms = targets.iter().flat_map(|to| {
                        let to = if to.is_empty() { String::new() } else { format!(".{to}") };
                        KINDS.iter().map(move |kind| format!("{prefix}{to}.{kind}"))
                    });
                    known.extend(forms.chain([prefix.clone()]).filter(|form| is_known(form)));
                }
                if modifiers >= 2 && known.len() == before {
                    break;
                }
                let longer = |prefix: &String| {
                    let pool =
                        pool.iter().filter(|word| !prefix.split('.').any(|old| old == **word));
                    pool.map(|word| format!("{prefix}.{word}")).collect::<Vec<_>>()
                };
                prefixes = prefixes.iter().flat_map(longer).collect();
            }
        }
    }
    // Those with labels or functions for operands.
    known.extend(["bra", "bra.uni", "call", "call.uni"].map(str::to_owned));
    known
}

#[test]
fn every_instruction_is_rusts() {
    let mut tested = Tested::default();
    integers::hold(&mut tested);
    carries::hold(&mut tested);
    floats::hold(&mut tested);
    directed::hold(&mut tested);
    approximations::hold(&mut tested);
    comparisons::hold(&mut tested);
    conversions::hold(&mut tested);
    kernels::hold(&mut tested);
    let known = known();
    let missing: Vec<_> = known.difference(&tested.0).collect();
    assert!(missing.is_empty(), "{} of {} are not tested: {missing:?}", missing.len(), known.len());
    // The search finds all that is tested, so it would find what is not.
    let unfound: Vec<_> = tested.0.difference(&known).collect();
    assert!(unfound.is_empty(), "{unfound:?}");
}

#[test]
fn what_ptx_does_not_have_is_not_known() {
    for opcode in [
        "add.rn.ftz.f64",
        "add.rn.sat.f32",
        "add.ftz.rn.f32",
        "add.f16",
        "fma.f32",
        "div.f32",
        "div.rz.f32",
        "rcp.approx.f64",
        "tanh.approx.ftz.f32",
        "neg.u32",
        "mul.wide.u64",
        "mul.u32",
        "popc.b16",
        "setp.lt.b32",
        "setp.eq.ftz.f64",
        "setp.equ.s32",
        "selp.pred",
        "cvt.f32.s32",
        "cvt.s32.f32",
        "cvt.f32.f64",
        "cvt.rn.f64.f32",
        "cvt.ftz.s32.s64",
        "cvt.u32",
        "cvt.b32.u32",
        "madc.hi.s32",
        "add.cc",
        "add.cc.f32",
        "add.lo.cc.u32",
        "ld.global.v4.f64",
        "ld.global.pred",
        "ld.shared.nc.f32",
        "st.const.u32",
        "st.global.nc.u32",
        "vote.sync.any.b32",
        "bar.arrive",
    ] {
        assert!(!is_known(opcode), "{opcode}");
    }
}
