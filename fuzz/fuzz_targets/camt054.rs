//! Any bytes as the bank's notification: refused with the line, or read into entries that confirmation takes.
#![no_main]

use clearing::iso20022::{CAMT054_ENTRIES_MAX, read_camt054};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read_camt054(bytes) {
        Ok(entries) => {
            assert!(entries.len() <= CAMT054_ENTRIES_MAX);
            assert!(entries.iter().all(|entry| !entry.amount.is_negative()));
            let confirmation = clearing::confirm(&[], &entries);
            assert_eq!(confirmation.discrepancies.len(), entries.len());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(totals) = clearing::read_totals(bytes) {
        let _ = clearing::match_totals(&[], &totals);
    }
});
