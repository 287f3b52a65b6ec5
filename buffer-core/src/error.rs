//! Errors, and the one place that words them.

use thiserror::Error;

use crate::element::ElementType;
use crate::entry::BufferEntry;
use crate::location::Location;
use crate::phase_order::MOST_PHASES;

/// What the registry, a layout or an allocator refuses.
///
/// Nothing has changed when one is returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BufferError {
    /// A declaration or a change breaks rules; all of them are listed.
    #[error("{}in factory `{factory}`", list(faults))]
    Faults {
        /// The factory's prefix.
        factory: String,
        /// The broken rules, in the order of the declaration; never empty.
        faults: Vec<Fault>,
    },
    /// A prefix cannot stand in kernel text.
    #[error(
        "`{prefix}` cannot be the prefix of a factory: it is {reason}\nhelp: use a C identifier"
    )]
    Prefix {
        /// The prefix.
        prefix: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The id is of a factory that was cleared, or of another registry.
    #[error(
        "this id names no factory of this registry\nhelp: the factory was cleared, or the id is another registry's; add the factory again and use its new id"
    )]
    UnknownFactory,
    /// The factory has no such buffer.
    #[error("factory `{factory}` has no buffer `{name}`{}", did_you_mean(suggestion.as_deref(), "use the name of one of its `#[buffer(...)]` fields"))]
    UnknownBuffer {
        /// The factory's prefix.
        factory: String,
        /// The name asked for.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// SB017: an update names a buffer that the factory has not.
    #[error("factory `{factory}` has no buffer `{name}` to change [SB017]{}", did_you_mean(suggestion.as_deref(), "use the name of one of its buffers"))]
    UnknownUpdate {
        /// The factory's prefix.
        factory: String,
        /// The name given.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// The layout has no such instance.
    #[error("the layout has no instance `{path}`{}", did_you_mean(suggestion.as_deref(), "a path is the root's prefix, or the names of children joined by `_`"))]
    UnknownInstance {
        /// The path asked for.
        path: String,
        /// The nearest path that exists.
        suggestion: Option<String>,
    },
    /// A child is already another factory's, or would contain itself.
    #[error(
        "factory `{child}` cannot become the child `{name}` of `{parent}`: {reason}\nhelp: register one factory per child; a child has exactly one window"
    )]
    Child {
        /// The parent's prefix.
        parent: String,
        /// The child's name.
        name: String,
        /// The child's prefix.
        child: String,
        /// What is in the way.
        reason: &'static str,
    },
    /// Two instances or buffers of one kernel would share an identifier.
    #[error(
        "two parts of the kernel would both be named `{identifier}` in its text\nhelp: rename one of the children or buffers"
    )]
    IdentifierClash {
        /// The identifier.
        identifier: String,
    },
    /// The names on the way to an instance make up one that means something else in kernel text.
    #[error(
        "an instance would be named `{path}` in kernel text, but that is {meaning}\nhelp: rename one of the children on its path"
    )]
    ReservedPath {
        /// The instance's path.
        path: String,
        /// What it means in kernel text.
        meaning: &'static str,
    },
    /// SB014: the layout needs more than the target can give.
    #[error(
        "{needed} bytes of {memory} memory per run exceed the {limit} bytes that {target} can give [SB014]\nhelp: {help}"
    )]
    ExceedsTarget {
        /// `shared` or `local`.
        memory: &'static str,
        /// Bytes that one run needs.
        needed: usize,
        /// Bytes that the target has.
        limit: usize,
        /// The target.
        target: String,
        /// What to do.
        help: &'static str,
    },
    /// The bytes of a layout are more than an address can count.
    #[error(
        "the buffers of factory `{factory}` need more bytes than a machine can address [SB012]\nhelp: make the sizes smaller"
    )]
    SizeOverflow {
        /// The factory's prefix.
        factory: String,
    },
    /// SB017: an override names a place that does not exist.
    #[error("`{given}` is not a place for a buffer [SB017]\nhelp: use `shared`, `local` or `auto`")]
    UnknownLocation {
        /// The text given.
        given: String,
    },
    /// SB017: an override names a setting that does not exist.
    #[error("`{given}` is not a setting of factory `{factory}` [SB017]{}", did_you_mean(suggestion.as_deref(), "settings are named `<buffer>_location`"))]
    UnknownSetting {
        /// The factory's prefix.
        factory: String,
        /// The key given.
        given: String,
        /// The nearest key that exists.
        suggestion: Option<String>,
    },
    /// A precision is neither `f32` nor `f64`.
    #[error("`{given}` is not a precision\nhelp: use `f32` or `f64`")]
    UnknownPrecision {
        /// The text given.
        given: String,
    },
    /// SB018: a compute capability is not in the table.
    #[error("compute capability `{given}` is not known [SB018]\nhelp: known are {known}")]
    UnknownComputeCapability {
        /// The one given.
        given: String,
        /// The known ones.
        known: String,
    },
    /// A host target needs a power of two of lanes.
    #[error("{lanes} is not a number of lanes\nhelp: use a power of two from 1 to 64")]
    Lanes {
        /// The number given.
        lanes: usize,
    },
    /// The independent checker found the planner at fault. This is a bug of this package.
    #[error(
        "the planner made an unsound layout: {violation}\nhelp: this is a bug in buffer-core; please report it with the declaration"
    )]
    UnsoundLayout {
        /// What the checker found.
        violation: String,
    },
}

/// One broken rule of one declaration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A name is empty.
    #[error("a buffer or child needs a name\nhelp: use a C identifier")]
    EmptyName,
    /// A name is used twice.
    #[error("`{name}` is declared twice\nhelp: rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A name is no identifier of C.
    #[error(
        "`{name}` is not an identifier of C\nhelp: use letters, digits and `_`, and start with a letter"
    )]
    NotAnIdentifier {
        /// The name.
        name: String,
    },
    /// A name means something else in kernel text.
    #[error(
        "`{name}` cannot name a {what}: it is {meaning}\nhelp: rename it, for example to `{name}_{what}`"
    )]
    ReservedName {
        /// The name.
        name: String,
        /// `buffer` or `child`.
        what: &'static str,
        /// What the name means in kernel text.
        meaning: &'static str,
    },
    /// A root has no place.
    #[error(
        "buffer `{name}` has no location\nhelp: add `location = \"shared\"` or `location = \"local\"`"
    )]
    MissingLocation {
        /// The buffer.
        name: String,
    },
    /// What happens on overflow is said of a root.
    #[error(
        "`overflow` has no meaning on buffer `{name}`, which aliases nothing\nhelp: remove `overflow`"
    )]
    NeedlessOverflow {
        /// The buffer.
        name: String,
    },
    /// A persistent buffer is zeroed at its use.
    #[error(
        "persistent buffer `{name}` cannot be `zero`\nhelp: it would lose its contents; what is persistent is zeroed when a run starts, so remove `zero`"
    )]
    PersistentZero {
        /// The buffer.
        name: String,
    },
    /// A buffer is zeroed, and takes data over.
    #[error(
        "buffer `{name}` cannot be `zero`: it takes its data over by `handoff`\nhelp: remove `zero` or `handoff`"
    )]
    ZeroHandoff {
        /// The buffer.
        name: String,
    },
    /// The live range of a buffer that is zeroed begins or goes on in a phase, by what ran before.
    #[error(
        "buffer `{name}` cannot be `zero`: in `{phase}` its live range begins after `{dead}`, but goes on after `{live}`\nhelp: add `{dead}` to its `live`, to zero it there, or leave `{live}` out, to zero it in each `{phase}`"
    )]
    ZeroBeginning {
        /// The buffer.
        name: String,
        /// The phase.
        phase: String,
        /// A phase before it, in which the buffer is dead.
        dead: String,
        /// Another one, in which it is live.
        live: String,
    },
    /// SB001: an alias names nothing.
    #[error("buffer `{name}` aliases `{parent}`, which is not declared [SB001]{}", did_you_mean(suggestion.as_deref(), "name a buffer declared above it"))]
    AliasUnknown {
        /// The alias.
        name: String,
        /// The name it gives.
        parent: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// SB001: an alias names itself.
    #[error(
        "buffer `{name}` aliases itself [SB001]\nhelp: name a buffer declared above it, or remove the alias"
    )]
    AliasSelf {
        /// The alias.
        name: String,
    },
    /// SB001: an alias names a buffer declared below it.
    #[error(
        "buffer `{name}` aliases `{parent}`, which is declared after it [SB001]\nhelp: move `{parent}` above `{name}`"
    )]
    AliasLater {
        /// The alias.
        name: String,
        /// The buffer it names.
        parent: String,
    },
    /// SB001: an alias names a child.
    #[error(
        "buffer `{name}` aliases `{parent}`, which is a child [SB001]\nhelp: a child's memory is its own, and part of it may be persistent; give `{name}` a `location` in place of `aliases`"
    )]
    AliasChild {
        /// The alias.
        name: String,
        /// The child it names.
        parent: String,
    },
    /// SB002: two buffers hold data on the same bytes in one phase.
    #[error(
        "buffer `{name}` lies in the storage of `{parent}`, and both are live in {shared} [SB002]\nnote: `{parent}` is live in {parent_live}; `{name}` is live in {live}\nhelp: let one of them end before the other begins, or give `{name}` storage of its own"
    )]
    LiveTogether {
        /// The alias.
        name: String,
        /// The phases in which it is live.
        live: String,
        /// The buffer that it lies in: its parent, or one around that.
        parent: String,
        /// The phases in which that one is live.
        parent_live: String,
        /// The phases in which both are live.
        shared: String,
    },
    /// SB003: a parent is persistent.
    #[error(
        "buffer `{name}` aliases `{parent}`, which is persistent [SB003]\nhelp: `{parent}` keeps its contents from step to step; give `{name}` storage of its own"
    )]
    PersistentParent {
        /// The alias.
        name: String,
        /// Its parent.
        parent: String,
    },
    /// SB004: an alias is persistent.
    #[error(
        "persistent buffer `{name}` aliases `{parent}` [SB004]\nhelp: what `{parent}` holds would overwrite it; remove `aliases` or `persistent`"
    )]
    PersistentAlias {
        /// The alias.
        name: String,
        /// Its parent.
        parent: String,
    },
    /// SB005: an alias lies elsewhere than its parent.
    #[error(
        "buffer `{name}` is {location} but aliases `{parent}`, which is {parent_location} [SB005]\nhelp: remove the location of `{name}`: an alias lives where its parent lives"
    )]
    LocationMismatch {
        /// The alias.
        name: String,
        /// Its place.
        location: Location,
        /// Its parent.
        parent: String,
        /// Its parent's place.
        parent_location: Location,
    },
    /// SB006: an alias has another element type than its parent.
    #[error(
        "buffer `{name}` of `{element}` aliases `{parent}` of `{parent_element}` [SB006]\nhelp: an alias reuses its parent's storage, so both hold the same element type"
    )]
    ElementMismatch {
        /// The alias.
        name: String,
        /// Its element type.
        element: ElementType,
        /// Its parent.
        parent: String,
        /// Its parent's element type.
        parent_element: ElementType,
    },
    /// A name cannot stand for a phase or a loop in kernel text.
    #[error("`{phase}` cannot name a phase: it is {reason}\nhelp: use a C identifier")]
    PhaseName {
        /// The name.
        phase: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two phases or loops have one name.
    #[error("phase `{phase}` is declared twice\nhelp: rename one of them")]
    DuplicatePhase {
        /// The name.
        phase: String,
    },
    /// A loop repeats nothing.
    #[error("loop `{phase}` has no phases\nhelp: declare its phases, or remove it")]
    EmptyLoop {
        /// The name of the loop.
        phase: String,
    },
    /// There are more phases than can be told apart.
    #[error("{count} phases are declared\nhelp: declare at most {MOST_PHASES}")]
    TooManyPhases {
        /// The number of phases.
        count: usize,
    },
    /// SB009: a buffer is live, or a child called, in a phase that does not exist.
    #[error("`{name}` names phase `{phase}`, which is not declared [SB009]{}", did_you_mean(suggestion.as_deref(), "declare it among the factory's phases"))]
    UnknownPhase {
        /// The buffer or child.
        name: String,
        /// The phase that it names.
        phase: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// SB009: a range ends where it starts.
    #[error(
        "the phases `{range}` of `{name}` are an empty range [SB009]\nhelp: `a..b` ends before `b`; `a..=b` includes it"
    )]
    EmptyRange {
        /// The buffer or child.
        name: String,
        /// The range.
        range: String,
    },
    /// SB009: a range starts after its end, and no loop holds both.
    #[error(
        "the phases `{range}` of `{name}` run backwards [SB009]\nhelp: only inside a loop may a range start after its end; swap its ends"
    )]
    BackwardsRange {
        /// The buffer or child.
        name: String,
        /// The range.
        range: String,
    },
    /// What is persistent has a live range.
    #[error(
        "persistent buffer `{name}` has a live range\nhelp: what is persistent holds data in all phases; remove `live` or `persistent`"
    )]
    PersistentLive {
        /// The buffer.
        name: String,
    },
    /// A part is not inside its buffer.
    #[error(
        "part `{start}..{end}` of buffer `{name}` does not lie inside it\nhelp: `{name}` holds {holds}; a part goes from one of its elements to a later one"
    )]
    PartOutside {
        /// The buffer.
        name: String,
        /// The first element of the part.
        start: usize,
        /// The end of the part.
        end: usize,
        /// Elements of the buffer.
        holds: usize,
    },
    /// Two parts of a buffer hold the same elements.
    #[error(
        "part `{start}..{end}` of buffer `{name}` overlaps an earlier one\nhelp: an element belongs to one part"
    )]
    PartsOverlap {
        /// The buffer.
        name: String,
        /// The first element of the later part.
        start: usize,
        /// The end of the later part.
        end: usize,
    },
    /// SB010: an alias does not fit inside its parent.
    #[error(
        "buffer `{name}` does not fit inside `{parent}` [SB010]\nhelp: `{parent}` holds {holds}, earlier aliases take {taken}, `{name}` needs {needs}; make `{parent}` larger or write `overflow = \"own\"`"
    )]
    DoesNotFit {
        /// The alias.
        name: String,
        /// Its parent.
        parent: String,
        /// Elements of the parent.
        holds: usize,
        /// Elements that earlier aliases take.
        taken: usize,
        /// Elements of the alias.
        needs: usize,
    },
    /// SB012: a size is negative.
    #[error(
        "the size of buffer `{name}` is {value} [SB012]\nhelp: a size is an unsigned number of elements; 0 means no storage"
    )]
    NegativeSize {
        /// The buffer.
        name: String,
        /// The value of the size expression.
        value: String,
    },
    /// SB012: a size overflows.
    #[error(
        "the size of buffer `{name}` overflows [SB012]\nhelp: a size is at most {} elements",
        BufferEntry::MAX_SIZE
    )]
    OverflowingSize {
        /// The buffer.
        name: String,
    },
    /// SB012: a field or constant lies outside its bounds.
    #[error(
        "`{variable}` is {value}, but `vars` asks for {bound} [SB012]\nhelp: change the value, or the bound in `#[buffers(vars(...))]`"
    )]
    OutsideBounds {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// The bound, as declared.
        bound: String,
    },
}

impl Fault {
    /// The rule's code, for the faults that have one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::EmptyName
            | Self::DuplicateName { .. }
            | Self::NotAnIdentifier { .. }
            | Self::ReservedName { .. }
            | Self::MissingLocation { .. }
            | Self::NeedlessOverflow { .. }
            | Self::PersistentZero { .. }
            | Self::ZeroHandoff { .. }
            | Self::ZeroBeginning { .. }
            | Self::PhaseName { .. }
            | Self::DuplicatePhase { .. }
            | Self::EmptyLoop { .. }
            | Self::TooManyPhases { .. }
            | Self::PersistentLive { .. }
            | Self::PartOutside { .. }
            | Self::PartsOverlap { .. } => None,
            Self::AliasUnknown { .. }
            | Self::AliasSelf { .. }
            | Self::AliasLater { .. }
            | Self::AliasChild { .. } => Some("SB001"),
            Self::LiveTogether { .. } => Some("SB002"),
            Self::PersistentParent { .. } => Some("SB003"),
            Self::PersistentAlias { .. } => Some("SB004"),
            Self::LocationMismatch { .. } => Some("SB005"),
            Self::ElementMismatch { .. } => Some("SB006"),
            Self::UnknownPhase { .. } | Self::EmptyRange { .. } | Self::BackwardsRange { .. } => {
                Some("SB009")
            }
            Self::DoesNotFit { .. } => Some("SB010"),
            Self::NegativeSize { .. }
            | Self::OverflowingSize { .. }
            | Self::OutsideBounds { .. } => Some("SB012"),
        }
    }
}

fn did_you_mean(suggestion: Option<&str>, otherwise: &str) -> String {
    suggestion.map_or_else(
        || format!("\nhelp: {otherwise}"),
        |name| format!("\nhelp: did you mean `{name}`?"),
    )
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}
