//! The initial value problem of one run, from save point to save point with a fixed step.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{BoxedFactory, Factory, KernelText};
use crate::SystemFunction;

/// The loop over the steps of a run, all of them equal.
#[derive(Buffers)]
#[buffers(prefix = "ivp_loop", phases(loop run { begin, step, save }))]
pub struct IvpLoop {
    /// The number of states.
    pub n_states: usize,
    /// The number of parameters.
    pub n_parameters: usize,

    /// The state at the beginning of a step. Lanes without a run hold zeros.
    #[buffer(size = n_states, location = "local", live = run, zero)]
    pub state: Buffer,
    /// The state at its end.
    #[buffer(size = n_states, location = "local", live = begin..=step)]
    pub proposed_state: Buffer,
    /// The run's own parameters.
    #[buffer(size = n_parameters, location = "local", live = run, zero)]
    pub parameters: Buffer,

    /// What makes a step.
    #[child(call = begin..=step)]
    pub step: BoxedFactory,
}

impl IvpLoop {
    /// The loop around a step.
    pub fn new(n_states: usize, n_parameters: usize, step: BoxedFactory) -> Self {
        Self {
            n_states,
            n_parameters,
            state: Buffer::new(),
            proposed_state: Buffer::new(),
            parameters: Buffer::new(),
            step,
        }
    }
}

impl Factory for IvpLoop {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.push(include_str!("../../kernels/ivp_loop_arguments.cuh"));
        text.push(include_str!("../../kernels/arguments.cuh"));
        self.step.write(text, &text.child(path, "step"))?;
        text.header(path)?;
        text.push(include_str!("../../kernels/runs.cuh"));
        text.push(include_str!("../../kernels/ivp_loop.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        self.step.system_functions()
    }
}
