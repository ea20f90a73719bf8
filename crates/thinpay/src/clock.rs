//! The program's clock and random source: everything below it takes both as parameters.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use identity::UnixTime;
use platform::Now;
use rand_core::{OsRng, RngCore as _};
use sha2::{Digest as _, Sha256};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Time since the program started; never goes back.
pub(crate) fn monotonic() -> Duration {
    START.elapsed()
}

/// The time of day, for people, statements and certificates.
pub(crate) fn wall() -> UnixTime {
    UnixTime::from_nanoseconds(nanoseconds())
}

/// The time of day, for postings.
pub(crate) fn timestamp() -> accounts::Timestamp {
    accounts::Timestamp(nanoseconds())
}

/// Since 1970-01-01 UTC. A clock set before 1970 is the operator's to mend; until then times read as 1970.
fn nanoseconds() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX)
}

/// Both, read together.
pub(crate) fn now() -> Now {
    Now { monotonic: monotonic(), wall: wall() }
}

/// The operating system's random source.
pub(crate) fn random() -> OsRng {
    OsRng
}

/// A fresh idempotency key in words, for a command that is not asked again.
pub(crate) fn random_words() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A fresh idempotency key.
pub(crate) fn random_key() -> [u8; 16] {
    let mut key = [0; 16];
    OsRng.fill_bytes(&mut key);
    key
}

/// The idempotency key that an operator's words stand for.
pub(crate) fn key_from_words(words: &str) -> [u8; 16] {
    let digest = Sha256::new().chain_update(b"thinpay operator key v1").chain_update(words).finalize();
    let mut key = [0; 16];
    key.iter_mut().zip(digest).for_each(|(byte, hashed)| *byte = hashed);
    key
}
