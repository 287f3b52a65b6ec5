//! `phases`.

use syn::Ident;
use syn::ext::IdentExt;

use crate::diag::{Problem, Report};
use crate::model::{Declaration, Phases, Step};
use crate::names;
use crate::phase_order::{MOST_PHASES, PhaseOrder};

/// The phases, if there is no fault in them, from which others would follow.
pub(super) fn check_phases<'a>(
    declaration: &'a Declaration,
    report: &mut Report,
) -> Option<&'a PhaseOrder> {
    let phases = declaration.phases.as_ref()?;
    let problems =
        [check_names(phases, report), check_loops(phases, report), check_count(phases, report)];
    (problems == [true; 3]).then_some(&phases.order)
}

/// Names of phases and loops are unique, and can stand in kernel text.
fn check_names(phases: &Phases, report: &mut Report) -> bool {
    let mut seen: Vec<String> = Vec::new();
    let mut sound = true;
    for ident in names_of(&phases.steps) {
        let phase = ident.unraw().to_string();
        let problem = if seen.contains(&phase) {
            Problem::DuplicatePhase { phase }
        } else {
            seen.push(phase.clone());
            match names::check_name(&phase) {
                Ok(()) => continue,
                Err(fault) => Problem::PhaseName { phase, reason: fault.reason() },
            }
        };
        report.push(ident, problem);
        sound = false;
    }
    sound
}

/// A loop has phases.
fn check_loops(phases: &Phases, report: &mut Report) -> bool {
    let empty: Vec<&str> = phases.order.empty_loops().collect();
    for ident in names_of(&phases.steps) {
        let phase = ident.unraw().to_string();
        if empty.contains(&phase.as_str()) {
            report.push(ident, Problem::EmptyLoop { phase });
        }
    }
    empty.is_empty()
}

/// There are no more phases than can be told apart.
fn check_count(phases: &Phases, report: &mut Report) -> bool {
    let count = phases.order.len();
    if count <= MOST_PHASES {
        return true;
    }
    let last = names_of(&phases.steps).pop();
    report.push(last, Problem::TooManyPhases { count });
    false
}

/// The names of phases and loops, in the order of the source.
fn names_of(steps: &[Step]) -> Vec<&Ident> {
    let mut names = Vec::new();
    for step in steps {
        match step {
            Step::Phase(name) => names.push(name),
            Step::Loop(name, body) => {
                names.push(name);
                names.extend(names_of(body));
            }
        }
    }
    names
}
