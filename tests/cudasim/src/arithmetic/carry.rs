//! Additions, subtractions and multiplications of several words, over the carry flag.

use crate::kind::Kind;

/// What an instruction makes of three operands and the carry flag: a result, and the flag.
pub(crate) type Carry = fn(u64, u64, u64, bool) -> (u64, bool);

/// The arithmetic, and how many operands it takes.
pub(super) fn find(opcode: &str) -> Option<(Carry, usize)> {
    let parts: Vec<_> = opcode.split('.').collect();
    let (&name, suffixes) = parts.split_first()?;
    let (&kind, modifiers) = suffixes.split_last()?;
    let (writes, modifiers) = match modifiers {
        [modifiers @ .., "cc"] => (true, modifiers),
        modifiers => (false, modifiers),
    };
    // Names of those that read the flag end so.
    if !writes && !name.ends_with('c') {
        return None;
    }
    let part = match *modifiers {
        [] => "",
        [part] => part,
        _ => return None,
    };
    match Kind::parse(kind)? {
        Kind::Unsigned(4) | Kind::Signed(4) if part != "hi" || kind == "u32" => {
            of_bits::<32>(name, part)
        }
        Kind::Unsigned(8) | Kind::Signed(8) if part != "hi" || kind == "u64" => {
            of_bits::<64>(name, part)
        }
        _ => None,
    }
}

fn of_bits<const BITS: u32>(name: &str, part: &str) -> Option<(Carry, usize)> {
    Some(match (name, part) {
        ("add", "") => (|a, b, _, _| sum::<BITS>(a, b, false), 2),
        ("addc", "") => (|a, b, _, carry| sum::<BITS>(a, b, carry), 2),
        ("sub", "") => (|a, b, _, _| difference::<BITS>(a, b, false), 2),
        ("subc", "") => (|a, b, _, carry| difference::<BITS>(a, b, carry), 2),
        ("mad", "lo") => (|a, b, c, _| sum::<BITS>(low::<BITS>(a, b), c, false), 3),
        ("madc", "lo") => (|a, b, c, carry| sum::<BITS>(low::<BITS>(a, b), c, carry), 3),
        ("mad", "hi") => (|a, b, c, _| sum::<BITS>(high::<BITS>(a, b), c, false), 3),
        ("madc", "hi") => (|a, b, c, carry| sum::<BITS>(high::<BITS>(a, b), c, carry), 3),
        _ => return None,
    })
}

fn word<const BITS: u32>(bits: u64) -> u128 {
    u128::from(bits) & ((1 << BITS) - 1)
}

fn sum<const BITS: u32>(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let sum = word::<BITS>(a) + word::<BITS>(b) + u128::from(carry);
    (word::<BITS>(sum as u64) as u64, sum >> BITS != 0)
}

fn difference<const BITS: u32>(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (a, b) = (word::<BITS>(a), word::<BITS>(b) + u128::from(borrow));
    (word::<BITS>(a.wrapping_sub(b) as u64) as u64, a < b)
}

fn low<const BITS: u32>(a: u64, b: u64) -> u64 {
    (word::<BITS>(a) * word::<BITS>(b)) as u64
}

fn high<const BITS: u32>(a: u64, b: u64) -> u64 {
    ((word::<BITS>(a) * word::<BITS>(b)) >> BITS) as u64
}
