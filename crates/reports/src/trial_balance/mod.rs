//! The trial balance: every account's debits and credits, which must be equal in each currency.

mod page;

use std::collections::BTreeSet;

use ledger::Timestamp;
use money::{Currency, Money};
use serde::Serialize;

use crate::csv::{Cell, Csv};
use crate::{AccountKind, LINES_MAX, Letterhead, PAGE_LINES_MAX, ReportError, Total, within};

/// What a trial balance tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalance {
    /// Operator, language, time zone, and when it was made.
    pub letterhead: Letterhead,
    /// The moment whose books it shows.
    pub as_of: Timestamp,
    /// The accounts, in the order in which they are to be printed within their currency.
    pub rows: Vec<TrialBalanceRow>,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceRow {
    /// Its number.
    pub account: String,
    /// Whose it is.
    pub holder: String,
    /// The name that others see.
    pub name: String,
    /// What it is for.
    pub kind: AccountKind,
    /// All that ever left it.
    pub debits: Money,
    /// All that ever came in.
    pub credits: Money,
    /// Credits less debits.
    pub balance: Money,
}

/// The totals of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CurrencyTotals {
    /// The currency.
    pub currency: Currency,
    /// How many accounts are kept in it.
    pub accounts: u64,
    /// Sum of the debits.
    pub debits: Total,
    /// Sum of the credits.
    pub credits: Total,
    /// Credits less debits: nothing, if the books balance.
    pub difference: Total,
}

impl TrialBalance {
    /// The totals of each currency, by its code.
    #[must_use]
    pub fn totals(&self) -> Vec<CurrencyTotals> {
        let currencies: BTreeSet<Currency> = self.rows.iter().map(|row| row.debits.currency()).collect();
        currencies
            .into_iter()
            .map(|currency| {
                let rows = || self.rows.iter().filter(|row| row.debits.currency() == currency);
                let debits = Total::of(currency, rows().map(|row| row.debits));
                let credits = Total::of(currency, rows().map(|row| row.credits));
                let accounts = u64::try_from(rows().count()).unwrap_or(u64::MAX);
                CurrencyTotals { currency, accounts, debits, credits, difference: credits.less(debits) }
            })
            .collect()
    }

    /// Whether debits equal credits in every currency and every balance is credits less debits.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.totals().iter().all(|totals| totals.difference.minor_units() == 0)
            && self.rows.iter().all(TrialBalanceRow::follows)
    }

    /// Checks that it can be written at all. Books that do not balance are written, and say so on top.
    ///
    /// # Errors
    /// [`ReportError::TooManyLines`], [`ReportError::MixedCurrencies`].
    pub fn check(&self) -> Result<(), ReportError> {
        within(self.rows.len(), LINES_MAX)?;
        for row in &self.rows {
            for other in [row.credits, row.balance] {
                if other.currency() != row.debits.currency() {
                    return Err(ReportError::MixedCurrencies {
                        place: format!("account {} of the trial balance", row.account),
                        left: row.debits.currency(),
                        right: other.currency(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The trial balance as CSV: first a row `total` for each currency with its difference, which is `0.00` when
    /// the books balance; then a row `account` for each account, whose difference is by how much its balance
    /// misses credits less debits.
    ///
    /// # Errors
    /// As [`TrialBalance::check`].
    pub fn csv(&self) -> Result<String, ReportError> {
        self.check()?;
        let mut csv = Csv::new(&[
            "row",
            "status",
            "currency",
            "account",
            "holder",
            "name",
            "kind",
            "debits",
            "credits",
            "balance",
            "difference",
        ]);
        let status = |fine: bool| Cell::own(if fine { "balanced" } else { "DIFFERS" });
        for totals in self.totals() {
            csv.row(&[
                Cell::own("total"),
                status(totals.difference.minor_units() == 0),
                Cell::own(totals.currency),
                Cell::empty(),
                Cell::empty(),
                Cell::empty(),
                Cell::empty(),
                Cell::Own(totals.debits.decimal()),
                Cell::Own(totals.credits.decimal()),
                Cell::Own(totals.difference.decimal()),
                Cell::Own(totals.difference.decimal()),
            ]);
        }
        for row in &self.rows {
            csv.row(&[
                Cell::own("account"),
                status(row.follows()),
                Cell::own(row.debits.currency()),
                Cell::Foreign(&row.account),
                Cell::Foreign(&row.holder),
                Cell::Foreign(&row.name),
                Cell::Foreign(row.kind.word()),
                Cell::own(row.debits.decimal()),
                Cell::own(row.credits.decimal()),
                Cell::own(row.balance.decimal()),
                Cell::Own(row.off_by().decimal()),
            ]);
        }
        Ok(csv.finish())
    }

    /// The trial balance as JSON; `balanced` comes first.
    ///
    /// # Errors
    /// As [`TrialBalance::check`].
    pub fn json(&self) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct Row<'a> {
            account: &'a str,
            holder: &'a str,
            name: &'a str,
            kind: &'a str,
            debits: Money,
            credits: Money,
            balance: Money,
            follows: bool,
        }
        #[derive(Serialize)]
        struct Document<'a> {
            report: &'static str,
            version: u32,
            balanced: bool,
            operator: &'a str,
            issued: String,
            time_zone: &'a str,
            as_of: String,
            totals: Vec<CurrencyTotals>,
            rows: Vec<Row<'a>>,
        }
        self.check()?;
        let zone = &self.letterhead.zone;
        Ok(crate::json::text(&Document {
            report: "trial-balance",
            version: 1,
            balanced: self.balances(),
            operator: &self.letterhead.operator,
            issued: zone.clock(self.letterhead.issued).rfc3339(),
            time_zone: zone.name(),
            as_of: zone.clock(self.as_of).rfc3339(),
            totals: self.totals(),
            rows: self
                .rows
                .iter()
                .map(|row| Row {
                    account: &row.account,
                    holder: &row.holder,
                    name: &row.name,
                    kind: row.kind.word(),
                    debits: row.debits,
                    credits: row.credits,
                    balance: row.balance,
                    follows: row.follows(),
                })
                .collect(),
        }))
    }

    /// The trial balance as a printable page.
    ///
    /// # Errors
    /// As [`TrialBalance::check`], and beyond [`PAGE_LINES_MAX`] rows.
    pub fn html(&self) -> Result<String, ReportError> {
        within(self.rows.len(), PAGE_LINES_MAX)?;
        self.check()?;
        Ok(page::write(self))
    }
}

impl TrialBalanceRow {
    /// By how much the balance misses credits less debits.
    pub(crate) fn off_by(&self) -> Total {
        Total::from(self.balance).less(Total::from(self.credits).less(self.debits.into()))
    }

    pub(crate) fn follows(&self) -> bool {
        self.off_by().minor_units() == 0
    }
}
