//! `thinpay clearing` and `thinpay settlement`.

use std::path::PathBuf;

use clap::Subcommand;
use clearing::{Day, ParticipantId};
use money::Currency;

#[derive(Debug, Subcommand)]
pub(crate) enum Clearing {
    /// End a day: what was posted before belongs to it, what comes after to the next. No payment waits for it.
    /// A running server does this by itself at the time that the parameter section cut-off names.
    #[command(after_help = "Example: thinpay clearing cut-off --day 2026-11-23")]
    CutOff {
        /// The day to end, like 2026-11-23 [default: the day that is over and has no cut-off yet]
        #[arg(long)]
        day: Option<Day>,
    },
    /// Show the days that have ended, newest first: cut-off (to be given out), given-out (waits for the bank),
    /// settled
    List {
        /// At most this many days
        #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Clear a day: who owes whom, what everybody pays or gets in the end, and the few payments that settle it.
    /// Changes nothing, so it can be run as often as you like; the same book gives the same result
    #[command(after_help = "Example: thinpay clearing run --day 2026-11-23 --out tables")]
    Run {
        /// The day, like 2026-11-23
        #[arg(long)]
        day: Day,
        /// Write positions, obligations and instructions as CSV files into this folder
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Show what a new cycle would be, instead of the one that was given out
        #[arg(long)]
        new_cycle: bool,
    },
    /// Compare a day with what acceptance terminals counted
    #[command(
        after_help = "The file is CSV with the heading terminal,batch,currency,count,amount; refunds are taken \
                      off the amount. The batches of a terminal are added up.\n\
                      Example: thinpay clearing match --day 2026-11-23 totals.csv"
    )]
    Match {
        /// The day, like 2026-11-23
        #[arg(long)]
        day: Day,
        /// The totals, a CSV file
        #[arg(value_name = "TOTALS.csv")]
        totals: PathBuf,
    },
    /// Settle a day without a participant that has failed: what it owes and is owed goes into the next day
    #[command(
        after_help = "Example: thinpay clearing hold-out BANK-B --day 2026-11-23 --reason \"moratorium\""
    )]
    HoldOut {
        /// The participant's identifier
        participant: ParticipantId,
        /// The day to hold it out of; it need not have ended
        #[arg(long)]
        day: Day,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take a participant back into a day that it was held out of
    Readmit {
        /// The participant's identifier
        participant: ParticipantId,
        /// The day
        #[arg(long)]
        day: Day,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Settlement {
    /// Open the account in the book that a bank or provider settles through, and print its number for the
    /// parameter section participants (ledger-accounts). A merchant settles through its own account
    #[command(after_help = "Example: thinpay settlement open-account BANK-A --currency CNY")]
    OpenAccount {
        /// The participant's identifier, which need not be in the parameters yet
        participant: ParticipantId,
        /// The currency
        #[arg(long, default_value = "CNY", value_name = "CODE")]
        currency: Currency,
    },
    /// Give a day's files out: payments for the bank (pacs.009, pacs.008), notifications for participants
    /// (camt.054), tables (CSV). Run again, it writes the same bytes or says what differs
    #[command(after_help = "Example: thinpay settlement export --day 2026-11-23 --out to-the-bank")]
    Export {
        /// The day, like 2026-11-23
        #[arg(long)]
        day: Day,
        /// The folder to write them into; made when it does not exist
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Clear the day anew after the files were withdrawn at the bank: other identifiers, and whoever has been
        /// held out since is left out
        #[arg(long)]
        new_cycle: bool,
    },
    /// Take in the bank's notification (camt.054): post what it has booked, once; list everything else
    #[command(after_help = "Example: thinpay settlement confirm camt.054-from-the-bank.xml")]
    Confirm {
        /// The bank's file
        file: PathBuf,
    },
    /// Write the notification (camt.054) that a bank would send which has booked all of a day's open instructions:
    /// for rehearsals without a bank. Nothing is posted by it
    #[command(after_help = "Example: thinpay settlement rehearse --day 2026-11-23 --out from-the-bank.xml")]
    Rehearse {
        /// The day, like 2026-11-23
        #[arg(long)]
        day: Day,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Note that the bank does not carry an instruction out, where it said so in another way than by its file:
    /// what it was to pay is owed again from the next cut-off on
    #[command(
        after_help = "Example: thinpay settlement refuse TP20261123-01-CNY-0001 --reason \"account closed\""
    )]
    Refuse {
        /// The instruction's identifier
        instruction: String,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Show instructions and what has become of them: open, confirmed, refused
    List {
        /// Those of a day, like 2026-11-23 [default: of every day that was given out and is not settled]
        #[arg(long)]
        day: Option<Day>,
    },
}
