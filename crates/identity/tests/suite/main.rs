//! Tests of the crate from outside: both ends of the login in memory, bundles, statements.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod bundle;
mod login;
mod statement;
mod world;
