//! SB010 and SB011: aliases lie inside their parents, one behind the other.

use proc_macro2::Span;
use syn::Ident;

use super::alias::sound_alias;
use super::bound;
use crate::diag::{Account, Problem, Report};
use crate::model::{Bound, Declaration, Field, Located, Operator, Overflow, Size, Term};
use crate::proof::{Variables, Verdict, sum};

/// The aliases of one parent whose fit the compiler has to assert, since it alone knows the sizes.
pub(crate) struct Assertion<'a> {
    pub(crate) parent: &'a Ident,
    pub(crate) aliases: Vec<AssertedAlias<'a>>,
}

pub(crate) struct AssertedAlias<'a> {
    pub(crate) ident: &'a Ident,
    /// Where a failure is shown.
    pub(crate) span: Span,
    /// It gets storage of its own where it does not fit.
    pub(crate) may_own: bool,
}

/// An alias whose place behind its earlier siblings is known, or left open.
struct Placed<'a> {
    field: &'a Field,
    alias: &'a Located<Ident>,
    size: &'a Size,
    may_own: bool,
    verdict: Verdict,
}

/// Every alias fits inside what its parent's earlier aliases leave of it. Returns what only the
/// compiler can tell; what depends on fields is told when they have values.
pub(super) fn check_fit<'a>(
    declaration: &'a Declaration,
    bounds: &[Bound],
    report: &mut Report,
) -> Vec<Assertion<'a>> {
    declaration
        .buffers()
        .filter_map(|(parent, buffer)| {
            let holds = buffer.size.as_ref()?;
            let placed = place_aliases(declaration, bounds, parent, holds, report)?;
            assertion(parent, holds, &placed)
        })
        .collect()
}

/// The aliases of one parent, in order; nothing where one is faulty, since nothing is to follow.
fn place_aliases<'a>(
    declaration: &'a Declaration,
    bounds: &[Bound],
    parent: &'a Field,
    holds: &'a Size,
    report: &mut Report,
) -> Option<Vec<Placed<'a>>> {
    let mut placed: Vec<Placed<'a>> = Vec::new();
    for (field, buffer) in declaration.buffers() {
        let Some((alias, its_parent, parent_buffer)) = sound_alias(declaration, field, buffer)
        else {
            continue;
        };
        // What is persistent has no storage to share, which is a fault of its own.
        let is_persistent = buffer.persistent.is_some() || parent_buffer.persistent.is_some();
        if its_parent.index != parent.index || is_persistent {
            continue;
        }
        let size = buffer.size.as_ref()?;
        let may_own = buffer.overflow.as_ref().is_some_and(|way| way.value == Overflow::Own);
        let inside = Inside::new(field, parent, &placed, size, holds);
        let variables = Variables::of(inside.sizes(), bounds);
        let mut verdict =
            variables.verdict(&inside.taken(), &inside.needs.term, &inside.holds.term);
        // What an earlier alias takes is not certain, so only a fit behind all of them is; and an
        // example is none where a bound is faulty that might exclude it.
        let is_open = match verdict {
            Verdict::Fits | Verdict::Unknown => false,
            Verdict::Never => placed.iter().any(Placed::is_somewhere),
            Verdict::Unless(_) => {
                placed.iter().any(Placed::is_somewhere) || !bound::are_sound(declaration)
            }
        };
        if is_open {
            verdict = Verdict::Unknown;
        }
        if !may_own && let Some(problem) = inside.problem(&variables, &verdict) {
            report.enter(Some(field.index));
            report.push(&alias.tokens, problem);
            return None;
        }
        placed.push(Placed { field, alias, size, may_own, verdict });
    }
    Some(placed)
}

/// The aliases from the first one to the last that has to be asserted, as far as they are constant.
fn assertion<'a>(parent: &'a Field, holds: &Size, placed: &[Placed<'a>]) -> Option<Assertion<'a>> {
    if holds.at_run_time {
        return None;
    }
    let constant = placed.iter().take_while(|alias| !alias.size.at_run_time).count();
    let constant = placed.get(..constant)?;
    let last =
        constant.iter().rposition(|alias| !alias.may_own && alias.verdict == Verdict::Unknown)?;
    let aliases = constant.iter().take(last + 1).map(|alias| AssertedAlias {
        ident: &alias.field.ident,
        span: alias.alias.span(),
        may_own: alias.may_own,
    });
    Some(Assertion { parent: &parent.ident, aliases: aliases.collect() })
}

impl Placed<'_> {
    /// Whether it lies in its parent for some sizes, and in storage of its own for others.
    fn is_somewhere(&self) -> bool {
        self.may_own && !matches!(self.verdict, Verdict::Fits | Verdict::Never)
    }

    /// Whether it lies in storage of its own, whatever the sizes are.
    fn is_elsewhere(&self) -> bool {
        self.may_own && self.verdict == Verdict::Never
    }
}

/// One alias inside its parent, behind those that were placed before it.
struct Inside<'a> {
    name: &'a str,
    parent: &'a str,
    taken: Vec<&'a Size>,
    needs: &'a Size,
    holds: &'a Size,
}

impl<'a> Inside<'a> {
    fn new(
        field: &'a Field,
        parent: &'a Field,
        placed: &[Placed<'a>],
        needs: &'a Size,
        holds: &'a Size,
    ) -> Self {
        let taken = placed.iter().filter(|alias| !alias.is_elsewhere());
        Self {
            name: &field.name,
            parent: &parent.name,
            taken: taken.map(|alias| alias.size).collect(),
            needs,
            holds,
        }
    }

    fn sizes(&self) -> impl Iterator<Item = &'a Size> {
        self.taken.iter().copied().chain([self.needs, self.holds])
    }

    fn taken(&self) -> Vec<&'a Term> {
        self.taken.iter().map(|size| &size.term).collect()
    }

    /// What is wrong where the alias does not fit, and the numbers behind it.
    fn problem(&self, variables: &Variables, verdict: &Verdict) -> Option<Problem> {
        let (name, parent) = (self.name.to_owned(), self.parent.to_owned());
        match verdict {
            Verdict::Fits | Verdict::Unknown => None,
            Verdict::Never => {
                let account = self.account(|term| variables.display(term));
                Some(Problem::DoesNotFit { name, parent, account })
            }
            Verdict::Unless(example) => {
                let witness: Vec<String> =
                    example.iter().map(|(name, value)| format!("{name} = {value}")).collect();
                let account = self.account(|term| {
                    variables
                        .value(term, example)
                        .map(|value| value.to_string())
                        .unwrap_or_default()
                });
                Some(Problem::MayNotFit { name, parent, witness: witness.join(", "), account })
            }
        }
    }

    fn account(&self, show: impl Fn(&Term) -> String) -> Account {
        let (needs, holds) = (&self.needs.term, &self.holds.term);
        let taken = sum(self.taken().into_iter()).unwrap_or(Term::Integer(0));
        let left = Term::Binary(Operator::Sub, Box::new(holds.clone()), Box::new(taken.clone()));
        Account {
            name: self.name.to_owned(),
            parent: self.parent.to_owned(),
            holds: show(holds),
            taken: show(&taken),
            left: show(&left),
            needs: show(needs),
        }
    }
}
