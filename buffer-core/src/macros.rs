//! Macros for declarations.

/// Checks declarations with const parameters now, for the given values of the parameters.
///
/// The compiler evaluates the sizes of a generic factory only where code is generated for it, so
/// `cargo check` says nothing about them. This asks for the evaluation, as an item:
///
/// ```
/// use buffer_core::{Buffer, Buffers, assert_layout};
///
/// #[derive(Buffers)]
/// #[buffers(vars(N >= 1, STAGES >= 2))]
/// struct Dirk<const N: usize, const STAGES: usize> {
///     #[buffer(size = N * (STAGES - 1), location = "shared")]
///     accumulator: Buffer,
///     #[buffer(size = N, aliases = "accumulator")]
///     stage_base: Buffer,
/// }
///
/// assert_layout!(Dirk<8, 2>, Dirk<3, 4>);
/// ```
///
/// With `STAGES` outside its bounds it does not compile:
///
/// ```compile_fail
/// # use buffer_core::{Buffer, Buffers, assert_layout};
/// # #[derive(Buffers)]
/// # #[buffers(vars(N >= 1, STAGES >= 2))]
/// # struct Dirk<const N: usize, const STAGES: usize> {
/// #     #[buffer(size = N * (STAGES - 1), location = "shared")]
/// #     accumulator: Buffer,
/// # }
/// assert_layout!(Dirk<8, 1>);
/// ```
#[macro_export]
macro_rules! assert_layout {
    ($($factory:ty),+ $(,)?) => {
        $(const _: () = <$factory as $crate::__private::Checked>::CHECK;)+
    };
}
