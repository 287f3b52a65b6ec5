//! The generated offsets, read back from what NVRTC makes of the generated text.
//!
//! A probe stores a number of its own into the first and the last element of every buffer. Where
//! those stores go in the PTX must be where the layout says.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::HashMap;
use std::fmt::Write;

use buffer_core::{
    BufferEntry, BufferRegistry, ElementType, FactoryId, Layout, Location, Overflow, Packing,
    PlacedBuffer, Precision, Storage, Target, Width,
};
use buffer_tests::cuda::{PLACES, cases, nvrtc};
use integrators::device::nvrtc::Nvrtc;

/// The place in its block that the probe takes: offsets from run to run show as well.
const RUN: usize = 2;
const RUNS: usize = 5;

/// The memory of a store in PTX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    Shared,
    Local,
}

/// Every buffer with any elements, with the number that its first element gets.
fn numbered(layout: &Layout) -> impl Iterator<Item = (usize, &str, &PlacedBuffer)> {
    let buffers = layout
        .instances()
        .iter()
        .flat_map(|instance| instance.buffers().iter().map(move |buffer| (instance.path(), buffer)))
        .filter(|(_, buffer)| buffer.size() > 0);
    buffers.enumerate().map(|(index, (path, buffer))| (2 * index + 1, path, buffer))
}

fn probe_text(layout: &Layout) -> String {
    let mut text = layout.preamble();
    text += "#define PROBE(bits, place, number) (*(volatile bits *)(place) = (number))\n";
    // A pointer that leaves the compiler's sight keeps its array in memory.
    text += "#define KEEP(place) asm volatile(\"\" : : \"l\"(place) : \"memory\")\n";
    let mut calls = String::new();
    for instance in layout.instances().iter().rev() {
        text += &layout.header(instance.path()).unwrap();
        text += "static __device__ __forceinline__ void SELF(probe)(memory m)\n{\n";
        for buffer in instance.buffers() {
            let (name, size) = (buffer.name(), buffer.size());
            writeln!(text, "    ALLOCATE({name}, m);").unwrap();
            writeln!(text, "    static_assert(SIZE({name}) == {size}, \"size\");").unwrap();
        }
        for (number, _, buffer) in numbered(layout).filter(|probe| probe.1 == instance.path()) {
            let bits = match buffer.width() {
                Width::Eight => "long long",
                Width::Four => "int",
            };
            let (name, last) = (buffer.name(), buffer.size() - 1);
            writeln!(text, "    PROBE({bits}, {name} + {last}, {});", number + 1).unwrap();
            writeln!(text, "    PROBE({bits}, {name}, {number});").unwrap();
            if !buffer.storage().is_shared() {
                writeln!(text, "    KEEP({name});").unwrap();
            }
        }
        text += "}\n";
        writeln!(calls, "    {}_probe(m);", instance.path()).unwrap();
    }
    write!(
        text,
        "extern \"C\" __global__ void probe()\n{{\n    \
         extern __shared__ __align__(16) unsigned char shared[];\n    \
         BUFFERS_MEMORY(m, shared, {RUN}, {RUNS});\n{calls}}}\n"
    )
    .unwrap();
    text
}

/// A number in PTX. The zero of a real is written in bits, as in `0f00000000`.
fn literal(word: &str) -> Option<usize> {
    word.trim_start_matches("0f").trim_start_matches("0d").parse().ok()
}

/// Where each number goes: the memory, and the bytes from the start of the block's shared memory or
/// of the thread's local memory.
fn stores(ptx: &str) -> HashMap<usize, (Space, usize)> {
    let mut bases = HashMap::from([("shared", 0), ("%SPL", 0)]);
    let mut numbers = HashMap::new();
    let mut stores = HashMap::new();
    for line in ptx.lines() {
        let words = line.split([' ', '\t', ',', ';', '[', ']', '{', '}']);
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        match words[..] {
            [mov, register, value] if mov.starts_with("mov.") => {
                if let Some(value) = literal(value) {
                    numbers.insert(register, value);
                } else if let Some(&base) = bases.get(value) {
                    bases.insert(register, base);
                }
            }
            [add, register, base, offset] if add.starts_with("add.") => {
                if let (Some(base), Ok(offset)) = (bases.get(base), offset.parse::<usize>()) {
                    bases.insert(register, base + offset);
                }
            }
            [store, address, ref values @ ..] if store.starts_with("st.") => {
                let space = match store {
                    _ if store.contains(".shared.") => Space::Shared,
                    _ if store.contains(".local.") => Space::Local,
                    _ => panic!("a store to unknown memory: {line}"),
                };
                let (base, offset) = address.split_once('+').unwrap_or((address, "0"));
                let address = bases[base] + offset.parse::<usize>().unwrap();
                let mut values =
                    values.iter().map(|value| literal(value).unwrap_or_else(|| numbers[value]));
                // Zeros are the allocators' own, several at a time.
                let Some(number) = values.find(|&number| number != 0) else { continue };
                assert_eq!(values.next(), None, "more than the probe stores: {line}");
                let stored = stores.insert(number, (space, address));
                assert_eq!(stored, None, "two stores of one number: {line}");
            }
            _ => {}
        }
    }
    stores
}

fn check_offsets(nvrtc: &Nvrtc, layout: &Layout) {
    let target = layout.target();
    let capability = target.compute_capability().unwrap();
    let compiled = nvrtc.compile(&probe_text(layout), capability, target.precision()).unwrap();
    let ptx = &compiled.ptx;
    let stores = stores(ptx);
    let eight = layout.arenas(Width::Eight).shared_stride * 8;
    // The start and the end of each local array, as its buffers tell them: of an instance and a
    // root, or of no instance.
    let mut arrays: HashMap<(&str, &str), (usize, usize)> = HashMap::new();
    for (number, path, buffer) in numbered(layout) {
        let what = format!("{path}.{} in\n{ptx}", buffer.name());
        let (space, first) = stores[&number];
        let bytes = buffer.width().bytes();
        let last = (space, first + (buffer.size() - 1) * bytes);
        assert_eq!(stores[&(number + 1)], last, "the last element of {what}");
        let array = match buffer.storage() {
            Storage::SharedPersistent | Storage::SharedScratch => {
                assert_eq!(space, Space::Shared, "{what}");
                let slice = match buffer.width() {
                    Width::Eight => RUN * eight,
                    Width::Four => {
                        RUNS * eight + RUN * layout.arenas(Width::Four).shared_stride * 4
                    }
                };
                assert_eq!(first, slice + buffer.offset(), "{what}");
                continue;
            }
            Storage::LocalPersistent => ("", if bytes == 8 { "kept8" } else { "kept4" }),
            Storage::LocalScratch => ("", if bytes == 8 { "scratch8" } else { "scratch4" }),
            Storage::Local => (path, buffer.root()),
        };
        assert_eq!(space, Space::Local, "{what}");
        let start = first - buffer.offset();
        let end = first + buffer.bytes();
        let known = arrays.entry(array).or_insert((start, end));
        assert_eq!(known.0, start, "{what}");
        known.1 = known.1.max(end);
    }
    // Arrays share no bytes, but for those of different functions: the compiler overlays them.
    for (one, range) in &arrays {
        for (other, other_range) in &arrays {
            let apart = range.1 <= other_range.0 || other_range.1 <= range.0;
            let may_share =
                one == other || (one.0 != other.0 && !one.0.is_empty() && !other.0.is_empty());
            assert!(apart || may_share, "{one:?} and {other:?} in\n{ptx}");
        }
    }
}

/// A factory with every kind of buffer: shared, local, persistent, aliased, of each element type,
/// empty, single, and with an alias that gets storage of its own.
fn add_factory(registry: &mut BufferRegistry, prefix: &str, n: usize) -> FactoryId {
    use ElementType::{F32, F64, I32};
    use Location::{Local, Shared};
    let factory = registry.factory(prefix).unwrap();
    for entry in [
        BufferEntry::new("cache", n).location(Shared).persistent(),
        BufferEntry::new("predictor", 2 * n + 1).location(Shared),
        BufferEntry::new("stage_base", n).aliases("predictor"),
        BufferEntry::new("stage_rhs", n).aliases("predictor"),
        BufferEntry::new("nested", 1).aliases("stage_rhs"),
        BufferEntry::new("flags", 3).element(I32).location(Shared),
        BufferEntry::new("none", 0).location(Shared),
        BufferEntry::new("wide", n + 1).element(F64).location(Shared).persistent(),
        BufferEntry::new("narrow", n + 2).element(F32).location(Shared),
        BufferEntry::new("accumulator", 4 * n).location(Local),
        BufferEntry::new("row", n).aliases("accumulator"),
        BufferEntry::new("another_row", n).aliases("accumulator"),
        BufferEntry::new("large", 4 * n).aliases("accumulator").overflow(Overflow::Own),
        BufferEntry::new("error", n).location(Local),
        BufferEntry::new("increments", n).location(Local).persistent(),
        BufferEntry::new("counters", 2).element(I32).location(Local).persistent(),
        BufferEntry::new("sums", 2).element(F64).location(Local).persistent(),
        BufferEntry::new("last", 1).location(Local),
    ] {
        registry.register(factory, entry).unwrap();
    }
    factory
}

#[test]
fn every_store_goes_where_the_layout_says() {
    let Some(nvrtc) = nvrtc() else { return };
    let mut registry = BufferRegistry::new();
    let root = add_factory(&mut registry, "root", 3);
    let step = add_factory(&mut registry, "step", 5);
    let solver = add_factory(&mut registry, "solver", 2);
    let controller = add_factory(&mut registry, "controller", 1);
    registry.register_child(step, "solver", solver).unwrap();
    registry.register_child(root, "step", step).unwrap();
    registry.register_child(root, "controller", controller).unwrap();

    for sm in ["sm_75", "sm_90", "sm_120"] {
        for precision in [Precision::F32, Precision::F64] {
            let target = Target::cuda(sm.parse().unwrap(), precision);
            for packing in [Packing::Declared, Packing::Auto] {
                registry.set_packing(packing);
                check_offsets(nvrtc, &registry.layout(root, &target).unwrap());
            }
        }
    }
}

#[test]
fn the_stores_of_every_kernel_go_where_its_layout_says() {
    let Some(nvrtc) = nvrtc() else { return };
    for sm in ["sm_80", "sm_120"] {
        for case in cases() {
            for place in PLACES {
                for precision in [Precision::F32, Precision::F64] {
                    let target = Target::cuda(sm.parse().unwrap(), precision);
                    check_offsets(nvrtc, &case.layout(place, &target));
                }
            }
        }
    }
}
