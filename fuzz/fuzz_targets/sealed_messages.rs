//! What lies inside sealed units: no bytes make a panic, and what is read has no other form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfb::sealed::{Control, Input};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(input) = Input::decode(bytes) {
        assert_eq!(input.encode(), bytes);
    }
    let padded = seal::pad(bytes.to_vec());
    if let Ok(control) = Control::decode(&padded) {
        assert_eq!(control.encode().as_ref(), Ok(&padded));
    }
    let _ = Control::decode(bytes);
});
