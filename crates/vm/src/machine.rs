//! One virtual machine: one user's session with an app.

use std::sync::Arc;

use view::View;
use wasmtime::{ResourceLimiter, Store, Trap, UpdateDeadline};

use crate::contract::generated::PaymentApp;
use crate::contract::{Context, Event, Step};
use crate::convert::{self, BadResult};
use crate::engine::App;
use crate::{Limits, RESULT_BYTES_MAX, TABLE_ELEMENTS_MAX, TICK_MS, views};

/// Why a machine ended. The app's fault in every case; the session goes with it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The app did what it must not: it panicked, or left its memory.
    #[error("the app stopped by a fault of its own: {0}")]
    Trapped(String),
    /// The app computed for longer than it may.
    #[error("the app computed for more than {0} ms")]
    OutOfTime(u64),
    /// The app wanted more memory than it may have.
    #[error("the app wanted more than {0} bytes of memory")]
    OutOfMemory(usize),
    /// The app answered with something that it may not answer.
    #[error("the app answered wrongly: {0}")]
    BadResult(#[from] BadResult),
    /// The machine had ended before; the caller should have dropped it.
    #[error("the app's virtual machine had ended already")]
    Ended,
    /// A hibernated session was to be woken with another app.
    #[error("the session belongs to another version of the app")]
    OtherApp,
}

/// A session with an app. Its calls take microseconds of computing, at most `call_ms_max`, and never wait.
pub struct Machine {
    app: Arc<App>,
    /// Gone once the machine has ended.
    resident: Option<Resident>,
    /// What the app returned last.
    model: Vec<u8>,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the model: it may hold what the user typed.
        formatter
            .debug_struct("Machine")
            .field("app", &self.app)
            .field("ended", &self.resident.is_none())
            .finish_non_exhaustive()
    }
}

/// A session at rest: what to keep, encrypted, until its user comes back. It costs its model and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Hibernated {
    /// Which app it belongs to; see [`App::digest`].
    pub app: [u8; 32],
    /// The app's model.
    pub model: Vec<u8>,
}

impl std::fmt::Debug for Hibernated {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Hibernated({} bytes)", self.model.len())
    }
}

/// An instance, and the store that holds all that it has.
struct Resident {
    store: Store<Guard>,
    instance: PaymentApp,
}

impl Resident {
    /// A new instance, with time for one call.
    fn new(app: &App) -> Result<Self, Fault> {
        let limits = app.limits();
        let guard = Guard { limits, refused_memory: false, computed_ns: None };
        let mut store = Store::new(app.engine(), guard);
        store.limiter(|guard| guard);
        store.epoch_deadline_callback(|mut store| store.data_mut().on_deadline());
        store.set_hostcall_fuel(RESULT_BYTES_MAX);
        set_deadline(&mut store, limits);
        match app.instantiate(&mut store) {
            Ok(instance) => Ok(Self { store, instance }),
            Err(error) => Err(fault(&error, store.data(), limits)),
        }
    }
}

/// What bounds a store in memory and time, and remembers whether it had to.
pub(crate) struct Guard {
    limits: Limits,
    refused_memory: bool,
    /// What this thread had computed when half the time of the call in progress had passed on the wall, if it has.
    computed_ns: Option<u64>,
}

impl Guard {
    /// Called when a deadline has passed while the app runs. Time on the wall is not time of computing: on a loaded
    /// server a thread may wait longer for a processor than a call may take, and that is not the app's fault. So the
    /// second half of the time counts what the thread has really computed.
    fn on_deadline(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let half_ms = half_ms(self.limits);
        match (self.computed_ns, thread_computed_ns()) {
            (None, now) => {
                self.computed_ns = Some(now.unwrap_or(0));
                // Where the system does not tell, the wall has to do.
                Ok(UpdateDeadline::Continue(if now.is_some() { 1 } else { half_ms.div_ceil(TICK_MS) }))
            }
            (Some(then), Some(now)) if now.saturating_sub(then) < half_ms.saturating_mul(1_000_000) => {
                Ok(UpdateDeadline::Continue(1))
            }
            _ => Err(Trap::Interrupt.into()),
        }
    }
}

fn half_ms(limits: Limits) -> u64 {
    limits.call_ms_max.div_ceil(2)
}

/// How long this thread has been on a processor (Linux: `/proc/thread-self/schedstat`, first field).
fn thread_computed_ns() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

impl ResourceLimiter for Guard {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limits.memory_bytes_max {
            self.refused_memory = true;
            return Err(wasmtime::Error::msg("more memory than allowed"));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS_MAX {
            self.refused_memory = true;
            return Err(wasmtime::Error::msg("a larger table than allowed"));
        }
        Ok(true)
    }

    // The contract's components have one instance of one memory and one or two tables, with the adapters that the
    // component model makes around them.
    fn instances(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        4
    }
}

impl Machine {
    /// Makes a virtual machine and opens the app in it.
    ///
    /// # Errors
    /// [`Fault`]: the app did not come to its first view.
    pub fn start(app: &Arc<App>, context: Context) -> Result<(Self, Step), Fault> {
        let mut machine =
            Self { app: Arc::clone(app), resident: Some(Resident::new(app)?), model: Vec::new() };
        let context = convert::context(context);
        let step = machine.enter(|resident| resident.instance.call_start(&mut resident.store, &context))?;
        let step = machine.take(step)?;
        Ok((machine, step))
    }

    /// Tells the app what happened.
    ///
    /// # Errors
    /// [`Fault`]: the machine has ended; drop it and end the session with a clear screen.
    pub fn update(&mut self, event: Event) -> Result<Step, Fault> {
        let event = convert::event(event);
        let model = std::mem::take(&mut self.model);
        let step =
            self.enter(|resident| resident.instance.call_update(&mut resident.store, &model, &event))?;
        self.take(step)
    }

    /// The view that the last step had, made anew from the model: for the user's other terminal.
    ///
    /// # Errors
    /// [`Fault`], as `update`.
    pub fn show(&mut self) -> Result<View, Fault> {
        let model = std::mem::take(&mut self.model);
        let shown = self.enter(|resident| resident.instance.call_show(&mut resident.store, &model))?;
        self.model = model;
        views::view(shown).map_err(|error| self.end(error.into()))
    }

    /// Puts the session to rest: the instance goes, the model stays.
    ///
    /// # Errors
    /// [`Fault::Ended`]: there is no session any more.
    pub fn hibernate(self) -> Result<Hibernated, Fault> {
        if self.resident.is_none() {
            return Err(Fault::Ended);
        }
        Ok(Hibernated { app: self.app.digest(), model: self.model })
    }

    /// The app that runs here.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// How large the model is, in bytes.
    #[must_use]
    pub fn model_bytes(&self) -> usize {
        self.model.len()
    }

    /// One call into the instance, within its time. On an error the instance is gone.
    fn enter<T>(&mut self, call: impl FnOnce(&mut Resident) -> wasmtime::Result<T>) -> Result<T, Fault> {
        let limits = self.app.limits();
        let resident = self.resident.as_mut().ok_or(Fault::Ended)?;
        set_deadline(&mut resident.store, limits);
        match call(resident) {
            Ok(result) => Ok(result),
            Err(error) => {
                let fault = fault(&error, resident.store.data(), limits);
                Err(self.end(fault))
            }
        }
    }

    fn take(&mut self, step: crate::contract::generated::thinpay::app::types::Step) -> Result<Step, Fault> {
        match convert::step(step, self.app.commands()) {
            Ok((model, step)) => {
                self.model = model;
                Ok(step)
            }
            Err(error) => Err(self.end(error.into())),
        }
    }

    /// Ends the machine: after a trap the instance is dead, after a wrong answer it is not to be trusted.
    fn end(&mut self, fault: Fault) -> Fault {
        self.resident = None;
        self.model = Vec::new();
        fault
    }
}

impl Hibernated {
    /// Wakes the session in a new virtual machine; the view is the one that it went to rest with.
    ///
    /// # Errors
    /// [`Fault::OtherApp`] when the app is not the session's; any other [`Fault`] of the app's `show`.
    pub fn wake(self, app: &Arc<App>) -> Result<(Machine, View), Fault> {
        if self.app != app.digest() {
            return Err(Fault::OtherApp);
        }
        let mut machine =
            Machine { app: Arc::clone(app), resident: Some(Resident::new(app)?), model: self.model };
        let view = machine.show()?;
        Ok((machine, view))
    }
}

/// Time for one call from now on; see [`Guard::on_deadline`] for the second half of it. One tick more, since the running
/// one is cut short.
fn set_deadline(store: &mut Store<Guard>, limits: Limits) {
    store.data_mut().computed_ns = None;
    store.set_epoch_deadline(half_ms(limits).div_ceil(TICK_MS).saturating_add(1));
}

/// Which fault an error of the engine is.
fn fault(error: &wasmtime::Error, guard: &Guard, limits: Limits) -> Fault {
    if guard.refused_memory {
        return Fault::OutOfMemory(limits.memory_bytes_max);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::OutOfTime(limits.call_ms_max),
        Some(trap) => Fault::Trapped(trap.to_string()),
        None => {
            // What is left are answers that cannot be taken over. The engine's error for too much has no public type.
            let words = format!("{error:#}");
            let too_large = words.contains("fuel allocated for hostcalls");
            Fault::BadResult(if too_large { BadResult::TooLarge } else { BadResult::Malformed(words) })
        }
    }
}
