//! The native terminal: the core of crate `terminal` with sockets, a clock, displays and a secure
//! element's file back end around it. The program is `thinpay-terminal`; this library is there so that
//! tests and fuzzers reach its parts.
//!
//! Reading order: [`command`] (what can be asked), [`session`] (the one loop), [`script`] and
//! [`runner`] (driving it without a person), [`transport`] (the bearer), [`element_file`].
#![forbid(unsafe_code)]

pub mod command;
pub mod display;
pub mod element_file;
pub mod recorder;
pub mod report;
pub mod runner;
pub mod script;
pub mod secrets;
pub mod session;
pub mod transport;
pub mod tty;
pub mod websocket;
#[cfg(feature = "window")]
pub mod window;
