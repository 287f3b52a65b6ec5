use buffer_core::{Buffer, Buffers, Location, Overflow};

#[derive(Buffers)]
pub struct Step {
    #[buffer(size = 100, location = "shared")]
    parent: Buffer,
    #[buffer(size = 30, aliases = "parent")]
    string: Buffer,
    #[buffer(size = 70, aliases = parent, location = "shared")]
    identifier: Buffer,
    #[buffer(size = 30, aliases = string, zero)]
    chain: Buffer,
    #[buffer(size = 9, aliases = "parent", overflow = "own")]
    own: Buffer,
}

fn main() {
    let step = Step {
        parent: Buffer::at(Location::Local),
        string: Buffer::new(),
        identifier: Buffer::new(),
        chain: Buffer::new(),
        own: Buffer::new(),
    };
    let entries = step.entries().unwrap();
    let parents: Vec<Option<&str>> = entries.iter().map(|entry| entry.parent()).collect();
    assert_eq!(parents, [None, Some("parent"), Some("parent"), Some("string"), Some("parent")]);
    // The caller moved the root, and its aliases with it.
    assert_eq!(entries[0].declared_location(), Some(Location::Local));
    assert!(entries[1..].iter().all(|entry| entry.declared_location().is_none()));
    assert_eq!(entries[4].on_overflow(), Overflow::Own);
    assert!(entries[3].is_zeroed());
}
