//! Statements, evidence and certificates: what is read encodes to the same bytes; nothing is believed.
#![no_main]

use identity::{Evidence, Statement, TerminalCertificate, UnixTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::parse(bytes) {
        assert_eq!(statement.canonical_bytes(), bytes);
    }
    if let Ok(evidence) = Evidence::parse(bytes) {
        assert_eq!(evidence.to_bytes(), bytes);
        let _ = evidence.verify(bytes);
    }
    let (certificate, authority) = bytes.split_at(bytes.len() / 2);
    let _ = TerminalCertificate::verify(certificate, authority, UnixTime::from_seconds(1_795_393_333));
    let _ = TerminalCertificate::verify(bytes, bytes, UnixTime::from_seconds(1_795_393_333));
});
