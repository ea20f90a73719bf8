//! Tests of the authentication centre from outside, with real terminals' ends of the login.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod certificates;
mod contracts;
mod lockout;
mod login;
mod secrets;
mod statements;
mod world;
