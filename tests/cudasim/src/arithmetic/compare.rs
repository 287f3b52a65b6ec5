//! Comparisons.

use std::cmp::Ordering;

use super::float::{f32_of, f64_of, flushed};
use super::{Arithmetic, Compute, Operands};
use crate::kind::Kind;

/// A comparison: which orders hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparison {
    less: bool,
    equal: bool,
    greater: bool,
    /// Where an operand is no number.
    unordered: bool,
    kind: Kind,
    flush: bool,
}

pub(super) fn find(modifiers: &[&str], kind: Kind) -> Option<Arithmetic> {
    let (test, flush) = match *modifiers {
        [test] => (test, false),
        [test, "ftz"] if kind == Kind::F32 => (test, true),
        _ => return None,
    };
    let is_float = matches!(kind, Kind::F32 | Kind::F64);
    let (less, equal, greater, unordered) = match test {
        "eq" => (false, true, false, false),
        "ne" => (true, false, true, false),
        "lt" => (true, false, false, false),
        "le" => (true, true, false, false),
        "gt" => (false, false, true, false),
        "ge" => (false, true, true, false),
        "equ" if is_float => (false, true, false, true),
        "neu" if is_float => (true, false, true, true),
        "ltu" if is_float => (true, false, false, true),
        "leu" if is_float => (true, true, false, true),
        "gtu" if is_float => (false, false, true, true),
        "geu" if is_float => (false, true, true, true),
        "num" if is_float => (true, true, true, false),
        "nan" if is_float => (false, false, false, true),
        _ => return None,
    };
    let comparison = Comparison { less, equal, greater, unordered, kind, flush };
    Some(Arithmetic { compute: Compute::Comparison(comparison), operands: 2 })
}

impl Comparison {
    /// 1 where it holds, else 0.
    pub(super) fn apply(&self, [a, b, ..]: Operands) -> u64 {
        let order = match self.kind {
            Kind::Predicate => (a & 1).partial_cmp(&(b & 1)),
            Kind::F32 if self.flush => flushed(f32_of(a)).partial_cmp(&flushed(f32_of(b))),
            Kind::F32 => f32_of(a).partial_cmp(&f32_of(b)),
            Kind::F64 => f64_of(a).partial_cmp(&f64_of(b)),
            Kind::Signed(bytes) => {
                let above = 64 - 8 * bytes as u32;
                ((a << above) as i64).partial_cmp(&((b << above) as i64))
            }
            Kind::Unsigned(bytes) | Kind::Bits(bytes) => {
                let above = 64 - 8 * bytes as u32;
                (a << above).partial_cmp(&(b << above))
            }
        };
        u64::from(match order {
            Some(Ordering::Less) => self.less,
            Some(Ordering::Equal) => self.equal,
            Some(Ordering::Greater) => self.greater,
            None => self.unordered,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::arithmetic::find;

    const DIRTY: u64 = 0xdead_beef_0000_0000;

    fn holds(opcode: &str, a: u64, b: u64) -> bool {
        let found = find(opcode).unwrap_or_else(|| panic!("{opcode} is not known"));
        found.compute.apply([a, b, 0, 0]) == 1
    }

    #[test]
    fn integers_compare_by_their_type() {
        let values = [0, 1, -1, i32::MIN, i32::MAX];
        for a in values {
            for b in values {
                let bits = |value: i32| u64::from(value as u32) | DIRTY;
                let signed = |test| holds(&format!("setp.{test}.s32"), bits(a), bits(b));
                assert_eq!(signed("lt"), a < b, "{a} < {b}");
                assert_eq!(signed("le"), a <= b, "{a} <= {b}");
                assert_eq!(signed("gt"), a > b, "{a} > {b}");
                assert_eq!(signed("ge"), a >= b, "{a} >= {b}");
                assert_eq!(signed("eq"), a == b, "{a} == {b}");
                assert_eq!(signed("ne"), a != b, "{a} != {b}");
                let unsigned = holds("setp.lt.u32", bits(a), bits(b));
                assert_eq!(unsigned, (a as u32) < b as u32, "{a} < {b}, unsigned");
                let wide = holds("setp.lt.s64", i64::from(a) as u64, i64::from(b) as u64);
                assert_eq!(wide, a < b, "{a} < {b}, wide");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_unordered() {
        let values = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for a in values {
            for b in values {
                let none = a.is_nan() || b.is_nan();
                for (test, expected) in [
                    ("eq", a == b),
                    ("ne", a != b && !none),
                    ("lt", a < b),
                    ("le", a <= b),
                    ("gt", a > b),
                    ("ge", a >= b),
                    ("equ", a == b || none),
                    ("neu", a != b || none),
                    ("ltu", a < b || none),
                    ("leu", a <= b || none),
                    ("gtu", a > b || none),
                    ("geu", a >= b || none),
                    ("num", !none),
                    ("nan", none),
                ] {
                    let found = holds(&format!("setp.{test}.f64"), a.to_bits(), b.to_bits());
                    assert_eq!(found, expected, "f64 {a} {test} {b}");
                    let [a, b] = [a, b].map(|x| u64::from((x as f32).to_bits()) | DIRTY);
                    assert_eq!(holds(&format!("setp.{test}.f32"), a, b), expected, "f32 {test}");
                    assert_eq!(
                        holds(&format!("setp.{test}.ftz.f32"), a, b),
                        expected,
                        "ftz {test}"
                    );
                }
            }
        }
    }

    #[test]
    fn flushed_subnormals_equal_zero() {
        let [tiny, zero] = [f32::from_bits(1), -0.0].map(|x| u64::from(x.to_bits()));
        assert!(holds("setp.gt.f32", tiny, zero));
        assert!(holds("setp.eq.ftz.f32", tiny, zero));
        assert!(find("setp.eq.ftz.f64").is_none());
    }
}
