//! The enrolment bundle: no text makes a panic. Slow where the text is well formed, since the code is stretched.
#![no_main]

use identity::{ActivationCode, EnrolmentBundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(code) = ActivationCode::parse("0000-0000-0000-0000") {
        let _ = EnrolmentBundle::open(text, &code);
    }
    let _ = ActivationCode::parse(text);
});
