//! Bundles: what is packed is read again, every change is refused, and nothing that is read panics.

mod support;

use proptest::prelude::*;
use support::{approval, publisher_key};
use vm::{Bundle, BundleError, CommandName, Manifest, SigningKey};

const MANIFEST: &str = r#"
id = "example"
version = "1.2.3"
publisher = "somebody"
commands = ["pay", "end"]
title = { en = "Example", zh = "示例" }
"#;

fn packed() -> Vec<u8> {
    Bundle::pack(MANIFEST, b"\0asm and more", &publisher_key()).expect("a bundle")
}

/// The first reason why these bytes are not an approved app.
fn refusal(bytes: &[u8]) -> BundleError {
    Bundle::parse(bytes).and_then(|bundle| bundle.verify(&approval("somebody"))).expect_err("refused")
}

#[test]
fn what_is_packed_is_read_again() {
    let bundle =
        Bundle::parse(&packed()).expect("well-formed").verify(&approval("somebody")).expect("approved");
    assert_eq!(bundle.manifest(), &Manifest::from_toml(MANIFEST).expect("a manifest"));
    let again =
        Bundle::parse(&packed()).expect("well-formed").verify(&approval("somebody")).expect("approved");
    assert_eq!(bundle.digest(), again.digest());
    let other = Bundle::pack(MANIFEST, b"\0asm and less", &publisher_key()).expect("a bundle");
    let other = Bundle::parse(&other).expect("well-formed").verify(&approval("somebody")).expect("approved");
    assert_ne!(bundle.digest(), other.digest());
}

#[test]
fn every_changed_byte_is_refused() {
    let good = packed();
    for place in 0..good.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[place] ^= change;
            let _ = refusal(&bad);
        }
    }
    for length in 0..good.len() {
        let _ = refusal(&good[..length]);
    }
    let mut longer = good;
    longer.push(0);
    assert_eq!(refusal(&longer), BundleError::Length);
}

#[test]
fn only_the_approved_publisher_passes_and_only_with_approved_commands() {
    let other_key = SigningKey::from_slice(&[9; 32]).expect("a number in range");
    let forged = Bundle::pack(MANIFEST, b"\0asm and more", &other_key).expect("a bundle");
    assert_eq!(refusal(&forged), BundleError::Signature("somebody".into()));

    let verify = |approval| Bundle::parse(&packed()).expect("well-formed").verify(&approval).map(|_| ());
    let other = BundleError::OtherPublisher { found: "somebody".into(), approved: "else".into() };
    assert_eq!(verify(approval("else")), Err(other));

    let mut no_payments = approval("somebody");
    no_payments.commands.remove(&CommandName::Pay);
    assert_eq!(verify(no_payments), Err(BundleError::NotApproved(CommandName::Pay)));
    let mut less = approval("somebody");
    less.commands = [CommandName::Pay, CommandName::End].into();
    assert_eq!(verify(less), Ok(()));
}

#[test]
fn lengths_are_believed_only_within_their_limits() {
    let huge = [b"TNPYAPP\x01".as_slice(), &u32::MAX.to_be_bytes()].concat();
    assert!(matches!(refusal(&huge), BundleError::Manifest(_)));
    let length = u32::try_from(MANIFEST.len()).expect("short").to_be_bytes();
    let huge = [b"TNPYAPP\x01".as_slice(), &length, MANIFEST.as_bytes(), &u32::MAX.to_be_bytes()].concat();
    assert!(matches!(refusal(&huge), BundleError::TooLarge(_)));
    assert!(Bundle::pack(MANIFEST, &vec![0; 9 << 20], &publisher_key()).is_err());
    assert!(Bundle::pack("id = 1", b"", &publisher_key()).is_err());
}

#[test]
fn what_is_no_component_does_not_load() {
    let engine = support::engine();
    for component in [&b""[..], b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0", b"rubbish"] {
        let error = engine.load(&support::bundle(MANIFEST, component)).expect_err("refused").to_string();
        assert!(error.starts_with("the app's component"), "{error}");
    }
    // A component of the right form with a damaged inside must be refused or run, never bring the engine down.
    let good = support::component("fault");
    for place in (8..good.len()).step_by(good.len() / 40) {
        let mut bad = good.clone();
        bad[place] ^= 0xff;
        if let Ok(app) = engine.load(&support::bundle(MANIFEST, &bad)) {
            let _ = vm::Machine::start(&app, support::context("en", None));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = refusal(&bytes);
        let _ = refusal(&[b"TNPYAPP\x01".as_slice(), &bytes].concat());
    }

    #[test]
    fn any_text_as_a_manifest_is_refused_without_panic(text in "\\PC{0,200}") {
        prop_assert!(Manifest::from_toml(&text).is_err());
    }

    #[test]
    fn a_mutated_manifest_never_panics(place in 0..MANIFEST.len(), byte in any::<u8>(), cut in 0..MANIFEST.len()) {
        let mut bytes = MANIFEST.as_bytes().to_vec();
        bytes[place] = byte;
        bytes.truncate(cut.max(place));
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = Manifest::from_toml(text);
        }
    }

    #[test]
    fn components_of_any_bytes_round_trip(component in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let bytes = Bundle::pack(MANIFEST, &component, &publisher_key()).expect("a bundle");
        prop_assert!(Bundle::parse(&bytes).expect("well-formed").verify(&approval("somebody")).is_ok());
    }
}
