//! `thinpay account`: what moves money and what keeps the books.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use money::Money;

/// The idempotency key.
#[derive(Debug, Args)]
pub(crate) struct Key {
    /// Asking again with the same words does it once and tells the first result; without them, each command is a
    /// new one
    #[arg(long, value_name = "WORDS")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Close an account for ever; it must be empty, with nothing on hold
    Close {
        /// The account
        account: String,
        #[command(flatten)]
        key: Key,
    },
    /// Show everything about a payment or a hold: state, sides, fees, reasons, what was captured and refunded
    Payment {
        /// Its number, for example 7K3-M92-QXC
        payment: String,
    },
    /// Find payments by reference, or accounts by holder, name or number; at most 100 are shown
    #[command(group(ArgGroup::new("what").required(true).args(["reference", "text"])))]
    Find {
        /// Payments with exactly this reference, oldest first
        #[arg(long)]
        reference: Option<String>,
        /// Open accounts whose holder or name contains this, or whose number it is
        #[arg(long)]
        text: Option<String>,
    },
    /// Show an account's balance, what is on hold and what can be spent, now or at a moment
    Balance {
        /// The account
        account: String,
        /// After everything before this moment: 2026-11-23T15:00 by the operator's clock,
        /// 2026-11-23T07:00:00Z, or 2026-11-23 for the end of that day
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Let a customer's money leave through the settlement account, for a teller who paid it out
    Withdraw {
        /// The customer's account
        account: String,
        /// How much, for example "100.00 CNY"
        #[arg(long)]
        amount: Money,
        /// What the payout is known by, for example the teller's slip; payments are found by it
        #[arg(long)]
        reference: String,
        /// A word that the customer sees
        #[arg(long, default_value = "")]
        memo: String,
        #[command(flatten)]
        key: Key,
    },
    /// Set an amount of a customer's aside for a merchant; `capture` pays it, `release` gives it back
    Hold {
        /// The customer's account
        #[arg(long, value_name = "ACCOUNT")]
        from: String,
        /// The merchant's account
        #[arg(long, value_name = "ACCOUNT")]
        to: String,
        /// How much at most, for example "300.00 CNY"
        #[arg(long)]
        amount: Money,
        /// When it is given back by itself: 2026-11-30T12:00, or a day for its end; never, if left out
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// What the merchant knows it by, for example a booking
        #[arg(long, default_value = "")]
        reference: String,
        /// A word to both sides
        #[arg(long, default_value = "")]
        memo: String,
        #[command(flatten)]
        key: Key,
    },
    /// Pay a hold to its merchant, in whole or in part; the rest is given back unless it is kept
    Capture {
        /// The hold's number
        hold: String,
        /// How much of it
        #[arg(long)]
        amount: Money,
        /// Keep the rest on hold for further captures
        #[arg(long)]
        keep_rest: bool,
        /// What the merchant knows this capture by; else as the hold
        #[arg(long, default_value = "")]
        reference: String,
        #[command(flatten)]
        key: Key,
    },
    /// Give a hold, or what is left of it, back to its payer
    Release {
        /// The hold's number
        hold: String,
        #[command(flatten)]
        key: Key,
    },
    /// Show the holds that are open, oldest first, 100 at a time
    Holds {
        /// Only those from or to this account
        account: Option<String>,
        /// Go on from here: the "next" of the last page
        #[arg(long, value_name = "HOLD")]
        after: Option<String>,
    },
    /// Give a payment back to its payer, in whole or in part; all refunds together are never more than it moved
    Refund {
        /// The payment's number (of a hold: its capture's)
        payment: String,
        /// How much [default: what is left of it]
        #[arg(long)]
        amount: Option<Money>,
        /// Why; both sides see it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        key: Key,
    },
    /// Exchange a customer's money into another currency at the rate in effect
    Exchange {
        /// The account that pays
        #[arg(long, value_name = "ACCOUNT")]
        from: String,
        /// The account in the other currency
        #[arg(long, value_name = "ACCOUNT")]
        to: String,
        /// How much is paid, in the payer's currency
        #[arg(long)]
        amount: Money,
        /// What was agreed to be got: when the rate says otherwise, nothing is done
        #[arg(long)]
        agreed: Option<Money>,
        /// A word to both sides
        #[arg(long, default_value = "")]
        memo: String,
        #[command(flatten)]
        key: Key,
    },
    /// Copy the books to a file while the server runs and payments go on
    ///
    /// The copy is the journal, from which everything else can be made; each row is checked on the way, and the
    /// copy is read back. A file with an earlier copy is brought up to date. Not in it: the customers and
    /// terminals (auth/), what apps keep (platform.db), published apps (apps/), and the secret key that signs the
    /// audit log (audit-log.key); keep copies of those apart from it. `thinpay account restore` puts it back.
    Backup {
        /// The file to write, for example /backup/books.sqlite
        out: PathBuf,
    },
    /// Make the books from a backup, in a directory that has none
    ///
    /// Stop the server and move the damaged ledger/ out of the operator's directory (with PostgreSQL: choose an
    /// empty database in thinpay.toml) first. The rest of the directory stays as it is; for a new machine, copy
    /// it there without ledger/. Accounts, histories and the audit log are made anew and compared with the journal.
    Restore {
        /// The file that `thinpay account backup` wrote
        backup: PathBuf,
    },
    /// Make all tables of accounts, payments and histories anew from the journal, and compare them with the book
    ///
    /// For when they are damaged, or there is doubt. No money moves; the journal is only read. Stop the server first.
    Rebuild,
}
