//! The login's frames at the server: no bytes make a panic, and none that a stranger sends sign him in.
#![no_main]

use std::sync::LazyLock;

use identity::{Hello, PasswordRecord, ServerLogin, ServerSetup};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

static SETUP: LazyLock<ServerSetup> =
    LazyLock::new(|| ServerSetup::generate(&mut ChaCha20Rng::seed_from_u64(1)));

fuzz_target!(|bytes: &[u8]| {
    let _ = ServerSetup::from_bytes(bytes);
    let _ = PasswordRecord::from_bytes(bytes);
    // The first byte says where the hello ends and the finish frame begins.
    let Some((split, frames)) = bytes.split_first() else { return };
    let (hello, finish) = frames.split_at(usize::from(*split).min(frames.len()));
    let Ok(hello) = Hello::parse(hello) else { return };
    let (login, _reply) = ServerLogin::start(&mut ChaCha20Rng::seed_from_u64(2), &SETUP, None, None, &hello)
        .expect("a hello that was read is answered");
    assert!(login.finish(finish).is_err());
});
