//! Records: one encoding, and a leaf hash that is the hash of it.

use audit::record::{ENTRY_BYTES_MAX, RECORD_HEADER_BYTES};
use audit::{Outcome, Record, RecordError, leaf_hash};
use proptest::prelude::*;

proptest! {
    #[test]
    fn records_are_read_back(
        at in any::<u64>(), number in any::<u64>(), done in any::<bool>(), entry in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let outcome = if done { Outcome::Done } else { Outcome::Refused };
        let record = Record { at, number, outcome, entry: &entry };
        let bytes = record.encode();
        prop_assert_eq!(bytes.len(), RECORD_HEADER_BYTES + entry.len());
        prop_assert_eq!(Record::parse(&bytes), Ok(record));
        prop_assert_eq!(record.leaf_hash(), leaf_hash(&bytes));
    }

    #[test]
    fn what_is_accepted_encodes_to_the_same_bytes(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60), genuine in any::<bool>(),
    ) {
        if genuine {
            let front = bytes.len().min(5);
            bytes[..front].copy_from_slice(&b"TPAR\x01"[..front]);
        }
        if let Ok(record) = Record::parse(&bytes) {
            prop_assert_eq!(record.encode(), bytes);
        }
    }
}

#[test]
fn damaged_records_are_refused_with_their_reason() {
    let bytes = Record { at: 1, number: 2, outcome: Outcome::Done, entry: b"entry" }.encode();
    for length in 0..RECORD_HEADER_BYTES {
        assert!(matches!(Record::parse(&bytes[..length]), Err(RecordError::Malformed(_))), "{length}");
    }
    let mut newer = bytes.clone();
    newer[4] = 2;
    assert_eq!(Record::parse(&newer), Err(RecordError::UnknownVersion(2)));
    let mut undecided = bytes.clone();
    undecided[RECORD_HEADER_BYTES - 1] = 2;
    assert!(Record::parse(&undecided).is_err());
    let mut longest = bytes;
    longest.resize(RECORD_HEADER_BYTES + ENTRY_BYTES_MAX, 0);
    assert!(Record::parse(&longest).is_ok());
    longest.push(0);
    assert!(Record::parse(&longest).is_err());
}
