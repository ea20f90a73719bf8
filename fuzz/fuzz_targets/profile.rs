//! Hardware profiles: no text or bytes make a panic, and canonical bytes are the only form of what they say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile::HardwareProfile;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(profile) = HardwareProfile::from_canonical(bytes) {
        assert_eq!(profile.canonical_bytes(), bytes);
        assert_eq!(HardwareProfile::from_toml(&profile.to_toml()).as_ref(), Ok(&profile));
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(profile) = HardwareProfile::from_toml(text)
    {
        assert_eq!(HardwareProfile::from_canonical(&profile.canonical_bytes()), Ok(profile));
    }
});
