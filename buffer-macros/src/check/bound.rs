//! `vars`.

use syn::ext::IdentExt;

use crate::diag::{Problem, Report, did_you_mean};
use crate::model::{Declaration, Kind};

/// A bound is of a plain field or of a const parameter.
pub(super) fn check_variables(declaration: &Declaration, report: &mut Report) {
    let known = variables(declaration);
    for bound in &declaration.bounds {
        let name = bound.variable.unraw().to_string();
        if !known.contains(&name) {
            let suggestion = did_you_mean(&name, known.iter().map(String::as_str));
            report.push(&bound.variable, Problem::UnknownVariable { name, suggestion });
        }
    }
}

/// Whether all bounds were read and are of something, so that nothing wider was meant to be smaller.
pub(super) fn are_sound(declaration: &Declaration) -> bool {
    let known = variables(declaration);
    let mut bounds = declaration.bounds.iter();
    !declaration.damaged && bounds.all(|bound| known.contains(&bound.variable.unraw().to_string()))
}

/// What can have bounds.
fn variables(declaration: &Declaration) -> Vec<String> {
    let fields = declaration.fields.iter().filter(|field| matches!(field.kind, Kind::Plain));
    let parameters = declaration.generics.const_params();
    fields
        .map(|field| field.name.clone())
        .chain(parameters.map(|parameter| parameter.ident.unraw().to_string()))
        .collect()
}

/// Some value is within all bounds of a variable.
pub(super) fn check_ranges(declaration: &Declaration, report: &mut Report) {
    for (index, bound) in declaration.bounds.iter().enumerate() {
        let name = bound.variable.unraw();
        let earlier = declaration.bounds.iter().take(index + 1);
        let (mut least, mut most) = (0, i128::MAX);
        let mut was_empty = false;
        for bound in earlier.filter(|earlier| earlier.variable.unraw() == name) {
            was_empty = least > most;
            least = least.max(bound.least);
            most = most.min(bound.most.unwrap_or(i128::MAX));
        }
        if least > most && !was_empty {
            let name = name.to_string();
            report.push(&bound.variable, Problem::EmptyRange { name, least, most });
        }
    }
}
