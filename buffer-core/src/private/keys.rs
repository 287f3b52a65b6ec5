//! One documented item per attribute key, which editors show on the key.

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident;)*) => {$(
        $(#[$doc])*
        #[allow(non_upper_case_globals)]
        pub const $key: () = ();
    )*};
}

keys! {
    /// `size = n * (stages - 1)`: elements. A literal, a constant, a const parameter, or an
    /// expression over the struct's integer fields with `+ - *`, `max`, `min` and `if`.
    size;
    /// `location = "shared"`, `"local"` or `"auto"`: where the buffer lies. Left out on an alias.
    location;
    /// `persistent`: keeps its contents from step to step, and is never overlaid.
    persistent;
    /// `aliases = "parent"`: reuses the storage of a buffer declared above.
    aliases;
    /// `overflow = "error"` or `"own"`: what an alias gets that does not fit.
    overflow;
    /// `zero`: zeroed where the buffer's live range begins.
    zero;
    /// `live = base..=feval`: the phases in which the buffer holds data: one, a range, a list in
    /// `[...]`, or a loop for all of its phases. Left out: all phases.
    live;
    /// `part(0..n, live = start)`: elements that hold data in phases of their own.
    part;
    /// `handoff`: takes its data over from the part of its parent that it lies on.
    handoff;
    /// `prefix = "dirk"`: the factory's name; the struct's name in snake case where left out.
    prefix;
    /// `vars(n >= 1, 1 <= m <= 16)`: bounds of fields and const parameters.
    vars;
    /// `phases(start, loop stage { base, solve }, finish)`: the phases of the kernel text, in order.
    phases;
}
