//! Which storage an alias may reuse: SB001, SB003, SB004, SB005.

use syn::Ident;
use syn::ext::IdentExt;

use crate::diag::{Problem, Report};
use crate::model::{Buffer, Declaration, Field, Kind, Located, Location};
use crate::suggest::nearest;

/// SB001: an alias names a buffer of the struct, and not itself.
pub(super) fn check_parent(
    declaration: &Declaration,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(alias) = &buffer.aliases else { return };
    let (name, parent) = (field.name.clone(), alias.value.unraw().to_string());
    let problem =
        match buffer.parent.and_then(|at| declaration.fields.get(at)).map(|parent| &parent.kind) {
            Some(Kind::Buffer(_)) if name == parent => Problem::AliasSelf { name },
            Some(Kind::Buffer(_) | Kind::Contradictory) => return,
            Some(Kind::Child(_)) => Problem::AliasChild { name, parent },
            Some(Kind::Plain) => Problem::AliasPlain { name, parent },
            None => {
                let above = declaration.buffers().map(|(field, _)| field.name.as_str());
                let suggestion = nearest(&parent, above.take_while(|above| *above != name));
                Problem::AliasUnknown { name, parent, suggestion }
            }
        };
    report.push(&alias.tokens, problem);
}

/// SB001: an alias names a buffer declared above it. Two errors show both places; a circle, which no
/// order can mend, is one.
pub(super) fn check_order(
    declaration: &Declaration,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some(alias) = &buffer.aliases else { return };
    let Some((parent_field, _)) = declaration.parent_of(buffer) else { return };
    if parent_field.index <= field.index {
        return;
    }
    let (name, parent) = (field.name.clone(), parent_field.name.clone());
    let ancestors = ancestors(declaration, buffer);
    if let Some(length) = ancestors.iter().position(|ancestor| ancestor.name == name) {
        let circle: Vec<&Field> = ancestors.into_iter().take(length).collect();
        // Several aliases of a circle may point down; the first member tells.
        if !circle.iter().any(|member| member.index < field.index) {
            let circle = circle.iter().map(|member| member.name.as_str());
            let circle: Vec<&str> = [name.as_str()].into_iter().chain(circle).collect();
            let circle = format!("`{}` -> `{name}`", circle.join("` -> `"));
            report.push(&alias.tokens, Problem::AliasCircle { name, parent, circle });
        }
        return;
    }
    let problem = Problem::AliasLater { name: name.clone(), parent: parent.clone() };
    report.push(&alias.tokens, problem);
    report.push(&parent_field.ident, Problem::DeclaredHere { name, parent });
}

/// SB003 and SB004: what is persistent is never aliased and never aliases.
pub(super) fn check_persistence(
    declaration: &Declaration,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some((alias, parent_field, parent)) = sound_alias(declaration, field, buffer) else {
        return;
    };
    let (name, parent_name) = (field.name.clone(), parent_field.name.clone());
    if buffer.persistent.is_some() {
        report.push(&alias.tokens, Problem::PersistentAlias { name, parent: parent_name });
    } else if parent.persistent.is_some() {
        report.push(&alias.tokens, Problem::PersistentParent { name, parent: parent_name });
    }
}

/// SB005: an alias lives where its parent lives.
pub(super) fn check_location(
    declaration: &Declaration,
    field: &Field,
    buffer: &Buffer,
    report: &mut Report,
) {
    let Some((_, parent_field, _)) = sound_alias(declaration, field, buffer) else {
        return;
    };
    let Some(location) = &buffer.location else { return };
    let Some(root_location) = root_location(declaration, buffer) else { return };
    if location.value.resolved() != root_location {
        let problem = Problem::LocationMismatch {
            name: field.name.clone(),
            location: location.value.name(),
            parent: parent_field.name.clone(),
            parent_location: root_location.name(),
        };
        report.push(&location.tokens, problem);
    }
}

/// An alias that names a buffer above it, with that buffer.
pub(super) fn sound_alias<'a>(
    declaration: &'a Declaration,
    field: &Field,
    buffer: &'a Buffer,
) -> Option<(&'a Located<Ident>, &'a Field, &'a Buffer)> {
    let (parent_field, parent) = declaration.parent_of(buffer)?;
    let alias = buffer.aliases.as_ref()?;
    (parent_field.index < field.index).then_some((alias, parent_field, parent))
}

/// The parent, its parent and so on, up to a root or once round a circle.
fn ancestors<'a>(declaration: &'a Declaration, buffer: &'a Buffer) -> Vec<&'a Field> {
    let mut ancestors = Vec::new();
    let mut next = declaration.parent_of(buffer);
    while let Some((field, buffer)) = next
        && ancestors.len() <= declaration.fields.len()
    {
        ancestors.push(field);
        next = declaration.parent_of(buffer);
    }
    ancestors
}

/// Where the storage lies that an alias reuses, if its root says so.
fn root_location(declaration: &Declaration, buffer: &Buffer) -> Option<Location> {
    match &ancestors(declaration, buffer).last()?.kind {
        Kind::Buffer(root) => Some(root.location.as_ref()?.value.resolved()),
        _ => None,
    }
}
