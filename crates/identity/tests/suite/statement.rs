//! The statement: one encoding, no deceiving text, and a signature over every byte of it.

use identity::statement::{MEMO_BYTES_MAX, PARTY_NAME_BYTES_MAX};
use identity::{
    AccountName, DevicePrivateKey, Evidence, Language, Operation, Party, Statement, StatementError,
    StatementFields, TerminalId, UnixTime,
};
use money::{Currency, Money};
use p256::ecdsa::signature::Verifier;
use proptest::prelude::*;

use crate::world::rng;

fn fields() -> StatementFields {
    StatementFields {
        payment_key: *b"one payment only",
        operation: Operation::Pay,
        payer: Party { account: "1001".to_owned(), name: "Alice".to_owned() },
        payee: Party { account: "2001".to_owned(), name: "瑞幸咖啡".to_owned() },
        amount: Money::new(2350, Currency::CNY),
        fee: Money::new(0, Currency::CNY),
        at: UnixTime::from_seconds(1_795_393_333),
        terminal: TerminalId::from_bytes(*b"0123456789abcdef"),
        customer: AccountName::new("alice").unwrap(),
        memo: "two lattes".to_owned(),
    }
}

#[test]
fn canonical_bytes_are_read_back() {
    let statement = Statement::new(fields()).unwrap();
    assert_eq!(Statement::parse(&statement.canonical_bytes()).unwrap(), statement);
}

#[test]
fn the_largest_statement_is_within_its_bound() {
    let party = Party { account: "9".repeat(64), name: "名".repeat(PARTY_NAME_BYTES_MAX / 3) };
    let largest = StatementFields {
        payer: party.clone(),
        payee: party,
        customer: AccountName::new(&"a".repeat(64)).unwrap(),
        memo: "m".repeat(MEMO_BYTES_MAX),
        amount: Money::new(i64::MAX, Currency::CNY),
        ..fields()
    };
    let statement = Statement::new(largest).unwrap();
    assert_eq!(Statement::parse(&statement.canonical_bytes()).unwrap(), statement);
}

#[test]
fn deceiving_or_unbounded_fields_are_refused() {
    for memo in
        ["two\nlines", "pay \u{202E}0001", "zero\u{200B}width", "\u{2066}x", "nul\0", &"m".repeat(281)]
    {
        let refused = Statement::new(StatementFields { memo: memo.to_owned(), ..fields() });
        assert_eq!(refused.unwrap_err(), StatementError::Text("memo"), "{memo:?}");
    }
    let payee = Party { account: "2001".to_owned(), name: String::new() };
    assert_eq!(
        Statement::new(StatementFields { payee, ..fields() }).unwrap_err(),
        StatementError::Text("payee's name")
    );
    for units in [0, -1, i64::MIN] {
        let amount = Money::new(units, Currency::CNY);
        assert_eq!(
            Statement::new(StatementFields { amount, ..fields() }).unwrap_err(),
            StatementError::Amount
        );
    }
    let fee = Money::new(-1, Currency::CNY);
    assert_eq!(Statement::new(StatementFields { fee, ..fields() }).unwrap_err(), StatementError::Amount);
    let fee = Money::new(1, Currency::USD);
    assert_eq!(Statement::new(StatementFields { fee, ..fields() }).unwrap_err(), StatementError::FeeCurrency);
}

#[test]
fn a_signature_holds_for_one_statement_and_one_key() {
    let statement = Statement::new(fields()).unwrap();
    let key = DevicePrivateKey::generate(&mut rng(30));
    let signature = key.sign_digest(&statement.digest()).unwrap();
    statement.verify(&signature, &key.public()).unwrap();
    let other = DevicePrivateKey::generate(&mut rng(31));
    assert_eq!(statement.verify(&signature, &other.public()), Err(StatementError::Signature));
    let dearer =
        Statement::new(StatementFields { amount: Money::new(2351, Currency::CNY), ..fields() }).unwrap();
    assert_eq!(dearer.verify(&signature, &key.public()), Err(StatementError::Signature));
    assert!(statement.verify(&[0; 64], &key.public()).is_err());
    assert!(statement.verify(&[0xff; 64], &key.public()).is_err());
}

#[test]
fn a_signer_that_hashes_for_itself_makes_the_same_signature() {
    // As WebCrypto does: ECDSA with SHA-256 over the message.
    let statement = Statement::new(fields()).unwrap();
    let key = DevicePrivateKey::generate(&mut rng(32));
    let signature = key.sign_digest(&statement.digest()).unwrap();
    let verifying = p256::ecdsa::VerifyingKey::from_sec1_bytes(&key.public().to_sec1()).unwrap();
    let parsed = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    verifying.verify(&statement.signed_message(), &parsed).unwrap();
}

#[test]
fn high_and_low_s_are_both_accepted() {
    let statement = Statement::new(fields()).unwrap();
    let key = DevicePrivateKey::generate(&mut rng(33));
    let signature = key.sign_digest(&statement.digest()).unwrap();
    let parsed = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    let (r, s) = parsed.split_scalars();
    let mirrored = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let mirrored: [u8; 64] = mirrored.to_bytes().into();
    assert_ne!(mirrored, signature);
    statement.verify(&signature, &key.public()).unwrap();
    statement.verify(&mirrored, &key.public()).unwrap();
}

#[test]
fn the_summary_says_what_is_signed_in_both_languages() {
    let statement = Statement::new(fields()).unwrap();
    let english = statement.summary(Language::English);
    assert_eq!(english[0].value, "Payment");
    assert_eq!((english[1].label, english[1].value.as_str()), ("Amount", "23.50 CNY"));
    assert!(english.iter().any(|line| line.value == "瑞幸咖啡 (2001)"));
    assert!(english.iter().any(|line| line.value == "2026-11-23 00:22:13 UTC"));
    let chinese = statement.summary(Language::Chinese);
    assert_eq!((chinese[0].label, chinese[0].value.as_str()), ("业务", "付款"));
    assert_eq!(english.len(), chinese.len());
}

fn any_fields() -> impl Strategy<Value = StatementFields> {
    let text =
        |longest: usize| proptest::string::string_regex(&format!("[ -~一-龥]{{1,{}}}", longest / 3)).unwrap();
    let party = || (text(64), text(128)).prop_map(|(account, name)| Party { account, name });
    let operation = prop::sample::select(vec![Operation::Pay, Operation::Transfer, Operation::TopUp]);
    let currency = prop::sample::select(vec![Currency::CNY, Currency::USD, Currency::JPY]);
    let numbers = (1..=i64::MAX, 0..=i64::MAX, any::<u64>(), any::<[u8; 16]>());
    (numbers, operation, party(), party(), currency, text(280)).prop_map(
        |((amount, fee, at, payment_key), operation, payer, payee, currency, memo)| StatementFields {
            payment_key,
            operation,
            payer,
            payee,
            amount: Money::new(amount, currency),
            fee: Money::new(fee, currency),
            at: UnixTime::from_milliseconds(at),
            memo,
            ..fields()
        },
    )
}

proptest! {
    #[test]
    fn every_statement_survives_its_encoding(fields in any_fields()) {
        let statement = Statement::new(fields).unwrap();
        let bytes = statement.canonical_bytes();
        prop_assert_eq!(Statement::parse(&bytes).unwrap(), statement);
    }

    #[test]
    fn changed_bytes_are_refused_or_another_statement(
        fields in any_fields(), position in any::<proptest::sample::Index>(), change in 1_u8..=255
    ) {
        let statement = Statement::new(fields).unwrap();
        let mut bytes = statement.canonical_bytes();
        let at = position.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(other) = Statement::parse(&bytes) {
            prop_assert_ne!(other.digest(), statement.digest());
            prop_assert_eq!(other.canonical_bytes(), bytes);
        }
    }

    #[test]
    fn cut_bytes_are_refused(fields in any_fields(), position in any::<proptest::sample::Index>()) {
        let bytes = Statement::new(fields).unwrap().canonical_bytes();
        prop_assert!(Statement::parse(&bytes[..position.index(bytes.len())]).is_err());
    }

    #[test]
    fn garbage_is_neither_statement_nor_evidence(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let dressed = [&b"TPST\x01\x01"[..], &bytes].concat();
        for garbage in [&bytes, &dressed] {
            if let Ok(statement) = Statement::parse(garbage) {
                prop_assert_eq!(&statement.canonical_bytes(), garbage);
            }
        }
        let dressed = [&b"TPEV\x01"[..], &bytes].concat();
        for garbage in [&bytes, &dressed] {
            if let Ok(evidence) = Evidence::parse(garbage) {
                prop_assert!(evidence.verify(&bytes).is_err());
            }
        }
        prop_assert!(identity::TerminalCertificate::verify(&bytes, &bytes, UnixTime::from_seconds(1)).is_err());
    }
}
