//! The initial value problem of one run, from save point to save point with steps of its own.

use std::collections::BTreeSet;

use buffer_core::{Buffer, BufferError, Buffers};

use super::{BoxedFactory, Factory, KernelText};
use crate::SystemFunction;

/// The loop over the steps of a run, each as long as a tolerance allows.
#[derive(Buffers)]
#[buffers(prefix = "adaptive_loop", phases(loop attempt { save, begin, step, accept }))]
pub struct AdaptiveLoop {
    /// The number of states.
    pub n_states: usize,
    /// The number of parameters.
    pub n_parameters: usize,
    /// The power of a step's length that its error grows with.
    pub error_power: usize,
    /// Whether steps have a longest length. To look at it costs a sixth of the time of a cheap step.
    pub has_max_step: bool,

    /// The state at the beginning of a step. Lanes without a run hold zeros.
    #[buffer(size = n_states, location = "local", live = attempt, zero)]
    pub state: Buffer,
    /// The state at its end, should the step be accepted.
    #[buffer(size = n_states, location = "local", live = begin..=accept)]
    pub proposed_state: Buffer,
    /// The run's own parameters.
    #[buffer(size = n_parameters, location = "local", live = attempt, zero)]
    pub parameters: Buffer,
    /// The estimate of the error of each proposed state.
    #[buffer(size = n_states, location = "local", live = begin..=step)]
    pub error: Buffer,
    /// The derivative at the initial state, for the length of the first step and for a step that begins with
    /// it.
    #[buffer(size = n_states, location = "local", live = begin)]
    pub slope: Buffer,

    /// What makes a step and estimates its error.
    #[child(call = begin..=accept)]
    pub step: BoxedFactory,
    /// What says how long the next step is.
    #[child(call = accept)]
    pub controller: BoxedFactory,
}

impl AdaptiveLoop {
    /// The loop around a step whose error grows with a power of its length, which may have a longest one.
    pub fn new(
        n_states: usize,
        n_parameters: usize,
        error_power: usize,
        has_max_step: bool,
        step: BoxedFactory,
        controller: BoxedFactory,
    ) -> Self {
        Self {
            n_states,
            n_parameters,
            error_power,
            has_max_step,
            state: Buffer::new(),
            proposed_state: Buffer::new(),
            parameters: Buffer::new(),
            error: Buffer::new(),
            slope: Buffer::new(),
            step,
            controller,
        }
    }
}

impl Factory for AdaptiveLoop {
    fn write(&self, text: &mut KernelText<'_>, path: &str) -> Result<(), BufferError> {
        text.push(include_str!("../../kernels/adaptive_loop_arguments.cuh"));
        text.push(include_str!("../../kernels/arguments.cuh"));
        text.push(include_str!("../../kernels/power.cuh"));
        self.step.write(text, &text.child(path, "step"))?;
        self.controller.write(text, &text.child(path, "controller"))?;
        text.header(path)?;
        let inverse = 1.0 / self.error_power as f64;
        text.push(&format!("#define {path}_inverse_order REAL({inverse:?})\n"));
        let has_max_step = u8::from(self.has_max_step);
        text.push(&format!("enum {{ {path}_has_max_step = {has_max_step} }};\n"));
        text.push(include_str!("../../kernels/runs.cuh"));
        text.push(include_str!("../../kernels/adaptive_loop.cuh"));
        Ok(())
    }

    fn system_functions(&self) -> BTreeSet<SystemFunction> {
        self.step.system_functions()
    }
}
