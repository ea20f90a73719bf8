//! Writes statements (camt.053) and notifications (camt.054).

use std::fmt;

use ledger::Timestamp;
use money::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::element::{NAME_CHARS_MAX, REFERENCE_CHARS_MAX, account, account_id, fits, reference};
use super::xml::{Xml, printable};
use super::{FileError, XmlFile};
use crate::{BankAccount, Bic, Day, moment};

const CAMT053: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";
pub(crate) const CAMT054: &str = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08";

/// Who issued the proprietary transaction codes.
const CODE_ISSUER: &str = "THINPAY";

/// Which way money moved, as the account's owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It came in.
    Credit,
    /// It went out.
    Debit,
}

impl Direction {
    /// The schema's `CreditDebitCode`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Credit => "CRDT",
            Self::Debit => "DBIT",
        }
    }

    const fn of(amount: Money) -> Self {
        if amount.is_negative() { Self::Debit } else { Self::Credit }
    }
}

/// Whether an entry is in the books (ISO 20022 external code set `EntryStatus`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryStatus {
    /// `BOOK`: it is.
    Booked,
    /// `PDNG`: not yet.
    Pending,
    /// `INFO`: it is not going to be; told for information.
    Information,
    /// `FUTR`: on a later day.
    Future,
    /// A word of the sender's own.
    Other(String),
}

impl EntryStatus {
    /// The code of the external code set; the sender's own word where it is none of them.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Booked => "BOOK",
            Self::Pending => "PDNG",
            Self::Information => "INFO",
            Self::Future => "FUTR",
            Self::Other(word) => word,
        }
    }

    /// What a code means.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code {
            "BOOK" => Self::Booked,
            "PDNG" => Self::Pending,
            "INFO" => Self::Information,
            "FUTR" => Self::Future,
            _ => Self::Other(code.to_owned()),
        }
    }
}

impl fmt::Display for EntryStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

/// The account that is reported on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportAccount {
    /// Its number.
    pub account: BankAccount,
    /// Its currency.
    pub currency: Currency,
    /// Its owner's name.
    pub owner: String,
    /// Name of who keeps it.
    pub servicer: String,
    /// BIC of who keeps it.
    pub servicer_bic: Option<Bic>,
}

/// One movement on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEntry {
    /// Reference of the entry within the account: the payment's number. 1 to 35 characters.
    pub reference: String,
    /// How much, more than nothing.
    pub amount: Money,
    /// Which way.
    pub direction: Direction,
    /// Whether it takes back an earlier entry.
    pub reversal: bool,
    /// Whether it is in the books.
    pub status: EntryStatus,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// The day it counts from.
    pub value_day: Day,
    /// Reference of who keeps the account; may be empty.
    pub servicer_reference: String,
    /// End-to-end reference of the payer: for settlement, the identifier of the instruction. May be empty.
    pub end_to_end: String,
    /// What kind of movement it is, in a word ([`crate::LineKind::word`]); may be empty.
    pub kind: String,
    /// Name of the other party; may be empty.
    pub counterparty: String,
    /// Account of the other party.
    pub counterparty_account: Option<BankAccount>,
    /// Why a payment came back: a code of ISO 20022's list of return reasons, or another word. May be empty.
    pub return_reason: String,
    /// What the payer wrote; may be empty.
    pub information: String,
}

/// The movements of an account's day between two balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatement {
    /// Identifier of the message and the statement, 1 to 35 characters; see [`report_id`].
    pub id: String,
    /// Running number of the account's statements.
    pub sequence: u64,
    /// When it was made: the cut-off.
    pub created_at: Timestamp,
    /// The day it is of.
    pub day: Day,
    /// The first moment it covers.
    pub from: Timestamp,
    /// The first moment it does not cover any more.
    pub to: Timestamp,
    /// The account.
    pub account: ReportAccount,
    /// Balance before the first entry.
    pub opening: Money,
    /// Balance after the last booked one.
    pub closing: Money,
    /// The entries in order.
    pub entries: Vec<ReportEntry>,
}

/// Movements of an account, told without balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountNotification {
    /// Identifier of the message and the notification, 1 to 35 characters; see [`report_id`].
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The account.
    pub account: ReportAccount,
    /// The entries in order.
    pub entries: Vec<ReportEntry>,
}

/// Identifier of a report on an account for a day and cycle, the same on every run: `TP20261123-01-1000000172`.
/// Of a long account number the last characters are taken.
#[must_use]
pub fn report_id(day: Day, cycle: u32, account_number: &str) -> String {
    let start = format!("TP{}-{cycle:02}-", day.compact());
    let kept: Vec<char> = account_number.chars().filter(char::is_ascii_alphanumeric).collect();
    let room = REFERENCE_CHARS_MAX.saturating_sub(start.len());
    let tail: String = kept.iter().skip(kept.len().saturating_sub(room)).collect();
    format!("{start}{tail}").trim_end_matches('-').to_owned()
}

/// Statement of an account's day: camt.053.001.08, with opening and closing booked balance.
///
/// # Errors
/// [`FileError`]; [`FileError::BalancesDiffer`] if the booked entries do not lead from one balance to the
/// other.
pub fn camt053(statement: &AccountStatement) -> Result<XmlFile, FileError> {
    let AccountStatement { id, account, opening, closing, entries, .. } = statement;
    check(id, account, entries)?;
    for balance in [*opening, *closing] {
        if fits(balance)?.currency() != account.currency {
            return Err(FileError::Currency { of: "a balance".to_owned() });
        }
    }
    let booked = entries.iter().filter(|entry| entry.status == EntryStatus::Booked);
    let moved = sum(account.currency, booked)?;
    if opening.checked_add(moved).ok() != Some(*closing) {
        return Err(FileError::BalancesDiffer {
            account: account.account.to_string(),
            opening: *opening,
            entries: moved,
            closing: *closing,
        });
    }
    let totals = totals(account.currency, entries)?;
    let mut xml = Xml::document(CAMT053);
    xml.element("BkToCstmrStmt", |xml| {
        header(xml, id, statement.created_at);
        xml.element("Stmt", |xml| {
            xml.leaf("Id", id);
            xml.leaf("ElctrncSeqNb", &statement.sequence.to_string());
            xml.leaf("CreDtTm", &moment::text(statement.created_at));
            xml.element("FrToDt", |xml| {
                xml.leaf("FrDtTm", &moment::text(statement.from));
                xml.leaf("ToDtTm", &moment::text(statement.to));
            });
            report_account(xml, account);
            balance(xml, "OPBD", *opening, statement.day);
            balance(xml, "CLBD", *closing, statement.day);
            summary(xml, &totals);
            for entry in entries {
                write_entry(xml, entry);
            }
        });
    });
    Ok(XmlFile { name: format!("camt.053-{}.xml", file_name_part(id)), text: xml.finish() })
}

/// Notification of movements on an account: camt.054.001.08.
///
/// # Errors
/// [`FileError`].
pub fn camt054(notification: &AccountNotification) -> Result<XmlFile, FileError> {
    let AccountNotification { id, account, entries, .. } = notification;
    check(id, account, entries)?;
    let totals = totals(account.currency, entries)?;
    let mut xml = Xml::document(CAMT054);
    xml.element("BkToCstmrDbtCdtNtfctn", |xml| {
        header(xml, id, notification.created_at);
        xml.element("Ntfctn", |xml| {
            xml.leaf("Id", id);
            xml.leaf("CreDtTm", &moment::text(notification.created_at));
            report_account(xml, account);
            summary(xml, &totals);
            for entry in entries {
                write_entry(xml, entry);
            }
        });
    });
    Ok(XmlFile { name: format!("camt.054-{}.xml", file_name_part(id)), text: xml.finish() })
}

/// Number and sum of the credits, number and sum of the debits.
struct Totals {
    credits: (usize, Money),
    debits: (usize, Money),
}

fn totals(currency: Currency, entries: &[ReportEntry]) -> Result<Totals, FileError> {
    let side = |direction| {
        let of_side = entries.iter().filter(move |entry| entry.direction == direction);
        let moved = fits(sum(currency, of_side.clone())?)?;
        Ok((of_side.count(), moved))
    };
    Ok(Totals { credits: side(Direction::Credit)?, debits: side(Direction::Debit)? })
}

/// Credits less debits.
fn sum<'e>(
    currency: Currency,
    mut entries: impl Iterator<Item = &'e ReportEntry>,
) -> Result<Money, FileError> {
    entries.try_fold(Money::zero(currency), |sum, entry| {
        match entry.direction {
            Direction::Credit => sum.checked_add(entry.amount),
            Direction::Debit => sum.checked_sub(entry.amount),
        }
        .map_err(|_| FileError::Overflow)
    })
}

/// Everything that could keep the file from being valid, before a byte of it is written.
fn check(id: &str, account: &ReportAccount, entries: &[ReportEntry]) -> Result<(), FileError> {
    reference("the identifier of a report", id)?;
    for entry in entries {
        reference("the reference of an entry", &entry.reference)?;
        for (field, value) in [
            ("the servicer's reference of an entry", &entry.servicer_reference),
            ("the end-to-end reference of an entry", &entry.end_to_end),
            ("the kind of an entry", &entry.kind),
            ("the return reason of an entry", &entry.return_reason),
        ] {
            if !value.is_empty() {
                reference(field, value)?;
            }
        }
        if let EntryStatus::Other(word) = &entry.status {
            reference("the status of an entry", word)?;
        }
        let of = || format!("entry {}", entry.reference);
        if !entry.amount.is_positive() {
            return Err(FileError::AmountNotPositive { of: of(), amount: entry.amount });
        }
        if fits(entry.amount)?.currency() != account.currency {
            return Err(FileError::Currency { of: of() });
        }
    }
    Ok(())
}

/// A `GroupHeader81`.
fn header(xml: &mut Xml, id: &str, created_at: Timestamp) {
    xml.element("GrpHdr", |xml| {
        xml.leaf("MsgId", id);
        xml.leaf("CreDtTm", &moment::text(created_at));
    });
}

/// A `CashAccount39`.
fn report_account(xml: &mut Xml, account: &ReportAccount) {
    xml.element("Acct", |xml| {
        account_id(xml, &account.account);
        xml.leaf("Ccy", account.currency.code());
        if !printable(&account.owner, NAME_CHARS_MAX).is_empty() {
            xml.element("Ownr", |xml| xml.free_text("Nm", &account.owner, NAME_CHARS_MAX));
        }
        if account.servicer_bic.is_some() || !printable(&account.servicer, NAME_CHARS_MAX).is_empty() {
            xml.element("Svcr", |xml| {
                xml.element("FinInstnId", |xml| {
                    if let Some(bic) = &account.servicer_bic {
                        xml.leaf("BICFI", bic.as_str());
                    }
                    xml.free_text("Nm", &account.servicer, NAME_CHARS_MAX);
                });
            });
        }
    });
}

/// A `CashBalance8`.
fn balance(xml: &mut Xml, code: &str, amount: Money, day: Day) {
    xml.element("Bal", |xml| {
        xml.element("Tp", |xml| xml.element("CdOrPrtry", |xml| xml.leaf("Cd", code)));
        xml.amount("Amt", amount);
        xml.leaf("CdtDbtInd", Direction::of(amount).code());
        xml.element("Dt", |xml| xml.leaf("Dt", &day.to_string()));
    });
}

/// A `TotalTransactions6`.
fn summary(xml: &mut Xml, totals: &Totals) {
    xml.element("TxsSummry", |xml| {
        for (name, (count, sum)) in [("TtlCdtNtries", totals.credits), ("TtlDbtNtries", totals.debits)] {
            xml.element(name, |xml| {
                xml.leaf("NbOfNtries", &count.to_string());
                xml.leaf("Sum", sum.decimal().to_string().trim_start_matches('-'));
            });
        }
    });
}

/// A `ReportEntry10`.
fn write_entry(xml: &mut Xml, entry: &ReportEntry) {
    xml.element("Ntry", |xml| {
        xml.leaf("NtryRef", &entry.reference);
        xml.amount("Amt", entry.amount);
        xml.leaf("CdtDbtInd", entry.direction.code());
        if entry.reversal {
            xml.leaf("RvslInd", "true");
        }
        xml.element("Sts", |xml| {
            let name = if matches!(entry.status, EntryStatus::Other(_)) { "Prtry" } else { "Cd" };
            xml.leaf(name, entry.status.code());
        });
        xml.element("BookgDt", |xml| xml.leaf("DtTm", &moment::text(entry.booked_at)));
        xml.element("ValDt", |xml| xml.leaf("Dt", &entry.value_day.to_string()));
        if !entry.servicer_reference.is_empty() {
            xml.leaf("AcctSvcrRef", &entry.servicer_reference);
        }
        transaction_code(xml, entry);
        xml.element("NtryDtls", |xml| xml.element("TxDtls", |xml| transaction(xml, entry)));
    });
}

/// A `BankTransactionCodeStructure4`: payments, received or issued credit transfer, within the same books.
fn transaction_code(xml: &mut Xml, entry: &ReportEntry) {
    xml.element("BkTxCd", |xml| {
        xml.element("Domn", |xml| {
            xml.leaf("Cd", "PMNT");
            xml.element("Fmly", |xml| {
                xml.leaf("Cd", if entry.direction == Direction::Credit { "RCDT" } else { "ICDT" });
                xml.leaf("SubFmlyCd", "BOOK");
            });
        });
        if !entry.kind.is_empty() {
            xml.element("Prtry", |xml| {
                xml.leaf("Cd", &entry.kind);
                xml.leaf("Issr", CODE_ISSUER);
            });
        }
    });
}

/// An `EntryTransaction10`.
fn transaction(xml: &mut Xml, entry: &ReportEntry) {
    if !(entry.servicer_reference.is_empty() && entry.end_to_end.is_empty()) {
        xml.element("Refs", |xml| {
            if !entry.servicer_reference.is_empty() {
                xml.leaf("AcctSvcrRef", &entry.servicer_reference);
            }
            if !entry.end_to_end.is_empty() {
                xml.leaf("EndToEndId", &entry.end_to_end);
            }
        });
    }
    xml.amount("Amt", entry.amount);
    xml.leaf("CdtDbtInd", entry.direction.code());
    let name = printable(&entry.counterparty, NAME_CHARS_MAX);
    if !name.is_empty() || entry.counterparty_account.is_some() {
        let (party, party_account) = match entry.direction {
            Direction::Credit => ("Dbtr", "DbtrAcct"),
            Direction::Debit => ("Cdtr", "CdtrAcct"),
        };
        xml.element("RltdPties", |xml| {
            if !name.is_empty() {
                xml.element(party, |xml| xml.element("Pty", |xml| xml.leaf("Nm", &name)));
            }
            if let Some(of_counterparty) = &entry.counterparty_account {
                account(xml, party_account, of_counterparty);
            }
        });
    }
    let information = printable(&entry.information, NAME_CHARS_MAX);
    if !information.is_empty() {
        xml.element("RmtInf", |xml| xml.leaf("Ustrd", &information));
    }
    if !entry.return_reason.is_empty() {
        let is_code = entry.return_reason.len() == 4
            && entry.return_reason.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        xml.element("RtrInf", |xml| {
            xml.element("Rsn", |xml| {
                xml.leaf(if is_code { "Cd" } else { "Prtry" }, &entry.return_reason);
            });
        });
    }
}

/// The identifier with everything that a file name should not have as a dash.
fn file_name_part(id: &str) -> String {
    id.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect()
}
