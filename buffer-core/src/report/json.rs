//! A layout as JSON.

use serde_json::{Value, json};

use super::{local_footprint, shared_footprint};
use crate::element::Width;
use crate::footprint::Footprint;
use crate::layout::{Instance, Layout, PlacedBuffer};
use crate::lifetimes::live_stretches;
use crate::phase_order::{PhaseOrder, PhaseSet};
use crate::phases::LiveRange;

/// Rises with every change that a reader must know of.
const VERSION: u32 = 1;

impl Layout {
    /// The layout as JSON, for other programs; `{:#}` prints it in lines.
    ///
    /// Bytes and elements are those of one run. A later version of the schema has a higher
    /// `version`, unless all that it does is to add keys.
    ///
    /// | key | value |
    /// |---|---|
    /// | `version` | 1 |
    /// | `root` | the prefix of the root |
    /// | `packing` | `declared` or `auto` |
    /// | `target` | `name`; `compute_capability` as in `"9.0"`, null on the host; `precision`; `lanes` |
    /// | `totals` | bytes: `shared`, of which are `shared_persistent`, `shared_scratch` and `shared_padding`; `local`, of which are `local_persistent`, `local_scratch` and `local_arrays` |
    /// | `footprints` | for `shared` and `local`, in bytes: `separate`, `declared`, `packed` and `lower_bound` of a [`Footprint`](crate::Footprint) |
    /// | `arenas` | for each width: `element_bytes`, and in elements `shared_persistent`, `shared_scratch`, `shared_stride` (from one run's slice to the next), `local_persistent`, `local_scratch`, `local_arrays` |
    /// | `instances` | the factories, parents before their children |
    ///
    /// Of an instance:
    ///
    /// | key | value |
    /// |---|---|
    /// | `path`, `prefix` | its name in kernel text, and its kind |
    /// | `parent` | the path of the factory that it is a child of; null for the root |
    /// | `calls` | the ranges of the parent's phases in which it is called; empty for all |
    /// | `phases` | names in order; empty where it has none |
    /// | `loops` | `name`, and `phases`: those inside |
    /// | `buffers` | in order of declaration |
    ///
    /// Of a buffer:
    ///
    /// | key | value |
    /// |---|---|
    /// | `name`, `elements`, `type` | as declared; `Real` is the target's precision |
    /// | `element_bytes`, `bytes` | of one element, and of all |
    /// | `storage` | `shared persistent`, `shared`, `local persistent`, `local scratch` or `local` |
    /// | `offset` | the first byte in the run's slice or array of that width, or in the root's local array |
    /// | `persistent` | whether it keeps its contents from step to step |
    /// | `parent`, `root` | the buffer in whose storage it lies, or null; and the last one of these, or itself |
    /// | `live` | the phases in which elements hold data: a list of `start`, `end` (elements) and `phases` (names); empty without phases, and for what is persistent: it is live in all |
    pub fn to_json(&self) -> Value {
        let persistent = self.bytes(|arena| arena.shared_persistent);
        let scratch = self.bytes(|arena| arena.shared_scratch);
        let capability = self.target().compute_capability();
        json!({
            "version": VERSION,
            "root": self.prefix(),
            "packing": self.packing().to_string(),
            "target": {
                "name": self.target().to_string(),
                "compute_capability": capability.map(|capability| capability.to_string()),
                "precision": self.target().precision().to_string(),
                "lanes": self.target().lanes(),
            },
            "totals": {
                "shared": self.shared_bytes(),
                "shared_persistent": persistent,
                "shared_scratch": scratch,
                "shared_padding": self.shared_bytes() - persistent - scratch,
                "local": self.local_persistent_bytes() + self.local_bytes(),
                "local_persistent": self.local_persistent_bytes(),
                "local_scratch": self.bytes(|arena| arena.local_scratch),
                "local_arrays": self.bytes(|arena| arena.local),
            },
            "footprints": {
                "shared": footprint_json(shared_footprint(self)),
                "local": footprint_json(local_footprint(self)),
            },
            "arenas": list(Width::ALL, |width| self.arena_json(width)),
            "instances": list(self.instances(), |instance| self.instance_json(instance)),
        })
    }

    fn arena_json(&self, width: Width) -> Value {
        let sizes = self.arenas(width);
        json!({
            "element_bytes": width.bytes(),
            "shared_persistent": sizes.shared_persistent,
            "shared_scratch": sizes.shared_scratch,
            "shared_stride": sizes.shared_stride,
            "local_persistent": sizes.local_persistent,
            "local_scratch": sizes.local_scratch,
            "local_arrays": sizes.local,
        })
    }

    fn instance_json(&self, instance: &Instance) -> Value {
        let parent = instance.parent.and_then(|parent| self.instances().get(parent));
        let order = instance.phases().order();
        json!({
            "path": instance.path(),
            "prefix": instance.prefix(),
            "parent": parent.map(Instance::path),
            "calls": list(instance.calls(), |range: &LiveRange| range.to_string().into()),
            "phases": names(order, order.all()),
            "loops": list(order.names().skip(order.len()), |name| loop_json(order, name)),
            "buffers": list(instance.buffers(), |buffer| buffer_json(order, buffer)),
        })
    }
}

fn footprint_json(footprint: Footprint) -> Value {
    json!({
        "separate": footprint.separate,
        "declared": footprint.declared,
        "packed": footprint.packed,
        "lower_bound": footprint.lower_bound,
    })
}

fn buffer_json(order: &PhaseOrder, buffer: &PlacedBuffer) -> Value {
    let entry = buffer.entry();
    let mut stretches = Vec::new();
    if !entry.is_persistent() && order.len() > 0 {
        stretches = live_stretches(order, entry);
    }
    json!({
        "name": buffer.name(),
        "elements": buffer.size(),
        "type": entry.element_type().to_string(),
        "element_bytes": buffer.width().bytes(),
        "bytes": buffer.bytes(),
        "storage": buffer.storage().to_string(),
        "offset": buffer.offset(),
        "persistent": entry.is_persistent(),
        "parent": buffer.parent(),
        "root": buffer.root(),
        "live": list(stretches, |(elements, phases)| json!({
            "start": elements.start,
            "end": elements.end,
            "phases": names(order, phases),
        })),
    })
}

fn loop_json(order: &PhaseOrder, name: &str) -> Value {
    let phases = order.find(name).map(PhaseSet::of).unwrap_or_default();
    json!({ "name": name, "phases": names(order, phases) })
}

/// The names of some phases, in order.
fn names(order: &PhaseOrder, phases: PhaseSet) -> Value {
    let all = order.phases().enumerate();
    all.filter(|(position, _)| phases.contains(*position)).map(|(_, name)| name).collect()
}

fn list<T>(items: impl IntoIterator<Item = T>, value: impl Fn(T) -> Value) -> Value {
    items.into_iter().map(value).collect()
}
