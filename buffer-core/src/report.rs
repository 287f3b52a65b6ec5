//! Reports of a layout: a table of all buffers, JSON, and a memory map.

mod axis;
mod json;
mod labels;
mod memory_map;
mod panels;
mod plot;
mod schedule;
mod style;
mod svg;

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

pub use self::memory_map::MemoryMap;
use crate::element::Width;
use crate::footprint::Footprint;
use crate::layout::{Instance, Layout, PlacedBuffer, Storage};
use crate::lifetimes::live_stretches;

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

/// What a layout takes of shared memory.
fn shared_footprint(layout: &Layout) -> Footprint {
    Width::ALL.map(|width| layout.shared_footprint(width)).into_iter().sum()
}

/// What it takes of local memory.
fn local_footprint(layout: &Layout) -> Footprint {
    Width::ALL.map(|width| layout.local_footprint(width)).into_iter().sum()
}

/// A table of all buffers with their bytes in one run, and totals below it.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let persistent = self.bytes(|arena| arena.shared_persistent);
        let scratch = self.bytes(|arena| arena.shared_scratch);
        let shared = self.shared_bytes();
        let (prefix, target, packing) = (self.prefix(), self.target(), self.packing());
        writeln!(f, "{prefix} for {target}, {packing} packing; bytes of one run")?;
        writeln!(f, "{}", table(self))?;
        writeln!(
            f,
            "shared memory: {shared} bytes = {scratch} scratch + {persistent} persistent \
             + {} padding{}",
            shared - scratch - persistent,
            Savings(shared_footprint(self))
        )?;
        write!(
            f,
            "local memory: {} bytes = {} in arrays + {} persistent{}",
            self.local_persistent_bytes() + self.local_bytes(),
            self.local_bytes(),
            self.local_persistent_bytes(),
            Savings(local_footprint(self))
        )
    }
}

/// What buffers that share storage save, and what could be saved; nothing where there are none.
struct Savings(Footprint);

impl fmt::Display for Savings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Footprint { separate, lower_bound, .. } = self.0;
        if separate == 0 {
            return Ok(());
        }
        write!(f, "\n    {} saved of {separate}; lower bound {lower_bound}", self.0.saved())
    }
}

fn table(layout: &Layout) -> Table {
    let mut table = Table::new();
    let has_phases = layout.instances().iter().any(|instance| !instance.phases().is_empty());
    let header = ["instance", "buffer", "elements", "type", "storage", "bytes", "inside"];
    table
        .load_style(presets::ASCII_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(if has_phases { WIDTH_WITH_PHASES } else { WIDTH })
        .set_header(header.into_iter().chain(has_phases.then_some("live")));
    for instance in layout.instances() {
        // The path stands once, beside the first buffer.
        let mut path = instance.path();
        for buffer in instance.buffers() {
            let start = buffer.offset();
            let bytes = format!("{start}..{}", start + buffer.bytes());
            let cells = [
                std::mem::take(&mut path),
                buffer.name(),
                &buffer.size().to_string(),
                &buffer.entry().element_type().to_string(),
                &buffer.storage().to_string(),
                if buffer.size() == 0 { "none" } else { &bytes },
                buffer.parent().unwrap_or_default(),
            ];
            let live = has_phases.then(|| live(instance, buffer));
            table.add_row(cells.into_iter().chain(live.as_deref()));
        }
    }
    for index in [ELEMENTS, BYTES] {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// When the elements of a buffer hold data.
fn live(instance: &Instance, buffer: &PlacedBuffer) -> String {
    if buffer.entry().is_persistent() {
        return "always".to_owned();
    }
    let order = instance.phases().order();
    let stretches = live_stretches(order, buffer.entry());
    let is_whole = stretches.len() == 1;
    let lines = stretches.into_iter().map(|(elements, phases)| {
        let phases = order.describe(phases).replace('`', "");
        if is_whole { phases } else { format!("[{}..{}] {phases}", elements.start, elements.end) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Columns of a terminal that the table fits into.
const WIDTH: u16 = 100;
/// The same with a column for phases.
const WIDTH_WITH_PHASES: u16 = 140;
const ELEMENTS: usize = 2;
const BYTES: usize = 5;
