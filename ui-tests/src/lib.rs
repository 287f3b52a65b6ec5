//! The derive's diagnostics, pinned: see `tests/ui.rs`.
