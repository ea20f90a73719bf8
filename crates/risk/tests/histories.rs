//! Histories: bounds, bytes, damage, the clock.
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test's own data: a panic is a failed test"
)]

use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;
use risk::{
    Consent, Histories, HistoriesError, PAYEES_MAX, Payment, RECENT_MAX, Rules, TERMINALS_MAX, plain_number,
};

fn payment(payer: u64, seconds: u64, payee: u64, terminal: &str, minor: i64) -> Payment<'_> {
    Payment {
        at: Timestamp(seconds * 1_000_000_000),
        minutes_of_day: 0,
        operation: "pay",
        payer,
        payee,
        payee_holder: "",
        amount: Money::new(minor, Currency::CNY),
        app: "",
        terminal,
        region: "",
        account_opened: Timestamp(0),
        consent: Consent::Signed,
    }
}

/// Histories of some payments: payer, seconds after the one before, payee, terminal, amount, currency.
fn histories() -> impl Strategy<Value = Histories> {
    let one = (0..4_u64, any::<u16>(), any::<u64>(), 0..20_u8, any::<i64>(), 0..3_usize);
    prop::collection::vec(one, 0..400).prop_map(|payments| {
        let mut histories = Histories::default();
        let mut seconds = 0;
        for (payer, after, payee, terminal, minor, currency) in payments {
            seconds += u64::from(after);
            let terminal = terminal.to_string();
            let mut payment = payment(payer, seconds, payee % 400, &terminal, minor);
            payment.amount = Money::new(minor, [Currency::CNY, Currency::JPY, Currency::KWD][currency]);
            histories.record(&payment);
        }
        histories
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(histories in histories()) {
        let bytes = histories.encode();
        let again = Histories::decode(&bytes).unwrap();
        prop_assert_eq!(&again, &histories);
        prop_assert_eq!(again.encode(), bytes);
        for payer in 0..4 {
            prop_assert_eq!(again.profile(payer), histories.profile(payer));
        }
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused(
        histories in histories(), place in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let bytes = histories.encode();
        let mut changed = bytes.clone();
        changed[place.index(bytes.len())] ^= flip;
        prop_assert!(Histories::decode(&changed).is_err());
        prop_assert!(Histories::decode(&bytes[..place.index(bytes.len())]).is_err());
        let mut longer = bytes;
        longer.push(flip);
        prop_assert!(Histories::decode(&longer).is_err());
    }

    /// Bytes whose digest agrees, as only a fault of ours could write them, are refused or are histories.
    #[test]
    fn sealed_nonsense_never_panics(bytes in prop::collection::vec(prop_oneof![0..4_u8, any::<u8>()], 0..300)) {
        if let Ok(histories) = Histories::decode(&sealed(&bytes)) {
            let again = Histories::decode(&histories.encode()).unwrap();
            prop_assert_eq!(again, histories);
        }
    }

    #[test]
    fn sealed_mutations_never_panic(
        histories in histories(), place in any::<prop::sample::Index>(), value in any::<u8>(), cut in any::<bool>(),
    ) {
        let bytes = histories.encode();
        let mut content = bytes[8..bytes.len() - 8].to_vec();
        if !content.is_empty() {
            let place = place.index(content.len());
            content[place] = value;
            if cut {
                content.truncate(place);
            }
        }
        if let Ok(mut histories) = Histories::decode(&sealed(&content)) {
            histories.record(&payment(0, 5, 5, "t", 5));
            prop_assert!(Histories::decode(&histories.encode()).is_ok());
        }
    }
}

/// The content between the magic and its digest. The digest is found by trial: it is the one that the decoder
/// takes, computed here as `crates/risk/src/lookup.rs` says.
fn sealed(content: &[u8]) -> Vec<u8> {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut bytes = b"TPRISK\x00\x01".to_vec();
    bytes.extend_from_slice(content);
    let mut state = 0_u64;
    let mut fold = |value: u64| {
        let wide =
            u128::from(state.rotate_left(23) ^ value ^ MULTIPLIER) * u128::from(MULTIPLIER.rotate_left(32));
        state = (wide >> 64) as u64 ^ wide as u64;
        state
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        fold(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(u64::from_le_bytes(last));
    let digest = fold(bytes.len() as u64);
    bytes.extend_from_slice(&digest.to_le_bytes());
    bytes
}

#[test]
fn an_empty_one_reads_back() {
    assert_eq!(Histories::decode(&Histories::default().encode()), Ok(Histories::default()));
    assert_eq!(Histories::default().encode(), sealed(&[]));
    assert_eq!(Histories::decode(b""), Err(HistoriesError::NotHistories));
    assert_eq!(Histories::decode(b"TPRISK\x00\x02"), Err(HistoriesError::NotHistories));
}

/// The format is on disks: these bytes stay readable, or the version changes.
#[test]
fn the_bytes_are_these() {
    let mut histories = Histories::default();
    histories.record(&payment(300, 5, 9, "t", 250));
    let bytes = histories.encode();
    assert_eq!(bytes[..8], *b"TPRISK\x00\x01");
    // account, payments, none forgotten, one payee, one terminal (digest, seconds), one payment.
    assert_eq!(bytes[8..14], [0xAC, 0x02, 1, 0, 1, 9]);
    assert_eq!(bytes[bytes.len() - 18..bytes.len() - 8], [5, 1, 5, 1, b'C', b'N', b'Y', 0xF4, 0x03, 0]);
}

#[test]
fn memory_is_bounded_for_each_account() {
    let mut histories = Histories::default();
    histories.record(&payment(1, 1, 1, "t", 1));
    let before = histories.memory_bytes();
    for index in 0..10_000_u64 {
        histories.record(&payment(1, index, index, &index.to_string(), 1));
    }
    assert_eq!(histories.len(), 1);
    assert!(histories.memory_bytes() <= before + 4_096, "{}", histories.memory_bytes());
    let profile = histories.profile(1).unwrap();
    assert_eq!((profile.payments, profile.payees, profile.terminals), (10_001, PAYEES_MAX, TERMINALS_MAX));
    assert!(histories.encode().len() < 2_048, "{}", histories.encode().len());
}

#[test]
fn a_payee_is_new_again_after_256_others() {
    let text = "[[rule]]\nname='first'\nwhen.first-payment-to-payee=true\ndecision='refuse'\n\
                tell-customer='No.'\ntell-desk='No.'\n";
    let rules = Rules::parse(text, plain_number).unwrap();
    let mut histories = Histories::default();
    for payee in 0..=256 {
        histories.record(&payment(1, payee, payee, "t", 1));
    }
    let is_first = |payee| !rules.decide(&histories, &payment(1, 999, payee, "t", 1)).reasons.is_empty();
    assert_eq!([0, 1, 256, 257].map(is_first), [true, false, false, true]);
    // Paid again it is the latest, and the next one gives way.
    histories.record(&payment(1, 257, 1, "t", 1));
    histories.record(&payment(1, 258, 500, "t", 1));
    let is_first = |payee| !rules.decide(&histories, &payment(1, 999, payee, "t", 1)).reasons.is_empty();
    assert_eq!([1, 2, 3, 500].map(is_first), [false, true, false, false]);
}

#[test]
fn a_profile_says_the_habits() {
    let mut histories = Histories::default();
    assert_eq!(histories.profile(1), None);
    for (seconds, minor) in [(10, 100), (20, 301)] {
        histories.record(&payment(1, seconds, 2, "t", minor));
    }
    let profile = histories.profile(1).unwrap();
    assert_eq!(profile.mean, Money::new(200, Currency::CNY));
    assert_eq!(profile.largest, Money::new(301, Currency::CNY));
    assert_eq!(profile.last, Timestamp(20_000_000_000));
    assert_eq!(histories.profile(2), None);
}

#[test]
fn a_clock_that_goes_back_lets_nobody_out_of_a_window() {
    let text = "[[rule]]\nname='often'\nwhen.payments='more than 3 in 1 minute'\ndecision='refuse'\n\
                tell-customer='No.'\ntell-desk='No.'\n";
    let rules = Rules::parse(text, plain_number).unwrap();
    let mut histories = Histories::default();
    for _ in 0..3 {
        histories.record(&payment(1, 1_000_000, 2, "t", 1));
    }
    for seconds in [0, 1, 999_000, 1_000_000, 1_000_059] {
        let decision = rules.decide(&histories, &payment(1, seconds, 2, "t", 1));
        assert_eq!(decision.reasons, [0], "{seconds}");
    }
    assert!(rules.decide(&histories, &payment(1, 1_000_060, 2, "t", 1)).reasons.is_empty());
    histories.record(&payment(1, 5, 2, "t", 1));
    assert_eq!(histories.profile(1).unwrap().last, Timestamp(1_000_000_000_000_000));
    // The end of time and beyond.
    histories.record(&payment(1, u64::MAX / 1_000_000_000, 2, "t", 1));
    assert_eq!(Histories::decode(&histories.encode()), Ok(histories.clone()));
    assert_eq!(RECENT_MAX, 64);
}
