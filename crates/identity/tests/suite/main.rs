//! Tests of the crate from outside: both ends of the login in memory, bundles, statements.

mod bundle;
mod login;
mod statement;
mod world;
