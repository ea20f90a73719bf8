//! The whole system in one process, without a socket: real books, real apps, real terminals' cores.
//!
//! A [`World`] is an operator with customers, a merchant and published apps, in a temporary folder. A
//! [`Device`] is an enrolled terminal; [`World::connect`] joins its core to a session of the platform by
//! passing bytes. Time is the world's own and moves only by [`World::advance`]; randomness comes from the
//! seed. Tests and benchmarks look at every step from both sides.
#![allow(clippy::missing_panics_doc, reason = "a broken world fails the test that made it")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a broken world fails the test that made it")]

mod connection;
mod world;

pub use connection::Connection;
pub use world::{Device, PASSWORD, World};
