//! What is said about equations that mean nothing: the place, and the way out.

// The helpers of tests assert as well.
#![allow(clippy::panic, clippy::unwrap_used)]

use integrators::{System, SystemError};

fn lorenz(equations: &str) -> Result<System, SystemError> {
    System::parse(equations)?
        .states([("x", 1.0), ("y", 0.0)])
        .constants([("sigma", 10.0)])
        .parameters([("rho", 21.0), ("e", 2.0)])
        .build()
}

/// The message for equations, whose states are `x` and `y`.
fn message(equations: &str) -> String {
    lorenz(equations).unwrap_err().to_string()
}

#[test]
fn a_syntax_error_points_at_its_place() {
    let message = message("dx = sigma*(y - x)\ndy = x*(rho - \n");
    assert_eq!(
        message,
        "syntax error in line 2, column 15: expected an expression\n  \
         |\n2 | dy = x*(rho - \n  |               ^"
    );
}

#[test]
fn every_kind_of_syntax_error_names_a_place() {
    for (equations, place) in [
        ("dx = ", "line 1, column 6"),
        ("dx 1", "line 1, column 4"),
        ("= 1", "line 1, column 1"),
        ("dx = 1 +* 2", "line 1, column 9"),
        ("dx = 1)", "line 1, column 7"),
        ("dx = 1\n\ndy = 2 3", "line 3, column 8"),
        ("dx = sin x", "line 1, column 10"),
        ("dx = 1.2.3", "line 1, column 9"),
        ("dx = $", "line 1, column 6"),
        ("\tdx = é", "line 1, column 7"),
        ("d(x, z) = 1", "line 1, column 6"),
        ("dx = --x", "line 1, column 7"),
        ("dx = 1e999", "line 1, column 6"),
    ] {
        let error = lorenz(equations).unwrap_err();
        assert!(matches!(error, SystemError::Syntax { .. }), "{equations}: {error}");
        assert!(error.to_string().contains(place), "{equations}: {error}");
    }
}

#[test]
fn unknown_names_are_told_with_the_nearest_known_one() {
    let shown = message("dx = sgima*(y - x)\ndy = x");
    assert_eq!(
        shown,
        "unknown symbol `sgima` in line 1, column 6\n  |\n1 | dx = sgima*(y - x)\n  |      ^\n\
         help: did you mean `sigma`?"
    );
    let shown = message("dx = y\ndy = sine(x)");
    assert!(shown.contains("unknown function `sine` in line 2, column 6"), "{shown}");
    assert!(shown.contains("did you mean `sin`?"), "{shown}");
    let shown = message("dx = y\ndy = 1\nd(w, t) = 2");
    assert!(shown.contains("the equation in line 3 is for `w`, which is not a state"), "{shown}");
    let shown = message("dx = y\ndyy = 1");
    assert!(shown.contains("nothing uses `dyy` in line 2, and `dy` has no equation"), "{shown}");
    assert!(shown.contains("help: rename `dyy` to `dy`"), "{shown}");
    // With all equations there, it is an auxiliary as any other.
    lorenz("dx = y\ndy = 1\ndrag = x*rho\ndyy = 2").unwrap();
    let shown = message("dx = y\ndy = 1\nd(yy, t) = 2");
    assert!(shown.contains("did you mean `y`?"), "{shown}");
    let shown = message("dx = pow(x)\ndy = 1");
    assert!(shown.contains("`pow` takes 2 argument(s), not 1, in line 1, column 6"), "{shown}");
}

#[test]
fn equations_are_complete_and_unique() {
    assert_eq!(message("dx = y"), "the state `y` has no equation\nhelp: add `dy = ...`");
    let shown = message("dx = y\ndy = x\nd(x, t) = 2");
    assert!(shown.contains("`x` has a second equation in line 3"), "{shown}");
    let shown = message("a = 1\ndx = a\na = 2\ndy = x");
    assert!(shown.contains("`a` has a second equation in line 3"), "{shown}");
    let shown = message("dx = a\na = b + 1\nb = 2*c\nc = a\ndy = x");
    assert!(shown.contains("`a` depends on itself, by way of a -> b -> c -> a"), "{shown}");
    let shown = message("dx = a\na = a\ndy = x");
    assert!(shown.contains("a -> a"), "{shown}");
    let shown = message("dx = 1/(sigma - 10)\ndy = x");
    assert!(shown.contains("depends on constants alone is inf"), "{shown}");
    // Neither a function nor a power hides it.
    for hidden in ["min(1, 1/0)", "1/(1/(sigma - 10))", "(x + 1/0)^2", "(1/0)^0"] {
        let shown = message(&format!("dx = {hidden}\ndy = x"));
        assert!(shown.contains("depends on constants alone is inf"), "{hidden}: {shown}");
    }
    // An auxiliary that nothing needs is checked as well.
    assert!(message("dx = 1\ndy = x\nunused = nowhere").contains("unknown symbol `nowhere`"));
}

#[test]
fn equations_that_would_exhaust_the_stack_are_refused() {
    let deep = format!("dx = {}x{}\ndy = x", "(".repeat(100_000), ")".repeat(100_000));
    let long = format!("dx = x{}\ndy = x", " + x".repeat(100_000));
    let powers = format!("dx = x{}\ndy = x", "**x".repeat(100_000));
    let signs = format!("dx = x{}x\ndy = x", "*-x^-".repeat(100_000));
    for equations in [deep, long, powers, signs] {
        assert!(matches!(lorenz(&equations), Err(SystemError::TooDeep { .. })));
    }
    // Each auxiliary needs the next one.
    let chain = (0..20_000).map(|i| format!("a{i} = a{} + x\n", i + 1)).collect::<String>();
    lorenz(&format!("dx = a0\ndy = x\n{chain}a20000 = y")).unwrap();
    let fits = format!(
        "dx = {}x{}{}\ndy = x  # ({}",
        "(".repeat(99),
        ")".repeat(99),
        " + x".repeat(900),
        "(".repeat(200)
    );
    lorenz(&fits).unwrap();
}

#[test]
fn powers_are_deep_only_inside_each_other() {
    // Each comment has what would be too deep, or end the equation, if it were not one.
    let comment = format!("# a; {}; b\n", "^(".repeat(200));
    for (power, count) in
        [("x^2", 400), ("(x + y)^2", 300), ("x**-2", 300), ("x^y^2", 300), ("x^e", 300)]
    {
        let sum = vec![power; count].join(" + ");
        lorenz(&format!("dx = {sum} {comment}dy = {sum} {comment}")).unwrap();
    }
    let nested =
        |count: usize| format!("dx = {}x{}\ndy = x", "x^(".repeat(count), ")".repeat(count));
    lorenz(&nested(49)).unwrap();
    for equations in [
        nested(51),
        format!("dx = x{}\ndy = x", "^-x".repeat(101)),
        format!("dx = x{}\ndy = x", "^1e-2".repeat(101)),
        format!("# comment\rdx = {}x{}\ndy = x", "(".repeat(101), ")".repeat(101)),
        format!("dx = (x*{}x)^{}2", "(".repeat(50), "x^".repeat(101)),
    ] {
        assert!(matches!(lorenz(&equations), Err(SystemError::TooDeep { .. })), "{equations}");
    }
}

#[test]
fn of_a_long_line_what_is_around_the_fault_is_shown() {
    let shown =
        message(&format!("dx = {}nowhere{}\ndy = x", "x + ".repeat(100), " + y".repeat(100)));
    let lines: Vec<_> = shown.lines().collect();
    let [_, _, line, caret] = lines.as_slice() else { panic!("{shown}") };
    assert!(line.len() < 120 && line.ends_with("..."), "{shown}");
    assert_eq!(line.find("nowhere"), caret.find('^'), "{shown}");
}

#[test]
fn a_mark_of_the_encoding_and_a_plus_as_sign_mean_nothing() {
    let plain = lorenz("dx = x*-1\ndy = 2 + x").unwrap();
    assert_eq!(lorenz("\u{feff}dx = +x*-1\ndy = 2 + +x").unwrap(), plain);
}
