//! Arithmetic of sizes: checked, in integers wider than any that a field can hold.
//!
//! A size is written in postfix, its words apart by commas: `$0,$1,1,-,*` is `n * (stages - 1)`
//! where `$0` is the value of `n` and `$1` that of `stages`. Conditions are 0 and 1.

use std::cmp::Ordering;

/// A size, or nothing where its computation overflowed.
pub type Size = Option<i128>;

/// The value of a size. What is computed of nothing is nothing, but where it does not matter.
pub(super) fn evaluate(size: &str, values: &[Size]) -> Size {
    let mut stack: Vec<Size> = Vec::new();
    for word in size.split(',') {
        let value = if let Some(index) = word.strip_prefix('$') {
            *values.get(index.parse::<usize>().ok()?)?
        } else if let Ok(literal) = word.parse() {
            Some(literal)
        } else {
            let last = stack.pop()?;
            match word {
                "!" => last.map(|truth| i128::from(truth == 0)),
                "if" => {
                    let (then, condition) = (stack.pop()?, stack.pop()?);
                    select(condition, then, last)
                }
                operator => binary(operator, stack.pop()?, last),
            }
        };
        stack.push(value);
    }
    stack.pop()?
}

fn binary(operator: &str, left: Size, right: Size) -> Size {
    match operator {
        "+" => left?.checked_add(right?),
        "-" => left?.checked_sub(right?),
        "*" => left?.checked_mul(right?),
        "max" => Some(left?.max(right?)),
        "min" => Some(left?.min(right?)),
        "&&" => select(left, right, Some(0)),
        "||" => select(left, Some(1), right),
        "==" => compare(left, right, Ordering::is_eq),
        "!=" => compare(left, right, Ordering::is_ne),
        "<" => compare(left, right, Ordering::is_lt),
        "<=" => compare(left, right, Ordering::is_le),
        ">" => compare(left, right, Ordering::is_gt),
        ">=" => compare(left, right, Ordering::is_ge),
        _ => None,
    }
}

fn compare(left: Size, right: Size, holds: fn(Ordering) -> bool) -> Size {
    Some(holds(left?.cmp(&right?)).into())
}

/// The side that is not chosen does not matter.
fn select(condition: Size, then: Size, otherwise: Size) -> Size {
    if condition? != 0 { then } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(size: &str) -> Size {
        evaluate(size, &[Some(3), Some(i128::MAX), Some(i128::MIN), None])
    }

    #[test]
    fn operators_take_their_operands_in_order() {
        assert_eq!(of("7"), Some(7));
        assert_eq!(of("$0"), Some(3));
        assert_eq!(of("$0,5,+"), Some(8));
        assert_eq!(of("$0,5,-"), Some(-2));
        assert_eq!(of("$0,5,*"), Some(15));
        assert_eq!(of("$0,5,max"), Some(5));
        assert_eq!(of("$0,5,min"), Some(3));
        assert_eq!(of("$0,5,2,-,*"), Some(9));
        assert_eq!(of("$0,5,*,2,-"), Some(13));
    }

    #[test]
    fn comparisons_are_one_or_zero() {
        let outcomes = |operator: &str| {
            ["2,3", "3,3", "4,3"].map(|operands| of(&format!("{operands},{operator}")) == Some(1))
        };
        assert_eq!(outcomes("=="), [false, true, false]);
        assert_eq!(outcomes("!="), [true, false, true]);
        assert_eq!(outcomes("<"), [true, false, false]);
        assert_eq!(outcomes("<="), [true, true, false]);
        assert_eq!(outcomes(">"), [false, false, true]);
        assert_eq!(outcomes(">="), [false, true, true]);
        assert_eq!((of("1,!"), of("0,!")), (Some(0), Some(1)));
    }

    #[test]
    fn conditions_choose() {
        assert_eq!(of("1,5,6,if"), Some(5));
        assert_eq!(of("0,5,6,if"), Some(6));
        assert_eq!([of("1,1,&&"), of("1,0,&&"), of("0,1,&&")], [Some(1), Some(0), Some(0)]);
        assert_eq!([of("0,0,||"), of("1,0,||"), of("0,1,||")], [Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn what_overflows_is_not_known() {
        assert_eq!(of("$1,1,+"), None);
        assert_eq!(of("$2,1,-"), None);
        assert_eq!(of("$1,2,*"), None);
        for operator in ["+", "-", "*", "max", "min", "==", "<"] {
            assert_eq!(of(&format!("$3,1,{operator}")), None);
            assert_eq!(of(&format!("1,$3,{operator}")), None);
        }
        assert_eq!(of("$3,!"), None);
    }

    #[test]
    fn only_what_decides_has_to_be_known() {
        assert_eq!(of("0,$3,&&"), Some(0));
        assert_eq!(of("1,$3,&&"), None);
        assert_eq!(of("1,$3,||"), Some(1));
        assert_eq!(of("0,$3,||"), None);
        assert_eq!(of("1,1,$3,if"), Some(1));
        assert_eq!(of("0,$3,2,if"), Some(2));
        assert_eq!(of("$3,1,1,if"), None);
    }

    #[test]
    fn what_is_no_size_is_nothing() {
        for text in ["", "+", "1,+", "1,2,no", "$9", "$", "1,2,if"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
