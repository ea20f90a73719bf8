//! The reader of the bank's camt.054: what it understands, what it refuses, and that nothing breaks it.

use crate::support::{CURRENCIES, day};
use clearing::iso20022::{
    AccountNotification, BankEntry, CAMT054_BYTES_MAX, CAMT054_DEPTH_MAX, CAMT054_ENTRIES_MAX, Direction,
    EntryStatus, ReadError, ReportAccount, ReportEntry, camt054, read_camt054,
};
use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;

/// A notification as banks send them: a namespace prefix, elements that nothing here needs, a batch of two, an
/// entry without details, supplementary data of another namespace.
const FROM_A_BANK: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- made by a bank -->
<n:Document xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <n:BkToCstmrDbtCdtNtfctn>
  <n:GrpHdr><n:MsgId>B1</n:MsgId><n:CreDtTm>2026-11-24T06:00:00+08:00</n:CreDtTm></n:GrpHdr>
  <n:Ntfctn>
   <n:Id>N1</n:Id>
   <n:Acct><n:Id><n:Othr><n:Id>6222021234567890123</n:Id></n:Othr></n:Id><n:Ccy>CNY</n:Ccy></n:Acct>
   <n:Ntry>
    <n:NtryRef>1</n:NtryRef>
    <n:Amt Ccy="CNY">300.5</n:Amt><n:CdtDbtInd>DBIT</n:CdtDbtInd><n:RvslInd>false</n:RvslInd>
    <n:Sts><n:Cd>BOOK</n:Cd></n:Sts>
    <n:BookgDt><n:DtTm>2026-11-24T05:59:59.5+08:00</n:DtTm></n:BookgDt>
    <n:ValDt><n:Dt>2026-11-24</n:Dt></n:ValDt>
    <n:AcctSvcrRef>BANK-7</n:AcctSvcrRef>
    <n:BkTxCd><n:Domn><n:Cd>PMNT</n:Cd><n:Fmly><n:Cd>ICDT</n:Cd><n:SubFmlyCd>DMCT</n:SubFmlyCd></n:Fmly></n:Domn></n:BkTxCd>
    <n:NtryDtls>
     <n:Btch><n:MsgId>TP20261123-01-CNY-PACS008</n:MsgId><n:NbOfTxs>2</n:NbOfTxs></n:Btch>
     <n:TxDtls>
      <n:Refs><n:MsgId>M</n:MsgId><n:InstrId>I</n:InstrId><n:EndToEndId>TP20261123-01-CNY-0001</n:EndToEndId><n:TxId>T</n:TxId></n:Refs>
      <n:Amt Ccy="CNY">100.50000</n:Amt><n:CdtDbtInd>DBIT</n:CdtDbtInd>
      <n:AmtDtls><n:InstdAmt><n:Amt Ccy="EUR">13.01</n:Amt></n:InstdAmt></n:AmtDtls>
      <n:RltdPties><n:Cdtr><n:Pty><n:Nm>Tea &amp; Co</n:Nm></n:Pty></n:Cdtr><n:CdtrAcct><n:Id><n:IBAN>GB29NWBK60161331926819</n:IBAN></n:Id></n:CdtrAcct></n:RltdPties>
      <n:RmtInf><n:Ustrd>a &lt;b&gt; &#x5143;<![CDATA[ & ]]>c</n:Ustrd><n:Ustrd>second</n:Ustrd></n:RmtInf>
     </n:TxDtls>
     <n:TxDtls>
      <n:Refs><n:AcctSvcrRef>BANK-8</n:AcctSvcrRef><n:EndToEndId>NOTPROVIDED</n:EndToEndId></n:Refs>
      <n:Amt Ccy="CNY">+0200</n:Amt>
      <n:RtrInf><n:Rsn><n:Cd>AC04</n:Cd></n:Rsn></n:RtrInf>
      <n:SplmtryData><n:Envlp><x:y xmlns:x="urn:other"><x:Ntry/></x:y></n:Envlp></n:SplmtryData>
     </n:TxDtls>
    </n:NtryDtls>
   </n:Ntry>
   <n:Ntry>
    <n:Amt Ccy="JPY">77.</n:Amt><n:CdtDbtInd>CRDT</n:CdtDbtInd><n:RvslInd>1</n:RvslInd>
    <n:Sts><n:Prtry>rejected by us</n:Prtry></n:Sts>
    <n:BookgDt><n:Dt>2026-11-24+08:00</n:Dt></n:BookgDt>
    <n:BkTxCd/>
   </n:Ntry>
  </n:Ntfctn>
  <n:Ntfctn>
   <n:Id>N2</n:Id>
   <n:Acct><n:Id><n:IBAN>DE89370400440532013000</n:IBAN></n:Id></n:Acct>
  </n:Ntfctn>
 </n:BkToCstmrDbtCdtNtfctn>
</n:Document>
"#;

#[test]
fn a_bank_s_own_way_of_writing_is_understood() {
    let entries = read_camt054(FROM_A_BANK.as_bytes()).expect("reads");
    let [first, second, third] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(first.account, "6222021234567890123");
    assert_eq!(first.amount.to_string(), "100.50 CNY");
    assert_eq!(first.references.ours().collect::<Vec<_>>(), ["TP20261123-01-CNY-0001", "I", "T", "1"]);
    assert_eq!(first.references.message, "M");
    assert_eq!((first.bank_reference(), first.direction), ("BANK-7", Direction::Debit));
    assert_eq!(first.information, "a <b> 元 & c");
    assert_eq!(first.status, EntryStatus::Booked);
    let booked = first.booked.expect("says when");
    assert_eq!((booked.day, booked.at), (day("2026-11-24"), Some(Timestamp(1_795_471_199_500_000_000))));
    assert!(!first.is_rejection());
    assert_eq!(second.amount.to_string(), "200.00 CNY");
    assert_eq!((second.bank_reference(), second.return_reason.as_str()), ("BANK-8", "AC04"));
    assert_eq!(second.references.ours().collect::<Vec<_>>(), ["1"]);
    assert!(second.is_rejection());
    assert_eq!(third.amount, Money::new(77, Currency::JPY));
    assert_eq!(third.booked.expect("says when").at, None);
    assert!(third.reversal && third.is_rejection());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let refused = |from: &str, to: &str| {
        assert!(FROM_A_BANK.contains(from), "{from}");
        read_camt054(FROM_A_BANK.replacen(from, to, 1).as_bytes()).expect_err(to)
    };
    let error = refused("<n:Amt Ccy=\"CNY\">300.5<", "<n:Amt Ccy=\"CNY\">-300.5<");
    assert!(matches!(error, ReadError::Value { line: 11, element: "Amt", .. }), "{error}");
    for wrong in ["", "x", "1e3", ".", "1.001", "1234567890123456789", "1.2.3", "<n:a/>5", "５"] {
        let error = refused("Ccy=\"CNY\">300.5<", &format!("Ccy=\"CNY\">{wrong}<"));
        assert!(matches!(error, ReadError::Value { line: 11, .. }), "{wrong}: {error}");
    }
    let error = refused("<n:Amt Ccy=\"CNY\">300.5</n:Amt>", "");
    assert!(matches!(error, ReadError::Missing { line: 33, element: "Amt" }), "{error}");
    let error = refused("<n:Amt Ccy=\"CNY\">300.5<", "<n:Amt>300.5<");
    assert!(matches!(error, ReadError::Missing { line: 11, element: "Amt/@Ccy" }), "{error}");
    let error = refused("<n:NtryRef>1</n:NtryRef>", "<n:NtryRef>1</n:NtryRef><n:NtryRef>2</n:NtryRef>");
    assert!(matches!(error, ReadError::Twice { line: 10, element: "NtryRef" }), "{error}");
    let error =
        refused("<n:Sts><n:Cd>BOOK</n:Cd></n:Sts>", "<n:Sts><n:Cd>BOOK</n:Cd><n:Prtry>x</n:Prtry></n:Sts>");
    assert!(matches!(error, ReadError::Twice { line: 12, element: "Sts" }), "{error}");
    let error = refused(">DBIT<", ">DEBIT<");
    assert!(matches!(error, ReadError::Value { line: 11, element: "CdtDbtInd", .. }), "{error}");
    let error = refused("BANK-7", &"7".repeat(36));
    assert!(matches!(error, ReadError::Value { line: 15, element: "AcctSvcrRef", .. }), "{error}");
    let error = refused("BANK-7", "a&#7;b");
    assert!(matches!(error, ReadError::Value { line: 15, .. }), "{error}");
    let error = refused("2026-11-24T05:59:59.5+08:00", "yesterday");
    assert!(matches!(error, ReadError::Value { line: 13, .. }), "{error}");
    let error = refused("<n:Amt Ccy=\"CNY\">+0200</n:Amt>", "");
    assert!(matches!(error, ReadError::Missing { line: 33, element: "TxDtls/Amt" }), "{error}");
    let error = refused("camt.054.001.08", "camt.053.001.08");
    assert!(matches!(error, ReadError::OtherMessage { line: 3, .. }), "{error}");
    let error = refused("<n:Sts>", "<n:Sts xmlns:n=\"urn:other\">");
    assert!(matches!(error, ReadError::OtherMessage { line: 12, .. }), "{error}");
    let error = refused("</n:Document>", "");
    assert!(matches!(error, ReadError::NotWellFormed { .. }), "{error}");
    let error = refused("</n:Document>", "</n:Document><n:Document/>");
    assert!(matches!(error, ReadError::OtherMessage { .. } | ReadError::NotWellFormed { .. }), "{error}");
    let error = refused("</n:Document>", "</n:Document>more");
    assert!(matches!(error, ReadError::NotWellFormed { .. }), "{error}");
    let error = refused("utf-8", "GB18030");
    assert_eq!(error, ReadError::NotUtf8);
    for (text, expect) in [
        ("", "well-formed"),
        ("<a/>", "camt.054"),
        ("<Document/>", "without a namespace"),
        ("not a file", "well-formed"),
    ] {
        let error = read_camt054(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(expect), "{error}");
    }
    assert_eq!(read_camt054(&[0xff, 0xfe]), Err(ReadError::NotUtf8));
}

/// A document with this inside its notification.
fn with(inner: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn><Ntfctn>{inner}\
         </Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
}

#[test]
fn files_made_to_exhaust_are_refused() {
    let check = |name: &str, text: String, expect: fn(&ReadError) -> bool| {
        let error = read_camt054(text.as_bytes()).expect_err(name);
        assert!(expect(&error), "{name}: {error}");
    };
    check("entity bomb", with("&lol;"), |error| matches!(error, ReadError::NotAccepted { .. }));
    let doctype =
        "<!DOCTYPE Document [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>".to_owned() + &with("");
    check("document type", doctype, |error| matches!(error, ReadError::NotAccepted { line: 1, .. }));
    check("external entity", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">".to_owned() + &with(""), |error| {
        matches!(error, ReadError::NotAccepted { .. })
    });
    check("deep", with(&"<a>".repeat(CAMT054_DEPTH_MAX)), |error| matches!(error, ReadError::Limit { .. }));
    let deep = with(&("<SplmtryData>".to_owned() + &"<a>".repeat(CAMT054_DEPTH_MAX)));
    check("deep where it is skipped", deep, |error| matches!(error, ReadError::Limit { .. }));
    check("long text", with(&("<Id>".to_owned() + &"x".repeat(10_000))), |error| {
        matches!(error, ReadError::Limit { .. })
    });
    check("long text in pieces", with(&("<Id>".to_owned() + &"x&amp;".repeat(5_000))), |error| {
        matches!(error, ReadError::Limit { .. })
    });
    let attributes: String = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect();
    check("many attributes", with(&format!("<Ntry><Amt{attributes}>")), |error| {
        matches!(error, ReadError::Limit { .. })
    });
    let namespaces: String = (0..100_000).map(|number| format!(" xmlns:a{number}=\"u\"")).collect();
    check("many namespaces", with(&format!("<Ntry{namespaces}>")), |error| {
        matches!(error, ReadError::NotWellFormed { .. })
    });
    let too_many = with(&format!("<Ntry><NtryDtls>{}", "<TxDtls/>".repeat(CAMT054_ENTRIES_MAX + 1)));
    check("many transactions", too_many, |error| matches!(error, ReadError::Limit { .. }));
    check("large", " ".repeat(CAMT054_BYTES_MAX + 1), |error| *error == ReadError::TooLarge);
    let many_elements = with(&"<a/>\n".repeat(200_000));
    assert_eq!(read_camt054(many_elements.as_bytes()), Ok(Vec::new()), "nothing in it that matters");
    let padding = "<!-- nothing -->".repeat((CAMT054_BYTES_MAX - 1000) / 16);
    assert_eq!(read_camt054(with(&padding).as_bytes()), Ok(Vec::new()), "as large as is allowed");
}

fn any_text(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        proptest::collection::vec(
            proptest::sample::select("aZ09 <>&\"']/-元é".chars().collect::<Vec<_>>()),
            1..max
        )
        .prop_map(|characters| characters.into_iter().collect::<String>().trim().to_owned()),
    ]
}

fn any_entry(currency: Currency) -> impl Strategy<Value = ReportEntry> {
    let status = prop_oneof![
        Just(EntryStatus::Booked),
        Just(EntryStatus::Pending),
        Just(EntryStatus::Information),
        Just(EntryStatus::Future),
        "[a-z]{1,35}".prop_map(EntryStatus::Other),
    ];
    let direction = prop_oneof![Just(Direction::Credit), Just(Direction::Debit)];
    let texts = (any_text(35), any_text(35), any_text(35), any_text(35), any_text(100));
    (1_i64..1_000_000_000_000_000, direction, any::<bool>(), status, 0_u64.., texts).prop_map(
        move |(units, direction, reversal, status, at, texts)| ReportEntry {
            reference: if texts.0.is_empty() { "R".to_owned() } else { texts.0 },
            amount: Money::new(units, currency),
            direction,
            reversal,
            status,
            booked_at: Timestamp(at),
            value_day: day("2026-11-24"),
            servicer_reference: texts.1,
            end_to_end: texts.2,
            kind: String::new(),
            counterparty: texts.4.clone(),
            counterparty_account: None,
            return_reason: texts.3,
            information: texts.4,
        },
    )
}

fn any_notification() -> impl Strategy<Value = AccountNotification> {
    proptest::sample::select(CURRENCIES.to_vec())
        .prop_flat_map(|currency| (Just(currency), proptest::collection::vec(any_entry(currency), 0..6)))
        .prop_map(|(currency, entries)| AccountNotification {
            id: "N-1".to_owned(),
            created_at: Timestamp(0),
            account: ReportAccount {
                account: "6222021234567890123".parse().expect("an account"),
                currency,
                owner: "Owner".to_owned(),
                servicer: "Bank".to_owned(),
                servicer_bic: None,
            },
            entries,
        })
}

/// What a reader must see of an entry that was written.
fn seen(entry: &ReportEntry, read: &BankEntry) {
    assert_eq!(read.account, "6222021234567890123");
    assert_eq!(read.references.entry, entry.reference);
    assert_eq!(read.references.servicer, entry.servicer_reference);
    assert_eq!(read.references.end_to_end, entry.end_to_end);
    assert_eq!((read.amount, read.direction, read.reversal), (entry.amount, entry.direction, entry.reversal));
    assert_eq!(read.status, entry.status);
    assert_eq!(read.booked.expect("written").at, Some(entry.booked_at));
    assert_eq!(read.return_reason, entry.return_reason);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&read.information), words(&entry.information));
}

proptest! {
    #[test]
    fn what_is_written_is_read(notification in any_notification()) {
        let file = camt054(&notification).expect("writes");
        let entries = read_camt054(file.text.as_bytes()).expect("reads");
        prop_assert_eq!(entries.len(), notification.entries.len());
        for (entry, read) in notification.entries.iter().zip(&entries) {
            seen(entry, read);
        }
    }

    #[test]
    fn no_cut_file_is_taken_for_a_whole_one(cut in 0_usize..FROM_A_BANK.len() - 1) {
        let cut = &FROM_A_BANK.as_bytes()[..cut];
        // Only white space may be missing.
        prop_assert!(read_camt054(cut).is_err());
    }

    #[test]
    fn damage_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8)) {
        let mut bytes = FROM_A_BANK.as_bytes().to_vec();
        for (index, byte, how) in edits {
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"<>&;\"'/!?[]-= \n"[usize::from(byte) % 15]),
                2 => { bytes.remove(at); }
                _ => {
                    let end = (at + usize::from(byte)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        if let Ok(entries) = read_camt054(&bytes) {
            prop_assert!(entries.iter().all(|entry| !entry.amount.is_negative()));
        }
    }

    #[test]
    fn nothing_like_xml_panics(text in "(<[!?/]?[a-zN:]{0,6}( [a-z:]{0,5}=\"[a-z&;]{0,4}\")?/?>|[a-z&;#x0-9 ]{0,5}|<!\\[CDATA\\[|\\]\\]>|--){0,30}") {
        let _ = read_camt054(text.as_bytes());
        let _ = read_camt054(with(&text).as_bytes());
        let _ = read_camt054(with(&format!("<Ntry>{text}</Ntry>")).as_bytes());
    }
}
