//! The server's reply at the terminal: no bytes make a panic, and none make a login. Slow where the points
//! are valid, since the password is then stretched.
#![no_main]

use identity::{AccountName, ClientLogin, Password, TerminalId};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fuzz_target!(|reply: &[u8]| {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let account = AccountName::new("alice").expect("it is a name");
    let password = Password::new("password").expect("it is a password");
    let (login, _hello) = ClientLogin::start(&mut rng, &account, &password, TerminalId::from_bytes([1; 16]))
        .expect("it starts");
    assert!(login.answer(&mut rng, reply).is_err());
});
