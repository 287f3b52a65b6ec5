//! Integers of several words, over the carry flag.

use super::Tested;
use crate::arithmetic;

const EDGES: [u64; 8] = [
    0,
    1,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_ffff_ffff,
    0xfeed_face_8765_4321,
];

pub(super) fn hold(tested: &mut Tested) {
    for (width, kinds) in [(32, ["u32", "s32"]), (64, ["u64", "s64"])] {
        for kind in kinds {
            for name in ["add", "sub", "mad.lo", "mad.hi"] {
                if name == "mad.hi" && kind.starts_with('s') {
                    continue;
                }
                let (base, part) = name.split_at(3);
                for (reads, writes) in [("", ".cc"), ("c", ""), ("c", ".cc")] {
                    let opcode = format!("{base}{reads}{part}{writes}.{kind}");
                    hold_word(tested, &opcode, name, width, !reads.is_empty());
                }
            }
        }
    }
}

/// A word of a sum, a difference or a product, and the flag.
fn word(name: &str, width: u32, [a, b, c]: [u128; 3], flag: u128) -> (u64, bool) {
    let ones = (1 << width) - 1;
    let product = || a.wrapping_mul(b);
    let sum = match name {
        "add" => a + b + flag,
        "mad.lo" => (product() & ones) + c + flag,
        "mad.hi" => (product() >> width) + c + flag,
        "sub" => return ((a.wrapping_sub(b + flag) & ones) as u64, a < b + flag),
        _ => panic!("{name}"),
    };
    ((sum & ones) as u64, sum > ones)
}

fn hold_word(tested: &mut Tested, opcode: &str, name: &str, width: u32, reads: bool) {
    let Some((function, operands)) = arithmetic::find_carry(opcode) else {
        panic!("{opcode} is not known");
    };
    assert_eq!(operands, if name.starts_with("mad") { 3 } else { 2 }, "the operands of {opcode}");
    let ones = u64::MAX >> (64 - width);
    for a in EDGES {
        for b in EDGES {
            for c in EDGES {
                for flag in [false, true] {
                    let given = [a, b, c].map(|value| u128::from(value & ones));
                    let expected = word(name, width, given, u128::from(flag && reads));
                    let (found, carried) = function(a, b, c, flag);
                    let found = (found & ones, carried);
                    assert_eq!(found, expected, "{opcode} of {a:#x}, {b:#x}, {c:#x} and {flag}");
                }
            }
        }
    }
    tested.add(opcode);
}
