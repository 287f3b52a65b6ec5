//! SB010 and SB011: aliases lie inside their parents, one behind the other.

use proc_macro2::Span;
use syn::Ident;

use super::alias::sound_alias;
use crate::diag::{Account, Problem, Report};
use crate::model::{Declaration, Field, Located, Operator, Overflow, Size, Term};
use crate::proof::{Variables, Verdict};

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

/// A buffer and its aliases so far, in the order in which they are packed.
struct Parent<'a> {
    field: &'a Field,
    size: Option<&'a Size>,
    aliases: Vec<Alias<'a>>,
    /// A fault was reported, from which nothing else is to follow.
    faulty: bool,
}

struct Alias<'a> {
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
    report: &mut Report,
) -> Vec<Assertion<'a>> {
    let mut parents: Vec<Parent<'a>> = Vec::new();
    for (field, buffer) in declaration.buffers() {
        report.enter(Some(field.index));
        let Some((alias, parent_field, parent)) = sound_alias(declaration, field, buffer) else {
            continue;
        };
        if buffer.persistent.is_some() || parent.persistent.is_some() {
            // There is no storage to share.
            continue;
        }
        let position = parents.iter().position(|known| known.field.name == parent_field.name);
        let mut known = match position {
            Some(position) => parents.remove(position),
            None => Parent {
                field: parent_field,
                size: parent.size.as_ref(),
                aliases: Vec::new(),
                faulty: false,
            },
        };
        let may_own = buffer.overflow.as_ref().is_some_and(|way| way.value == Overflow::Own);
        known.add(declaration, field, alias, buffer.size.as_ref(), may_own, report);
        parents.push(known);
    }
    parents.iter().filter_map(Parent::assertion).collect()
}

impl<'a> Parent<'a> {
    fn add(
        &mut self,
        declaration: &Declaration,
        field: &'a Field,
        alias: &'a Located<Ident>,
        size: Option<&'a Size>,
        may_own: bool,
        report: &mut Report,
    ) {
        let (Some(size), Some(parent)) = (size, self.size) else {
            self.faulty = true;
            return;
        };
        if self.faulty {
            return;
        }
        let holds = &parent.term;
        let taken: Vec<&Term> = self
            .aliases
            .iter()
            .filter(|alias| !(alias.may_own && alias.verdict == Verdict::Never))
            .map(|alias| &alias.size.term)
            .collect();
        let variables =
            Variables::of(taken.iter().copied().chain([&size.term, holds]), &declaration.bounds);
        let mut verdict = variables.verdict(&taken, &size.term, holds);
        if verdict != Verdict::Fits && self.aliases.iter().any(Alias::is_somewhere) {
            // What an earlier alias takes is not certain, so only a fit with all of them is.
            verdict = Verdict::Unknown;
        }
        if !may_own
            && let Some(problem) =
                fit_problem(&variables, &verdict, &taken, &size.term, holds, field, self.field)
        {
            report.push(&alias.tokens, problem);
            self.faulty = true;
            return;
        }
        self.aliases.push(Alias { field, alias, size, may_own, verdict });
    }

    /// The aliases from the first one to the last that has to be asserted.
    fn assertion(&self) -> Option<Assertion<'a>> {
        if self.faulty || self.size?.at_run_time {
            return None;
        }
        let constant = self.aliases.iter().take_while(|alias| !alias.size.at_run_time);
        let constant: Vec<&Alias<'a>> = constant.collect();
        let last = constant
            .iter()
            .rposition(|alias| !alias.may_own && alias.verdict == Verdict::Unknown)?;
        let aliases = constant.into_iter().take(last + 1).map(|alias| AssertedAlias {
            ident: &alias.field.ident,
            span: alias.alias.span(),
            may_own: alias.may_own,
        });
        Some(Assertion { parent: &self.field.ident, aliases: aliases.collect() })
    }
}

impl Alias<'_> {
    /// Whether it lies in its parent for some sizes, and in storage of its own for others.
    fn is_somewhere(&self) -> bool {
        self.may_own && !matches!(self.verdict, Verdict::Fits | Verdict::Never)
    }
}

/// What is wrong with an alias that does not fit, and the numbers behind it.
fn fit_problem(
    variables: &Variables,
    verdict: &Verdict,
    taken: &[&Term],
    needs: &Term,
    holds: &Term,
    field: &Field,
    parent: &Field,
) -> Option<Problem> {
    let (name, parent) = (field.name.clone(), parent.name.clone());
    let all_taken = taken
        .iter()
        .copied()
        .cloned()
        .reduce(|sum, term| Term::Binary(Operator::Add, Box::new(sum), Box::new(term)))
        .unwrap_or(Term::Integer(0));
    let left = Term::Binary(Operator::Sub, Box::new(holds.clone()), Box::new(all_taken.clone()));
    let account = |show: &dyn Fn(&Term) -> String| Account {
        name: name.clone(),
        parent: parent.clone(),
        holds: show(holds),
        taken: show(&all_taken),
        left: show(&left),
        needs: show(needs),
    };
    match verdict {
        Verdict::Fits | Verdict::Unknown => None,
        Verdict::Never => {
            let account = account(&|term| variables.display(term));
            Some(Problem::DoesNotFit { name, parent, account })
        }
        Verdict::Unless(example) => {
            let witness = example.iter().map(|(name, value)| format!("{name} = {value}"));
            let witness = witness.collect::<Vec<_>>().join(", ");
            let account = account(&|term| {
                variables.value(term, example).map_or_else(String::new, |value| value.to_string())
            });
            Some(Problem::MayNotFit { name, parent, witness, account })
        }
    }
}
