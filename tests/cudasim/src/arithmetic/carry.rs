//! Additions, subtractions and multiplications of several words, over the carry flag.

use crate::kind::Kind;

/// What an instruction makes of three operands and the carry flag: a result, and the flag.
pub(crate) type Carry = fn(u64, u64, u64, bool) -> (u64, bool);

/// The arithmetic, and how many operands it takes.
pub(super) fn find(opcode: &str) -> Option<(Carry, usize)> {
    let parts: Vec<_> = opcode.split('.').collect();
    let (&name, suffixes) = parts.split_first()?;
    let (&kind, modifiers) = suffixes.split_last()?;
    let modifiers: Vec<_> = modifiers.iter().filter(|&&modifier| modifier != "cc").collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(opcode: &str, a: u64, b: u64, c: u64, carry: bool) -> (u64, bool) {
        let (function, _) = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        function(a, b, c, carry)
    }

    #[test]
    fn the_carry_goes_from_word_to_word() {
        let values = [0, 1, 0xffff_ffff, 0x1_0000_0000, 0xffff_ffff_ffff_ffff, 0x8000_0000_0000];
        for a in values {
            for b in values {
                let (low, carry) = compute("add.cc.u32", a, b, 0, true);
                let (high, over) = compute("addc.cc.u32", a >> 32, b >> 32, 0, carry);
                assert_eq!(((high << 32) | low, over), a.overflowing_add(b), "{a:#x} + {b:#x}");
                let (low, borrow) = compute("sub.cc.s32", a, b, 0, true);
                let (high, over) = compute("subc.cc.s32", a >> 32, b >> 32, 0, borrow);
                assert_eq!(((high << 32) | low, over), a.overflowing_sub(b), "{a:#x} - {b:#x}");
            }
        }
    }

    #[test]
    fn products_of_several_words_add_up() {
        let (a, b) = (0xdead_beef_1234_5678, 0xfeed_face_8765_4321);
        let product = u128::from(a) * u128::from(b);
        let (low, carry) = compute("mad.lo.cc.u64", a, b, u64::MAX, false);
        let (high, _) = compute("madc.hi.u64", a, b, 0, carry);
        assert_eq!((u128::from(high) << 64) | u128::from(low), product + u128::from(u64::MAX));
        let (low, carry) = compute("mad.lo.cc.u32", a, b, 0xffff_ffff, false);
        let (high, _) = compute("madc.hi.u32", a, b, 0, carry);
        let product = (a & 0xffff_ffff) * (b & 0xffff_ffff) + 0xffff_ffff;
        assert_eq!((high << 32) | low, product);
    }

    #[test]
    fn what_has_no_carry_is_not_found() {
        for opcode in ["mul.lo.u32", "add.cc.f32", "madc.hi.s32", "add.cc", "add.lo.cc.u32"] {
            assert!(find(opcode).is_none(), "{opcode}");
        }
    }
}
