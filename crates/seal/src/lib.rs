//! Sealing: what a terminal shows and takes is readable on that one device only (R35-R42).
//!
//! - [`Root`] is the session's secret, made from the login, the secure element's agreement and the
//!   terminal's own hardware profile ([`Root::derive`]).
//! - [`Stream`] names the separate keys below it: display is the media class, control and input are
//!   the signalling class (R41), and no two streams share a key.
//! - [`Sealer`] and [`Opener`] put one frame after another into SFrame units (RFC 9605, suite 0x0005:
//!   AES-256-GCM with a 16-byte tag). Counters are strictly consecutive, so a replayed, lost or
//!   reordered unit is an error and the stream stays failed.
//! - [`picture`] is the code stream in picture format (R37): GCM's counter-mode keystream has the
//!   width, height and pixel layout of the rectangle it covers, so a sealed picture is picture XOR
//!   keystream picture.
//! - [`pad`] puts a plaintext into a size class, so that sizes tell little.
//!
//! Pure: no socket, file, clock, thread or random source. Builds for `wasm32-unknown-unknown`.
#![forbid(unsafe_code)]

mod aead;
mod frame;
mod open;
mod padding;
pub mod picture;
mod schedule;
mod seal;

pub use frame::{HEADER_BYTES_MAX, Header, HeaderError};
pub use open::{OpenError, OpenJob, Opener};
pub use padding::{PadError, SMALLEST_CLASS, pad, padded_length, unpad};
pub use schedule::{Root, Stream};
pub use seal::{SealError, Sealer};

/// The SFrame suite of every stream: AES_256_GCM_SHA512_128 (RFC 9605 §8.1).
pub const SUITE: u16 = 0x0005;
/// Bytes of the authentication tag at the end of a unit.
pub const TAG_BYTES: usize = 16;
/// Longest plaintext of one unit: a full picture of the largest profile, and room for padding.
pub const PLAINTEXT_BYTES_MAX: usize = profile::PICTURE_BYTES_MAX + profile::PICTURE_BYTES_MAX / 4;
/// Longest unit, in bytes.
pub const UNIT_BYTES_MAX: usize = HEADER_BYTES_MAX + PLAINTEXT_BYTES_MAX + TAG_BYTES;
/// Most units under one key. Far below what AES-GCM bears with counter nonces, far above a session.
pub const UNITS_MAX: u64 = 1 << 32;
/// Associated data of a unit of the control stream.
pub const CONTROL_ASSOCIATED: &[u8] = &[3];
/// Associated data of a unit of the input stream.
pub const INPUT_ASSOCIATED: &[u8] = &[4];
