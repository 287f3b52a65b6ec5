//! The derive of [`buffer-core`](https://docs.rs/buffer-core), which re-exports it: depend on that.
//!
//! The work is done by pure functions on tokens, in stages: the attributes are read into a model
//! (`parse`, `model`), every rule is checked (`check`), and a declaration without faults is expanded
//! (`expand`). Every fault is reported, in words that all stand in `diag`.

#![forbid(unsafe_code)]

mod check;
#[cfg(test)]
mod corpus;
mod derive;
mod diag;
mod expand;
#[cfg(test)]
mod fuzz;
mod keys;
mod model;
mod names;
mod parse;
mod phase_order;
mod polynomial;
mod proof;
#[cfg(test)]
mod random;
mod suggest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Declares the scratch memory of a factory, and proves that the declaration is sound.
///
/// Stands on a struct with named fields or on a unit struct. Fields of type `Buffer` with a
/// `#[buffer(...)]` attribute become buffers, fields with `#[child]` are factories inside this one,
/// and all other fields are left alone; sizes may use them.
///
/// ```
/// use buffer_core::{Buffer, Buffers, assert_layout};
///
/// #[derive(Buffers)]
/// struct Newton<const N: usize> {
///     #[buffer(size = N * N, location = "shared")]
///     jacobian: Buffer,
///     #[buffer(size = N, location = "local")]
///     residual: Buffer,
/// }
///
/// #[derive(Buffers)]
/// #[buffers(prefix = "dirk", vars(stages >= 2))]
/// struct DirkStep {
///     stages: usize,
///     #[buffer(size = 8 * (stages - 1), location = "shared")]
///     accumulator: Buffer,
///     #[buffer(size = 8, aliases = "accumulator")]
///     stage_base: Buffer,
///     #[buffer(size = 8, location = "local", persistent)]
///     increment_cache: Buffer<f32>,
///     #[buffer(size = 2, location = "auto")]
///     counters: Buffer<i32>,
///     #[child]
///     solver: Newton<8>,
/// }
///
/// assert_layout!(Newton<8>);
///
/// let solver = Newton { jacobian: Buffer::new(), residual: Buffer::new() };
/// let step = DirkStep {
///     stages: 3,
///     accumulator: Buffer::new(),
///     stage_base: Buffer::new(),
///     increment_cache: Buffer::new(),
///     counters: Buffer::new(),
///     solver,
/// };
/// let entries = step.entries()?;
/// assert_eq!(entries[0].size(), 16);
/// assert_eq!(entries[1].parent(), Some("accumulator"));
/// assert_eq!(step.children()[0].name, "solver");
/// # Ok::<(), buffer_core::BufferError>(())
/// ```
///
/// # `#[buffer(...)]` on a field
///
/// | key | meaning |
/// |---|---|
/// | `size = ...` | elements; see [sizes](#sizes). Always given |
/// | `location = "shared"` | `"shared"`, `"local"` or `"auto"`. Given, except on an alias, which lives where its parent lives |
/// | `persistent` | keeps its contents from step to step: never an alias, and never aliased |
/// | `aliases = "parent"` | reuses the storage of a buffer declared above, behind its earlier aliases |
/// | `overflow = "own"` | an alias that does not fit gets storage of its own; `"error"`, the default, refuses it |
/// | `live = base..=feval` | the phases in which it holds data; see [lifetimes](#lifetimes). Left out: all phases |
/// | `part(0..n, live = start)` | elements with phases of their own, in place of `live`; may be given more than once |
/// | `handoff` | the alias takes its data over from the part of its parent that it lies on |
/// | `zero` | zeroed where its live range begins; see [lifetimes](#lifetimes). What is live in all phases is zeroed where the kernel text allocates it |
///
/// The field's type says what the buffer holds: `Buffer` the run's reals, `Buffer<f32>`,
/// `Buffer<f64>` or `Buffer<i32>` that type.
///
/// Names and places may be strings or bare identifiers. With an identifier, `aliases = parent`,
/// editors rename and complete it.
///
/// # `#[child]` on a field
///
/// The field's type implements `Buffers`, by this derive or by hand; `Box<dyn Buffers>` does too.
/// The factory gets a window in each of this one's arenas.
///
/// | key | meaning |
/// |---|---|
/// | `call = solve` | the phases in which it is called, written as in `live`; left out, all phases. Between its calls its scratch holds nothing, while what is persistent in it always does |
///
/// # `#[buffers(...)]` on the struct
///
/// | key | meaning |
/// |---|---|
/// | `prefix = "dirk"` | the factory's name in reports and kernel text; left out, the struct's name in snake case |
/// | `vars(n >= 1, 1 <= m <= 16)` | bounds of plain integer fields and const parameters. Proofs use them, and values outside are refused |
/// | `phases(start, loop stage { base, solve }, finish)` | the phases of the kernel text in the order in which they run, and which of them repeat; see [lifetimes](#lifetimes) |
/// | `crate = path` | where `buffer_core` is found; left out, `::buffer_core` |
///
/// # Sizes
///
/// A size is a literal, a constant, a const parameter or an expression over them and the struct's
/// plain fields.
///
/// - A bare name that is a field without `#[buffer]` and `#[child]` is that field: `n` is `self.n`.
///   Everything else means what it means in Rust.
/// - What names no field is the compiler's: any constant expression of type `usize`, and `max(a, b)`
///   and `min(a, b)` besides.
/// - What names a field is computed when the factory is registered, from integers of any type, with
///   `+`, `-`, `*`, `max(a, b)`, `min(a, b)`, `if condition { a } else { b }` and parentheses. A
///   condition compares such expressions or names a `bool`. It is computed in wide integers: a result
///   that is negative or too large is an error, never a panic and never a wrong number. Constants in
///   it are evaluated by the compiler, in the branch that is not taken too: where `K / N` stands in a
///   branch for `N > 0`, write `K / max(N, 1)`.
///
/// Sizes are compared as polynomials, for all values that `vars` allows:
///
/// ```compile_fail
/// # use buffer_core::{Buffer, Buffers};
/// #[derive(Buffers)]
/// #[buffers(vars(n >= 1, stages >= 1))]
/// struct DirkStep {
///     n: usize,
///     stages: usize,
///     #[buffer(size = n * (stages - 1), location = "shared")]
///     accumulator: Buffer,
///     // error: buffer `stage_base` may not fit inside `accumulator` [SB011]
///     // note: for n = 1, stages = 1: `accumulator` holds 0, ...
///     #[buffer(size = n, aliases = "accumulator")]
///     stage_base: Buffer,
/// }
/// ```
///
/// With `stages >= 2` the proof succeeds. What can be neither proved nor refuted here is decided as
/// soon as the numbers are known: by the compiler where they are constants, when the factory is
/// registered where they are fields. Constants that depend on parameters are evaluated where code is
/// generated for them; `assert_layout!(Newton<8>)` asks for it at once.
///
/// # Lifetimes
///
/// With `phases`, no two buffers on the same bytes may hold data in one phase. Without, what shares
/// storage when is up to the author.
///
/// | `live` | holds data in |
/// |---|---|
/// | `solve` | one phase |
/// | `stage` | all phases of a loop |
/// | `base..feval`, `base..=feval` | a range as in Rust, from one phase or loop to another |
/// | `[start, base..=feval]` | all of these |
///
/// What one pass of a loop leaves behind, the next one may need. So a range with one end inside a loop
/// covers that whole loop, and a start after the end goes round the innermost loop that holds both:
/// `feval..=base` keeps a value from one pass to the next.
///
/// What is `zero` is zeroed where its live range begins: where it is allocated if the range begins with
/// the call and not again, else by the mark of the phase, `PHASE(base)`. Outside of marked phases the
/// text then cannot use it. A range may begin in several phases, but none in which it may go on as well: in
/// the loop above, `live = stage` would begin in `base` after `start`, and go on in it after `feval`.
/// With `live = start..=stage` it begins in `start`, and with `live = base..=solve` in each `base`.
///
/// Parts of a buffer may die one by one, and an alias may take over the data of the part that it lies
/// on, element by element: exactly these elements, in one phase, which is the last one of the part
/// and the first one of the alias.
///
/// ```
/// # use buffer_core::{Buffer, Buffers};
/// #[derive(Buffers)]
/// #[buffers(vars(n >= 1, stages >= 2), phases(start, first, loop stage { solve, feval, base }))]
/// struct Dirk {
///     n: usize,
///     stages: usize,
///     // The first row becomes the base of a stage; the others are live in all phases.
///     #[buffer(size = n * (stages - 1), location = "shared", part(0..n, live = start..=first))]
///     accumulator: Buffer,
///     #[buffer(size = n, aliases = "accumulator", live = first..=base, handoff)]
///     stage_base: Buffer,
/// }
/// ```
///
/// Everything else that shares storage lives apart:
///
/// ```compile_fail
/// # use buffer_core::{Buffer, Buffers};
/// #[derive(Buffers)]
/// #[buffers(vars(n >= 1, stages >= 1), phases(loop stage { base, solve, store }, combine))]
/// struct Rosenbrock {
///     n: usize,
///     stages: usize,
///     #[buffer(size = stages * n, location = "shared", live = store..=combine)]
///     stage_store: Buffer,
///     // error: buffer `increment` lies in the storage of `stage_store`, and both are live in
///     //        `solve..=store` [SB002]
///     #[buffer(size = n, aliases = "stage_store", live = solve..=store)]
///     increment: Buffer,
/// }
/// ```
///
/// # Rules
///
/// | code | rule |
/// |---|---|
/// | SB001 | an alias names a buffer declared above it in the same struct |
/// | SB002 | two buffers on the same bytes have no live phase in common, except by a handoff |
/// | SB003, SB004 | a persistent buffer is never aliased and never an alias |
/// | SB005 | an alias lives where its parent lives |
/// | SB006 | an alias has its parent's element type |
/// | SB007 | a handoff joins equal elements in one phase, after which the part is dead |
/// | SB009 | a phase is declared, and a range is neither empty nor backwards |
/// | SB010, SB011 | an alias fits inside what its parent's earlier aliases leave: SB010 where it never does, SB011 where it may not |
/// | SB012 | a size is an unsigned integer, within the bounds of `vars` |
///
/// Names of buffers and children, and the prefix, become identifiers of kernel text: they are C
/// identifiers, and no keyword or builtin of C, C++ or CUDA. So do those of phases and loops.
#[proc_macro_derive(Buffers, attributes(buffers, buffer, child))]
pub fn derive_buffers(input: TokenStream) -> TokenStream {
    derive::derive_or_report(input.into()).into()
}
