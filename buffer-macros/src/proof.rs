//! Whether buffers fit inside another for all sizes that they can have.
//!
//! `needs <= holds` is proved where the difference, written over variables that start at zero, has no
//! negative coefficient. That is sound, and not complete: what is neither proved nor refuted by an
//! example is left to the run.

use quote::ToTokens;
use syn::ext::IdentExt;

use crate::model::{Bound, Condition, Operator, Relation, Size, Term};
use crate::polynomial::Polynomial;

/// Values of bounded variables that are tried one by one.
const MOST_VALUES: i128 = 64;
/// Combinations of such values, of branches, and of values for an example.
const MOST_CASES: usize = 1024;
/// What is added to a variable's least value in the search for an example.
const STEPS: &[i128] = &[0, 1, 2, 3, 4, 7, 16, 100, 1000];

/// What is known of an alias inside its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// For all values of the variables.
    Fits,
    /// For no values of the variables.
    Never,
    /// Not for these values of the variables.
    Unless(Vec<(String, i128)>),
    /// It depends, on more than is known here.
    Unknown,
}

/// The variables of a declaration: what sizes are polynomials over.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    names: Vec<String>,
    ranges: Vec<Range>,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    /// None where it may be negative.
    least: Option<i128>,
    most: Option<i128>,
    /// A field or a const parameter: any value in the range is possible. A constant has one value.
    free: bool,
}

impl Variables {
    /// The variables of the sizes; fields and parameters are within their bounds.
    pub(crate) fn of<'a>(sizes: impl IntoIterator<Item = &'a Size>, bounds: &[Bound]) -> Self {
        let mut variables = Self::default();
        for size in sizes {
            // Where the compiler computes, all is `usize`; at run time integers of all types mix.
            let constants = if size.at_run_time { None } else { Some(0) };
            variables.collect(&size.term, constants, bounds);
        }
        variables
    }

    /// Adds the variables of a term, whose constants are at least `constants`.
    fn collect(&mut self, term: &Term, constants: Option<i128>, bounds: &[Bound]) {
        match term {
            Term::Integer(_) => {}
            Term::Field(ident) | Term::Parameter(ident) => {
                let name = ident.unraw().to_string();
                let mut range = Range { least: None, most: None, free: true };
                for bound in bounds.iter().filter(|bound| bound.variable.unraw() == name) {
                    range.least = range.least.max(Some(bound.least));
                    range.most = match (range.most, bound.most) {
                        (Some(one), Some(other)) => Some(one.min(other)),
                        (one, other) => one.or(other),
                    };
                }
                self.insert(name, range);
            }
            Term::Constant(expr) => {
                let name = expr.to_token_stream().to_string();
                self.insert(name, Range { least: constants, most: None, free: false });
            }
            Term::Binary(_, left, right) => {
                self.collect(left, constants, bounds);
                self.collect(right, constants, bounds);
            }
            Term::If(condition, then, otherwise) => {
                self.collect_condition(condition, bounds);
                self.collect(then, constants, bounds);
                self.collect(otherwise, constants, bounds);
            }
        }
    }

    /// What is compared may be of any type.
    fn collect_condition(&mut self, condition: &Condition, bounds: &[Bound]) {
        match condition {
            Condition::Compare(_, left, right) => {
                self.collect(left, None, bounds);
                self.collect(right, None, bounds);
            }
            Condition::And(left, right) | Condition::Or(left, right) => {
                self.collect_condition(left, bounds);
                self.collect_condition(right, bounds);
            }
            Condition::Not(inner) => self.collect_condition(inner, bounds),
            Condition::Field(_) | Condition::Constant(_) => {}
        }
    }

    /// Adds a variable, or what one more place says of it.
    fn insert(&mut self, name: String, range: Range) {
        let known = self.index(&name).and_then(|index| self.ranges.get_mut(index));
        if let Some(known) = known {
            known.least = known.least.max(range.least);
        } else {
            self.names.push(name);
            self.ranges.push(range);
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// The term in normal form, as far as it has one.
    pub(crate) fn display(&self, term: &Term) -> String {
        if let Some([polynomial]) = self.cases(term).as_deref() {
            return polynomial.display(&self.names).to_string();
        }
        match term {
            Term::Binary(Operator::Add, left, right) => {
                format!("{} + {}", self.display(left), self.display(right))
            }
            Term::Binary(Operator::Sub, left, right) => {
                format!("{} - ({})", self.display(left), self.display(right))
            }
            Term::Binary(Operator::Mul, left, right) => {
                format!("({})*({})", self.display(left), self.display(right))
            }
            Term::Binary(Operator::Max, left, right) => {
                format!("max({}, {})", self.display(left), self.display(right))
            }
            Term::Binary(Operator::Min, left, right) => {
                format!("min({}, {})", self.display(left), self.display(right))
            }
            // Conditions are not shown: what a branch holds is enough to see what is too large.
            Term::If(_, then, otherwise) => {
                format!("{} or {}", self.display(then), self.display(otherwise))
            }
            Term::Integer(_) | Term::Field(_) | Term::Parameter(_) | Term::Constant(_) => {
                String::new()
            }
        }
    }

    /// Whether `taken` and then `needs` fit inside `holds`.
    pub(crate) fn verdict(&self, taken: &[&Term], needs: &Term, holds: &Term) -> Verdict {
        let Some(sum) = sum(taken.iter().copied().chain([needs])) else {
            return Verdict::Unknown;
        };
        let one_more =
            Term::Binary(Operator::Add, Box::new(holds.clone()), Box::new(Term::Integer(1)));
        if self.proves(&sum, holds) {
            Verdict::Fits
        } else if self.proves(&one_more, &sum) {
            Verdict::Never
        } else {
            self.example(taken, needs, holds).map_or(Verdict::Unknown, Verdict::Unless)
        }
    }

    /// Whether `small <= large` for all values of the variables.
    fn proves(&self, small: &Term, large: &Term) -> bool {
        let mut budget = MOST_CASES;
        self.proves_within(small, large, &mut budget)
    }

    fn proves_within(&self, small: &Term, large: &Term, budget: &mut usize) -> bool {
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return false;
        }
        if small == large || self.proves_all_cases(small, large, budget) {
            return true;
        }
        match (small, large) {
            (Term::Binary(Operator::Max, left, right), _) => {
                self.proves_within(left, large, budget) && self.proves_within(right, large, budget)
            }
            (_, Term::Binary(Operator::Min, left, right)) => {
                self.proves_within(small, left, budget) && self.proves_within(small, right, budget)
            }
            (Term::Binary(Operator::Min, left, right), _) => {
                self.proves_within(left, large, budget) || self.proves_within(right, large, budget)
            }
            (_, Term::Binary(Operator::Max, left, right)) => {
                self.proves_within(small, left, budget) || self.proves_within(small, right, budget)
            }
            _ => false,
        }
    }

    /// Whether every case of `small` is at most every case of `large`.
    fn proves_all_cases(&self, small: &Term, large: &Term, budget: &mut usize) -> bool {
        let (Some(small), Some(large)) = (self.cases(small), self.cases(large)) else {
            return false;
        };
        small.iter().all(|small| {
            large.iter().all(|large| {
                large
                    .sub(small)
                    .is_some_and(|difference| self.never_negative(&difference, 0, budget))
            })
        })
    }

    /// All polynomials that the term may be, whatever its conditions say.
    fn cases(&self, term: &Term) -> Option<Vec<Polynomial>> {
        let cases = match term {
            Term::Integer(value) => vec![Polynomial::constant(*value)],
            Term::Field(ident) | Term::Parameter(ident) => {
                vec![Polynomial::variable(self.index(&ident.unraw().to_string())?)]
            }
            Term::Constant(expr) => {
                vec![Polynomial::variable(self.index(&expr.to_token_stream().to_string())?)]
            }
            Term::Binary(Operator::Max | Operator::Min, left, right) | Term::If(_, left, right) => {
                let mut cases = self.cases(left)?;
                for case in self.cases(right)? {
                    if !cases.contains(&case) {
                        cases.push(case);
                    }
                }
                cases
            }
            Term::Binary(operator, left, right) => {
                let (lefts, rights) = (self.cases(left)?, self.cases(right)?);
                if lefts.len().saturating_mul(rights.len()) > MOST_CASES {
                    return None;
                }
                let mut cases = Vec::new();
                for left in lefts {
                    for right in &rights {
                        cases.push(match operator {
                            Operator::Add => left.add(right)?,
                            Operator::Sub => left.sub(right)?,
                            _ => left.mul(right)?,
                        });
                    }
                }
                cases
            }
        };
        (cases.len() <= MOST_CASES).then_some(cases)
    }

    /// Whether the polynomial is at least zero for all values of the variables from `variable` on.
    fn never_negative(&self, p: &Polynomial, variable: usize, budget: &mut usize) -> bool {
        *budget = budget.saturating_sub(1);
        let Some(range) = self.ranges.get(variable) else {
            return *budget > 0 && p.is_non_negative_termwise();
        };
        if !p.has(variable) {
            return self.never_negative(p, variable + 1, budget);
        }
        let Some(least) = range.least else { return false };
        // With all variables moved to start at zero, coefficients tell.
        let shifted = Polynomial::variable(variable)
            .add(&Polynomial::constant(least))
            .and_then(|value| p.substitute(variable, &value));
        if let Some(shifted) = shifted
            && self.never_negative(&shifted, variable + 1, budget)
        {
            return true;
        }
        // With few values, one by one.
        let Some(most) = range.most.filter(|most| *most - least < MOST_VALUES) else {
            return false;
        };
        (least..=most).all(|value| {
            *budget > 0
                && p.substitute(variable, &Polynomial::constant(value))
                    .is_some_and(|p| self.never_negative(&p, variable + 1, budget))
        })
    }

    /// Values of the variables for which the sizes are sizes and the alias does not fit.
    fn example(&self, taken: &[&Term], needs: &Term, holds: &Term) -> Option<Vec<(String, i128)>> {
        let values: Vec<Vec<i128>> =
            self.ranges.iter().map(Range::samples).collect::<Option<_>>()?;
        let mut choice = vec![0; values.len()];
        // Small values first, so that the example is easy to follow.
        let deepest: usize = values.iter().map(|values| values.len().saturating_sub(1)).sum();
        let mut budget = MOST_CASES;
        for depth in 0..=deepest {
            let found = each_choice(&values, depth, &mut choice, 0, &mut budget, &mut |point| {
                let values = Values { variables: self, point };
                let size = |term: &Term| values.term(term).filter(|size| *size >= 0);
                let (Some(holds), Some(needs)) = (size(holds), size(needs)) else {
                    return false;
                };
                let sum = taken.iter().try_fold(needs, |sum, term| sum.checked_add(size(term)?));
                sum.is_some_and(|sum| sum > holds)
            });
            if let Some(point) = found {
                return Some(self.names.iter().cloned().zip(point).collect());
            }
        }
        None
    }

    /// The value of a term for values of the variables.
    pub(crate) fn value(&self, term: &Term, point: &[(String, i128)]) -> Option<i128> {
        let point: Vec<i128> = point.iter().map(|(_, value)| *value).collect();
        Values { variables: self, point: &point }.term(term)
    }
}

/// The sum of terms; nothing for no terms.
pub(crate) fn sum<'a>(terms: impl Iterator<Item = &'a Term>) -> Option<Term> {
    terms.cloned().reduce(|sum, term| Term::Binary(Operator::Add, Box::new(sum), Box::new(term)))
}

impl Range {
    /// Values for an example. A constant has one value, not these, and what may be negative has no
    /// bound that could exclude them.
    fn samples(&self) -> Option<Vec<i128>> {
        let least = self.least.filter(|_| self.free)?;
        let mut samples: Vec<i128> = STEPS
            .iter()
            .map(|step| least + step)
            .filter(|value| self.most.is_none_or(|most| *value <= most))
            .collect();
        if let Some(most) = self.most
            && samples.last().is_some_and(|last| *last < most)
        {
            samples.push(most);
        }
        Some(samples)
    }
}

/// Calls `accept` with every point whose indices into `values` sum to `depth`, until one is accepted.
fn each_choice(
    values: &[Vec<i128>],
    depth: usize,
    point: &mut Vec<i128>,
    variable: usize,
    budget: &mut usize,
    accept: &mut impl FnMut(&[i128]) -> bool,
) -> Option<Vec<i128>> {
    let Some(samples) = values.get(variable) else {
        if depth > 0 || *budget == 0 {
            return None;
        }
        *budget -= 1;
        return accept(point).then(|| point.clone());
    };
    for (index, sample) in samples.iter().enumerate().take(depth + 1) {
        if *budget == 0 {
            return None;
        }
        if let Some(slot) = point.get_mut(variable) {
            *slot = *sample;
        }
        let found = each_choice(values, depth - index, point, variable + 1, budget, accept);
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Values of variables, by index.
struct Values<'a> {
    variables: &'a Variables,
    point: &'a [i128],
}

impl Values<'_> {
    fn variable(&self, name: &str) -> Option<i128> {
        self.point.get(self.variables.index(name)?).copied()
    }

    fn term(&self, term: &Term) -> Option<i128> {
        match term {
            Term::Integer(value) => Some(*value),
            Term::Field(ident) | Term::Parameter(ident) => {
                self.variable(&ident.unraw().to_string())
            }
            Term::Constant(_) => None,
            Term::Binary(operator, left, right) => {
                let (left, right) = (self.term(left)?, self.term(right)?);
                match operator {
                    Operator::Add => left.checked_add(right),
                    Operator::Sub => left.checked_sub(right),
                    Operator::Mul => left.checked_mul(right),
                    Operator::Max => Some(left.max(right)),
                    Operator::Min => Some(left.min(right)),
                }
            }
            Term::If(condition, then, otherwise) => {
                if self.condition(condition)? {
                    self.term(then)
                } else {
                    self.term(otherwise)
                }
            }
        }
    }

    fn condition(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Compare(relation, left, right) => {
                let (left, right) = (self.term(left)?, self.term(right)?);
                Some(match relation {
                    Relation::Equal => left == right,
                    Relation::NotEqual => left != right,
                    Relation::Less => left < right,
                    Relation::LessOrEqual => left <= right,
                    Relation::Greater => left > right,
                    Relation::GreaterOrEqual => left >= right,
                })
            }
            Condition::And(left, right) => Some(self.condition(left)? && self.condition(right)?),
            Condition::Or(left, right) => Some(self.condition(left)? || self.condition(right)?),
            Condition::Not(inner) => Some(!self.condition(inner)?),
            Condition::Field(_) | Condition::Constant(_) => None,
        }
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use quote::format_ident;

    use crate::parse::size_of_fields;

    fn bound(variable: &str, least: i128, most: Option<i128>) -> Bound {
        Bound { variable: format_ident!("{variable}"), least, most }
    }

    /// The verdict on sizes over the unsigned fields `n`, `s` and `m` and the signed field `i`.
    fn verdict(taken: &[&str], needs: &str, holds: &str, bounds: &[Bound]) -> Verdict {
        let size = |text: &str| size_of_fields(text, &["n", "s", "m", "i"]).unwrap();
        let mut bounds = bounds.to_vec();
        bounds.extend(["n", "s", "m"].map(|unsigned| bound(unsigned, 0, None)));
        let taken: Vec<Size> = taken.iter().map(|text| size(text)).collect();
        let (needs, holds) = (size(needs), size(holds));
        let variables = Variables::of(taken.iter().chain([&needs, &holds]), &bounds);
        let taken: Vec<&Term> = taken.iter().map(|size| &size.term).collect();
        variables.verdict(&taken, &needs.term, &holds.term)
    }

    fn unless(values: &[(&str, i128)]) -> Verdict {
        Verdict::Unless(values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
    }

    #[test]
    fn literals_are_compared() {
        assert_eq!(verdict(&["30"], "20", "50", &[]), Verdict::Fits);
        assert_eq!(verdict(&["30"], "21", "50", &[]), Verdict::Never);
    }

    #[test]
    fn bounds_decide() {
        let at_least = |least| [bound("n", 1, None), bound("s", least, None)];
        assert_eq!(verdict(&[], "n", "n * (s - 1)", &at_least(2)), Verdict::Fits);
        assert_eq!(verdict(&[], "n", "n * (s - 1)", &at_least(1)), unless(&[("n", 1), ("s", 1)]));
        assert_eq!(verdict(&[], "3 * n", "n * n", &[bound("n", 1, None)]), unless(&[("n", 1)]));
        assert_eq!(verdict(&[], "3 * n", "n * n", &[bound("n", 3, None)]), Verdict::Fits);
        assert_eq!(verdict(&["n"], "n", "n", &[bound("n", 1, None)]), Verdict::Never);
        assert_eq!(verdict(&["n"], "n", "n", &[]), unless(&[("n", 1)]));
        let few = [bound("n", 1, None), bound("m", 1, Some(16))];
        assert_eq!(verdict(&[], "m * n", "16 * n", &few), Verdict::Fits);
        assert_eq!(verdict(&[], "m * n", "15 * n", &few), unless(&[("m", 16), ("n", 1)]));
    }

    #[test]
    fn an_example_has_no_negative_size() {
        // For s = 0 the parent's size would be negative, which is another fault.
        assert_eq!(verdict(&[], "n", "n * (s - 1)", &[]), unless(&[("n", 1), ("s", 1)]));
    }

    #[test]
    fn branches_are_understood() {
        assert_eq!(verdict(&[], "n", "max(n, m)", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "max(n, m)", "max(m, n)", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "min(n, m)", "n", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "max(n, m)", "n + m", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "max(n, m)", "n", &[]), unless(&[("n", 0), ("m", 1)]));
        assert_eq!(verdict(&[], "if s > 1 { n } else { 0 }", "n", &[]), Verdict::Fits);
        assert_eq!(
            verdict(&[], "if s > 1 { 2 * n } else { 0 }", "n", &[]),
            unless(&[("s", 2), ("n", 1)])
        );
    }

    #[test]
    fn a_constant_has_one_value_so_no_example_refutes_it() {
        assert_eq!(verdict(&[], "K", "2 * K", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "K", "L", &[]), Verdict::Unknown);
        assert_eq!(verdict(&[], "K + 1", "K", &[]), Verdict::Never);
        assert_eq!(verdict(&[], "K", "n", &[]), Verdict::Unknown);
    }

    #[test]
    fn what_may_be_negative_refutes_nothing() {
        // `K` may be an `i32` wherever a field makes the size known at run time only.
        assert_eq!(verdict(&[], "n + 1", "n - K", &[]), Verdict::Unknown);
        assert_eq!(verdict(&[], "n - K", "n", &[]), Verdict::Unknown);
        assert_eq!(verdict(&[], "n + 1", "n - i", &[]), Verdict::Unknown);
        assert_eq!(verdict(&[], "n", "i", &[]), Verdict::Unknown);
        assert_eq!(verdict(&[], "n", "n - 1 - i", &[bound("i", 0, None)]), Verdict::Never);
        assert_eq!(verdict(&[], "i", "n + i", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "n + K + 1", "n + K", &[]), Verdict::Never);
        // Elsewhere it stands where only a `usize` can.
        assert_eq!(verdict(&["K"], "n", "n + 2 * K", &[]), Verdict::Fits);
        assert_eq!(verdict(&[], "n", "if K < 0 { n } else { n + K }", &[]), Verdict::Unknown);
    }

    #[test]
    fn what_is_too_large_to_decide_is_left_open() {
        let sum = ["max(n, max(s, m))"; 12].join(" + ");
        assert_eq!(verdict(&[], &sum, "7 * K", &[]), Verdict::Unknown);
        let deep = (0..30).fold("n".to_owned(), |deep, _| format!("max({deep}, min(s, m))"));
        assert_eq!(verdict(&[], &deep, "K", &[]), Verdict::Unknown);
    }
}
