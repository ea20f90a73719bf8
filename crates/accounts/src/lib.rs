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

mod cluster;
mod entry;
mod error;
mod handle;
mod journal;
mod number;
mod operation;
mod progress;
mod projection;
mod queries;
mod recovery;
mod store;
mod verify;
mod writer;

pub use error::{Decline, Error};
pub use handle::{Accounts, Clock, Options};
pub use ledger::Timestamp;
pub use number::{AccountId, NumberError, PaymentId};
pub use operation::{
    Account, BULK_PAYMENTS_MAX, Capture, Cursor, EVIDENCE_BYTES_MAX, Entry, EntryKind, Held, HolderId, Kind,
    MEMO_BYTES_MAX, NAME_BYTES_MAX, NewAccount, NewHold, Operation, PAGE_ENTRIES_MAX, Page, Payment,
    PaymentRecord, Posted, Release, Released,
};
pub use store::StoreChoice;
pub use verify::Verified;
