//! The elimination of a sparse matrix before its values are known: the order of the pivots, and what
//! fills in.

use std::collections::{BTreeMap, BTreeSet};

/// An element of the factors: its column, and its place among all elements.
type Element = (usize, usize);

/// A row of the factors.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    index: usize,
    pivot: usize,
    /// The elements in the columns of earlier pivots, in the order of the pivots.
    lower: Vec<Element>,
    /// Those of later ones.
    upper: Vec<Element>,
}

/// A sparse matrix whose rows and columns are eliminated in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elimination {
    /// In the order of their pivots.
    rows: Vec<Row>,
    /// The elements that are given, in the order in which they are.
    entries: usize,
    /// The number of all elements. Behind those given are the other pivots, then what fills in.
    elements: usize,
}

impl Elimination {
    /// The elimination of a matrix with `n` rows and columns, of which `entries` are given, row and
    /// column, and the rest is zero beside the diagonal.
    ///
    /// Pivots are those of the diagonal, since the matrix is near the unit matrix for small steps: next
    /// comes the one that changes the fewest elements of what is left (Markowitz 1957), the first one of
    /// several.
    pub(super) fn new(n: usize, entries: &[(usize, usize)]) -> Self {
        let mut places = BTreeMap::new();
        let mut place = |element| {
            let next = places.len();
            places.entry(element).or_insert(next);
        };
        entries.iter().copied().chain((0..n).map(|i| (i, i))).for_each(&mut place);

        // What is left, beside the diagonal.
        let mut columns_of = vec![BTreeSet::new(); n];
        let mut rows_of = vec![BTreeSet::new(); n];
        for &(row, column) in entries.iter().filter(|(row, column)| row != column) {
            insert(&mut columns_of, row, column);
            insert(&mut rows_of, column, row);
        }
        let mut left: BTreeSet<usize> = (0..n).collect();
        let mut order = Vec::with_capacity(n);
        let count = |sets: &[BTreeSet<_>], index: usize| sets.get(index).map_or(0, BTreeSet::len);
        while let Some(&pivot) =
            left.iter().min_by_key(|&&pivot| count(&columns_of, pivot) * count(&rows_of, pivot))
        {
            left.remove(&pivot);
            order.push(pivot);
            let columns = columns_of.get_mut(pivot).map(std::mem::take).unwrap_or_default();
            let rows = rows_of.get_mut(pivot).map(std::mem::take).unwrap_or_default();
            for &column in &columns {
                remove(&mut rows_of, column, pivot);
            }
            for &row in &rows {
                remove(&mut columns_of, row, pivot);
                for &column in columns.iter().filter(|&&column| column != row) {
                    place((row, column));
                    insert(&mut columns_of, row, column);
                    insert(&mut rows_of, column, row);
                }
            }
        }
        Self { rows: rows(&order, &places), entries: entries.len(), elements: places.len() }
    }

    /// The number of elements that are given.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// The number of elements of the factors.
    pub(super) fn elements(&self) -> usize {
        self.elements
    }

    /// The factorisation, as calls that `lu.cuh` explains.
    pub(super) fn factorisation(&self) -> Vec<String> {
        // The rows so far, by their indices, and what is not zero so far.
        let mut done: BTreeMap<usize, &Row> = BTreeMap::new();
        let mut calls = Vec::new();
        for row in &self.rows {
            let begin = if row.pivot < self.entries { "ROW" } else { "UNIT_ROW" };
            calls.push(format!("{begin}({})", row.pivot));
            let own = row.lower.iter().chain(&row.upper);
            let places: BTreeMap<usize, usize> = own.copied().collect();
            let mut filled: BTreeSet<usize> =
                places.values().copied().filter(|&place| place < self.entries).collect();
            for &(column, lower) in &row.lower {
                let Some(other) = done.get(&column) else { continue };
                calls.push(format!("LOWER({lower}, {})", other.pivot));
                for &(column, upper) in &other.upper {
                    calls.push(match places.get(&column) {
                        None => format!("PIVOT_UPDATE({}, {lower}, {upper})", row.pivot),
                        Some(&place) if filled.insert(place) => {
                            format!("FILL({place}, {lower}, {upper})")
                        }
                        Some(&place) => format!("UPDATE({place}, {lower}, {upper})"),
                    });
                }
            }
            calls.push(format!("PIVOT({})", row.pivot));
            done.insert(row.index, row);
        }
        calls
    }

    /// The solution by the factors, as calls that `lu.cuh` explains.
    pub(super) fn substitution(&self) -> Vec<String> {
        let mut calls = Vec::new();
        for Row { index, lower, .. } in &self.rows {
            calls.extend(lower.iter().map(|(k, place)| format!("LOWER({index}, {place}, {k})")));
        }
        for Row { index, pivot, upper, .. } in self.rows.iter().rev() {
            calls.extend(upper.iter().map(|(k, place)| format!("UPPER({index}, {place}, {k})")));
            calls.push(format!("PIVOT({index}, {pivot})"));
        }
        calls
    }
}

/// The rows of the factors from the places of their elements.
fn rows(order: &[usize], places: &BTreeMap<(usize, usize), usize>) -> Vec<Row> {
    let positions: BTreeMap<usize, usize> =
        order.iter().enumerate().map(|(position, &index)| (index, position)).collect();
    let position = |index: usize| positions.get(&index).copied().unwrap_or_default();
    let row = |&index: &usize| {
        let own = places.range((index, 0)..=(index, usize::MAX));
        let mut own: Vec<Element> = own.map(|(&(_, column), &place)| (column, place)).collect();
        own.sort_by_key(|&(column, _)| position(column));
        let at = position(index);
        let (lower, rest): (Vec<_>, Vec<_>) =
            own.into_iter().partition(|&(column, _)| position(column) < at);
        let mut rest = rest.into_iter();
        let pivot = rest.next().map_or(0, |(_, place)| place);
        Row { index, pivot, lower, upper: rest.collect() }
    };
    order.iter().map(row).collect()
}

fn insert(sets: &mut [BTreeSet<usize>], index: usize, value: usize) {
    if let Some(set) = sets.get_mut(index) {
        set.insert(value);
    }
}

fn remove(sets: &mut [BTreeSet<usize>], index: usize, value: usize) {
    if let Some(set) = sets.get_mut(index) {
        set.remove(&value);
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]
mod tests {
    use super::*;

    /// Does what the calls say, in dense storage of places.
    fn solve(elimination: &Elimination, entries: &[f64], right_side: &[f64]) -> Vec<f64> {
        let mut factor = vec![f64::NAN; elimination.elements()];
        factor[..entries.len()].copy_from_slice(entries);
        for (name, at) in parsed(&elimination.factorisation()) {
            match (name.as_str(), at.as_slice()) {
                ("ROW", &[p]) => factor[p] += 1.0,
                ("UNIT_ROW", &[p]) => factor[p] = 1.0,
                ("LOWER", &[l, p]) => factor[l] *= factor[p],
                ("FILL", &[a, l, u]) => {
                    assert!(factor[a].is_nan(), "{a} is filled twice");
                    factor[a] = -factor[l] * factor[u];
                }
                ("UPDATE" | "PIVOT_UPDATE", &[a, l, u]) => factor[a] -= factor[l] * factor[u],
                ("PIVOT", &[p]) => factor[p] = factor[p].recip(),
                other => panic!("{other:?}"),
            }
        }
        let mut x = right_side.to_vec();
        for (name, at) in parsed(&elimination.substitution()) {
            match (name.as_str(), at.as_slice()) {
                ("LOWER" | "UPPER", &[i, place, k]) => x[i] -= factor[place] * x[k],
                ("PIVOT", &[i, p]) => x[i] *= factor[p],
                other => panic!("{other:?}"),
            }
        }
        x
    }

    fn parsed(calls: &[String]) -> Vec<(String, Vec<usize>)> {
        let call = |call: &String| {
            let (name, rest) = call.split_once('(').unwrap();
            let arguments = rest.trim_end_matches(')').split(", ");
            (name.to_owned(), arguments.map(|argument| argument.parse().unwrap()).collect())
        };
        calls.iter().map(call).collect()
    }

    /// Random numbers enough for a test.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % end
        }
    }

    #[test]
    fn every_pattern_is_solved() {
        let mut random = Random(1);
        for case in 0..500 {
            let n = 1 + random.below(9);
            let density = 1 + random.below(4);
            let all = (0..n).flat_map(|row| (0..n).map(move |column| (row, column)));
            let entries: Vec<_> = all.filter(|_| random.below(4) < density).collect();
            // Rows dominated by the unit matrix.
            let values: Vec<f64> = entries
                .iter()
                .map(|_| (random.below(1000) as f64 / 1000.0 - 0.5) / n as f64)
                .collect();
            let expected: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
            let mut right_side = expected.clone();
            for (&(row, column), value) in entries.iter().zip(&values) {
                right_side[row] += value * expected[column];
            }
            let elimination = Elimination::new(n, &entries);
            for (x, expected) in solve(&elimination, &values, &right_side).iter().zip(&expected) {
                assert!((x - expected).abs() < 1e-12, "case {case}: {x}, not {expected}");
            }
        }
    }

    #[test]
    fn an_arrow_does_not_fill_in() {
        // Eliminated from its point, each element of the rest would.
        let n = 50;
        let entries: Vec<_> = (1..n).flat_map(|i| [(0, i), (i, 0)]).collect();
        let elimination = Elimination::new(n, &entries);
        assert_eq!(elimination.elements(), entries.len() + n);
    }

    #[test]
    fn the_calls_of_a_small_matrix() {
        let elimination = Elimination::new(2, &[(0, 1), (1, 0), (1, 1)]);
        assert_eq!(
            elimination.factorisation(),
            [
                "UNIT_ROW(3)",
                "PIVOT(3)",
                "ROW(2)",
                "LOWER(1, 3)",
                "PIVOT_UPDATE(2, 1, 0)",
                "PIVOT(2)"
            ]
        );
        assert_eq!(
            elimination.substitution(),
            ["LOWER(1, 1, 0)", "PIVOT(1, 2)", "UPPER(0, 0, 1)", "PIVOT(0, 3)"]
        );
    }
}
