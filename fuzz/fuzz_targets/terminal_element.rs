//! Any text as an element file, and any bytes as what is in its box: read or refused, never a panic. The box itself is
//! not opened: Argon2id would be all that is measured.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terminal_native::element_file::{Content, SealedFile};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = SealedFile::parse(text);
    }
    let _ = Content::from_bytes(bytes);
});
