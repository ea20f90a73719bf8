//! Receipts: they convince, and nothing in them can be changed.

use std::sync::LazyLock;

use audit::receipt::RECEIPT_BYTES_MAX;
use audit::{HeadError, LogKey, Outcome, ProofError, Receipt, ReceiptError, ReceiptParts, Trust};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{EvidenceError, Language, Operation, Party, StatementFields};
use money::{Currency, Money};
use p256::ecdsa::SigningKey;
use proptest::prelude::*;
use serde_json::Value;

use crate::world::{
    ca, entry, evidence, fields, from_base64, head, log_key, log_with, make, parts, parts_for, read_entry,
    record,
};

fn checked_from(file: &[u8]) -> Result<audit::Checked, ReceiptError> {
    Receipt::parse(file)?.check(&Trust::default(), &read_entry)
}

#[test]
fn a_receipt_convinces_a_stranger_who_has_the_two_keys() {
    let receipt = make(parts()).unwrap();
    let file = receipt.to_json();
    assert!(file.len() < 8_000, "a receipt is a small file: {}", file.len());
    let read = Receipt::parse(file.as_bytes()).unwrap();
    assert_eq!(read, receipt);
    let ca = ca();
    let trust = Trust { operator_ca: Some(&ca), log_key: Some(log_key()) };
    let checked = read.check(&trust, &read_entry).unwrap();
    assert!(checked.authority_trusted && checked.log_trusted);
    assert_eq!((checked.number, checked.index, checked.head.size), (1_042, 5, 11));
    let consent = checked.consent.as_ref().unwrap();
    assert_eq!(consent.statement.fields(), &fields());
    assert_eq!(consent.certificate.account.as_str(), "alice");

    // White space between the fields is not part of it.
    let value: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(Receipt::parse(value.to_string().as_bytes()), Ok(receipt));
}

#[test]
fn what_was_proven_is_said_in_the_readers_language() {
    let receipt = make(parts()).unwrap();
    let words = |trust: &Trust<'_>, language| -> String {
        let lines = receipt.check(trust, &read_entry).unwrap().lines(language);
        lines.into_iter().map(|line| format!("{}: {}\n", line.label, line.value)).collect()
    };
    assert_eq!(
        words(&Trust { operator_ca: Some(&ca()), log_key: None }, Language::English),
        "Payment: PAY-1042\nOperation: pay\nAmount: 23.50 CNY\nFee: 0.10 CNY\nFrom: Alice (1000000172)\n\
         To: 瑞幸咖啡 (1000000269)\nMemo: two lattes\nPosted: 2026-11-23 05:00:00 UTC\nSigned by: alice\n\
         Shown at: 2026-11-23 04:59:56 UTC\nTerminal: 30313233343536373839616263646566\n\
         In the log: record 6 of 11, in the log as signed at 2026-11-23 05:01:00 UTC\n\
         Operator's certificate: the one you trust\n\
         Log's key: the receipt's own; compare it with the operator's\n"
    );
    let chinese = words(&Trust { operator_ca: None, log_key: Some(log_key()) }, Language::Chinese);
    for line in
        ["业务: 付款", "金额: 23.50 CNY", "审计日志: 共 11 条记录中的第 6 条", "日志公钥: 与您信任的一致"]
    {
        assert!(chinese.contains(line), "{chinese}");
    }
}

/// Where the bytes of the parts stand in the file.
const BYTE_FIELDS: [&str; 11] = [
    "/record",
    "/evidence",
    "/proof/0",
    "/proof/1",
    "/proof/2",
    "/proof/3",
    "/head/log",
    "/head/root",
    "/head/signature",
    "/log-key",
    "/operator-ca",
];

#[test]
fn every_changed_byte_of_every_part_is_refused() {
    let file = make(parts()).unwrap().to_json();
    let genuine: Value = serde_json::from_str(&file).unwrap();
    let mut tried = 0;
    let mut refused = |pointer: &str, value: Value| {
        let mut wrong = genuine.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_ne!(wrong, genuine);
        // Even to a checker who takes both keys from the receipt itself.
        assert!(checked_from(wrong.to_string().as_bytes()).is_err(), "{pointer} may be changed: {wrong}");
        tried += 1;
    };
    for pointer in BYTE_FIELDS {
        let bytes = from_base64(genuine.pointer(pointer).unwrap().as_str().unwrap());
        for place in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[place] ^= 1 << (place % 8);
            refused(pointer, STANDARD.encode(wrong).into());
        }
        refused(pointer, STANDARD.encode(&bytes[1..]).into());
        refused(pointer, STANDARD.encode([bytes.as_slice(), &[0]].concat()).into());
    }
    for pointer in ["/index", "/head/size", "/thinpay-receipt", "/head/thinpay-tree-head"] {
        let number = genuine.pointer(pointer).unwrap().as_u64().unwrap();
        refused(pointer, (number + 1).into());
        refused(pointer, (number - 1).into());
    }
    let mut texts = vec!["/payment".to_owned(), "/head/at".to_owned()];
    texts.extend(genuine["summary"].as_object().unwrap().keys().map(|field| format!("/summary/{field}")));
    assert_eq!(texts.len(), 13);
    for pointer in texts {
        let text = genuine.pointer(&pointer).unwrap().as_str().unwrap();
        for place in 0..text.chars().count() {
            let replaced = |with: char| -> String {
                text.chars().enumerate().map(|(at, old)| if at == place { with } else { old }).collect()
            };
            let old = text.chars().nth(place).unwrap();
            refused(&pointer, replaced(if old == '7' { '8' } else { '7' }).into());
            refused(&pointer, replaced('\u{202e}').into());
        }
        refused(&pointer, "".into());
    }
    assert!(tried > 2_500, "{tried}");
}

#[test]
fn no_changed_byte_of_the_file_changes_what_it_says() {
    let receipt = make(parts()).unwrap();
    let file = receipt.to_json().into_bytes();
    for place in 0..file.len() {
        for byte in [file[place] ^ 1, b' ', b'"', 0] {
            let mut wrong = file.clone();
            wrong[place] = byte;
            if let Ok(read) = Receipt::parse(&wrong) {
                assert!(
                    read == receipt || read.check(&Trust::default(), &read_entry).is_err(),
                    "byte {place}"
                );
            }
        }
    }
    // All but the last byte, the end of the line, is needed.
    for length in 0..file.len() - 1 {
        assert!(Receipt::parse(&file[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn fields_are_there_once_and_no_others() {
    let file = make(parts()).unwrap().to_json();
    for (from, to) in [
        ("\"thinpay-receipt\": 1,", ""),
        ("\"thinpay-receipt\": 1,", "\"thinpay-receipt\": 1, \"thinpay-receipt\": 1,"),
        ("\"thinpay-receipt\": 1,", "\"thinpay-receipt\": 1, \"note\": \"paid\","),
        ("\"index\": 5,", "\"index\": 5, \"index\": 5,"),
        ("\"index\": 5,", "\"index\": 5.0,"),
        ("\"operation\": \"pay\",", ""),
        ("\"operation\": \"pay\",", "\"operation\": \"pay\", \"discount\": \"0.00 CNY\","),
        ("\"operation\": \"pay\",", "\"operation\": \"pay\", \"operation\": \"pay\","),
    ] {
        let wrong = file.replacen(from, to, 1);
        assert_ne!(wrong, file);
        assert!(matches!(Receipt::parse(wrong.as_bytes()), Err(ReceiptError::Malformed(_))), "{wrong}");
    }
    let newer = file.replacen("\"thinpay-receipt\": 1,", "\"thinpay-receipt\": 2, \"seal\": \"\",", 1);
    assert_eq!(Receipt::parse(newer.as_bytes()), Err(ReceiptError::UnknownVersion(2)));
    let longer = file.clone() + &" ".repeat(RECEIPT_BYTES_MAX);
    assert!(matches!(Receipt::parse(longer.as_bytes()), Err(ReceiptError::Malformed(_))));
    let hash = "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",";
    let deep = file.replacen("\"proof\": [", &format!("\"proof\": [{}", hash.repeat(50)), 1);
    assert_eq!(Receipt::parse(deep.as_bytes()), Err(ReceiptError::Field("proof")));
}

#[test]
fn another_operators_keys_are_noticed() {
    let receipt = make(parts()).unwrap();
    let check = |trust: &Trust<'_>| receipt.check(trust, &read_entry).map(|_| ());
    let stranger = LogKey::of(&SigningKey::from_slice(&[8; 32]).unwrap());
    assert_eq!(check(&Trust { operator_ca: None, log_key: Some(stranger) }), Err(ReceiptError::OtherLog));
    assert_eq!(
        check(&Trust { operator_ca: Some(&ca()[1..]), log_key: None }),
        Err(ReceiptError::OtherAuthority)
    );
    let changed = ReceiptParts { log_key: stranger, ..parts() };
    assert_eq!(make(changed), Err(ReceiptError::Head(HeadError::AnotherLog)));
}

/// A log in which the operator recorded `recorded` with evidence for [`fields`].
fn recorded_otherwise(recorded: &StatementFields) -> Result<Receipt, ReceiptError> {
    let evidence = evidence(fields());
    make(parts_for(record(recorded, &evidence, Outcome::Done), Some(evidence)))
}

#[test]
fn what_the_customer_did_not_sign_is_noticed_even_when_it_is_in_the_log() {
    let party = |account: &str| Party { account: account.to_owned(), name: "x".to_owned() };
    assert!(recorded_otherwise(&fields()).is_ok());
    for (recorded, what) in [
        (StatementFields { payment_key: [1; 16], ..fields() }, "payment key"),
        (StatementFields { operation: Operation::Transfer, ..fields() }, "operation"),
        (StatementFields { payer: party("1000000366"), ..fields() }, "payer's account"),
        (StatementFields { payee: party("1000000366"), ..fields() }, "payee's account"),
        (StatementFields { amount: Money::new(2351, Currency::CNY), ..fields() }, "amount"),
        (StatementFields { amount: Money::new(2350, Currency::HKD), ..fields() }, "amount"),
        (StatementFields { fee: Money::new(0, Currency::CNY), ..fields() }, "fee"),
        (StatementFields { memo: "one latte".to_owned(), ..fields() }, "memo"),
    ] {
        assert_eq!(recorded_otherwise(&recorded), Err(ReceiptError::Disagrees(what)));
    }
}

#[test]
fn parts_of_different_payments_do_not_fit_together() {
    let genuine = parts();
    let other = StatementFields { payment_key: [2; 16], ..fields() };
    let others_evidence = evidence(other.clone());
    let others = parts_for(record(&other, &others_evidence, Outcome::Done), Some(others_evidence.clone()));
    assert!(make(others.clone()).is_ok());
    assert_eq!(
        make(ReceiptParts { evidence: Some(others_evidence), ..genuine.clone() }),
        Err(ReceiptError::Differs("evidence"))
    );
    assert_eq!(
        make(ReceiptParts { evidence: None, ..genuine.clone() }),
        Err(ReceiptError::Differs("evidence"))
    );
    assert_eq!(
        make(ReceiptParts { payment: "PAY-1043".to_owned(), ..genuine.clone() }),
        Err(ReceiptError::Differs("payment number"))
    );
    for wrong in [
        ReceiptParts { record: others.record.clone(), ..genuine.clone() },
        ReceiptParts { head: others.head, ..genuine.clone() },
        ReceiptParts { index: 4, ..genuine.clone() },
    ] {
        assert_eq!(make(wrong), Err(ReceiptError::Proof(ProofError::Root)));
    }
    assert_eq!(
        make(ReceiptParts { index: 11, ..genuine }),
        Err(ReceiptError::Proof(ProofError::Size { inner: 11, size: 11 }))
    );
    let receipt = make(parts()).unwrap();
    let summary =
        |receipt: &Receipt| serde_json::from_str::<Value>(&receipt.to_json()).unwrap()["summary"].take();
    let mut swapped: Value = serde_json::from_str(&receipt.to_json()).unwrap();
    let cheaper = StatementFields { amount: Money::new(1, Currency::CNY), ..fields() };
    let evidence = evidence(cheaper.clone());
    let cheaper = make(parts_for(record(&cheaper, &evidence, Outcome::Done), Some(evidence))).unwrap();
    swapped["summary"] = summary(&cheaper);
    assert_eq!(checked_from(swapped.to_string().as_bytes()), Err(ReceiptError::Differs("summary")));
}

#[test]
fn a_refused_payment_has_no_receipt() {
    let evidence = evidence(fields());
    let refused = parts_for(record(&fields(), &evidence, Outcome::Refused), Some(evidence));
    assert_eq!(make(refused), Err(ReceiptError::Refused));
}

#[test]
fn a_record_that_is_no_payment_has_no_receipt() {
    let parts = |bytes: &[u8]| parts_for(bytes.to_vec(), None);
    assert!(matches!(make(parts(b"no record")), Err(ReceiptError::Record(_))));
    let opened = audit::Record { at: 1, number: 1_042, outcome: Outcome::Done, entry: b"opened" }.encode();
    assert_eq!(make(parts(&opened)), Err(ReceiptError::Entry("it is no entry".to_owned())));
}

#[test]
fn a_payment_without_a_terminal_has_a_receipt_that_says_so() {
    let plain = StatementFields { memo: "paid back \u{202e}\u{7}".to_owned(), ..fields() };
    let receipt = make(parts_for(record(&plain, &[], Outcome::Done), None)).unwrap();
    let file = receipt.to_json();
    assert!(file.contains("\"evidence\": null") && !file.contains("signed-by"));
    let checked = checked_from(file.as_bytes()).unwrap();
    assert_eq!(checked.consent, None);
    let lines = checked.lines(Language::English);
    assert!(lines.iter().any(|line| line.label == "Signed by" && line.value.starts_with("nobody")));
    assert!(lines.iter().any(|line| line.label == "From" && line.value == "1000000172"));
    assert!(lines.iter().any(|line| line.label == "Memo" && line.value == "paid back \u{fffd}\u{fffd}"));
    // Evidence cannot be put beside it.
    let added = parts_for(record(&plain, &[], Outcome::Done), Some(evidence(fields())));
    assert_eq!(make(added), Err(ReceiptError::Differs("evidence")));
    let empty = parts_for(record(&plain, &[], Outcome::Done), Some(Vec::new()));
    assert_eq!(make(empty), Err(ReceiptError::Differs("evidence")));
}

#[test]
fn evidence_that_does_not_hold_is_refused_though_it_is_in_the_log() {
    let mut wrong = evidence(fields());
    let place = wrong.iter().rposition(|byte| *byte == 0x30).unwrap();
    wrong[place] ^= 1;
    let parts = parts_for(record(&fields(), &wrong, Outcome::Done), Some(wrong));
    assert!(matches!(make(parts), Err(ReceiptError::Evidence(EvidenceError::Certificate(_)))));
    let entry = entry(&fields(), b"signed, believe me");
    let record = audit::Record { at: 1, number: 1_042, outcome: Outcome::Done, entry: &entry }.encode();
    let parts = parts_for(record, Some(b"signed, believe me".to_vec()));
    assert!(matches!(make(parts), Err(ReceiptError::Evidence(EvidenceError::Malformed(_)))));
}

/// A receipt's file, made once.
static GENUINE: LazyLock<Vec<u8>> = LazyLock::new(|| make(parts()).unwrap().to_json().into_bytes());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_files_are_answered_without_a_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(), whole in any::<bool>(),
    ) {
        let mut file = GENUINE.clone();
        for (place, byte) in places {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if !whole {
            file.truncate(cut.index(file.len()));
        }
        let _ = checked_from(&file);
    }

    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Receipt::parse(&bytes);
        let parts = ReceiptParts { operator_ca: bytes.clone(), ..parts() };
        prop_assert!(make(parts).is_err());
        let parts = parts_for(bytes.clone(), Some(bytes));
        prop_assert!(make(parts).is_err());
    }

    #[test]
    fn any_operator_certificate_that_was_changed_is_refused(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut wrong = ca();
        let place = at.index(wrong.len());
        wrong[place] ^= change;
        let parts = ReceiptParts { operator_ca: wrong, ..parts() };
        prop_assert!(make(parts).is_err());
    }
}

#[test]
fn the_head_may_be_far_larger_than_the_record_it_proves() {
    let genuine = parts();
    let (tree, tiles) = log_with(&genuine.record, 100_000);
    let proof = audit::inclusion_proof(genuine.index, tree.size(), &tiles).unwrap();
    assert_eq!(proof.len(), 17);
    let head = head(tree.size(), tree.root()).sign(&crate::world::log_signing_key()).unwrap();
    let receipt = make(ReceiptParts { proof, head, ..genuine }).unwrap();
    assert_eq!(Receipt::parse(receipt.to_json().as_bytes()), Ok(receipt));
}
