//! A small operator: its CA, one customer's terminal, a log of a few payments.

use audit::{
    Appender, Hash, LogKey, MemoryTiles, Outcome, PaymentFacts, Receipt, ReceiptError, ReceiptParts, Record,
    TreeHead, inclusion_proof, leaf_hash,
};
use base64::Engine;
use identity::{
    AccountName, DevicePrivateKey, Evidence, Operation, Party, Statement, StatementFields, TerminalId,
    UnixTime,
};
use money::{Currency, Money};
use p256::ecdsa::SigningKey;

/// Made with openssl: the CA with the private number 05 05 ..., the terminal's with 07 07 ...; valid from
/// 2026-11-23 03:41:08 UTC.
const CA: &str = "\
    MIIBwjCCAWigAwIBAgIBATAKBggqhkjOPQQDAjBHMRwwGgYDVQQKDBNCYW5rIG9mIHRoZSBFeGFtcGxlMScwJQYDVQQDDB5C\
    YW5rIG9mIHRoZSBFeGFtcGxlLCB0ZXJtaW5hbHMwHhcNMjYxMTIzMDM0MTA4WhcNNDYxMTE4MDM0MTA4WjBHMRwwGgYDVQQK\
    DBNCYW5rIG9mIHRoZSBFeGFtcGxlMScwJQYDVQQDDB5CYW5rIG9mIHRoZSBFeGFtcGxlLCB0ZXJtaW5hbHMwWTATBgcqhkjO\
    PQIBBggqhkjOPQMBBwNCAAQHgQ6pdM6ldz5juJfzfjvpoJ56X+m5caRNEGWsKjqTEWN+R6T5lGSg/c5EqI7H1wOpGDwdBlUt\
    ni1rdgaUgcV3o0UwQzASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUvF32pOogaINgmsT+\
    fRoduLIFo0kwCgYIKoZIzj0EAwIDSAAwRQIhAL1oNbeDcbWeY0+8WuisCRhN1sCJJl1z9F705l5hkVXGAiB41SopyyTKP9p9\
    eaHmRokHdNLk5ETIcrIuH5xzoSTTMw==";

const TERMINAL: &str = "\
    MIIByzCCAXCgAwIBAgIBAjAKBggqhkjOPQQDAjBHMRwwGgYDVQQKDBNCYW5rIG9mIHRoZSBFeGFtcGxlMScwJQYDVQQDDB5C\
    YW5rIG9mIHRoZSBFeGFtcGxlLCB0ZXJtaW5hbHMwHhcNMjYxMTIzMDM0MTA4WhcNMzExMDI4MDM0MTA4WjBCMSkwJwYDVQQD\
    DCAzMDMxMzIzMzM0MzUzNjM3MzgzOTYxNjI2MzY0NjU2NjEVMBMGCgmSJomT8ixkAQEMBWFsaWNlMFkwEwYHKoZIzj0CAQYI\
    KoZIzj0DAQcDQgAEHhhTL9R1TALzBB2cdc6zO4P/2BrHzk/ogsyxyYvFiW6kbDEcTi/0DdlqNlPm5FRF0y3+SG7O11x6kMah\
    iIHAo6NSMFAwDgYDVR0PAQH/BAQDAgeAMB0GA1UdDgQWBBRmNGgG6cz7ywLyqDefl0Ld8fQKBTAfBgNVHSMEGDAWgBS8Xfak\
    6iBog2CaxP59Gh24sgWjSTAKBggqhkjOPQQDAgNJADBGAiEA2If31VoUdRO5v9MWYKFG5XYE70Nzkt8xpkQE+jVzI7gCIQCG\
    pyTI/a/9f5GhSgPvNiNVwnMWGPyUnUrHteByAtK9bQ==";

/// 2026-11-23 05:00:00 UTC, in nanoseconds.
pub(crate) const POSTED: u64 = 1_795_410_000_000_000_000;
/// Which payment of the log the receipt is about.
pub(crate) const INDEX: u64 = 5;

pub(crate) fn from_base64(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn ca() -> Vec<u8> {
    from_base64(CA)
}

pub(crate) fn log_signing_key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

pub(crate) fn log_key() -> LogKey {
    LogKey::of(&log_signing_key())
}

pub(crate) fn fields() -> StatementFields {
    StatementFields {
        payment_key: *b"one payment only",
        operation: Operation::Pay,
        payer: Party { account: "1000000172".to_owned(), name: "Alice".to_owned() },
        payee: Party { account: "1000000269".to_owned(), name: "瑞幸咖啡".to_owned() },
        amount: Money::new(2350, Currency::CNY),
        fee: Money::new(10, Currency::CNY),
        at: UnixTime::from_milliseconds(POSTED / 1_000_000 - 4_000),
        terminal: TerminalId::from_bytes(*b"0123456789abcdef"),
        customer: AccountName::new("alice").unwrap(),
        memo: "two lattes".to_owned(),
    }
}

pub(crate) fn evidence(fields: StatementFields) -> Vec<u8> {
    let statement = Statement::new(fields).unwrap();
    let signature = DevicePrivateKey::from_bytes(&[7; 32]).unwrap().sign_digest(&statement.digest()).unwrap();
    Evidence::new(statement, signature, from_base64(TERMINAL)).unwrap().to_bytes()
}

/// An entry as these tests journal it: the facts as words on a line, then the evidence. (The account platform has a
/// form of its own.)
pub(crate) fn entry(fields: &StatementFields, evidence: &[u8]) -> Vec<u8> {
    let operation = match fields.operation {
        Operation::Pay => "pay",
        Operation::Transfer => "transfer",
        Operation::TopUp => "top-up",
    };
    let key = hex(&fields.payment_key);
    let (from, to, memo) = (&fields.payer.account, &fields.payee.account, &fields.memo);
    let (amount, fee) = (fields.amount, fields.fee);
    let mut entry = format!("{key}|{operation}|{from}|{to}|{amount}|{fee}|{memo}\n").into_bytes();
    entry.extend_from_slice(evidence);
    entry
}

/// Reads such an entry.
pub(crate) fn read_entry(record: &Record<'_>) -> Result<PaymentFacts, String> {
    let no_entry = || "it is no entry".to_owned();
    let line_end = record.entry.iter().position(|byte| *byte == b'\n').ok_or_else(no_entry)?;
    let line = std::str::from_utf8(&record.entry[..line_end]).map_err(|error| error.to_string())?;
    let words: Vec<&str> = line.split('|').collect();
    let [key, operation, from, to, amount, fee, memo] = words[..] else { return Err(no_entry()) };
    let agreed = match operation {
        "pay" => Some(Operation::Pay),
        "transfer" => Some(Operation::Transfer),
        "top-up" => Some(Operation::TopUp),
        _ => None,
    };
    Ok(PaymentFacts {
        payment: format!("PAY-{}", record.number),
        operation: operation.to_owned(),
        agreed,
        key: u128::from_str_radix(key, 16).map_err(|_| no_entry())?.to_be_bytes(),
        from: from.to_owned(),
        to: to.to_owned(),
        amount: amount.parse().map_err(|_| no_entry())?,
        fee: fee.parse().map_err(|_| no_entry())?,
        memo: memo.to_owned(),
        evidence: record.entry[line_end + 1..].to_vec(),
    })
}

/// A log of `size` records of which number [`INDEX`] is `record`.
pub(crate) fn log_with(record: &[u8], size: u64) -> (Appender, MemoryTiles) {
    let mut tree = Appender::new();
    let mut tiles = MemoryTiles::default();
    for index in 0..size {
        tree.push(if index == INDEX { leaf_hash(record) } else { leaf_hash(&index.to_be_bytes()) });
    }
    tiles.put(tree.take_changed());
    (tree, tiles)
}

pub(crate) fn head(size: u64, root: Hash) -> TreeHead {
    TreeHead { log: log_key().id(), size, root, at: POSTED + 60_000_000_000 }
}

pub(crate) fn record(fields: &StatementFields, evidence: &[u8], outcome: Outcome) -> Vec<u8> {
    let entry = entry(fields, evidence);
    Record { at: POSTED, number: 1_042, outcome, entry: &entry }.encode()
}

/// The parts of a receipt for a record in a log of eleven.
pub(crate) fn parts_for(record: Vec<u8>, evidence: Option<Vec<u8>>) -> ReceiptParts {
    let (tree, tiles) = log_with(&record, 11);
    ReceiptParts {
        payment: "PAY-1042".to_owned(),
        record,
        evidence,
        index: INDEX,
        proof: inclusion_proof(INDEX, tree.size(), &tiles).unwrap(),
        head: head(tree.size(), tree.root()).sign(&log_signing_key()).unwrap(),
        log_key: log_key(),
        operator_ca: ca(),
    }
}

pub(crate) fn parts() -> ReceiptParts {
    let evidence = evidence(fields());
    parts_for(record(&fields(), &evidence, Outcome::Done), Some(evidence))
}

pub(crate) fn make(parts: ReceiptParts) -> Result<Receipt, ReceiptError> {
    Receipt::new(parts, &read_entry)
}
