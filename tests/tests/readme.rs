//! What the README shows is what the compiler says.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[test]
fn every_diagnostic_in_the_readme_is_a_pinned_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut shown = 0;
    for part in readme.split("<!-- ").skip(1) {
        let (file, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        let pinned = fs::read_to_string(root.join(file)).unwrap();
        assert_eq!(text.trim_end(), pinned.trim_end(), "the README shows another {file}");
        shown += 1;
    }
    assert!(shown >= 2, "the README shows {shown} diagnostics");
    let blocks = readme.matches("```text").count();
    assert_eq!(blocks, shown, "the README shows a diagnostic that no file pins");
}
