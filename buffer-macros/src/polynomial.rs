//! Polynomials with integer coefficients, in normal form.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// The powers of the variables of one product, by the variable's index; `{0: 2, 1: 1}` is `a^2*b`.
type Monomial = BTreeMap<usize, u32>;

/// More terms than any sensible size has: beyond it nothing is proved.
const MOST_TERMS: usize = 64;

/// A sum of monomials with coefficients, none of which is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Polynomial {
    terms: BTreeMap<Monomial, i128>,
}

// Operations answer nothing where a number would overflow or the terms become too many.
impl Polynomial {
    pub(crate) fn constant(value: i128) -> Self {
        let mut polynomial = Self::default();
        if value != 0 {
            polynomial.terms.insert(Monomial::new(), value);
        }
        polynomial
    }

    pub(crate) fn variable(index: usize) -> Self {
        Self { terms: BTreeMap::from([(BTreeMap::from([(index, 1)]), 1)]) }
    }

    pub(crate) fn add(&self, other: &Self) -> Option<Self> {
        let mut sum = self.clone();
        for (monomial, coefficient) in &other.terms {
            sum.add_term(monomial.clone(), *coefficient)?;
        }
        Some(sum)
    }

    pub(crate) fn sub(&self, other: &Self) -> Option<Self> {
        self.add(&other.mul(&Self::constant(-1))?)
    }

    pub(crate) fn mul(&self, other: &Self) -> Option<Self> {
        let mut product = Self::default();
        for (left, factor) in &self.terms {
            for (right, coefficient) in &other.terms {
                let mut monomial = left.clone();
                for (variable, power) in right {
                    let sum = monomial.entry(*variable).or_default();
                    *sum = sum.checked_add(*power)?;
                }
                product.add_term(monomial, factor.checked_mul(*coefficient)?)?;
            }
        }
        Some(product)
    }

    fn add_term(&mut self, monomial: Monomial, coefficient: i128) -> Option<()> {
        let sum = self.terms.get(&monomial).copied().unwrap_or(0).checked_add(coefficient)?;
        if sum == 0 {
            self.terms.remove(&monomial);
        } else {
            self.terms.insert(monomial, sum);
        }
        (self.terms.len() <= MOST_TERMS).then_some(())
    }

    /// The polynomial with `value` in the place of a variable.
    pub(crate) fn substitute(&self, variable: usize, value: &Self) -> Option<Self> {
        let mut result = Self::default();
        for (monomial, coefficient) in &self.terms {
            let mut rest = monomial.clone();
            let power = rest.remove(&variable).unwrap_or(0);
            let mut term = Self { terms: BTreeMap::from([(rest, *coefficient)]) };
            for _ in 0..power {
                term = term.mul(value)?;
            }
            result = result.add(&term)?;
        }
        Some(result)
    }

    pub(crate) fn has(&self, variable: usize) -> bool {
        self.terms.keys().any(|monomial| monomial.contains_key(&variable))
    }

    /// Whether no coefficient is negative, so that no value over unsigned variables is.
    pub(crate) fn is_non_negative_termwise(&self) -> bool {
        self.terms.values().all(|coefficient| *coefficient >= 0)
    }

    /// Writes the polynomial with names for its variables, the highest powers first.
    pub(crate) fn display<'a>(&'a self, names: &'a [String]) -> impl fmt::Display + 'a {
        Named { polynomial: self, names }
    }
}

struct Named<'a> {
    polynomial: &'a Polynomial,
    names: &'a [String],
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<_> = self.polynomial.terms.iter().collect();
        // By degree, then as one would write the products out: `n^2` before `n*s`.
        terms.sort_by_cached_key(|(monomial, _)| {
            let factors =
                monomial.iter().flat_map(|(variable, power)| (0..*power).map(move |_| *variable));
            (Reverse(monomial.values().sum::<u32>()), factors.collect::<Vec<_>>())
        });
        if terms.is_empty() {
            return f.write_str("0");
        }
        for (index, (monomial, coefficient)) in terms.into_iter().enumerate() {
            let size = coefficient.unsigned_abs();
            match (index, *coefficient < 0) {
                (0, false) => {}
                (0, true) => f.write_str("-")?,
                (_, false) => f.write_str(" + ")?,
                (_, true) => f.write_str(" - ")?,
            }
            let mut factors = Vec::new();
            if size != 1 || monomial.is_empty() {
                factors.push(size.to_string());
            }
            for (variable, power) in monomial {
                let name = self.names.get(*variable).map_or("?", String::as_str);
                factors.push(match power {
                    1 => name.to_owned(),
                    _ => format!("{name}^{power}"),
                });
            }
            f.write_str(&factors.join("*"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["n", "s"].map(String::from).to_vec()
    }

    fn shown(polynomial: &Polynomial) -> String {
        polynomial.display(&names()).to_string()
    }

    #[test]
    fn terms_collect() {
        let (n, s) = (Polynomial::variable(0), Polynomial::variable(1));
        let one = Polynomial::constant(1);
        let product = n.mul(&s.sub(&one).unwrap()).unwrap();
        assert_eq!(shown(&product), "n*s - n");
        assert_eq!(shown(&product.add(&n).unwrap()), "n*s");
        assert_eq!(shown(&n.mul(&n).unwrap().sub(&n.mul(&n).unwrap()).unwrap()), "0");
        let square = n.sub(&s).unwrap().mul(&n.sub(&s).unwrap()).unwrap();
        assert_eq!(shown(&square), "n^2 - 2*n*s + s^2");
        assert_eq!(shown(&Polynomial::constant(-3)), "-3");
    }

    #[test]
    fn a_variable_can_be_replaced() {
        let n = Polynomial::variable(0);
        let square = n.mul(&n).unwrap();
        let shifted = n.add(&Polynomial::constant(2)).unwrap();
        assert_eq!(shown(&square.substitute(0, &shifted).unwrap()), "n^2 + 4*n + 4");
        assert_eq!(shown(&square.substitute(1, &shifted).unwrap()), "n^2");
    }

    #[test]
    fn what_overflows_is_nothing() {
        let large = Polynomial::constant(i128::MAX);
        assert_eq!(large.add(&Polynomial::constant(1)), None);
        assert_eq!(large.mul(&Polynomial::constant(2)), None);
    }

    #[test]
    fn too_many_terms_are_nothing() {
        let sum = (0..MOST_TERMS + 1)
            .try_fold(Polynomial::default(), |sum, index| sum.add(&Polynomial::variable(index)));
        assert_eq!(sum, None);
    }
}
