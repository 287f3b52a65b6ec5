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
    let has_order = match kind {
        Kind::Predicate => return None,
        _ if kind.bytes() == 1 => return None,
        Kind::Bits(_) => false,
        _ => true,
    };
    let (less, equal, greater, unordered) = match test {
        "eq" => (false, true, false, false),
        "ne" => (true, false, true, false),
        "lt" if has_order => (true, false, false, false),
        "le" if has_order => (true, true, false, false),
        "gt" if has_order => (false, false, true, false),
        "ge" if has_order => (false, true, true, false),
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
            Kind::F32 if self.flush => flushed(f32_of(a)).partial_cmp(&flushed(f32_of(b))),
            Kind::F32 => f32_of(a).partial_cmp(&f32_of(b)),
            Kind::F64 => f64_of(a).partial_cmp(&f64_of(b)),
            Kind::Signed(bytes) => {
                let above = 64 - 8 * bytes as u32;
                ((a << above) as i64).partial_cmp(&((b << above) as i64))
            }
            Kind::Unsigned(_) | Kind::Bits(_) | Kind::Predicate => {
                let bytes = self.kind.bytes();
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
