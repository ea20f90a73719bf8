//! Signed heads and the log's key; and a log against the heads that were signed over time.

use audit::hash::LEAVES_MAX;
use audit::head::SIGNED_HEAD_BYTES;
use audit::{
    Appender, Hash, HeadError, HeadsFault, KeyError, LogKey, SignedTreeHead, TreeHead, check_heads, leaf_hash,
};
use p256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;

use crate::world::{head, log_key, log_signing_key};

fn signed() -> SignedTreeHead {
    head(11, [3; 32]).sign(&log_signing_key()).unwrap()
}

#[test]
fn a_head_survives_its_bytes_and_its_json() {
    let signed = signed();
    signed.verify(&log_key()).unwrap();
    assert_eq!(signed, head(11, [3; 32]).sign(&log_signing_key()).unwrap(), "signatures are deterministic");
    let bytes = signed.to_bytes();
    assert_eq!(bytes.len(), SIGNED_HEAD_BYTES);
    assert_eq!(SignedTreeHead::parse(&bytes), Ok(signed));
    let json = serde_json::to_string(&signed).unwrap();
    assert_eq!(serde_json::from_str::<SignedTreeHead>(&json).unwrap(), signed);
}

#[test]
fn every_changed_byte_of_a_head_is_refused() {
    let bytes = signed().to_bytes();
    for place in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut wrong = bytes.clone();
            wrong[place] ^= change;
            let accepted = SignedTreeHead::parse(&wrong).and_then(|head| head.verify(&log_key()));
            assert!(accepted.is_err(), "byte {place}");
        }
    }
    for length in 0..bytes.len() {
        assert!(SignedTreeHead::parse(&bytes[..length]).is_err());
    }
    assert!(SignedTreeHead::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
    let mut newer = bytes;
    newer[4] = 2;
    assert_eq!(SignedTreeHead::parse(&newer), Err(HeadError::UnknownVersion(2)));
}

#[test]
fn the_other_form_of_a_signature_is_refused() {
    let mut signed = signed();
    let signature = Signature::from_slice(&signed.signature).unwrap();
    assert!(signature.normalize_s().is_none(), "s is the lower of the two");
    let (r, s) = signature.split_scalars();
    signed.signature = Signature::from_scalars(r, -s).unwrap().to_bytes().into();
    assert_eq!(signed.verify(&log_key()), Err(HeadError::Signature));
}

#[test]
fn only_the_logs_own_key_signs_and_verifies() {
    let stranger = SigningKey::from_slice(&[8; 32]).unwrap();
    assert_eq!(head(1, [0; 32]).sign(&stranger), Err(HeadError::AnotherLog));
    assert_eq!(signed().verify(&LogKey::of(&stranger)), Err(HeadError::AnotherLog));
    assert!(head(LEAVES_MAX + 1, [0; 32]).sign(&log_signing_key()).is_err());
}

#[test]
fn json_that_this_program_would_not_write_is_refused() {
    let json = serde_json::to_string(&signed()).unwrap();
    for (from, to) in [
        ("\"thinpay-tree-head\":1", "\"thinpay-tree-head\":2"),
        ("\"size\":11", "\"size\":9007199254740992"),
        ("\"size\":11", "\"size\":-1"),
        ("\"size\":11", "\"size\":\"11\""),
        ("\"size\":11", "\"size\":11,\"more\":1"),
        ("\"size\":11", "\"size\":11,\"size\":11"),
        ("\"at\":\"", "\"at\":\"0"),
        ("\"at\":\"", "\"at\":\"+"),
        ("\"log\":\"", "\"log\":\" "),
        ("=\"", "\""),
    ] {
        let wrong = json.replacen(from, to, 1);
        assert_ne!(wrong, json);
        assert!(serde_json::from_str::<SignedTreeHead>(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_survives_its_der_and_its_pem() {
    let key = log_key();
    assert_eq!(LogKey::from_der(&key.to_der()), Ok(key));
    assert_eq!(LogKey::from_pem(&key.to_pem()), Ok(key));
    assert_eq!(LogKey::from_pem(&key.to_pem().replace('\n', "\r\n")), Ok(key));
    for length in 0..key.to_der().len() {
        assert_eq!(LogKey::from_der(&key.to_der()[..length]), Err(KeyError::Malformed));
        assert_eq!(LogKey::from_pem(&key.to_pem()[..length]), Err(KeyError::Malformed));
    }
    for place in 0..key.to_der().len() {
        let mut wrong = key.to_der();
        wrong[place] ^= 1;
        assert_eq!(LogKey::from_der(&wrong), Err(KeyError::Malformed), "byte {place}");
    }
    assert_eq!(LogKey::from_pem(&" ".repeat(100_000)), Err(KeyError::Malformed));
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// Heads over the first 0, 10, 10, 25 and 300 of the leaves 0, 1, 2, ...
fn heads() -> Vec<SignedTreeHead> {
    let mut tree = Appender::new();
    [0, 10, 10, 25, 300]
        .into_iter()
        .map(|size| {
            while tree.size() < size {
                tree.push(leaf(tree.size()));
            }
            head(size, tree.root()).sign(&log_signing_key()).unwrap()
        })
        .collect()
}

#[test]
fn the_heads_say_between_which_of_them_the_history_was_changed() {
    let heads = heads();
    let check = |leaves: &mut dyn Iterator<Item = Hash>, heads: &[SignedTreeHead]| {
        check_heads(leaves, heads, &log_key())
    };
    assert_eq!(check(&mut (0..300).map(leaf), &heads), Ok(300));
    assert_eq!(check(&mut (0..400).map(leaf), &heads), Ok(300), "newer records are not proven yet");
    assert_eq!(check(&mut (0..400).map(leaf), &[]), Ok(0));
    assert_eq!(check(&mut (0..299).map(leaf), &heads), Err(HeadsFault::Shorter { records: 299, size: 300 }));
    for (index, unproven, last) in [(3, 0, 9), (9, 0, 9), (10, 10, 24), (24, 10, 24), (25, 25, 299)] {
        let mut leaves = (0..300).map(|now| leaf(if now == index { 1_000 } else { now }));
        assert_eq!(check(&mut leaves, &heads), Err(HeadsFault::Changed { unproven, last }), "{index}");
    }
    let reordered = [heads[3], heads[1]];
    assert_eq!(check(&mut (0..300).map(leaf), &reordered), Err(HeadsFault::Order { before: 25, size: 10 }));
    let invented = SignedTreeHead { head: TreeHead { root: [1; 32], ..heads[4].head }, ..heads[4] };
    assert_eq!(
        check(&mut (0..300).map(leaf), &[invented]),
        Err(HeadsFault::Head { size: 300, error: HeadError::Signature })
    );
}

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = SignedTreeHead::parse(&bytes);
        let _ = LogKey::from_der(&bytes);
        let _ = LogKey::from_pem(&text);
        bytes.resize(SIGNED_HEAD_BYTES, 0);
        bytes[..5].copy_from_slice(b"TPTH\x01");
        if let Ok(head) = SignedTreeHead::parse(&bytes) {
            prop_assert_eq!(head.to_bytes(), bytes);
            prop_assert!(head.verify(&log_key()).is_err());
        }
    }
}
