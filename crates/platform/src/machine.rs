//! A terminal's virtual machine: awake while its user is, hibernated while they are not (R25).

use std::sync::Arc;

use vm::{App, Context, Event, Fault, Hibernated, Machine, Step};

/// One virtual machine.
#[derive(Debug)]
pub(crate) struct VirtualMachine {
    app: Arc<App>,
    state: State,
}

#[derive(Debug)]
enum State {
    Awake(Machine),
    /// The instance is gone; the model is all there is.
    Asleep(Hibernated),
    /// It failed; nothing runs any more.
    Dead,
}

impl VirtualMachine {
    /// Makes the machine and starts the app in it.
    pub(crate) fn start(app: Arc<App>, context: Context) -> Result<(Self, Step), Fault> {
        let (machine, step) = Machine::start(&app, context)?;
        Ok((Self { app, state: State::Awake(machine) }, step))
    }

    /// The app that runs.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Tells the app what happened, waking it first if it sleeps.
    pub(crate) fn update(&mut self, event: Event) -> Result<Step, Fault> {
        let mut machine = match std::mem::replace(&mut self.state, State::Dead) {
            State::Awake(machine) => machine,
            State::Asleep(hibernated) => hibernated.wake(&self.app)?.0,
            State::Dead => return Err(Fault::Ended),
        };
        let step = machine.update(event)?;
        self.state = State::Awake(machine);
        Ok(step)
    }

    /// Drops the instance and keeps the model.
    pub(crate) fn hibernate(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Dead) {
            State::Awake(machine) => machine.hibernate().map_or(State::Dead, State::Asleep),
            state => state,
        };
    }

    /// Whether there is an instance.
    pub(crate) fn is_awake(&self) -> bool {
        matches!(self.state, State::Awake(_))
    }
}
