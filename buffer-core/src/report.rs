//! The report of a layout: a table of all buffers, and totals.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::layout::{Layout, Storage};

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SharedPersistent => "shared persistent",
            Self::SharedScratch => "shared",
            Self::LocalPersistent => "local persistent",
            Self::LocalScratch => "local scratch",
            Self::Local => "local",
        })
    }
}

/// A table of all buffers with their bytes in one run, and totals below it.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let persistent = self.bytes(|arena| arena.shared_persistent);
        let scratch = self.bytes(|arena| arena.shared_scratch);
        let shared = self.shared_bytes();
        writeln!(f, "{} for {}; bytes of one run", self.prefix(), self.target)?;
        writeln!(f, "{}", table(self))?;
        writeln!(
            f,
            "shared memory: {shared} bytes = {scratch} scratch + {persistent} persistent \
             + {} padding",
            shared - scratch - persistent
        )?;
        write!(
            f,
            "local memory: {} bytes persistent, {} bytes in other arrays",
            self.local_persistent_bytes(),
            self.local_bytes()
        )
    }
}

fn table(layout: &Layout) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::ASCII_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(["instance", "buffer", "elements", "type", "storage", "bytes", "inside"]);
    for instance in layout.instances() {
        // The path stands once, beside the first buffer.
        let mut path = instance.path();
        for buffer in instance.buffers() {
            let start = buffer.offset();
            let bytes = format!("{start}..{}", start + buffer.bytes());
            table.add_row([
                std::mem::take(&mut path),
                buffer.name(),
                &buffer.size().to_string(),
                &buffer.entry().element_type().to_string(),
                &buffer.storage().to_string(),
                if buffer.size() == 0 { "none" } else { &bytes },
                buffer.parent().unwrap_or_default(),
            ]);
        }
    }
    for index in [ELEMENTS, BYTES] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Columns of a terminal that the table fits into.
const WIDTH: u16 = 100;
const ELEMENTS: usize = 2;
const BYTES: usize = 5;
