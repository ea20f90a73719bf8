//! `thinpay report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::admin::reports::Format;

/// How a report is written, and where to.
#[derive(Debug, Args)]
pub(crate) struct Paper {
    /// How it is written [default: json with --json, else csv]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// The language of the printed page; CSV and JSON have one set of words
    #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
    pub(crate) language: String,
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write over the file if it is there with other contents
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Begin a CSV file with the mark by which spreadsheets see that it is UTF-8
    #[arg(long, requires = "out")]
    pub(crate) for_excel: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Report {
    /// An account's statement: opening balance, every line, closing balance
    ///
    /// For example: thinpay report statement 1000000452 --from 2026-11-01 --until 2026-11-30 --format html --out november.html
    Statement {
        /// The account
        account: String,
        /// First day, in the operator's time zone
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day, included
        #[arg(long, value_name = "DAY")]
        until: String,
        #[command(flatten)]
        paper: Paper,
    },
    /// Every account's debits and credits, which must be equal in each currency
    TrialBalance {
        /// After everything before this moment: 2026-11-23T15:00, or a day for its end [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        #[command(flatten)]
        paper: Paper,
    },
    /// What a day was: payments, fees, declines, holds, reviews, clearing, and the head of the audit log
    ///
    /// The day ends at its cut-off (`thinpay clearing cut-off`); a day without one ends at midnight.
    DayEnd {
        /// The day, for example 2026-11-23
        #[arg(long)]
        day: String,
        #[command(flatten)]
        paper: Paper,
    },
    /// Compare a bank's or provider's CSV file with the books: matched, missing here, missing there
    ///
    /// Payments are matched by reference (those without one by their number); pairs that differ in amount,
    /// currency or day are listed apart. A mapping is a TOML file that says what the columns are, for example:
    /// reference = "Order", amount = { signed = "Amount" }, currency = { fixed = "CNY" }, day = "Date",
    /// day-format = "YYYYMMDD", separator = ";". Without one, columns are named reference, amount, currency, date.
    Reconcile {
        /// The file to compare with
        file: PathBuf,
        /// What its columns are, a TOML file
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// Compare with this account's lines, as it sees them, instead of with all payments (of which refunds
        /// and withdrawals count as negative)
        #[arg(long)]
        account: Option<String>,
        /// Match by our payment numbers instead of by references
        #[arg(long)]
        by_payment: bool,
        /// First day, in the operator's time zone
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day, included
        #[arg(long, value_name = "DAY")]
        until: String,
        /// How many days their date may differ from ours
        #[arg(long, value_name = "DAYS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=366))]
        tolerance: u32,
        #[command(flatten)]
        paper: Paper,
    },
}
