//! Tests of the crate from outside: the tree against the RFC, heads, records, receipts, and the page that specifies
//! them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod consistency;
mod difference;
mod head;
mod page;
mod receipt;
mod record;
mod tree;
mod world;
