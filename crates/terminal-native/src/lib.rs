//! The native terminal.
#![forbid(unsafe_code)]

pub mod element_file;
pub mod runner;
pub mod script;
pub mod transport;
pub mod websocket;
