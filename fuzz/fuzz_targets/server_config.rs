//! Any text as the server's configuration: refused with a sentence or understood, never a panic.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/thinpay/src/config.rs"]
#[allow(dead_code, reason = "the program uses the rest")]
mod config;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Err(error) = config::Config::parse(text, Path::new("."))
    {
        assert!(!error.to_string().is_empty());
    }
});
