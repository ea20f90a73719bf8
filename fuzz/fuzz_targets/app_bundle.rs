//! Any bytes as an app's bundle: refused with a reason or taken apart, never a panic; and what is taken apart is not
//! believed without its publisher's signature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vm::{Approval, Bundle, CommandName, Manifest, SigningKey, VerifyingKey};

static KEY: LazyLock<VerifyingKey> = LazyLock::new(|| {
    // Nobody's key: no input is signed with it.
    VerifyingKey::from(&SigningKey::from_slice(&[0x5a; 32]).expect("a number in range"))
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Manifest::from_toml(text);
    }
    if let Ok(bundle) = Bundle::parse(bytes) {
        let publisher = bundle.manifest().publisher.clone();
        let approval = Approval { publisher, key: *KEY, commands: CommandName::all() };
        assert!(bundle.verify(&approval).is_err());
    }
});
