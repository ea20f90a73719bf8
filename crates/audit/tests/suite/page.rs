//! The test vectors of `docs/audit.md`, computed again and compared with the page; and its way to check a receipt
//! by hand, done.

use std::process::Command;

use audit::{Outcome, leaf_hash};

use crate::world::{evidence, fields, hex, log_key, make, parts, parts_for, record};

const PAGE: &str = include_str!("../../../../docs/audit.md");

/// The page wraps long values; white space does not count.
fn check(lines: &[(&str, String)]) {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let page = bare(PAGE);
    let missing: String = lines
        .iter()
        .filter(|(name, value)| !page.contains(&bare(&format!("{name} = {value};"))))
        .map(|(name, value)| format!("{name} = {value};\n"))
        .collect();
    assert!(missing.is_empty(), "docs/audit.md does not have these vectors:\n{missing}");
}

/// The one block of the page in that language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("the page has such a block");
    rest.split_once("```").expect("the block ends").0
}

#[test]
fn the_pages_vectors_are_what_the_program_computes() {
    let record = record(&fields(), &evidence(fields()), Outcome::Done);
    let parts = parts();
    assert_eq!(parts.record, record);
    check(&[
        ("record_front", hex(&record[..22])),
        ("leaf_hash", hex(&leaf_hash(&record))),
        ("log_private_number", hex(&[9; 32])),
        ("log_key", hex(&log_key().to_der())),
        ("log", hex(&log_key().id())),
        ("head", hex(&parts.head.head.canonical_bytes())),
        ("signature", hex(&parts.head.signature)),
    ]);
}

#[test]
fn the_pages_receipt_is_what_the_program_writes() {
    let receipt = make(parts()).unwrap().to_json();
    assert!(block("json") == receipt, "docs/audit.md does not have this receipt:\n{receipt}");
}

/// Needs a POSIX shell and openssl, which every Debian has that has TLS; elsewhere there is nothing to run.
#[test]
#[allow(clippy::disallowed_methods, reason = "the script reads files; the crate still does not")]
fn the_pages_script_accepts_the_receipt_and_refuses_a_changed_one() {
    if Command::new("openssl").arg("version").output().is_err()
        || Command::new("sh").arg("-c").arg("true").output().is_err()
    {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let script = write("check-receipt.sh", block("sh"));
    let key = write("log.pem", &log_key().to_pem());
    let certificate = crate::world::ca();
    let ca = folder.path().join("ca.der");
    std::fs::write(&ca, certificate).unwrap();
    let genuine = make(parts()).unwrap().to_json();
    let run = |text: &str| {
        let receipt = write("receipt.json", text);
        let mut command = Command::new("sh");
        command.arg(&script).arg(&receipt).arg(&key).arg(&ca).output().unwrap()
    };
    let output = run(&genuine);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("This receipt holds."), "{said}");
    let unsigned = parts_for(record(&fields(), &[], Outcome::Done), None);
    let output = run(&make(unsigned).unwrap().to_json());
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("no terminal signed"));
    let proof = &parts().proof;
    let base64 = |bytes: &[u8]| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let mut record = parts().record;
    record[40] ^= 1;
    let mut signed = parts().evidence.unwrap();
    signed[60] ^= 1;
    for (from, to) in [
        ("\"size\": 11".to_owned(), "\"size\": 12".to_owned()),
        ("\"index\": 5".to_owned(), "\"index\": 4".to_owned()),
        (base64(&proof[1]), base64(&proof[2])),
        (base64(&parts().record), base64(&record)),
        (base64(&parts().evidence.unwrap()), base64(&signed)),
    ] {
        let changed = genuine.replacen(&from, &to, 1);
        assert_ne!(changed, genuine);
        assert!(!run(&changed).status.success(), "{to}");
    }
}
