//! The semantic view: its layout, and its renderings as picture and text.
#![forbid(unsafe_code)]

mod semantic;

pub use semantic::*;
