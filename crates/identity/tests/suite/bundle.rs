//! The enrolment bundle: opens with its code, with nothing else, and survives rough handling.

use identity::bundle::{BUNDLE_TEXT_BYTES_MAX, PROFILE_BYTES_MAX};
use identity::{AccountName, ActivationCode, BundleError, DevicePrivateKey, EnrolmentBundle, TerminalId};
use proptest::prelude::*;

use crate::world::rng;

fn sample() -> EnrolmentBundle {
    let mut rng = rng(40);
    EnrolmentBundle {
        terminal: TerminalId::generate(&mut rng),
        account: AccountName::new("alice").unwrap(),
        server_name: "pay.example".to_owned(),
        operator_ca: vec![0x30; 300],
        certificate: vec![0x31; 400],
        signing_key: DevicePrivateKey::generate(&mut rng),
        agreement_key: DevicePrivateKey::generate(&mut rng),
        profile: b"profile".to_vec(),
    }
}

fn code() -> ActivationCode {
    ActivationCode::generate(&mut rng(41))
}

#[test]
fn the_code_opens_the_bundle() {
    let bundle = sample();
    let text = bundle.seal(&mut rng(42), &code()).unwrap();
    assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 64));
    // As a mail program leaves it.
    let handled = format!("\u{20}\r\n{}\r\n", text.replace('\n', "\r\n"));
    let opened = EnrolmentBundle::open(handled.trim_start(), &code()).unwrap();
    assert_eq!(opened.terminal, bundle.terminal);
    assert_eq!(opened.account, bundle.account);
    assert_eq!(opened.server_name, bundle.server_name);
    assert_eq!(
        (opened.operator_ca, opened.certificate, opened.profile),
        (bundle.operator_ca, bundle.certificate, bundle.profile)
    );
    assert_eq!(opened.signing_key.to_bytes(), bundle.signing_key.to_bytes());
    assert_eq!(opened.agreement_key.to_bytes(), bundle.agreement_key.to_bytes());
}

#[test]
fn another_code_opens_nothing() {
    let text = sample().seal(&mut rng(42), &code()).unwrap();
    let other = ActivationCode::generate(&mut rng(43));
    assert_eq!(EnrolmentBundle::open(&text, &other).unwrap_err(), BundleError::WrongCode);
}

#[test]
fn a_bundle_says_nothing_without_its_code() {
    use base64::Engine;
    let bundle = sample();
    let text = bundle.seal(&mut rng(42), &code()).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    for secret in
        [&bundle.signing_key.to_bytes()[..], &bundle.agreement_key.to_bytes()[..], b"alice", b"pay.example"]
    {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    let printed = format!("{bundle:?} {:?}", bundle.signing_key);
    assert!(printed.contains("redacted") && !printed.contains(code().reveal().as_str()));
}

#[test]
fn bounds_are_kept_when_a_bundle_is_made() {
    let long = EnrolmentBundle { profile: vec![0; PROFILE_BYTES_MAX + 1], ..sample() };
    assert_eq!(long.seal(&mut rng(1), &code()).unwrap_err(), BundleError::TooLong("hardware profile"));
    let nameless = EnrolmentBundle { server_name: String::new(), ..sample() };
    assert!(nameless.seal(&mut rng(1), &code()).is_err());
    let too_long = "A".repeat(BUNDLE_TEXT_BYTES_MAX + 1);
    assert!(matches!(EnrolmentBundle::open(&too_long, &code()), Err(BundleError::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_or_cut_bundle_does_not_open(
        position in any::<proptest::sample::Index>(), change in 1_u8..=255, cut in any::<bool>()
    ) {
        let text = sample().seal(&mut rng(42), &code()).unwrap();
        let mut bytes = text.clone().into_bytes();
        let at = position.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= change }
        // Changing only white space changes nothing; a cut after the last line neither.
        let bare = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().concat();
        if let Ok(changed) = String::from_utf8(bytes) && bare(&changed) != bare(&text) {
            prop_assert!(EnrolmentBundle::open(&changed, &code()).is_err());
        }
    }

    #[test]
    fn garbage_is_no_bundle(text in "\\PC{0,300}") {
        prop_assert!(EnrolmentBundle::open(&text, &code()).is_err());
        let framed = format!("-----BEGIN THINPAY ENROLMENT-----{text}-----END THINPAY ENROLMENT-----");
        prop_assert!(EnrolmentBundle::open(&framed, &code()).is_err());
    }
}
