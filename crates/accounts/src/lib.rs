//! The account platform: the ledger made durable, with customers' operations on it.
//!
//! One **writer** thread owns the book ([`ledger::Ledger`]). It takes whatever requests have arrived, applies
//! them in memory, appends them as one row to the **journal** (a table of SQLite; each row has the hash of
//! the one before) in one synced transaction, and only then answers: whoever was answered can rely on the
//! disk. Behind it, the **projections** - ordinary indexed tables of accounts, payments and history - follow
//! the journal; reads are answered from them, and wait until they have followed at least to what had been
//! answered before the read, so a customer sees the payment just made. The journal is the truth; snapshot and
//! projections can be made from it again.
//!
//! **Idempotency.** The ledger remembers the newest half million keys, in its snapshot too. Older ones are
//! found in the projections' `keys` table, which is asked before a request goes to the ledger, but only once
//! the ledger has forgotten any. The writer never runs further ahead of the projections than half of what the
//! ledger remembers, so every key is always in one of the two. Declines are remembered like postings: a
//! request that was declined stays declined, and a new attempt takes a new key. (Declines for what can never
//! become valid - wrong kinds of account, lengths - are answered without a trace.)
//!
//! Failure is fail-stop: when a write fails, nothing more is posted until the next [`Accounts::open`] has
//! read what is on disk.
#![forbid(unsafe_code)]

mod account;
mod book;
mod cluster;
mod codec;
mod controls;
mod decision;
mod entry;
mod error;
mod handle;
mod history;
mod journal;
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
pub use handle::{Accounts, Backup, Clock, Options, RecordProof};
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
pub use record::read_record;
pub use store::StoreChoice;
pub use verify::Verified;
