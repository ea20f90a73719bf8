//! Any text as a terminal's script: understood or refused with its line, never a panic; and what is understood is
//! within the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terminal_native::script::{STEPS_MAX, Script};

fuzz_target!(|text: &str| {
    if let Ok(script) = Script::parse(text) {
        assert!(script.steps.len() <= STEPS_MAX);
    }
});
