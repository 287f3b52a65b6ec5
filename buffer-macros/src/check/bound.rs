//! `vars`.

use syn::Type;
use syn::ext::IdentExt;

use crate::diag::{Problem, Report};
use crate::model::{Bound, Declaration, Kind};
use crate::suggest::nearest;

/// A bound is of a plain field or of a const parameter.
pub(super) fn check_variables(declaration: &Declaration, report: &mut Report) {
    let known = variables(declaration);
    for bound in &declaration.bounds {
        let name = bound.variable.unraw().to_string();
        if !known.contains(&name) {
            let suggestion = nearest(&name, known.iter().map(String::as_str));
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

/// The bounds of `vars`, and those that the types of fields and parameters imply.
pub(super) fn all(declaration: &Declaration) -> Vec<Bound> {
    let fields = declaration.fields.iter().filter(|field| matches!(field.kind, Kind::Plain));
    let parameters = declaration.generics.const_params();
    let unsigned = fields
        .map(|field| (&field.ident, &field.ty))
        .chain(parameters.map(|parameter| (&parameter.ident, &parameter.ty)))
        .filter(|(_, ty)| is_unsigned(ty))
        .map(|(variable, _)| Bound { variable: variable.clone(), least: 0, most: None });
    declaration.bounds.iter().cloned().chain(unsigned).collect()
}

/// Whether a type is seen to be an unsigned integer. What hides behind a name may be negative.
fn is_unsigned(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| ["u8", "u16", "u32", "u64", "usize"].iter().any(|u| last.ident == u))
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
