//! A kernel of its own factory: registered, laid out, allocated, compiled, run, and read back.
//!
//! Every kind of buffer gets numbers of its own, a run's number among them, and all are read after
//! all are written: two buffers on the same bytes, or two runs on the same memory, show.

// The helpers of tests assert as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use std::num::NonZero;

use buffer_core::{
    Buffer, BufferRegistry, BufferUpdate, Buffers, Layout, PlacedBuffer, Precision, Storage,
};
use buffer_tests::placement::{placements, roots};
use buffer_tests::solve::{Fallible, gpu_or_skip};
use integrators::device::arguments::Arguments;
use integrators::device::host::HostDevice;
use integrators::device::{Device, KernelSource};
use integrators::factories::KernelText;

/// A factory with buffers of every kind.
#[derive(Buffers, Default)]
#[buffers(prefix = "probe")]
struct Probe {
    n: usize,

    #[buffer(size = 2 * n, location = "shared")]
    shared_scratch: Buffer,
    #[buffer(size = n, aliases = "shared_scratch")]
    shared_first: Buffer,
    #[buffer(size = n, aliases = "shared_scratch")]
    shared_second: Buffer,
    #[buffer(size = n, location = "shared", persistent)]
    shared_cache: Buffer,
    #[buffer(size = n, location = "shared")]
    shared_counters: Buffer<i32>,
    #[buffer(size = 3, location = "shared")]
    shared_double: Buffer<f64>,
    #[buffer(size = 3, location = "shared", persistent)]
    shared_single: Buffer<f32>,
    #[buffer(size = 0, location = "shared")]
    shared_nothing: Buffer,

    #[buffer(size = 2 * n, location = "local")]
    local_scratch: Buffer,
    #[buffer(size = n, aliases = "local_scratch")]
    local_first: Buffer,
    #[buffer(size = n, aliases = "local_scratch")]
    local_second: Buffer,
    #[buffer(size = n, location = "local", persistent)]
    local_cache: Buffer,
    #[buffer(size = 2, location = "local", persistent)]
    local_counters: Buffer<i32>,
    #[buffer(size = 3, location = "local", persistent)]
    local_double: Buffer<f64>,
    #[buffer(size = 3, location = "local")]
    local_single: Buffer<f32>,
    #[buffer(size = 0, location = "local", persistent)]
    local_nothing: Buffer,

    #[child]
    inner: Inner,
}

/// A factory inside it.
#[derive(Buffers, Default)]
#[buffers(prefix = "inner")]
struct Inner {
    #[buffer(size = 5, location = "shared")]
    scratch: Buffer,
    #[buffer(size = 4, location = "shared", persistent)]
    cache: Buffer,
    #[buffer(size = 3, location = "local", persistent)]
    counters: Buffer<i32>,
}

const ARGUMENTS: &str = "
typedef struct { real_scalar *initial, *values; long long runs; } arguments;
#if BUFFERS_LANES > 1
#define CONVERT(x, type) __builtin_convertvector(x, type)
#else
#define CONVERT(x, type) ((type)(x))
#endif
/* Exact in every element type. */
#define NUMBER(slot) (run * 512 + (slot))
#define WRITE(name, first, type) \\
    for (int i = 0; i < SIZE(name); i++) name[i] = CONVERT(NUMBER((first) + i), type);
#define READ(name, first, table) \\
    for (int i = 0; i < SIZE(name); i++) \\
        SCATTER(lanes, table, INTEGER((first) + i), a->runs, run, CONVERT(name[i], real));
";

/// Bytes that are no number's, so that what is not zeroed shows.
const GARBAGE: &str = "
INLINE void fill(memory m)
{
    unsigned char *const arenas[4] = {m.shared8, m.shared4, m.persistent8, m.persistent4};
    const int sizes[4] = {BUFFERS_SHARED_PERSISTENT8 * 8, BUFFERS_SHARED_PERSISTENT4 * 4,
                          BUFFERS_PERSISTENT8 * 8, BUFFERS_PERSISTENT4 * 4};
    for (int arena = 0; arena < 4; arena++)
        for (int i = 0; i < sizes[arena] * BUFFERS_LANES; i++)
            arenas[arena][i] = 0x55;
}
";

/// A buffer with the number of its first slot in the tables that the kernel writes.
struct Slots<'a> {
    buffer: &'a PlacedBuffer,
    first: usize,
}

/// The buffers of each factory of a layout, by path, with their slots.
fn slots(layout: &Layout) -> Vec<(&str, Vec<Slots<'_>>)> {
    let mut next = 0;
    let mut number = |buffer| {
        let first = next;
        next += PlacedBuffer::size(buffer);
        Slots { buffer, first }
    };
    let instances = layout.instances().iter();
    instances
        .map(|instance| (instance.path(), instance.buffers().iter().map(&mut number).collect()))
        .collect()
}

/// The text of a function that allocates the buffers of an instance, writes all of them, calls
/// `between`, and reads all of them. What persists is read before that as well.
fn function(buffers: &[Slots<'_>], between: &str) -> String {
    let lines = |line: &dyn Fn(&Slots<'_>) -> String| buffers.iter().map(line).collect::<String>();
    let allocate = lines(&|slots| format!("    ALLOCATE({}, m);\n", slots.buffer.name()));
    let initial = lines(&|Slots { buffer, first }| {
        let persistent = buffer.entry().is_persistent();
        let read = format!("    READ({}, {first}, a->initial)\n", buffer.name());
        if persistent { read } else { String::new() }
    });
    let write = lines(&|Slots { buffer, first }| {
        format!(
            "    WRITE({}, {first}, {})\n",
            buffer.name(),
            buffer.entry().element_type().c_name()
        )
    });
    let read = lines(&|Slots { buffer, first }| {
        format!("    READ({}, {first}, a->values)\n", buffer.name())
    });
    format!(
        "INLINE void SELF(check)(memory m, const arguments *a, mask lanes, integer run)\n\
         {{\n{allocate}{initial}{write}{between}{read}}}\n"
    )
}

fn source(layout: &Layout) -> Fallible<KernelSource> {
    let mut text = KernelText::new(layout);
    text.push(ARGUMENTS);
    text.push(GARBAGE);
    // Children come before their parents.
    for (path, buffers) in slots(layout).iter().rev() {
        text.header(path)?;
        let between = if *path == "probe" { "    inner_check(m, a, lanes, run);\n" } else { "" };
        text.push(&function(buffers, between));
    }
    text.push(
        "INLINE void probe_runs(memory m, const arguments *a, queue runs)\n{\n\
         \x20   integer run = INTEGER(0);\n\
         \x20   fill(m);\n\
         \x20   for (;;) {\n\
         \x20       const mask lanes = TAKE(&runs, ALL_LANES, &run);\n\
         \x20       if (!ANY(lanes))\n            return;\n\
         \x20       buffers_reset(m, lanes);\n\
         \x20       probe_check(m, a, lanes, run);\n    }\n}\nKERNEL(probe)\n",
    );
    Ok(text.finish("probe"))
}

/// The number that a slot must hold in the end: that of the alias written last on its bytes.
fn expected(buffers: &[Slots<'_>], slots: &Slots<'_>, index: usize) -> usize {
    let name = slots.buffer.name();
    let alias = buffers.iter().rev().find(|other| {
        other.buffer.parent() == Some(name) && {
            let start = other.buffer.range().start - slots.buffer.range().start;
            (start..start + other.buffer.size()).contains(&index)
        }
    });
    match alias {
        Some(alias) => {
            let start = alias.buffer.range().start - slots.buffer.range().start;
            alias.first + index - start
        }
        None => slots.first + index,
    }
}

fn check(layout: &Layout, device: &Device, what: &str) -> Fallible<()> {
    match layout.target().precision() {
        Precision::F32 => check_reals::<f32>(layout, device, what),
        Precision::F64 => check_reals::<f64>(layout, device, what),
    }
}

fn check_reals<R: bytemuck::Pod + Into<f64>>(
    layout: &Layout,
    device: &Device,
    what: &str,
) -> Fallible<()> {
    const RUNS: usize = 37;
    let all = slots(layout);
    let buffers = all.iter().flat_map(|(_, buffers)| buffers);
    let count: usize = buffers.map(|slots| slots.buffer.size()).sum();
    assert!(count < 512, "the numbers of one run must not reach those of the next");
    let kernel = device.compile(&source(layout)?)?;
    let mut initial = vec![R::zeroed(); RUNS * count];
    let mut values = vec![R::zeroed(); RUNS * count];
    let mut arguments =
        Arguments::new().output(&mut initial).output(&mut values).integer(RUNS as i64);
    // SAFETY: `ARGUMENTS` lists two tables and an integer, as here. The kernel writes rows below
    // `count` of the columns of its own runs, which both tables have.
    unsafe { kernel.launch(&mut arguments, RUNS, &|_| ()) }?;

    for (path, buffers) in &all {
        for slots in buffers {
            for index in 0..slots.buffer.size() {
                for run in 0..RUNS {
                    let place =
                        format!("{path}.{}[{index}] of run {run}, {what}", slots.buffer.name());
                    let cell = (slots.first + index) * RUNS + run;
                    let value: f64 = values[cell].into();
                    assert_eq!(
                        value,
                        (run * 512 + expected(buffers, slots, index)) as f64,
                        "{place}"
                    );
                    assert_eq!(initial[cell].into(), 0.0, "{place}");
                }
            }
        }
    }
    Ok(())
}

fn probe() -> Probe {
    Probe { n: 3, ..Probe::default() }
}

/// The host with each number of lanes, one thread each, so that lanes are refilled; and a GPU.
fn devices() -> Fallible<Vec<Device>> {
    let one = NonZero::<usize>::MIN;
    let hosts = [1, 8, 16].map(|lanes| HostDevice::new()?.lanes(lanes)?.threads(one));
    let mut devices =
        hosts.into_iter().map(|host| Ok(host?.into())).collect::<Fallible<Vec<_>>>()?;
    devices.extend(gpu_or_skip().map(|gpu| gpu.device));
    Ok(devices)
}

#[test]
fn every_kind_of_buffer_is_written_and_read_back() {
    for device in devices().expect("the host compiles") {
        for precision in [Precision::F32, Precision::F64] {
            let mut registry = BufferRegistry::new();
            let factory = registry.add(&probe()).unwrap();
            let layout = registry.layout(factory, &device.target(precision).unwrap()).unwrap();
            let held = |storage| {
                let instances = layout.instances().iter();
                instances.flat_map(|instance| instance.buffers()).any(|b| b.storage() == storage)
            };
            assert!(held(Storage::SharedScratch) && held(Storage::SharedPersistent));
            assert!(held(Storage::Local) && held(Storage::LocalPersistent));
            check(&layout, &device, &layout.target().to_string()).unwrap();
        }
    }
}

#[test]
fn every_placement_is_written_and_read_back() {
    let host = HostDevice::new().unwrap().threads(NonZero::<usize>::MIN).unwrap();
    let gpu = gpu_or_skip().map(|gpu| gpu.device);
    for device in [Some(Device::from(host)), gpu].iter().flatten() {
        place_and_check(device);
    }
}

fn place_and_check(device: &Device) {
    let probe = probe();
    let target = device.target(Precision::F32).unwrap();
    assert!(roots(&probe).unwrap().contains(&"inner.cache".to_owned()));
    for placement in placements(&probe).unwrap() {
        let mut registry = BufferRegistry::new();
        let factory = registry.add(&probe).unwrap();
        let inner = registry.context(factory).unwrap().children().next().unwrap().1;
        for (path, place) in &placement.places {
            let change = BufferUpdate::new().location(*place);
            let (holder, name) = match path.split_once('.') {
                Some((_, name)) => (inner, name),
                None => (factory, path.as_str()),
            };
            assert!(registry.update_buffer(holder, name, change).unwrap().recognised);
        }
        let layout = registry.layout(factory, &target).unwrap();
        if placement.name == "all shared" {
            assert_eq!((layout.local_bytes(), layout.local_persistent_bytes()), (0, 0));
        }
        check(&layout, device, &placement.name).unwrap();
    }
}
