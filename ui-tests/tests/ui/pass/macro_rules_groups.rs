//! A fragment of `macro_rules!` is one operand, however it is written, and gives no warning.
#![deny(warnings)]

use buffer_core::{Buffer, BufferRegistry, Buffers, assert_layout};

const TWELVE: usize = 12;

macro_rules! factory {
    ($name:ident, $count:expr, $test:expr) => {
        #[derive(Buffers)]
        pub struct $name {
            pub n: usize,
            #[buffer(size = 2 * $count, location = "shared")]
            pub constant: Buffer,
            #[buffer(size = 6, aliases = constant)]
            pub inside: Buffer,
            #[buffer(size = n + TWELVE / $count, location = "shared")]
            pub beside_a_field: Buffer,
            #[buffer(size = n * $count, location = "shared")]
            pub term: Buffer,
            #[buffer(size = $count, location = "shared")]
            pub whole: Buffer,
            #[buffer(size = max($count, 2), location = "shared")]
            pub argument: Buffer,
            #[buffer(size = if $test { $count } else { 5 }, location = "shared")]
            pub branch: Buffer,
            #[buffer(size = n + if $test { $count } else { 5 }, location = "shared")]
            pub branch_beside_a_field: Buffer,
            #[buffer(size = ($count) * 2, location = "shared")]
            pub parentheses: Buffer,
        }
    };
}

factory!(Sum, 1 + 2, TWELVE > 2);
factory!(Literal, 3, true);
factory!(Parentheses, (1 + 2), (TWELVE > 2));
assert_layout!(Sum, Literal, Parentheses);

macro_rules! check {
    ($name:ident) => {
        let factory = $name {
            n: 1,
            constant: Buffer::new(),
            inside: Buffer::new(),
            beside_a_field: Buffer::new(),
            term: Buffer::new(),
            whole: Buffer::new(),
            argument: Buffer::new(),
            branch: Buffer::new(),
            branch_beside_a_field: Buffer::new(),
            parentheses: Buffer::new(),
        };
        let sizes: Vec<usize> =
            factory.entries().unwrap().iter().map(|entry| entry.size()).collect();
        assert_eq!(sizes, [6, 6, 5, 3, 3, 3, 3, 4, 6]);
        BufferRegistry::new().add(&factory).unwrap();
    };
}

fn main() {
    check!(Sum);
    check!(Literal);
    check!(Parentheses);
}
