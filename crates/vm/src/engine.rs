//! The engine that all machines share, its clock, and apps made ready to start.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use wasmtime::component::{Component, Linker};

use crate::contract::generated::{PaymentApp, PaymentAppPre};
use crate::machine::Guard;
use crate::manifest::{CommandName, Manifest};
use crate::{Limits, STACK_BYTES_MAX, TICK_MS, VerifiedBundle};

/// The engine cannot work on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the WebAssembly engine does not start on this machine: {0}")]
pub struct EngineError(String);

/// Why a verified bundle did not become an app. The publisher's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not a component, or one that the engine does not take.
    #[error("the app's component cannot be compiled: {0}")]
    Engine(String),
    /// A component that asks for functions of its surroundings, or lacks those of the contract.
    #[error("the app's component is not of the contract thinpay:app: {0}")]
    Contract(String),
}

impl LoadError {
    pub(crate) fn engine(error: &wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

/// Compiles and runs apps; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    limits: Limits,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine whose machines keep to these limits. Start its ticker before the first machine: without it an
    /// endless loop is endless.
    ///
    /// # Errors
    /// [`EngineError`], on a machine that cannot run it.
    pub fn new(limits: Limits) -> Result<Self, EngineError> {
        let mut config = wasmtime::Config::new();
        config
            .wasm_component_model(true)
            // Events in, steps out: nothing in an app or for it ever waits.
            .concurrency_support(false)
            .epoch_interruption(true)
            .max_wasm_stack(STACK_BYTES_MAX)
            // Two mappings an instance instead of four: `vm.max_map_count` (65,530 by default) is what bounds the
            // number of resident machines, and an app's data is small enough to be copied.
            .memory_init_cow(false);
        let engine = wasmtime::Engine::new(&config).map_err(|error| EngineError(format!("{error:#}")))?;
        Ok(Self { engine, limits })
    }

    /// Starts the thread that bounds every call in time; it ends when the ticker is dropped.
    #[must_use = "calls are bounded in time only while the ticker lives"]
    pub fn start_ticker(&self) -> Ticker {
        let (stop, stopped) = channel::<()>();
        let engine = self.engine.clone();
        let thread = std::thread::Builder::new().name("vm-ticker".into()).spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(TICK_MS)) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        Ticker { stop: Some(stop), thread: thread.ok() }
    }

    /// Compiles an app: tenths of a second of all processors; keep [`App::artifact`] for the next time.
    ///
    /// # Errors
    /// [`LoadError`]; the publisher's fault.
    pub fn load(&self, bundle: &VerifiedBundle) -> Result<Arc<App>, LoadError> {
        let component = Component::from_binary(&self.engine, &bundle.component);
        self.app(bundle, component.map_err(|error| LoadError::engine(&error))?)
    }

    pub(crate) fn app(&self, bundle: &VerifiedBundle, component: Component) -> Result<Arc<App>, LoadError> {
        // A linker with nothing in it: a component that imports a function does not instantiate.
        let linker = Linker::<Guard>::new(&self.engine);
        let contract = |error: wasmtime::Error| LoadError::Contract(format!("{error:#}"));
        let prepared = linker.instantiate_pre(&component).map_err(contract)?;
        let prepared = PaymentAppPre::new(prepared).map_err(contract)?;
        let asked = bundle.manifest.limits;
        Ok(Arc::new(App {
            prepared,
            component,
            digest: bundle.digest,
            limits: Limits {
                memory_bytes_max: asked.memory_bytes_max.min(self.limits.memory_bytes_max),
                call_ms_max: asked.call_ms_max.min(self.limits.call_ms_max),
            },
            manifest: bundle.manifest.clone(),
        }))
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }
}

/// The thread behind the time limit; see [`Engine::start_ticker`].
#[derive(Debug)]
pub struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic; were it to, there is nothing to do about it here.
            let _ = thread.join();
        }
    }
}

/// A verified app, compiled and ready to start in microseconds. Sessions hold it; a new version is another `App`,
/// and the old one lives as long as its sessions.
pub struct App {
    prepared: PaymentAppPre<Guard>,
    component: Component,
    manifest: Manifest,
    digest: [u8; 32],
    limits: Limits,
}

impl std::fmt::Debug for App {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("App").field("name", &self.manifest.full_name()).finish_non_exhaustive()
    }
}

impl App {
    /// What the app says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What names this very app; see [`VerifiedBundle::digest`].
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    pub(crate) fn component(&self) -> &Component {
        &self.component
    }

    pub(crate) fn commands(&self) -> &HashSet<CommandName> {
        &self.manifest.commands
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// A new instance in a store of its own. The store's deadline has to be set already.
    pub(crate) fn instantiate(&self, store: &mut wasmtime::Store<Guard>) -> wasmtime::Result<PaymentApp> {
        self.prepared.instantiate(store)
    }

    pub(crate) fn engine(&self) -> &wasmtime::Engine {
        self.prepared.engine()
    }
}
