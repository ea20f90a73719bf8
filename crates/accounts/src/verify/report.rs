//! What a verification of the audit log finds, in words and in numbers.

use std::fmt;

use audit::{LogKey, SignedTreeHead};

use super::Verified;
use crate::PaymentId;

/// Findings that are told one by one; the rest are counted.
pub(super) const FINDINGS_MAX: usize = 1000;

/// What the verification of the log rests on.
#[derive(Debug, Clone, Default)]
pub struct LogCheck {
    /// The key that the operator signs heads with now.
    pub operator_key: Option<LogKey>,
    /// The log's key as the checker knows it from elsewhere; without it, the operator's is taken.
    pub trusted_key: Option<LogKey>,
    /// Heads that were kept elsewhere, beside those in the book.
    pub kept_heads: Vec<SignedTreeHead>,
}

/// What sort of fault a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum What {
    /// A record has other content than was logged.
    Edited,
    /// A record is gone.
    Deleted,
    /// A record is there that was never logged.
    Added,
    /// A record is at another place than it was logged at.
    Moved,
    /// A row, or a record in one, cannot be read.
    Unreadable,
    /// A row does not follow the one before it, or does not match its hash.
    Chain,
    /// The replay of the journal does not make the book that there is.
    Book,
    /// The stored tree is not that of the records.
    Tree,
    /// A signed head does not hold.
    Head,
    /// Records are not those that the operator signed, and the tree was changed with them.
    Rewritten,
    /// The operator's key is not the log's.
    Key,
}

impl What {
    /// As one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Unreadable => "unreadable",
            Self::Chain => "chain",
            Self::Book => "book",
            Self::Tree => "tree",
            Self::Head => "head",
            Self::Rewritten => "rewritten",
            Self::Key => "key",
        }
    }
}

/// One thing that is not as it was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What sort of fault.
    pub what: What,
    /// Which record of the log, from 0; of an added one, before which it was put.
    pub record: Option<u64>,
    /// The row of the journal: where the record stands now, or where it stood when it is gone.
    pub row: Option<u64>,
    /// The record's number, which for a payment is the payment's, when it can be known.
    pub number: Option<PaymentId>,
    /// What the entry is, in a word, when it reads: `pay`, `refund`, `act`, `parameter` ...
    pub entry: Option<&'static str>,
    /// The last signed head that does not cover the record: how many records it is over; none is before the
    /// first.
    pub after_head: Option<u64>,
    /// The first signed head that covers the record: how many records it is over.
    pub before_head: Option<u64>,
    /// What is wrong, as a sentence.
    pub detail: String,
}

impl Finding {
    pub(super) fn new(what: What, detail: impl Into<String>) -> Self {
        Self {
            what,
            record: None,
            row: None,
            number: None,
            entry: None,
            after_head: None,
            before_head: None,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)?;
        if self.record.is_none() || self.what == What::Rewritten {
            return Ok(());
        }
        match (self.after_head, self.before_head) {
            (None, None) => formatter.write_str(" No signed head covers it."),
            (None, Some(before)) => {
                write!(formatter, " The first head that covers it is over {before} records.")
            }
            (Some(after), None) => {
                write!(formatter, " No signed head covers it yet; the last is over {after} records.")
            }
            (Some(after), Some(before)) => {
                write!(formatter, " It is between the heads over {after} and {before} records.")
            }
        }
    }
}

/// What was verified, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// Rows of the journal that were read.
    pub rows: u64,
    /// Records in them.
    pub records: u64,
    /// Records in the stored tree.
    pub logged: u64,
    /// Signed heads that were compared, the kept ones included.
    pub heads: u64,
    /// How many records, from the first, are proven unchanged by the largest signed head that agrees.
    pub proven: u64,
    /// What is wrong, at most 1,000 of it: first what was met on the way, then the records in the order of the
    /// log.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub findings_more: u64,
    /// The replay of the book, when it was sound.
    pub book: Option<Verified>,
}

impl LogReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty() && self.findings_more == 0
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_more = self.findings_more.saturating_add(1);
        }
    }
}
