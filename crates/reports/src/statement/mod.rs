//! The statement of an account: what came in, what went out, and the balances between.

mod page;

use std::collections::BTreeMap;

use ledger::Timestamp;
use money::{Currency, Money};
use serde::Serialize;

use crate::csv::{Cell, Csv};
use crate::{AccountKind, Day, EntryKind, LINES_MAX, Letterhead, PAGE_LINES_MAX, ReportError, Total, within};

/// What a statement tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Operator, language, time zone, and when it was made.
    pub letterhead: Letterhead,
    /// The account's number.
    pub account: String,
    /// Whose it is: the name for signing in, or the operator's own.
    pub holder: String,
    /// The name that payers and payees see.
    pub name: String,
    /// What it is for. A merchant's statement is headed by takings, refunds, fees and the net.
    pub kind: AccountKind,
    /// Its currency.
    pub currency: Currency,
    /// First day of the period.
    pub from: Day,
    /// Last day of the period.
    pub to: Day,
    /// The balance before the first line.
    pub opening_balance: Money,
    /// The balance after the last line.
    pub closing_balance: Money,
    /// What is set aside by holds at the end of the period, if it is to be told.
    pub held: Option<Money>,
    /// The lines, oldest first.
    pub lines: Vec<StatementLine>,
}

/// One line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// When.
    pub at: Timestamp,
    /// The payment's number.
    pub payment: String,
    /// What it was.
    pub kind: EntryKind,
    /// The other side's name; may be empty.
    pub counterparty: String,
    /// A reference of the business (order, invoice); may be empty.
    pub reference: String,
    /// The word to both sides; may be empty.
    pub memo: String,
    /// How much, negative where it left the account.
    pub amount: Money,
    /// The balance right after it.
    pub balance_after: Money,
}

/// The lines of one kind, counted and summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct KindTotals {
    pub(crate) count: u64,
    pub(crate) money_in: Total,
    pub(crate) money_out: Total,
    pub(crate) net: Total,
}

impl Statement {
    /// Checks that the statement follows from its lines: one currency, oldest first, within the period, every
    /// balance the one before and the amount, and the closing balance the last.
    ///
    /// # Errors
    /// [`ReportError`]: the first thing that does not follow.
    pub fn check(&self) -> Result<(), ReportError> {
        within(self.lines.len(), LINES_MAX)?;
        if self.from > self.to {
            return Err(ReportError::PeriodBackwards { from: self.from, to: self.to });
        }
        let same = |line: usize, amount: Money| {
            let (expected, found) = (self.currency, amount.currency());
            if expected == found { Ok(()) } else { Err(ReportError::WrongCurrency { line, expected, found }) }
        };
        for amount in
            [Some(self.opening_balance), Some(self.closing_balance), self.held].into_iter().flatten()
        {
            same(0, amount)?;
        }
        let mut balance = self.opening_balance;
        let mut before = Timestamp(0);
        for (index, entry) in self.lines.iter().enumerate() {
            let line = index.saturating_add(1);
            same(line, entry.amount)?;
            same(line, entry.balance_after)?;
            if entry.at < before {
                return Err(ReportError::OutOfOrder { line });
            }
            before = entry.at;
            let day = self.letterhead.zone.day_of(entry.at);
            if day < self.from || day > self.to {
                return Err(ReportError::OutsidePeriod { line, day, from: self.from, to: self.to });
            }
            let expected = balance.checked_add(entry.amount).ok();
            if expected != Some(entry.balance_after) {
                let (payment, found) = (entry.payment.clone(), entry.balance_after);
                return Err(ReportError::BalanceDoesNotFollow { line, payment, expected, found });
            }
            balance = entry.balance_after;
        }
        if balance != self.closing_balance {
            return Err(ReportError::ClosingDiffers { expected: balance, found: self.closing_balance });
        }
        Ok(())
    }

    pub(crate) fn totals<'a>(&self, lines: impl Iterator<Item = &'a StatementLine> + Clone) -> KindTotals {
        let amounts = lines.map(|line| line.amount);
        let money_in = Total::of(self.currency, amounts.clone().filter(|amount| !amount.is_negative()));
        let net = Total::of(self.currency, amounts.clone());
        let money_out = money_in.less(net);
        let count = u64::try_from(amounts.count()).unwrap_or(u64::MAX);
        KindTotals { count, money_in, money_out, net }
    }

    pub(crate) fn by_kind(&self) -> BTreeMap<&EntryKind, KindTotals> {
        let mut kinds: BTreeMap<&EntryKind, Vec<&StatementLine>> = BTreeMap::new();
        for line in &self.lines {
            kinds.entry(&line.kind).or_default().push(line);
        }
        kinds.into_iter().map(|(kind, lines)| (kind, self.totals(lines.into_iter()))).collect()
    }

    /// The statement as CSV: a row `opening-balance`, the lines, a row `closing-balance`.
    ///
    /// # Errors
    /// As [`Statement::check`].
    pub fn csv(&self) -> Result<String, ReportError> {
        self.check()?;
        let mut csv = Csv::new(&[
            "account",
            "currency",
            "date",
            "time",
            "utc_offset",
            "payment",
            "kind",
            "counterparty",
            "reference",
            "memo",
            "amount",
            "balance",
        ]);
        let edge = |day: Day, kind: &str, balance: Money| {
            let mut row = vec![Cell::Foreign(&self.account), Cell::own(self.currency), Cell::own(day)];
            row.extend([Cell::empty(), Cell::empty(), Cell::empty(), Cell::own(kind)]);
            row.extend([Cell::empty(), Cell::empty(), Cell::empty(), Cell::empty()]);
            row.push(Cell::own(balance.decimal()));
            row
        };
        csv.row(&edge(self.from, "opening-balance", self.opening_balance));
        for line in &self.lines {
            let clock = self.letterhead.zone.clock(line.at);
            csv.row(&[
                Cell::Foreign(&self.account),
                Cell::own(self.currency),
                Cell::own(clock.day),
                Cell::Own(clock.time),
                Cell::Own(format!("UTC{}", clock.offset)),
                Cell::Foreign(&line.payment),
                Cell::Foreign(line.kind.word()),
                Cell::Foreign(&line.counterparty),
                Cell::Foreign(&line.reference),
                Cell::Foreign(&line.memo),
                Cell::own(line.amount.decimal()),
                Cell::own(line.balance_after.decimal()),
            ]);
        }
        csv.row(&edge(self.to, "closing-balance", self.closing_balance));
        Ok(csv.finish())
    }

    /// The statement as JSON; amounts in minor units with their currency, moments as RFC 3339.
    ///
    /// # Errors
    /// As [`Statement::check`].
    pub fn json(&self) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct Line<'a> {
            at: String,
            payment: &'a str,
            kind: &'a str,
            counterparty: &'a str,
            reference: &'a str,
            memo: &'a str,
            amount: Money,
            balance_after: Money,
        }
        #[derive(Serialize)]
        struct Kind<'a> {
            kind: &'a str,
            #[serde(flatten)]
            totals: KindTotals,
        }
        #[derive(Serialize)]
        struct Document<'a> {
            report: &'static str,
            version: u32,
            operator: &'a str,
            issued: String,
            time_zone: &'a str,
            account: &'a str,
            holder: &'a str,
            name: &'a str,
            kind: &'a str,
            currency: Currency,
            from: Day,
            to: Day,
            opening_balance: Money,
            closing_balance: Money,
            held: Option<Money>,
            totals: KindTotals,
            totals_by_kind: Vec<Kind<'a>>,
            lines: Vec<Line<'a>>,
        }
        self.check()?;
        let zone = &self.letterhead.zone;
        let document = Document {
            report: "statement",
            version: 1,
            operator: &self.letterhead.operator,
            issued: zone.clock(self.letterhead.issued).rfc3339(),
            time_zone: zone.name(),
            account: &self.account,
            holder: &self.holder,
            name: &self.name,
            kind: self.kind.word(),
            currency: self.currency,
            from: self.from,
            to: self.to,
            opening_balance: self.opening_balance,
            closing_balance: self.closing_balance,
            held: self.held,
            totals: self.totals(self.lines.iter()),
            totals_by_kind: self
                .by_kind()
                .into_iter()
                .map(|(kind, totals)| Kind { kind: kind.word(), totals })
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|line| Line {
                    at: zone.clock(line.at).rfc3339(),
                    payment: &line.payment,
                    kind: line.kind.word(),
                    counterparty: &line.counterparty,
                    reference: &line.reference,
                    memo: &line.memo,
                    amount: line.amount,
                    balance_after: line.balance_after,
                })
                .collect(),
        };
        Ok(crate::json::text(&document))
    }

    /// The statement as a printable page.
    ///
    /// # Errors
    /// As [`Statement::check`], and beyond [`PAGE_LINES_MAX`] lines.
    pub fn html(&self) -> Result<String, ReportError> {
        within(self.lines.len(), PAGE_LINES_MAX)?;
        self.check()?;
        Ok(page::write(self))
    }
}
