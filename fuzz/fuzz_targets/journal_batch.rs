//! Any bytes as an entry of the journal, in a record of the audit log: refused in words, or read into facts that are
//! within bounds and can be printed; and never a panic.
#![no_main]

use accounts::{AccountId, EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX, PaymentId, read_record};
use audit::{Outcome, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The entry alone, and as a whole record with its head.
    let bare = Record { at: 1, number: 7, outcome: Outcome::Done, entry: bytes };
    read(&bare);
    if let Ok(record) = Record::parse(bytes) {
        assert_eq!(record.encode(), bytes);
        read(&record);
    }
});

fn read(record: &Record<'_>) {
    match read_record(record) {
        Ok(facts) => {
            assert!(facts.memo.len() <= MEMO_BYTES_MAX && facts.evidence.len() <= EVIDENCE_BYTES_MAX);
            assert!(facts.payment.parse::<PaymentId>().is_ok());
            for account in [&facts.from, &facts.to] {
                // Accounts are numbered from 1.
                let read = account.parse::<AccountId>();
                assert!(read.is_err() || read.is_ok_and(|read| read.to_string() == *account));
            }
        }
        Err(why) => assert!(!why.is_empty()),
    }
}
