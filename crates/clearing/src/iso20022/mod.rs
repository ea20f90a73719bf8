//! ISO 20022 files: what is sent to banks and merchants, and what the bank sends.
//!
//! | file | what it is | here |
//! | --- | --- | --- |
//! | pacs.009.001.08 | credit transfer between financial institutions | [`pacs009`] |
//! | pacs.008.001.08 | credit transfer for a customer: merchants | [`pacs008`] |
//! | camt.053.001.08 | statement of an account's day | [`camt053`] |
//! | camt.054.001.08 | notification of debits and credits | [`camt054`], [`read_camt054`] |
//!
//! Writers put elements in the schema's order and refuse what the schema has no room for, except that names and
//! free text are cut to their length. Only the reader meets bytes from outside.

mod element;
mod entry;
mod notification;
mod read_error;
mod reader;
mod report;
mod transfer;
mod xml;

pub use entry::{BankEntry, BookingDate, References};
pub use read_error::ReadError;
pub use reader::{
    CAMT054_BYTES_MAX, CAMT054_DEPTH_MAX, CAMT054_ENTRIES_MAX, CAMT054_TEXT_BYTES_MAX, read_camt054,
};
pub use report::{
    AccountNotification, AccountStatement, Direction, EntryStatus, ReportAccount, ReportEntry, camt053,
    camt054, report_id,
};
pub use transfer::{pacs008, pacs009};

use money::Money;

use crate::ParticipantId;

/// Largest amount that a file can carry, in minor units: the schema gives amounts 18 digits.
pub const AMOUNT_MINOR_UNITS_MAX: i64 = 999_999_999_999_999_999;

/// A file with the name it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlFile {
    /// The name, of letters, digits, dots and dashes: `pacs.009-20261123-01-CNY.xml`.
    pub name: String,
    /// The content, UTF-8.
    pub text: String,
}

/// Why a file was not written. For whoever asked to correct.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A reference does not fit an ISO 20022 `Max35Text`.
    #[error("{field} {value:?} must have 1 to 35 printable characters for an ISO 20022 file; choose another")]
    Reference {
        /// Which reference, in words.
        field: &'static str,
        /// What it is, cut short.
        value: String,
    },
    /// An amount is negative or zero where it must be more than nothing.
    #[error("the amount of {of} is {amount}; in an ISO 20022 file it must be more than nothing")]
    AmountNotPositive {
        /// What has the amount.
        of: String,
        /// The amount.
        amount: Money,
    },
    /// An amount has more digits than the schema allows.
    #[error("{0} has more than the 18 digits that an ISO 20022 file has room for; split it")]
    AmountTooLong(Money),
    /// A sum does not fit 64 bits.
    #[error("the sum of the file's amounts does not fit 64 bits of minor units; split it")]
    Overflow,
    /// A currency is not that of the account.
    #[error("{of} is in another currency than the account; report each account in its own")]
    Currency {
        /// What is.
        of: String,
    },
    /// An instruction names a participant that the clearing does not have.
    #[error("the clearing does not have participant {0}, whom an instruction names; clear the day again")]
    UnknownParticipant(ParticipantId),
    /// A merchant has no account to be paid on.
    #[error("merchant {0} has no bank account to be settled on; enter one and clear the day again")]
    MerchantWithoutAccount(ParticipantId),
    /// Opening balance and booked entries do not give the closing balance.
    #[error(
        "the statement of {account} opens with {opening} and closes with {closing}, but its entries sum to {entries}; a line is missing or wrong"
    )]
    BalancesDiffer {
        /// The account.
        account: String,
        /// Opening balance.
        opening: Money,
        /// Sum of the booked entries, credits less debits.
        entries: Money,
        /// Closing balance.
        closing: Money,
    },
}
