//! A module with its variables in a device's memory.

use crate::fault::Space;
use crate::memory::{DeviceMemory, MemoryError};
use crate::module::{Function, Module, Operation, Source};

/// A module that is ready to be launched from.
#[derive(Debug)]
pub struct LoadedModule {
    pub(crate) module: Module,
    /// Of each variable; zero where it has none before a launch.
    addresses: Vec<u64>,
}

/// Where a kernel's variables lie.
#[derive(Debug)]
pub(crate) struct Placement {
    /// Of each variable of the module, in its space's own addresses.
    pub(crate) addresses: Vec<u64>,
    /// Bytes of shared memory that the text itself takes.
    pub(crate) shared_bytes: usize,
}

impl LoadedModule {
    /// Places a module's variables in a device's memory.
    ///
    /// # Errors
    /// [`MemoryError::OutOfMemory`] where it is short; nothing is left there then.
    pub fn new(module: Module, memory: &mut DeviceMemory) -> Result<Self, MemoryError> {
        let mut loaded = Self { module, addresses: Vec::new() };
        for variable in &loaded.module.variables {
            let address = match variable.bytes {
                Some(bytes) if variable.is_in_device() => match memory.allocate(bytes) {
                    Ok(address) => address,
                    Err(error) => {
                        loaded.unload(memory);
                        return Err(error);
                    }
                },
                _ => 0,
            };
            loaded.addresses.push(address);
        }
        for (variable, &address) in loaded.module.variables.iter().zip(&loaded.addresses) {
            if address != 0 {
                let mut bytes = variable.initial.clone();
                bytes.resize(variable.bytes.unwrap_or(0), 0);
                memory.write(address, &bytes)?;
                if variable.space == Space::Constant {
                    memory.protect(address);
                }
            }
        }
        Ok(loaded)
    }

    /// Takes the variables out of the device's memory.
    pub fn unload(self, memory: &mut DeviceMemory) {
        for address in self.addresses.into_iter().filter(|&address| address != 0) {
            // Where a program has freed it already, there is nothing left to free.
            let _ = memory.free(address);
        }
    }

    /// Of each variable; zero where it has none in the device's memory.
    pub(crate) fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// The address and the bytes of a variable in global or constant memory.
    pub fn variable(&self, name: &str) -> Option<(u64, usize)> {
        let variables = self.module.variables.iter().zip(&self.addresses);
        variables
            .filter(|(variable, address)| variable.name == name && **address != 0)
            .find_map(|(variable, &address)| Some((address, variable.bytes?)))
    }

    /// Whether there is a kernel of this name.
    pub fn has_kernel(&self, name: &str) -> bool {
        self.kernel(name).is_some()
    }

    /// Bytes of shared memory that a kernel's text takes; none where there is no such kernel.
    pub fn shared_bytes(&self, name: &str) -> Option<usize> {
        Some(self.place(self.kernel(name)?.0).shared_bytes)
    }

    /// Bytes of local memory that a thread of a kernel takes, without the functions it calls.
    pub fn local_bytes(&self, name: &str) -> Option<usize> {
        Some(self.kernel(name)?.1.local_bytes)
    }

    /// The most threads of a block that a kernel's text allows.
    pub fn max_threads(&self, name: &str) -> Option<usize> {
        self.kernel(name)?.1.max_threads
    }

    pub(crate) fn kernel(&self, name: &str) -> Option<(usize, &Function)> {
        let (index, _, function) = self.module.functions.get_full(name)?;
        function.is_kernel.then_some((index, function))
    }

    /// Gives the shared variables that a kernel and what it calls use their places, in the order of
    /// the text, dynamic ones last.
    pub(crate) fn place(&self, kernel: usize) -> Placement {
        let used = self.used_variables(kernel);
        let mut addresses = self.addresses.clone();
        let mut end = 0_usize;
        let mut placed: Vec<_> = addresses
            .iter_mut()
            .zip(&self.module.variables)
            .zip(used)
            .filter(|((_, variable), used)| *used && variable.space == Space::Shared)
            .map(|(placed, _)| placed)
            .collect();
        placed.sort_by_key(|(_, variable)| variable.bytes.is_none());
        for (address, variable) in placed {
            end = end.next_multiple_of(variable.alignment.max(1));
            *address = end as u64;
            end += variable.bytes.unwrap_or(0);
        }
        Placement { addresses, shared_bytes: end }
    }

    fn used_variables(&self, kernel: usize) -> Vec<bool> {
        let functions = &self.module.functions;
        let mut used = vec![false; self.module.variables.len()];
        let mut seen = vec![false; functions.len()];
        let mut open = vec![kernel];
        while let Some(index) = open.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let function = functions.get_index(index).into_iter();
            for instruction in function.flat_map(|(_, function)| &function.instructions) {
                if let Operation::Call { function, .. } = instruction.operation {
                    open.push(function);
                }
                for source in instruction.operation.sources() {
                    if let Source::Variable(index) = source
                        && let Some(used) = used.get_mut(index)
                    {
                        *used = true;
                    }
                }
            }
        }
        used
    }
}
