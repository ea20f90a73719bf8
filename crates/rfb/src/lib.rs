//! The remote protocol, both ends: RFB 3.8 (RFC 6143) and this project's extensions of it.
//!
//! `docs/protocol.md` states every byte.
//!
//! Pure: no socket, file, clock, thread or random source. Builds for `wasm32-unknown-unknown`.
#![forbid(unsafe_code)]

pub mod sealed;
