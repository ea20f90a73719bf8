//! The audit log: a Merkle tree over every record, signed heads, proofs and receipts (RFC 9162).
//!
//! The journal is the truth; this crate makes it accountable to people who have no access to it. Every entry of
//! the journal becomes a [`Record`], every record a leaf of one append-only tree. The operator signs the tree's
//! root from time to time ([`SignedTreeHead`]). From then on nobody, the operator included, can edit, delete,
//! insert or reorder a record below that head without every later check failing:
//!
//! - a customer's [`Receipt`] carries consent, record, proof and head, and is checked offline on any machine;
//! - two heads are checked against each other ([`Consistency`]): the later log extends the earlier one;
//! - when records and tree disagree, [`find_changes`] names the records, and [`check_heads`] says between which
//!   two heads the history was changed.
//!
//! Reading order: [`hash`], [`tile`] (how a store keeps the tree), [`appender`] (the hot path), [`prove`],
//! [`verify`]; then [`record`], [`key`], [`head`], [`receipt`], [`consistency`], [`difference`]. Byte layouts, and how to check a
//! receipt with `openssl` and a shell: `docs/audit.md`.
//!
//! Pure: no socket, file, clock, thread or random source; entry bytes are opaque here, and who understands them
//! passes a [`RecordReader`] in.
#![forbid(unsafe_code)]

pub mod appender;
mod authority;
pub mod consistency;
pub mod difference;
mod encoding;
pub mod hash;
pub mod head;
pub mod history;
pub mod key;
pub mod prove;
pub mod receipt;
mod receipt_check;
mod receipt_file;
pub mod record;
mod summary;
pub mod tile;
pub mod verify;

pub use appender::Appender;
pub use authority::AuthorityError;
pub use consistency::{Consistency, ConsistencyError};
pub use difference::{Change, find_changes};
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash};
pub use head::{HeadError, SignedTreeHead, TreeHead};
pub use history::{HeadsFault, check_heads};
pub use key::{KeyError, LogKey};
pub use prove::{consistency_proof, inclusion_proof};
pub use receipt::{Receipt, ReceiptError, ReceiptParts};
pub use receipt_check::{Checked, PaymentFacts, RecordReader, Trust};
pub use record::{Outcome, Record, RecordError};
pub use summary::Summary;
pub use tile::{MemoryTiles, Tile, TileStore, TreeError};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
