//! Runs a payment app in a virtual machine of its own, one per terminal (R24-R28).
//!
//! An [`Engine`] is shared by the program. It turns a signed [`Bundle`], once verified against what the operator
//! approved, into an [`App`]; a [`Machine`] is one user's session with an app. An app has no import at all: it gets an
//! [`Event`] and answers with a [`Step`], a view to show and commands that it would like carried out. Everything it
//! returns is checked here against the bounds of `view::semantic` and of this crate, so that whoever goes on with a
//! `Step` need not.
//!
//! A machine that traps, loops, takes too much memory or answers wrongly ends with a [`Fault`], alone: its store is
//! dropped, and no other machine notices.
//!
//! The crate owns no thread but the one of [`Engine::start_ticker`], and no socket, file or random source. The only
//! unsafe code is in `artifact`, with its reason.

mod artifact;
mod bundle;
mod contract;
mod convert;
mod engine;
mod machine;
mod manifest;
mod views;

pub use artifact::{ArtifactError, ArtifactKey};
pub use bundle::{Approval, Bundle, BundleError, VerifiedBundle};
pub use contract::{
    Account, Command, CommandKind, Context, Event, HistoryEntry, Payee, PayeeKind, Receipt, RefusalReason,
    Reply, Step,
};
pub use convert::BadResult;
pub use engine::{App, Engine, EngineError, LoadError, Ticker};
pub use machine::{Fault, Hibernated, Machine};
pub use manifest::{CommandName, Manifest, ManifestError};
pub use p256::ecdsa::{SigningKey, VerifyingKey};

/// Bounds of one virtual machine. A manifest may ask for less, never for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most linear memory of one instance, in bytes.
    pub memory_bytes_max: usize,
    /// The longest that one call may compute, in milliseconds of processor time.
    pub call_ms_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes_max: MEMORY_BYTES_MAX, call_ms_max: CALL_MS_MAX }
    }
}

/// The most linear memory of one instance: 16 MiB.
pub const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest that one call may compute, in milliseconds of processor time. A call takes microseconds; this is for
/// the broken.
pub const CALL_MS_MAX: u64 = 250;
/// How often the ticker advances the engine's epoch, in milliseconds: the grain of `call_ms_max`.
pub const TICK_MS: u64 = 10;
/// The largest model, in bytes: what an idle session costs.
pub const MODEL_BYTES_MAX: usize = 64 * 1024;
/// The most that an app may keep for a user, in bytes.
pub const KEEP_BYTES_MAX: usize = 64 * 1024;
/// The most that one call may hand over, model, view and commands together, in bytes. An app can name one string
/// many times in its own memory; this bounds what the copies take here.
pub const RESULT_BYTES_MAX: usize = 1024 * 1024;
/// The most commands in one step.
pub const COMMANDS_MAX: usize = 8;
/// The longest identifier of an account, merchant, customer or page in a command, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 128;
/// The longest memo, and the longest words to search by, in bytes: the longest field, 140 characters, in UTF-8.
pub const WORDS_BYTES_MAX: usize = 560;
/// The most entries that one history query may ask for.
pub const HISTORY_ENTRIES_MAX: u32 = 100;
/// The most table elements of one instance: indirect call targets of a large app.
pub const TABLE_ELEMENTS_MAX: usize = 20_000;
/// The deepest native stack of one call, in bytes; well below a thread's two mebibytes.
pub const STACK_BYTES_MAX: usize = 256 * 1024;
