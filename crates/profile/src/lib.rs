//! The hardware profile: what a terminal can present and take (CN102103778A ¶38, R33).
//!
//! A profile is written as TOML by people ([`HardwareProfile::from_toml`]) and as one canonical
//! byte string by programs ([`HardwareProfile::canonical_bytes`]). The digest of the canonical bytes
//! ([`HardwareProfile::digest`]) is bound into every key of a session, so a terminal whose own
//! hardware differs from the enrolled one derives other keys and sees noise (R36, R40).
//!
//! Pure: no socket, file, clock, thread or random source.
#![forbid(unsafe_code)]
