//! Declarations that compile, and the messages of those that do not.
//!
//! The messages are the compiler's too, so they are pinned for one version of it. To write them anew:
//! `TRYBUILD=overwrite cargo test -p ui-tests`, then read every line of the difference.

#[rustversion::attr(not(stable(1.95)), ignore = "messages are pinned for Rust 1.95")]
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    // Since some cases pass, all are built, so that constants are evaluated.
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*/*.rs");
}
