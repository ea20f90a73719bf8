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
//! - no account gives or gets more than [`TURNOVER_MAX`] in all, so that no sum or difference can overflow
//!   (below);
//! - no command is refunded more than it moved;
//! - a request's commands all happened, or none did;
//! - a key was spent on one content, as long as it is remembered ([`Limits::keys_max`]).
//!
//! # Overflow is impossible
//! It is excluded by the types, not met by a check. An amount is a 64-bit integer from nothing to `2^63 - 1`;
//! so is each counter of an account, for a posting that would take it further is refused
//! ([`Refusal::TurnoverExhausted`]) and leaves no such value behind. Of numbers below `2^63`, a sum of two fits
//! `u64`, a difference of two fits `i64`, and a sum of as many as there are account numbers (`2^64`) fits
//! `u128`, which is what totals are kept in. What is held is counted as room taken, so that a capture cannot
//! lack any. What is refunded is computed by subtraction from the original. Command numbers stay below `2^63`
//! as well ([`NUMBER_MAX`]): at a million commands per second, for 290,000 years.
//!
//! # When invariants are asserted
//! Before writing, everything that a command needs is checked and its sides are computed; then they are written
//! and every account and total touched is asserted, in release builds as well. After reading,
//! [`Ledger::decode`] ends with the whole-book check.
//!
//! A broken invariant is a programming error and panics: whoever runs the ledger stops writing, rather than
//! book on a broken book. Everything an asker can get wrong is a [`Refusal`].
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod account;
mod book;
mod check;
mod command;
mod holds;
mod keys;
mod lookup;
mod positions;
mod posting;
mod refunds;
mod snapshot;
mod undo;
mod units;

pub use account::Account;
pub use book::{Ledger, Limits};
pub use check::{BookFault, Totals};
pub use command::{
    AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Key, Number, Outcome,
    Outcomes, Refusal, Request, Timestamp,
};
pub use holds::Hold;
pub use snapshot::SnapshotError;

/// Most commands linked in one request.
pub const LINKED_COMMANDS_MAX: usize = 64;

/// Largest total of an account's debits, and of its credits, in minor units, held amounts included: 92
/// quadrillion of a currency with cents. It makes every difference of totals fit 64 bits.
pub const TURNOVER_MAX: u64 = i64::MAX.unsigned_abs();

/// Largest command number. No book gets there; a snapshot that claims to have is damaged.
pub const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();
