//! The initial value problem of one run, from save point to save point.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{Factory, KernelText};
use crate::SystemFunction;

/// The loop over the steps of a run.
#[derive(Buffers)]
#[buffers(prefix = "ivp_loop")]
pub struct IvpLoop {
    /// The number of states.
    pub n_states: usize,
    /// The number of parameters.
    pub n_parameters: usize,

    /// The state at the beginning of a step. Lanes without a run hold zeros.
    #[buffer(size = n_states, location = "local", zero)]
    pub state: Buffer,
    /// The state at its end.
    #[buffer(size = n_states, location = "local")]
    pub proposed_state: Buffer,
    /// The run's own parameters.
    #[buffer(size = n_parameters, location = "local", zero)]
    pub parameters: Buffer,

    /// What makes a step.
    #[child]
    pub step: Box<dyn Factory + Send + Sync>,
}

impl IvpLoop {
    /// The loop around a step.
    pub fn new(n_states: usize, n_parameters: usize, step: Box<dyn Factory + Send + Sync>) -> Self {
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
        self.step.write(text, &text.child(path, "step"))?;
        text.header(path)?;
        text.push(include_str!("../../kernels/ivp_loop.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        self.step.system_functions()
    }
}
