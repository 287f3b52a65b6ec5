//! Verdicts against the values themselves: an evaluator of its own tries points within the bounds.

use std::fmt;
use std::ops::RangeInclusive;

use quote::format_ident;

use super::{Variables, Verdict};
use crate::model::{Bound, Size, Term};
use crate::parse::size_of_fields;
use crate::random::Random;

/// Unsigned fields, one that may be negative, and a constant.
const NAMES: [&str; 5] = ["n", "s", "m", "i", "K"];
const FIELDS: &[&str] = &["n", "s", "m", "i"];
const UNSIGNED: &[usize] = &[0, 1, 2];
const SIGNED: usize = 3;
const CONSTANT: usize = 4;

/// Values of the names.
type Point = [i128; NAMES.len()];

/// A size as one would write it down.
#[derive(Clone)]
enum Written {
    Number(i128),
    Name(usize),
    Operation(&'static str, Box<[Written; 2]>),
    Function(&'static str, Box<[Written; 2]>),
    /// Which relation holds between the first two, then the two branches.
    If(&'static str, Box<[Written; 4]>),
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Name(index) => write!(f, "{}", NAMES[*index]),
            Self::Operation(operator, sides) => write!(f, "({} {operator} {})", sides[0], sides[1]),
            Self::Function(function, sides) => write!(f, "{function}({}, {})", sides[0], sides[1]),
            Self::If(relation, parts) => {
                let [left, right, then, otherwise] = &**parts;
                write!(f, "if {left} {relation} {right} {{ {then} }} else {{ {otherwise} }}")
            }
        }
    }
}

impl Written {
    fn random(random: &mut Random, depth: usize, names: &[usize], branches: bool) -> Self {
        if depth == 0 || random.one_in(3) {
            return match random.below(5) {
                0 | 1 => Self::Number(i128::try_from(random.below(6)).unwrap()),
                _ => Self::Name(*random.pick(names)),
            };
        }
        let part = |random: &mut Random| Self::random(random, depth - 1, names, branches);
        let pair = Box::new([part(random), part(random)]);
        match random.below(if branches { 10 } else { 6 }) {
            0..=1 => Self::Operation("*", pair),
            2..=4 => Self::Operation("+", pair),
            5 => Self::Operation("-", pair),
            6..=7 => Self::Function("max", pair),
            8 => Self::Function("min", pair),
            _ => {
                let relation = random.pick(&["<", "<=", ">", ">=", "==", "!="]);
                let [left, right] = *pair;
                Self::If(relation, Box::new([left, right, part(random), part(random)]))
            }
        }
    }

    /// The value, where it and all on the way to it can be counted.
    fn value(&self, point: &Point) -> Option<i128> {
        let both = |sides: &[Self; 2]| Some((sides[0].value(point)?, sides[1].value(point)?));
        match self {
            Self::Number(value) => Some(*value),
            Self::Name(index) => Some(point[*index]),
            Self::Operation(operator, sides) => {
                let (left, right) = both(sides)?;
                match *operator {
                    "+" => left.checked_add(right),
                    "-" => left.checked_sub(right),
                    _ => left.checked_mul(right),
                }
            }
            Self::Function(function, sides) => {
                let (left, right) = both(sides)?;
                Some(if (*function == "max") == (left > right) { left } else { right })
            }
            Self::If(relation, parts) => {
                let [left, right, then, otherwise] = &**parts;
                let (left, right) = (left.value(point)?, right.value(point)?);
                let holds = match *relation {
                    "<" => left < right,
                    "<=" => left <= right,
                    ">" => left > right,
                    ">=" => left >= right,
                    "==" => left == right,
                    _ => left != right,
                };
                if holds { then.value(point) } else { otherwise.value(point) }
            }
        }
    }

    fn has(&self, name: usize) -> bool {
        match self {
            Self::Number(_) => false,
            Self::Name(index) => *index == name,
            Self::Operation(_, sides) | Self::Function(_, sides) => {
                sides.iter().any(|side| side.has(name))
            }
            Self::If(_, parts) => parts.iter().any(|part| part.has(name)),
        }
    }
}

/// Aliases in a row, the last of which is asked about, inside their parent.
struct Question {
    taken: Vec<Written>,
    needs: Written,
    holds: Written,
    ranges: [(i128, Option<i128>); 3],
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, range) in NAMES.iter().zip(self.ranges) {
            write!(f, "{name} in {range:?}, ")?;
        }
        self.taken.iter().try_for_each(|taken| write!(f, "{taken}; "))?;
        write!(f, "{} inside {}", self.needs, self.holds)
    }
}

impl Question {
    fn sizes(&self) -> impl Iterator<Item = &Written> {
        self.taken.iter().chain([&self.needs, &self.holds])
    }

    fn verdict(&self) -> Verdict {
        let size = |written: &Written| size_of_fields(&written.to_string(), FIELDS).unwrap();
        let bounds = self.ranges.iter().zip(NAMES).map(|(&(least, most), name)| Bound {
            variable: format_ident!("{name}"),
            least,
            most,
        });
        let sizes: Vec<Size> = self.sizes().map(size).collect();
        let variables = Variables::of(&sizes, &bounds.collect::<Vec<_>>());
        let terms: Vec<&Term> = sizes.iter().map(|size| &size.term).collect();
        let [taken @ .., needs, holds] = terms.as_slice() else { panic!("no sizes") };
        variables.verdict(taken, needs, holds)
    }

    /// Whether the alias fits; nothing where a size is none, which is another fault.
    fn fits(&self, point: &Point) -> Option<bool> {
        let size = |size: &Written| size.value(point).filter(|value| *value >= 0);
        let holds = size(&self.holds)?;
        let taken = self.taken.iter().chain([&self.needs]).map(size);
        let taken = taken.collect::<Option<Vec<_>>>()?.into_iter();
        Some(taken.sum::<i128>() <= holds)
    }

    /// A constant is a `usize`, unless a field beside it makes the size one of integers of any type.
    fn constant_may_be_negative(&self) -> bool {
        let over_fields = |size: &Written| (0..CONSTANT).any(|field| size.has(field));
        self.sizes().filter(|size| size.has(CONSTANT)).all(over_fields)
    }

    /// The point that an example stands for, which is within the bounds.
    fn point_of(&self, example: &[(String, i128)]) -> Point {
        let mut point = [0; NAMES.len()];
        for (name, value) in example {
            let index = NAMES.iter().position(|known| known == name).unwrap();
            let (least, most) = self.ranges[index];
            assert!(least <= *value && most.is_none_or(|most| *value <= most), "{name}: {self}");
            point[index] = *value;
        }
        let named = |index: usize| example.iter().any(|(name, _)| name == NAMES[index]);
        let of_sizes = (0..NAMES.len()).filter(|&index| self.sizes().any(|size| size.has(index)));
        of_sizes.for_each(|index| assert!(named(index), "{} is not told: {self}", NAMES[index]));
        point
    }
}

fn number_in(random: &mut Random, range: RangeInclusive<i128>) -> i128 {
    let count = usize::try_from(range.end() - range.start() + 1).unwrap();
    range.start() + i128::try_from(random.below(count)).unwrap()
}

#[test]
fn verdicts_are_true_at_a_thousand_points_each() {
    const CASES: u64 = 10_000;
    let mut verdicts = [0; 4];
    for seed in 0..CASES {
        let random = &mut Random::new(seed);
        let names = [UNSIGNED, &[0, 1, 2, SIGNED], &[0, 1, 2, CONSTANT]][random.below(3)];
        let size = |random: &mut Random| Written::random(random, 3, names, true);
        let taken = (0..random.below(3)).map(|_| size(random)).collect();
        let (needs, holds) = (size(random), size(random));
        let mut range = |_| {
            let least = number_in(random, 0..=3);
            (least, (!random.one_in(2)).then(|| least + number_in(random, 0..=70)))
        };
        let ranges = [0, 1, 2].map(&mut range);
        let question = Question { taken, needs, holds, ranges };
        let verdict = question.verdict();
        if let Verdict::Unless(example) = &verdict {
            assert_eq!(question.fits(&question.point_of(example)), Some(false), "{question}");
        }
        let kind = match verdict {
            Verdict::Fits => 0,
            Verdict::Never => 1,
            Verdict::Unless(_) => 2,
            Verdict::Unknown => 3,
        };
        verdicts[kind] += 1;
        if kind > 1 {
            continue;
        }
        let least_constant = if question.constant_may_be_negative() { -20 } else { 0 };
        for _ in 0..1000 {
            let mut point = [0; NAMES.len()];
            for (value, (least, most)) in point.iter_mut().zip(ranges) {
                // Small values as often as large ones.
                let most_here = most.unwrap_or(least + *random.pick(&[3, 1000]));
                *value = number_in(random, least..=most_here);
            }
            point[SIGNED] = number_in(random, -20..=1000);
            point[CONSTANT] = number_in(random, least_constant..=1000);
            if let Some(fits) = question.fits(&point) {
                assert_eq!(fits, kind == 0, "{point:?}: {question}");
            }
        }
    }
    println!("{CASES} verdicts: fits, never, unless, unknown: {verdicts:?}");
    assert!(verdicts.iter().all(|count| *count > 500), "{verdicts:?}");
}

/// How far the prover reaches, on boxes so small that every point of them can be tried.
#[test]
fn sums_and_products_over_small_boxes_are_decided() {
    const CASES: u64 = 4000;
    for branches in [false, true] {
        let (mut unknown, mut decided) = ([0; 3], [0; 3]);
        for seed in 0..CASES {
            let random = &mut Random::new(seed);
            let size = |random: &mut Random| Written::random(random, 3, UNSIGNED, branches);
            let (needs, holds) = (size(random), size(random));
            let mut range = |_| {
                let least = number_in(random, 0..=3);
                (least, Some(least + number_in(random, 0..=3)))
            };
            let ranges = [0, 1, 2].map(&mut range);
            let question = Question { taken: Vec::new(), needs, holds, ranges };
            let [n, s, m] = ranges.map(|(least, most)| least..=most.unwrap());
            let points = n.flat_map(|n| {
                let (s, m) = (s.clone(), m.clone());
                s.flat_map(move |s| m.clone().map(move |m| [n, s, m, 0, 0]))
            });
            let points: Vec<_> = points.map(|point| question.fits(&point)).collect();
            // What fits wherever it is a size may do so only there, and nothing says that it must.
            let Some(fits) = points.into_iter().collect::<Option<Vec<bool>>>() else { continue };
            let truth = match (fits.contains(&true), fits.contains(&false)) {
                (true, false) => 0,
                (false, true) => 1,
                _ => 2,
            };
            match (question.verdict(), truth) {
                (Verdict::Unknown, _) => unknown[truth] += 1,
                (Verdict::Fits, 0) | (Verdict::Never, 1) | (Verdict::Unless(_), 1 | 2) => {
                    decided[truth] += 1;
                }
                (verdict, _) => panic!("{verdict:?}: {question}"),
            }
        }
        let kind = if branches { "with" } else { "without" };
        println!(
            "{kind} branches: always, never, sometimes fits: decided {decided:?}, unknown {unknown:?}"
        );
        assert!(decided.iter().all(|count| *count > 100), "{decided:?}");
        // What an `if` says of its branches is not used.
        let bound = if branches { CASES / 10 } else { 0 };
        assert!(unknown.iter().sum::<u64>() <= bound, "{unknown:?} are unknown");
    }
}
