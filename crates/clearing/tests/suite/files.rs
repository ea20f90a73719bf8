//! Every file that is written is valid by the schemas' rules, whatever it is written from.

use crate::schema::validate;
use crate::support::{CUT_OFF, any_held_out, any_lines, busy_day, day, input, line};
use clearing::iso20022::{
    AccountNotification, AccountStatement, Direction, EntryStatus, FileError, ReportAccount, ReportEntry,
    XmlFile, camt053, camt054, pacs008, pacs009, report_id,
};
use clearing::{BankAccount, ClearingInput, LineKind, clear};
use ledger::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;

fn valid(message: &str, file: &XmlFile) -> crate::schema::Node {
    validate(message, &file.text).unwrap_or_else(|why| panic!("{}: {why}\n{}", file.name, file.text))
}

fn account(currency: Currency) -> ReportAccount {
    ReportAccount {
        account: "6222021234567890123".parse::<BankAccount>().expect("an account"),
        currency,
        owner: "Tea House & Söhne".to_owned(),
        servicer: "ThinPay".to_owned(),
        servicer_bic: Some("THPYCNBJ".parse().expect("a BIC")),
    }
}

fn entry(number: usize, amount: Money) -> ReportEntry {
    let direction = if amount.is_negative() { Direction::Debit } else { Direction::Credit };
    let amount = Money::new(amount.minor_units().abs().max(1), amount.currency());
    ReportEntry {
        reference: format!("P{number}"),
        amount,
        direction,
        reversal: number % 7 == 3,
        status: match number % 5 {
            3 => EntryStatus::Pending,
            4 => EntryStatus::Other("HELD".to_owned()),
            _ => EntryStatus::Booked,
        },
        booked_at: Timestamp(CUT_OFF.0 - u64::try_from(number).expect("small")),
        value_day: day("2026-11-23"),
        servicer_reference: if number.is_multiple_of(2) { String::new() } else { format!("S{number}") },
        end_to_end: if number.is_multiple_of(3) { String::new() } else { format!("E{number}") },
        kind: if number.is_multiple_of(4) { String::new() } else { "top-up".to_owned() },
        counterparty: if number.is_multiple_of(5) {
            String::new()
        } else {
            "<Läden> \u{7} 商店".repeat(20)
        },
        counterparty_account: (number % 3 == 1).then(|| "DE89370400440532013000".parse().expect("an IBAN")),
        return_reason: match number % 7 {
            3 => "AC04".to_owned(),
            4 => "closed account".to_owned(),
            _ => String::new(),
        },
        information: if number.is_multiple_of(2) {
            String::new()
        } else {
            "]]> & \"order\"\r\n7\u{fffe}".to_owned()
        },
    }
}

fn statement(currency: Currency, opening: i64, amounts: &[i64]) -> AccountStatement {
    let entries: Vec<ReportEntry> = amounts
        .iter()
        .enumerate()
        .map(|(number, amount)| entry(number, Money::new(*amount, currency)))
        .collect();
    let closing =
        entries.iter().filter(|entry| entry.status == EntryStatus::Booked).fold(opening, |sum, entry| {
            let units = entry.amount.minor_units();
            if entry.direction == Direction::Credit { sum + units } else { sum - units }
        });
    AccountStatement {
        id: report_id(day("2026-11-23"), 1, "1000000172"),
        sequence: 327,
        created_at: CUT_OFF,
        day: day("2026-11-23"),
        from: Timestamp(CUT_OFF.0 - 86_400_000_000_000),
        to: CUT_OFF,
        account: account(currency),
        opening: Money::new(opening, currency),
        closing: Money::new(closing, currency),
        entries,
    }
}

#[test]
fn a_busy_day_s_instructions_are_valid_and_complete() {
    let clearing = busy_day();
    let (to_merchants, between) = (pacs008(&clearing).expect("writes"), pacs009(&clearing).expect("writes"));
    let mut ids: Vec<String> = Vec::new();
    for (message, files) in [("008", &to_merchants), ("009", &between)] {
        for file in files {
            let document = valid(message, file);
            ids.extend(
                document.children[0].texts("CdtTrfTxInf/PmtId/EndToEndId").into_iter().map(str::to_owned),
            );
        }
    }
    ids.sort();
    let mut all: Vec<String> =
        clearing.instructions.iter().map(|instruction| instruction.id.clone()).collect();
    all.sort();
    assert_eq!(ids, all, "every instruction is in exactly one file");
    let names: Vec<&str> = to_merchants.iter().chain(&between).map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "pacs.008-20261123-01-CNY.xml",
            "pacs.008-20261123-01-KWD.xml",
            "pacs.009-20261123-01-CNY.xml",
            "pacs.009-20261123-01-EUR.xml",
            "pacs.009-20261123-01-JPY.xml",
        ]
    );
}

#[test]
fn an_instruction_reads_as_the_bank_wants_it() {
    let clearing =
        clear(&input(vec![line("P1", LineKind::Pay, "bank-b", "book-shop", "12.00 CNY")])).expect("clears");
    let files = pacs008(&clearing).expect("writes");
    assert_eq!(files.len(), 1);
    assert_eq!(
        files[0].text,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08">
  <FIToFICstmrCdtTrf>
    <GrpHdr>
      <MsgId>TP20261123-01-CNY-PACS008</MsgId>
      <CreDtTm>2026-11-23T15:00:00Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <TtlIntrBkSttlmAmt Ccy="CNY">12.00</TtlIntrBkSttlmAmt>
      <IntrBkSttlmDt>2026-11-24</IntrBkSttlmDt>
      <SttlmInf>
        <SttlmMtd>CLRG</SttlmMtd>
        <ClrSys>
          <Prtry>THINPAY</Prtry>
        </ClrSys>
      </SttlmInf>
      <InstgAgt>
        <FinInstnId>
          <BICFI>THPYCNBJ</BICFI>
          <Nm>operator &amp; Söhne &lt;有限公司&gt;</Nm>
        </FinInstnId>
      </InstgAgt>
    </GrpHdr>
    <CdtTrfTxInf>
      <PmtId>
        <InstrId>TP20261123-01-CNY-0001</InstrId>
        <EndToEndId>TP20261123-01-CNY-0001</EndToEndId>
        <TxId>TP20261123-01-CNY-0001</TxId>
      </PmtId>
      <IntrBkSttlmAmt Ccy="CNY">12.00</IntrBkSttlmAmt>
      <ChrgBr>SLEV</ChrgBr>
      <Dbtr>
        <Nm>bank-b &amp; Söhne &lt;有限公司&gt;</Nm>
        <Id>
          <OrgId>
            <Othr>
              <Id>bank-b</Id>
            </Othr>
          </OrgId>
        </Id>
        <CtryOfRes>CN</CtryOfRes>
      </Dbtr>
      <DbtrAcct>
        <Id>
          <IBAN>DE89370400440532013000</IBAN>
        </Id>
      </DbtrAcct>
      <DbtrAgt>
        <FinInstnId>
          <Othr>
            <Id>NOTPROVIDED</Id>
          </Othr>
        </FinInstnId>
      </DbtrAgt>
      <CdtrAgt>
        <FinInstnId>
          <Othr>
            <Id>NOTPROVIDED</Id>
          </Othr>
        </FinInstnId>
      </CdtrAgt>
      <Cdtr>
        <Nm>book-shop &amp; Söhne &lt;有限公司&gt;</Nm>
        <Id>
          <OrgId>
            <Othr>
              <Id>book-shop</Id>
            </Othr>
          </OrgId>
        </Id>
        <CtryOfRes>CN</CtryOfRes>
      </Cdtr>
      <CdtrAcct>
        <Id>
          <Othr>
            <Id>4000-1234/5</Id>
          </Othr>
        </Id>
      </CdtrAcct>
      <RmtInf>
        <Ustrd>Settlement of 2026-11-23 cycle 1</Ustrd>
      </RmtInf>
    </CdtTrfTxInf>
  </FIToFICstmrCdtTrf>
</Document>
"#
    );
}

#[test]
fn reports_are_valid() {
    let statement = statement(Currency::CNY, -1234, &[500, -20, 7, 8, -9, 10_000_000, -11, 12]);
    valid("053", &camt053(&statement).expect("writes"));
    let notification = AccountNotification {
        id: "N-1".to_owned(),
        created_at: CUT_OFF,
        account: account(Currency::CNY),
        entries: statement.entries,
    };
    valid("054", &camt054(&notification).expect("writes"));
    let empty = AccountNotification { entries: Vec::new(), ..notification };
    valid("054", &camt054(&empty).expect("writes"));
}

#[test]
fn what_the_schema_has_no_room_for_is_refused() {
    let good = statement(Currency::CNY, 0, &[500]);
    let check = |change: fn(&mut AccountStatement), expect: fn(&FileError) -> bool| {
        let mut statement = good.clone();
        change(&mut statement);
        let error = camt053(&statement).expect_err("is refused");
        assert!(expect(&error), "{error}");
    };
    check(
        |one| one.closing = Money::new(501, Currency::CNY),
        |error| matches!(error, FileError::BalancesDiffer { .. }),
    );
    check(
        |one| one.closing = Money::new(500, Currency::EUR),
        |error| matches!(error, FileError::Currency { .. }),
    );
    check(|one| one.id = "x".repeat(36), |error| matches!(error, FileError::Reference { .. }));
    check(|one| one.entries[0].reference.clear(), |error| matches!(error, FileError::Reference { .. }));
    check(
        |one| one.entries[0].end_to_end = "a\u{1}b".to_owned(),
        |error| matches!(error, FileError::Reference { .. }),
    );
    check(
        |one| one.entries[0].amount = Money::zero(Currency::CNY),
        |error| matches!(error, FileError::AmountNotPositive { .. }),
    );
    check(
        |one| one.entries[0].amount = Money::new(i64::MAX, Currency::CNY),
        |error| matches!(error, FileError::AmountTooLong(_)),
    );
    check(
        |one| one.entries[0].amount = Money::new(500, Currency::EUR),
        |error| matches!(error, FileError::Currency { .. }),
    );

    let mut large = line("P1", LineKind::Transfer, "bank-a", "bank-b", "1.00 CNY");
    large.amount = Money::new(i64::MAX, Currency::CNY);
    let clearing = clear(&input(vec![large])).expect("clears");
    assert!(matches!(pacs009(&clearing), Err(FileError::AmountTooLong(_))));
    let mut day = input(vec![line("P1", LineKind::Pay, "bank-a", "tea-house", "1.00 CNY")]);
    day.participants[4].account = None;
    assert!(matches!(pacs008(&clear(&day).expect("clears")), Err(FileError::MerchantWithoutAccount(_))));
}

#[test]
fn the_validator_itself_notices_mistakes() {
    let clearing = busy_day();
    let text = &pacs008(&clearing).expect("writes")[0].text;
    assert!(validate("008", text).is_ok());
    let notices = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        assert!(validate("008", &text.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    };
    notices("pacs.008.001.08", "pacs.008.001.07");
    notices("<ChrgBr>SLEV</ChrgBr>", "");
    notices("<ChrgBr>SLEV</ChrgBr>", "<ChrgBr>XXXX</ChrgBr>");
    notices("CtryOfRes>CN<", "CtryOfRes>cn<");
    notices("2026-11-24", "2026-11-31");
    notices("T15:00:00Z", "T15:00:00");
    notices("Ccy=\"CNY\">", "Ccy=\"CNY\">1");
    notices("Ccy=\"CNY\"", "Ccy=\"JPY\"");
    notices("GB29NWBK60161331926819", "GB29NWBK60161331926818");
    notices("BICFI>THPYCNBJ<", "BICFI>THPY1NBJ<");
    notices("<InstrId>TP20261123-01-CNY-0", "<InstrId>TP20261123-01-CNY-0000000000000000");
    notices("<Prtry>THINPAY</Prtry>", "<Cd>ABC</Cd><Prtry>THINPAY</Prtry>");
    notices("<NbOfTxs>", "<NbOfTxs>1");
    notices("<CdtrAgt>", "<Tax/><CdtrAgt>");
    let swapped = text.replacen("<InstrId>", "<TxId>", 1).replacen("</InstrId>", "</TxId>", 1);
    assert!(validate("008", &swapped).is_err());
}

proptest! {
    #[test]
    fn any_day_s_files_are_valid_and_the_same_every_time(lines in any_lines(), held_out in any_held_out(), cycle in 1_u32..) {
        let input = ClearingInput { held_out, cycle, ..input(lines) };
        let clearing = clear(&input).expect("clears");
        let (first, second) = (pacs008(&clearing).expect("writes"), pacs009(&clearing).expect("writes"));
        for file in &first {
            valid("008", file);
        }
        for file in &second {
            valid("009", file);
        }
        let mut reversed = input;
        reversed.lines.reverse();
        let again = clear(&reversed).expect("clears");
        prop_assert_eq!(pacs008(&again).expect("writes"), first);
        prop_assert_eq!(pacs009(&again).expect("writes"), second);
    }

    #[test]
    fn any_statement_is_valid(
        currency in proptest::sample::select(crate::support::CURRENCIES.to_vec()),
        opening in -1_000_000_000_i64..1_000_000_000,
        amounts in proptest::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..30),
        owner in "\\PC{0,200}",
        number in "\\PC{0,40}",
        cycle: u32,
    ) {
        let mut statement = statement(currency, opening, &amounts);
        statement.id = report_id(day("2026-11-23"), cycle, &number);
        statement.account.owner = owner.clone();
        for entry in &mut statement.entries {
            entry.counterparty.clone_from(&owner);
            entry.information = owner.chars().rev().collect();
        }
        valid("053", &camt053(&statement).expect("writes"));
        let AccountStatement { id, created_at, account, entries, .. } = statement;
        valid("054", &camt054(&AccountNotification { id, created_at, account, entries }).expect("writes"));
    }
}
