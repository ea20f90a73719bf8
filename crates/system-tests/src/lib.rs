//! Drives the real programs: an operator's folder with customers, a merchant and accounts, the server on
//! free loopback ports, and terminals that follow scripts.
//!
//! Nothing here reaches into the programs: everything goes through the commands that a real operator and a
//! real terminal use, so what works here works by hand. The tests in `tests/`, `cargo xtask demo` and the
//! pictures in `docs/` are all made with it.
#![forbid(unsafe_code)]

mod interceptor;
pub mod noise;
mod operator;
mod programs;
pub mod scripts;
mod server;
mod site;
mod terminal;

pub use interceptor::{Flip, Intercepted, Interceptor};
pub use operator::{Balance, Operator};
pub use programs::Programs;

pub use server::Server;
pub use site::{ACTIVATION_PIN, ALICE, BO, MERCHANT, Person, Site};
pub use terminal::{Device, Outcome, Running};
