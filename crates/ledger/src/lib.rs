//! The double-entry state machine: accounts, transfers, holds, linked batches. Pure and deterministic.
//!
//! A batch of [`Request`]s and a moment go in, [`Answer`]s come out ([`Ledger::apply`]). The same batches in
//! the same order make the same book on every machine and in every run, which is what lets a journal of
//! batches be the truth and everything else be rebuilt from it. There is no clock, file, thread or random
//! choice in here, and no number that is not an integer.
//!
//! What always holds, asserted after every request and proven for the whole book by [`Ledger::check`]:
//! - in every currency debits equal credits, posted and held alike;
//! - no account is beyond its [`BalanceRule`], counting what is held as already given;
//! - no total exceeds [`TURNOVER_MAX`], so that no sum or difference can overflow;
//! - no command is refunded more than it moved;
//! - a request's commands all happened, or none did;
//! - a key was spent on one content, as long as it is remembered ([`Limits::keys_max`]).
//!
//! A broken invariant is a programming error and panics: whoever runs the ledger stops writing, rather than
//! book on a broken book. Everything an asker can get wrong is a [`Refusal`].
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod account;
mod book;
mod check;
mod command;
mod keys;
mod lookup;
mod refunds;
mod snapshot;

pub use account::Account;
pub use book::{Hold, Ledger, Limits};
pub use check::{BookFault, Totals};
pub use command::{
    AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Key, Number, Outcome,
    Outcomes, Refusal, Request, Timestamp,
};
pub use snapshot::SnapshotError;

/// Most commands linked in one request.
pub const LINKED_COMMANDS_MAX: usize = 64;

/// Largest total of an account's debits, and of its credits, in minor units, held amounts included: 92
/// quadrillion of a currency with cents. It makes every difference of totals fit 64 bits.
pub const TURNOVER_MAX: u64 = i64::MAX.unsigned_abs();
