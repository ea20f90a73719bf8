//! Sealed units: no bytes make a panic, and none that a stranger makes are opened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::{Header, Opener, Root, Stream};

fuzz_target!(|bytes: &[u8]| {
    let root = Root::derive(&[1; 32], &[2; 64], &[3; 32], &[4; 32]);
    for stream in [Stream::Display, Stream::Control, Stream::Input] {
        let mut opener = Opener::new(&root, stream);
        assert!(opener.garble(bytes).len() <= bytes.len());
        assert!(opener.open(&[], bytes).is_err());
        assert!(opener.open(&[], bytes).is_err());
    }
    if let Ok((header, rest)) = Header::read(bytes) {
        let mut written = Vec::new();
        header.write(&mut written);
        assert_eq!([written.as_slice(), rest].concat(), bytes);
    }
    if let Ok(content) = seal::unpad(bytes) {
        assert_eq!(seal::pad(content.to_vec()), bytes);
    }
});
