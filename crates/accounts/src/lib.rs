//! The account platform: the ledger made durable, with fees, limits, risk control, parameters and an audit log.
//!
//! One **writer** thread owns the book. It takes whatever requests have arrived, **decides** about each
//! (fees, limits, risk rules: `controls`), applies it with its decision in memory, appends them all as one row to
//! the **journal** (each row has the hash of the one before) in one synced transaction, and only then answers:
//! whoever was answered can rely on the disk. Behind it, the **projections** - ordinary indexed tables of
//! accounts, payments and history, and the tree of the audit log - follow the journal; reads are answered from
//! them, and wait until they have followed at least to what had been answered before the read, so a customer sees
//! the payment just made. The journal is the truth; snapshot and projections can be made from it again, and a
//! replay decides nothing: decisions are in the journal.
//!
//! **Idempotency.** The ledger remembers the newest half million keys, in its snapshot too. Older ones are
//! found in the projections' log-structured index (`key_runs`), whose filters in memory answer for nearly every
//! key that is new. The writer never runs further ahead of the projections than half of what the ledger
//! remembers, so every key is always in one of the two. Declines are remembered like postings: a request that was
//! declined stays declined, and a new attempt takes a new key. (Declines for what can never become valid - wrong
//! kinds of account, lengths - are answered without a trace.)
//!
//! **Stores.** The journal is in SQLite (one process) or in PostgreSQL (several nodes, of which one writes);
//! projections and snapshot are each node's own, in SQLite.
//!
//! Failure is fail-stop: when a write fails, nothing more is posted until the book has been read from disk again.
//!
//! Where to read: `entry` (what stands in the journal), `book`, `controls`, `writer`, `store`, `projection`,
//! `handle` (what programs call), `verify`.
#![forbid(unsafe_code)]

mod account;
mod answers;
mod book;
mod cluster;
mod codec;
mod controls;
mod decision;
mod entry;
mod error;
mod figures;
mod handle;
mod history;
mod journal;
mod key_runs;
mod legs;
mod nodes;
mod number;
mod payment;
mod progress;
mod projection;
mod queries;
mod record;
mod recovery;
mod store;
mod verify;
mod writer;

pub use account::{Account, HolderId, Kind, NAME_BYTES_MAX, NewAccount, STANDARD_TIER};
pub use decision::{Control, ControlRefusal};
pub use entry::{DETAIL_BYTES_MAX, PARAMETER_BYTES_MAX, ParameterChange, ParameterStep};
pub use error::{Decline, Error};
pub use figures::{DayFigures, Figure, HeldAt, HoldRecord, Related};
pub use handle::{Accounts, Backup, Clock, Options, Progressed, RecordProof};
pub use history::{
    Act, ActRecord, Cursor, Entry, EntryKind, Movement, OpenHold, PAGE_ENTRIES_MAX, Page, PaymentRecord,
    PaymentState, Period, TrialRow,
};
pub use ledger::Timestamp;
pub use number::{AccountId, NumberError, PaymentId};
pub use payment::{
    BULK_PAYMENTS_MAX, Capture, Consent, EVIDENCE_BYTES_MAX, Exchange, Exchanged, Held, MEMO_BYTES_MAX,
    NewHold, ORIGIN_BYTES_MAX, Operation, Origin, Payment, Posted, Quote, QuoteVerdict, REFERENCE_BYTES_MAX,
    Refund, Refunded, Release, Released, Resolution,
};
pub use queries::past::PastPayment;
pub use record::read_record;
pub use store::StoreChoice;
pub use verify::{Finding, LogCheck, LogReport, Verified, What};
