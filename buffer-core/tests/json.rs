//! Layouts as JSON, read back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use buffer_core::{
    BufferEntry, BufferRegistry, ElementType, FactoryId, Location, Packing, Phases, Precision,
    Target, Width,
};
use serde_json::Value;
use support::{alias, layout, local, shared};

/// `step` with a `solver`.
fn two_factories() -> (BufferRegistry, FactoryId) {
    let mut registry = BufferRegistry::new();
    let step = registry.factory("step").unwrap();
    let stage = Phases::new().phase("solve").phase("feval");
    registry.set_phases(step, Phases::new().phase("start").repeat("stage", stage)).unwrap();
    let sums = shared("sums", 4).live(["start"..="stage"]).part(0..2, ["start"]);
    registry.register(step, sums).unwrap();
    registry.register(step, alias("base", 2, "sums").live(["solve"..="feval"])).unwrap();
    let solver = registry.factory("newton").unwrap();
    let theta = local("theta", 1).persistent().element(ElementType::F64);
    registry.register(solver, theta).unwrap();
    registry.register_child(step, "solver", solver).unwrap();
    (registry, step)
}

#[test]
fn a_small_layout_reads_as_documented() {
    let (registry, step) = two_factories();
    let text = format!("{:#}\n", layout(&registry, step).to_json());
    assert_eq!(text, include_str!("small_layout.json"));
}

/// All that JSON says of a layout is what the layout says.
#[test]
fn json_is_read_back_as_the_layout() {
    let (mut registry, step) = two_factories();
    registry.register(step, BufferEntry::new("none", 0).location(Location::Auto)).unwrap();
    registry.register(step, local("large", 30).live(["start"])).unwrap();
    for (target, packing) in [
        (Target::cuda("12.1".parse().unwrap(), Precision::F64), Packing::Declared),
        (Target::cuda("7.0".parse().unwrap(), Precision::F32), Packing::Auto),
        (Target::host(8, Precision::F32).unwrap(), Packing::Auto),
    ] {
        registry.set_packing(packing);
        let layout = registry.layout(step, &target).unwrap();
        let json: Value = serde_json::from_str(&layout.to_json().to_string()).unwrap();
        assert_eq!(json, layout.to_json());
        assert_eq!(json["root"], layout.prefix());
        assert_eq!(json["packing"], layout.packing().to_string());
        assert_eq!(json["target"]["name"], target.to_string());
        let capability = target.compute_capability().map(|capability| capability.to_string());
        assert_eq!(json["target"]["compute_capability"].as_str(), capability.as_deref());
        assert_eq!(json["target"]["lanes"], target.lanes());
        let totals = &json["totals"];
        assert_eq!(totals["shared"], layout.shared_bytes());
        assert_eq!(totals["local_persistent"], layout.local_persistent_bytes());
        assert_eq!(totals["local"], layout.local_persistent_bytes() + layout.local_bytes());
        let parts = ["shared_persistent", "shared_scratch", "shared_padding"];
        let parts: u64 = parts.iter().map(|part| totals[part].as_u64().unwrap()).sum();
        assert_eq!(parts as usize, layout.shared_bytes());
        for (memory, footprint) in [
            ("shared", Width::ALL.map(|width| layout.shared_footprint(width))),
            ("local", Width::ALL.map(|width| layout.local_footprint(width))),
        ] {
            let (json, sum) = (&json["footprints"][memory], footprint[0] + footprint[1]);
            assert_eq!(json["separate"], sum.separate);
            assert_eq!(json["declared"], sum.declared);
            assert_eq!(json["packed"], sum.packed);
            assert_eq!(json["lower_bound"], sum.lower_bound);
            assert_eq!(json["packed"], totals[memory]);
        }
        for (arena, width) in json["arenas"].as_array().unwrap().iter().zip(Width::ALL) {
            let sizes = layout.arenas(width);
            assert_eq!(arena["element_bytes"], width.bytes());
            assert_eq!(arena["shared_persistent"], sizes.shared_persistent);
            assert_eq!(arena["shared_scratch"], sizes.shared_scratch);
            assert_eq!(arena["shared_stride"], sizes.shared_stride);
            assert_eq!(arena["local_persistent"], sizes.local_persistent);
            assert_eq!(arena["local_scratch"], sizes.local_scratch);
            assert_eq!(arena["local_arrays"], sizes.local);
        }
        let instances = json["instances"].as_array().unwrap();
        assert_eq!(instances.len(), layout.instances().len());
        for (json, instance) in instances.iter().zip(layout.instances()) {
            assert_eq!(json["path"], instance.path());
            assert_eq!(json["prefix"], instance.prefix());
            let buffers = json["buffers"].as_array().unwrap();
            assert_eq!(buffers.len(), instance.buffers().len());
            for (json, buffer) in buffers.iter().zip(instance.buffers()) {
                assert_eq!(json["name"], buffer.name());
                assert_eq!(json["elements"], buffer.size());
                assert_eq!(json["type"], buffer.entry().element_type().to_string());
                assert_eq!(json["element_bytes"], buffer.width().bytes());
                assert_eq!(json["bytes"], buffer.bytes());
                assert_eq!(json["storage"], buffer.storage().to_string());
                assert_eq!(json["offset"], buffer.offset());
                assert_eq!(json["persistent"], buffer.entry().is_persistent());
                assert_eq!(json["parent"].as_str(), buffer.parent());
                assert_eq!(json["root"], buffer.root());
            }
        }
    }
}
