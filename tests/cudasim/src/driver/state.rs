//! Devices, and what programs have made on them.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::ops::Range;

use super::properties::{DEFAULT_SHARED, Properties};
use super::status::Status;
use super::{CURRENT, Handle, report, watch_exit};
use crate::counters::Counters;
use crate::fault::FaultKind;
use crate::launch::{Launch, LaunchError};
use crate::load::LoadedModule;
use crate::memory::{DeviceMemory, MemoryError};
use crate::module::Module;

/// The compute capabilities of the devices, with commas between; 9.0 where it is not set.
const CAPABILITY: &str = "CUDASIM_CAPABILITY";
/// How many devices there are, which take the capabilities in turn; one for each where it is not set.
const DEVICES: &str = "CUDASIM_DEVICES";
/// The CUDA version that is served; 12090, which is 12.9, where it is not set.
const VERSION: &str = "CUDASIM_VERSION";
/// 0 where the devices do not allocate memory in the order of a stream.
const POOLS: &str = "CUDASIM_POOLS";
/// 1 where machine code is taken, although there is nothing in it then.
const MACHINE_CODE: &str = "CUDASIM_MACHINE_CODE";
/// Bytes of each device's memory; 1 GiB where it is not set.
const MEMORY: &str = "CUDASIM_MEMORY";

/// CUDA's handles of streams that are always there: no other thing may have one of these.
const DEFAULT_STREAMS: Range<Handle> = 0..3;

/// All that the driver knows.
pub(super) struct State {
    devices: Option<Vec<Device>>,
    objects: BTreeMap<Handle, Object>,
    last: Handle,
    pub(super) planted: Planted,
    /// What the last kernel that failed did wrong.
    pub(super) last_fault: String,
    /// What the launches of each kernel took together, by its name.
    pub(super) counters: BTreeMap<String, Counters>,
    /// What contexts held when they were let go.
    pub(super) leaks: u64,
    /// Memory of the host that programs asked for, by its address.
    host: BTreeMap<usize, Box<[UnsafeCell<u64>]>>,
}

/// Failures that a test asks for: how many more calls of a kind succeed before one fails.
#[derive(Default)]
pub(super) struct Planted {
    pub(super) allocation: Option<u64>,
    pub(super) launch: Option<u64>,
    pub(super) loss: Option<u64>,
}

/// Counts a call down, and says whether it is the one that fails.
fn is_due(calls: &mut Option<u64>) -> bool {
    match *calls {
        Some(0) => {
            *calls = None;
            true
        }
        Some(more) => {
            *calls = Some(more - 1);
            false
        }
        None => false,
    }
}

struct Device {
    properties: Properties,
    memory: DeviceMemory,
    /// The primary context, and how many hold it.
    context: Option<Handle>,
    holders: usize,
    /// Why a kernel failed; all later calls fail likewise.
    failed: Option<Status>,
}

/// What a handle names, each on a device.
enum Object {
    Context(usize),
    Module(usize, Box<LoadedModule>),
    Function(usize, Function),
    Stream(usize),
    Event(usize),
}

/// A kernel as a program holds it.
#[derive(Clone)]
pub(super) struct Function {
    module: Handle,
    pub(super) name: String,
    pub(super) shared_bytes: usize,
    pub(super) local_bytes: usize,
    pub(super) max_threads: usize,
    pub(super) max_dynamic_shared: usize,
}

/// A launch's shape.
pub(super) struct Shape {
    pub(super) grid: [u32; 3],
    pub(super) block: [u32; 3],
    pub(super) dynamic_shared: usize,
}

impl From<MemoryError> for Status {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::OutOfMemory { .. } => Self::OutOfMemory,
            MemoryError::Empty
            | MemoryError::NotAllocated { .. }
            | MemoryError::OutOfBounds { .. } => Self::InvalidValue,
        }
    }
}

/// What the environment says.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str, otherwise: usize) -> Result<usize, Status> {
    match setting(name) {
        Some(text) => text.parse().map_err(|_| refuse(name, &text)),
        None => Ok(otherwise),
    }
}

/// The CUDA version that is served.
pub(super) fn version() -> Result<usize, Status> {
    number(VERSION, 12_090)
}

impl State {
    pub(super) const fn new() -> Self {
        Self {
            devices: None,
            objects: BTreeMap::new(),
            last: DEFAULT_STREAMS.end,
            planted: Planted { allocation: None, launch: None, loss: None },
            last_fault: String::new(),
            counters: BTreeMap::new(),
            leaks: 0,
            host: BTreeMap::new(),
        }
    }

    /// Makes the devices that the environment asks for; a second call changes nothing.
    pub(super) fn initialize(&mut self) -> Result<(), Status> {
        if self.devices.is_none() {
            let capabilities = setting(CAPABILITY).unwrap_or_else(|| "9.0".to_owned());
            let properties: Option<Vec<_>> =
                capabilities.split(',').map(|one| Properties::parse(one.trim())).collect();
            let properties = properties.ok_or_else(|| refuse(CAPABILITY, &capabilities))?;
            let memory = number(MEMORY, 1 << 30)?;
            let count = number(DEVICES, properties.len())?;
            let has_pools = number(POOLS, 1)? != 0;
            let device = |(ordinal, properties)| Device {
                properties: Properties { has_pools, ..properties },
                memory: DeviceMemory::of_device(ordinal, memory),
                context: None,
                holders: 0,
                failed: None,
            };
            self.devices =
                Some(properties.into_iter().cycle().take(count).enumerate().map(device).collect());
            watch_exit();
        }
        if self.device_count()? == 0 { Err(Status::NoDevice) } else { Ok(()) }
    }

    pub(super) fn device_count(&self) -> Result<usize, Status> {
        self.devices.as_ref().map(Vec::len).ok_or(Status::NotInitialized)
    }

    fn device(&mut self, ordinal: usize) -> Result<&mut Device, Status> {
        let devices = self.devices.as_mut().ok_or(Status::NotInitialized)?;
        devices.get_mut(ordinal).ok_or(Status::InvalidDevice)
    }

    pub(super) fn properties(&mut self, ordinal: usize) -> Result<Properties, Status> {
        Ok(self.device(ordinal)?.properties)
    }

    pub(super) fn capacity(&mut self, ordinal: usize) -> Result<usize, Status> {
        Ok(self.device(ordinal)?.memory.capacity())
    }

    fn add(&mut self, object: Object) -> Handle {
        self.last += 1;
        self.objects.insert(self.last, object);
        self.last
    }

    /// Takes hold of a device's primary context, making it where there is none.
    pub(super) fn retain_context(&mut self, ordinal: usize) -> Result<Handle, Status> {
        let context = match self.device(ordinal)?.context {
            Some(context) => context,
            None => self.add(Object::Context(ordinal)),
        };
        let device = self.device(ordinal)?;
        device.context = Some(context);
        device.holders += 1;
        Ok(context)
    }

    /// Lets go of a primary context. With its last holder, all goes that was made in it.
    pub(super) fn release_context(&mut self, ordinal: usize) -> Result<(), Status> {
        let device = self.device(ordinal)?;
        device.holders = device.holders.checked_sub(1).ok_or(Status::InvalidContext)?;
        if device.holders == 0 {
            self.count_leaks(ordinal, "the context was let go")?;
            let device = self.device(ordinal)?;
            device.memory.clear();
            device.context = None;
            device.failed = None;
            self.objects.retain(|_, object| object.device() != ordinal);
        }
        Ok(())
    }

    /// Says what a program has not given back when something is over. Where a kernel has failed it
    /// could not.
    fn count_leaks(&mut self, ordinal: usize, over: &str) -> Result<(), Status> {
        if self.device(ordinal)?.failed.is_some() {
            return Ok(());
        }
        let objects = self.objects.values().filter(|object| object.device() == ordinal);
        let mut leaks: Vec<_> = objects.filter_map(Object::leak).map(str::to_owned).collect();
        // Those of modules go with their modules.
        let variables: Vec<_> =
            self.objects.values().flat_map(Object::variables).copied().collect();
        let allocations = self.device(ordinal)?.memory.allocations();
        let allocations = allocations.filter(|(address, _)| !variables.contains(address));
        leaks.extend(allocations.map(|(address, bytes)| format!("{bytes} bytes at {address:#x}")));
        for leak in &leaks {
            report(&format_args!("{over} with {leak} in it"));
        }
        self.leaks += leaks.len() as u64;
        Ok(())
    }

    /// Says what the program has not given back when it ends.
    pub(super) fn report_exit(&mut self) {
        for ordinal in 0..self.devices.as_ref().map_or(0, Vec::len) {
            let Ok(Device { holders: 1.., .. }) = self.device(ordinal) else { continue };
            report(&format_args!("the program ends without letting go of device {ordinal}"));
            // Of a device that is there.
            let _ = self.count_leaks(ordinal, "the program ends");
        }
        for memory in self.host.values() {
            let bytes = size_of_val(&**memory);
            report(&format_args!("the program ends with {bytes} bytes of the host's memory"));
        }
    }

    /// Counts a call that is made in a context, for a loss that is asked for.
    pub(super) fn count_call(&mut self) {
        if let Ok(ordinal) = self.current()
            && is_due(&mut self.planted.loss)
            && let Ok(device) = self.device(ordinal)
        {
            device.failed = Some(Status::EccUncorrectable);
        }
    }

    /// The device of the calling thread's context.
    fn current(&self) -> Result<usize, Status> {
        match self.objects.get(&CURRENT.get()) {
            Some(Object::Context(device)) => Ok(*device),
            _ => Err(Status::InvalidContext),
        }
    }

    /// Makes a context, or none, that of the calling thread.
    pub(super) fn set_current(&self, context: Handle) -> Result<(), Status> {
        match self.objects.get(&context) {
            Some(Object::Context(_)) => {}
            None if context == 0 => {}
            _ => return Err(Status::InvalidContext),
        }
        CURRENT.set(context);
        Ok(())
    }

    /// The current device, unless a kernel has failed on it.
    fn working(&mut self) -> Result<&mut Device, Status> {
        let device = self.current()?;
        let device = self.device(device)?;
        match device.failed {
            Some(status) => Err(status),
            None => Ok(device),
        }
    }

    /// Waits for all that was given to the current device.
    pub(super) fn synchronize(&mut self) -> Result<(), Status> {
        self.working().map(|_| ())
    }

    /// The current device's memory.
    pub(super) fn memory(&mut self) -> Result<&mut DeviceMemory, Status> {
        Ok(&mut self.working()?.memory)
    }

    /// The memory of a context's device, which need not be current.
    pub(super) fn memory_of(&mut self, context: Handle) -> Result<&mut DeviceMemory, Status> {
        match self.objects.get(&context) {
            Some(Object::Context(device)) => {
                let device = *device;
                Ok(&mut self.device(device)?.memory)
            }
            _ => Err(Status::InvalidContext),
        }
    }

    /// Memory of the host.
    pub(super) fn allocate_host(&mut self, bytes: usize) -> Result<*mut u64, Status> {
        self.working()?;
        if bytes == 0 {
            return Err(Status::InvalidValue);
        }
        let words = bytes.div_ceil(size_of::<u64>());
        let memory: Box<[_]> = (0..words).map(|_| UnsafeCell::new(0)).collect();
        let start = UnsafeCell::raw_get(memory.as_ptr());
        self.host.insert(start.addr(), memory);
        Ok(start)
    }

    pub(super) fn free_host(&mut self, address: usize) -> Result<(), Status> {
        self.host.remove(&address).map(|_| ()).ok_or(Status::InvalidValue)
    }

    /// Allocates memory in the order of a stream, where the device does.
    pub(super) fn allocate_on(&mut self, stream: Handle, bytes: usize) -> Result<u64, Status> {
        self.check_stream(stream)?;
        if !self.current_properties()?.has_pools {
            return Err(Status::NotSupported);
        }
        self.allocate(bytes)
    }

    pub(super) fn allocate(&mut self, bytes: usize) -> Result<u64, Status> {
        self.working()?;
        if is_due(&mut self.planted.allocation) {
            return Err(Status::OutOfMemory);
        }
        Ok(self.memory()?.allocate(bytes)?)
    }

    pub(super) fn current_properties(&mut self) -> Result<Properties, Status> {
        Ok(self.working()?.properties)
    }

    pub(super) fn create_stream(&mut self) -> Result<Handle, Status> {
        self.working()?;
        let device = self.current()?;
        Ok(self.add(Object::Stream(device)))
    }

    /// A stream of the current device, or one that every device has.
    pub(super) fn check_stream(&mut self, stream: Handle) -> Result<(), Status> {
        self.working()?;
        let device = self.current()?;
        match self.objects.get(&stream) {
            Some(Object::Stream(of)) if *of == device => Ok(()),
            None if DEFAULT_STREAMS.contains(&stream) => Ok(()),
            _ => Err(Status::InvalidHandle),
        }
    }

    pub(super) fn create_event(&mut self) -> Result<Handle, Status> {
        self.working()?;
        let device = self.current()?;
        Ok(self.add(Object::Event(device)))
    }

    pub(super) fn check_event(&self, event: Handle) -> Result<(), Status> {
        match self.objects.get(&event) {
            Some(Object::Event(_)) => Ok(()),
            _ => Err(Status::InvalidHandle),
        }
    }

    /// Destroys a stream or an event.
    pub(super) fn destroy(&mut self, handle: Handle) -> Result<(), Status> {
        match self.objects.get(&handle) {
            Some(Object::Stream(_) | Object::Event(_)) => {
                self.objects.remove(&handle);
                Ok(())
            }
            _ => Err(Status::InvalidHandle),
        }
    }

    /// Loads machine code, as far as devices take it.
    pub(super) fn load_machine_code(&mut self) -> Result<Handle, Status> {
        match number(MACHINE_CODE, 0)? {
            0 => Err(Status::NoBinaryForGpu),
            _ => self.load_module(""),
        }
    }

    /// Loads a module's text.
    pub(super) fn load_module(&mut self, text: &str) -> Result<Handle, Status> {
        let device = self.current()?;
        let module = Module::parse(text).map_err(|error| {
            report(&error);
            Status::InvalidPtx
        })?;
        let Properties { major, minor, .. } = self.current_properties()?;
        if module.target > 10 * major + minor {
            report(&format_args!("a text for sm_{} on a device of {major}.{minor}", module.target));
            return Err(Status::NoBinaryForGpu);
        }
        if module.has_variables() && is_due(&mut self.planted.allocation) {
            return Err(Status::OutOfMemory);
        }
        let loaded = LoadedModule::new(module, self.memory()?)?;
        Ok(self.add(Object::Module(device, Box::new(loaded))))
    }

    fn module(&self, handle: Handle) -> Result<&LoadedModule, Status> {
        match self.objects.get(&handle) {
            Some(Object::Module(_, module)) => Ok(module),
            _ => Err(Status::InvalidHandle),
        }
    }

    pub(super) fn unload_module(&mut self, handle: Handle) -> Result<(), Status> {
        self.module(handle)?;
        let Some(Object::Module(device, module)) = self.objects.remove(&handle) else {
            return Err(Status::InvalidHandle);
        };
        self.objects.retain(
            |_, object| !matches!(object, Object::Function(_, function) if function.module == handle),
        );
        module.unload(&mut self.device(device)?.memory);
        Ok(())
    }

    /// The address and the bytes of a module's variable.
    pub(super) fn variable(&self, module: Handle, name: &str) -> Result<(u64, usize), Status> {
        self.module(module)?.variable(name).ok_or(Status::NotFound)
    }

    pub(super) fn find_function(&mut self, module: Handle, name: &str) -> Result<Handle, Status> {
        let loaded = self.module(module)?;
        let shared_bytes = loaded.shared_bytes(name).ok_or(Status::NotFound)?;
        let function = Function {
            module,
            name: name.to_owned(),
            shared_bytes,
            local_bytes: loaded.local_bytes(name).ok_or(Status::NotFound)?,
            max_threads: loaded.max_threads(name).unwrap_or(crate::launch::MAX_THREADS),
            max_dynamic_shared: DEFAULT_SHARED.saturating_sub(shared_bytes),
        };
        let device = self.current()?;
        let known = self.objects.iter().find_map(|(&handle, object)| match object {
            Object::Function(_, known) if known.module == module && known.name == name => {
                Some(handle)
            }
            _ => None,
        });
        Ok(known.unwrap_or_else(|| self.add(Object::Function(device, function))))
    }

    pub(super) fn function(&self, handle: Handle) -> Result<&Function, Status> {
        match self.objects.get(&handle) {
            Some(Object::Function(_, function)) => Ok(function),
            _ => Err(Status::InvalidHandle),
        }
    }

    /// Lets blocks of a kernel have more shared memory, within what the device can give.
    pub(super) fn allow_dynamic_shared(
        &mut self,
        handle: Handle,
        bytes: usize,
    ) -> Result<(), Status> {
        let most = self.current_properties()?.shared_of_block;
        match self.objects.get_mut(&handle) {
            Some(Object::Function(_, function)) if bytes + function.shared_bytes <= most => {
                function.max_dynamic_shared = bytes;
                Ok(())
            }
            Some(Object::Function(..)) => Err(Status::InvalidValue),
            _ => Err(Status::InvalidHandle),
        }
    }

    /// The bytes of each of a kernel's parameters, in order, with their places in the whole.
    pub(super) fn parameters(&self, handle: Handle) -> Result<Vec<(usize, usize)>, Status> {
        let function = self.function(handle)?;
        let (_, kernel) =
            self.module(function.module)?.kernel(&function.name).ok_or(Status::InvalidHandle)?;
        Ok(kernel.parameters.iter().map(|field| (field.offset, field.bytes)).collect())
    }

    /// Runs a kernel. What it does wrong fails the next call.
    pub(super) fn launch(
        &mut self,
        handle: Handle,
        shape: &Shape,
        arguments: &[u8],
    ) -> Result<(), Status> {
        self.working()?;
        let ordinal = self.current()?;
        let function = self.function(handle)?.clone();
        if shape.dynamic_shared > function.max_dynamic_shared {
            return Err(Status::InvalidValue);
        }
        let devices = self.devices.as_mut().ok_or(Status::NotInitialized)?;
        let device = devices.get_mut(ordinal).ok_or(Status::InvalidDevice)?;
        let Some(Object::Module(_, module)) = self.objects.get(&function.module) else {
            return Err(Status::InvalidHandle);
        };
        let launch = Launch {
            module,
            kernel: &function.name,
            grid: shape.grid,
            block: shape.block,
            dynamic_shared: shape.dynamic_shared,
            arguments,
        };
        if is_due(&mut self.planted.launch) {
            device.failed = Some(Status::LaunchFailed);
            return Ok(());
        }
        match launch.run(&mut device.memory) {
            Ok(counters) => {
                *self.counters.entry(function.name).or_default() += counters;
                Ok(())
            }
            Err(LaunchError::Fault(fault)) => {
                report(&fault);
                self.last_fault = fault.to_string();
                device.failed = Some(status_of(fault.kind));
                Ok(())
            }
            Err(error) => {
                report(&error);
                Err(Status::InvalidValue)
            }
        }
    }
}

impl Object {
    /// What it is where it must be given back: a function goes with its module.
    fn leak(&self) -> Option<&'static str> {
        match self {
            Self::Module(..) => Some("a module"),
            Self::Stream(_) => Some("a stream"),
            Self::Event(_) => Some("an event"),
            Self::Context(_) | Self::Function(..) => None,
        }
    }

    /// The addresses that it takes of its device's memory.
    fn variables(&self) -> &[u64] {
        match self {
            Self::Module(_, module) => module.addresses(),
            _ => &[],
        }
    }

    /// The device that it goes with.
    fn device(&self) -> usize {
        match self {
            Self::Context(device)
            | Self::Module(device, _)
            | Self::Function(device, _)
            | Self::Stream(device)
            | Self::Event(device) => *device,
        }
    }
}

/// What a GPU answers to a fault.
fn status_of(kind: FaultKind) -> Status {
    match kind {
        FaultKind::OutOfBounds { .. } | FaultKind::ReadOnly { .. } => Status::IllegalAddress,
        FaultKind::Misaligned { .. } => Status::MisalignedAddress,
        FaultKind::Uninitialized { .. }
        | FaultKind::Race { .. }
        | FaultKind::DivergentBarrier
        | FaultKind::DivergentVote
        | FaultKind::Trap
        | FaultKind::StackOverflow => Status::LaunchFailed,
    }
}

fn refuse(name: &str, value: &str) -> Status {
    report(&format_args!("{name} cannot be `{value}`"));
    Status::InvalidValue
}
