//! What the ledger is asked and what it answers. Plain values: a batch of requests is data that can be stored
//! and applied again, with the same result.

use std::fmt;

use money::{Currency, Money};

/// A moment, in nanoseconds since 1970-01-01 00:00 UTC. The ledger never reads a clock: the moment is passed
/// in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment that many nanoseconds later; stops at the end of time (year 2554).
    #[must_use]
    pub const fn plus_ns(self, nanoseconds: u64) -> Self {
        Self(self.0.saturating_add(nanoseconds))
    }
}

/// Number of an account in the book. Chosen by the caller; one number is one account for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u64);

/// Running number of an accepted or refused command, counted from 1 through the life of the book. A request
/// takes as many as it has commands and is named by the first of them; a hold is named by its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub u64);

/// Idempotency key of a request, chosen by whoever asks (128 random bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u128);

/// Digest of everything that makes a request the same request. Two requests with one key are the same when
/// their contents are. The caller computes it (a cryptographic digest where the requests come from outside),
/// since it may cover more than the ledger sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content(pub u128);

/// What must hold of an account's balance after every posting. Money on hold counts as gone for the side that
/// gives it, and as not yet there for the side that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BalanceRule {
    /// Debits never exceed credits: the holder cannot spend more than there is. Customers, merchants, fees.
    DebitsWithinCredits,
    /// Credits never exceed debits: the mirror, for accounts of what others owe the book.
    CreditsWithinDebits,
    /// Anything goes: a settlement account, whose other half is at a bank.
    Free,
}

/// One change of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Opens an account with nothing in it.
    Open {
        /// A number no account has had.
        account: AccountId,
        /// Its currency, for ever.
        currency: Currency,
        /// Its balance rule, for ever.
        rule: BalanceRule,
        /// The caller's classification, uninterpreted here.
        code: u16,
    },
    /// Closes an account that has nothing in it and nothing on hold.
    Close {
        /// The account.
        account: AccountId,
    },
    /// Moves an amount from one account to another.
    Transfer {
        /// Gives.
        debit: AccountId,
        /// Gets.
        credit: AccountId,
        /// How much, more than nothing, in the currency of both.
        amount: Money,
    },
    /// Sets an amount aside, to be captured later or given back. First phase of two.
    Hold {
        /// Will give.
        debit: AccountId,
        /// Will get.
        credit: AccountId,
        /// How much at most.
        amount: Money,
        /// When it is given back by itself, if nobody captured or released it before.
        expires: Option<Timestamp>,
    },
    /// Moves a held amount, whole or in part. May be repeated while something is left on hold.
    Capture {
        /// The hold.
        hold: Number,
        /// How much, more than nothing and at most what is held still.
        amount: Money,
        /// Whether this is the last capture: the rest is given back and the hold ends. Otherwise the rest stays
        /// on hold until its expiry. A hold of which nothing is left ends either way.
        last: bool,
    },
    /// Gives back a held amount.
    Release {
        /// The hold.
        hold: Number,
    },
    /// Gives back what an earlier command moved, whole or in part, at most once over. The caller knows from its
    /// own records what the original moved; the book remembers what it was told at the first refund, holds
    /// every later one to it, and counts. Accounts pay as in a transfer: what the payee has spent cannot be
    /// given back.
    Refund {
        /// The command that moved it: a transfer or a capture. An earlier command than this one.
        original: Number,
        /// What it moved, more than nothing.
        of: Money,
        /// Its payee, who gives now.
        debit: AccountId,
        /// Its payer, who gets now.
        credit: AccountId,
        /// How much, more than nothing and at most what is not refunded yet.
        amount: Money,
    },
    /// Changes nothing: takes a number and has its key remembered. For entries of a journal that are not about
    /// money.
    Note,
}

/// The commands of one request: all of them happen or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commands {
    /// One command. The usual case, without an allocation.
    One(Command),
    /// Linked commands, at least one and at most [`LINKED_COMMANDS_MAX`](crate::LINKED_COMMANDS_MAX), in
    /// order; each sees what those before it did.
    Linked(Box<[Command]>),
}

impl Commands {
    /// The commands in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Command] {
        match self {
            Self::One(command) => std::slice::from_ref(command),
            Self::Linked(commands) => commands,
        }
    }
}

/// One request: linked commands under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The key; without one the request is new every time.
    pub key: Option<Key>,
    /// What the key stands for.
    pub content: Content,
    /// What to do.
    pub commands: Commands,
}

/// What one command did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The account is open.
    Opened,
    /// The account is closed.
    Closed,
    /// The amount has moved. Balances are credits less debits, in minor units, right after this command.
    Transferred {
        /// Of the account that gave.
        debit_balance: i64,
        /// Of the account that got.
        credit_balance: i64,
    },
    /// The amount is set aside, under the number of the command.
    Held {
        /// What the giving account can still spend.
        debit_available: i64,
    },
    /// The captured amount has moved. The hold is over when nothing is left of it.
    Captured {
        /// The account that gave.
        debit: AccountId,
        /// The account that got.
        credit: AccountId,
        /// What was given back, in minor units: the rest of the last capture.
        released: i64,
        /// What is on hold still, in minor units.
        left: i64,
        /// Balance of the account that gave.
        debit_balance: i64,
        /// Balance of the account that got.
        credit_balance: i64,
    },
    /// The hold is over; nothing has moved.
    Released {
        /// The account that has it back.
        debit: AccountId,
        /// How much, in minor units.
        amount: i64,
        /// What that account can spend now.
        debit_available: i64,
    },
    /// The refund has moved.
    Refunded {
        /// How much of the original is refunded by now, this refund included, in minor units.
        refunded: i64,
        /// Balance of the account that gave.
        debit_balance: i64,
        /// Balance of the account that got.
        credit_balance: i64,
    },
    /// Nothing has changed, as asked.
    Noted,
}

/// The outcomes of a request's commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcomes {
    /// Of a request with one command.
    One(Outcome),
    /// Of a request with linked commands, in order.
    Linked(Box<[Outcome]>),
}

impl Outcomes {
    /// The outcomes in the order of the commands.
    #[must_use]
    pub fn as_slice(&self) -> &[Outcome] {
        match self {
            Self::One(outcome) => std::slice::from_ref(outcome),
            Self::Linked(outcomes) => outcomes,
        }
    }
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Number of the request's first command. For a repeated request, that of the first time.
    pub number: Number,
    /// When it was applied; for a repeated request, the first time.
    pub at: Timestamp,
    /// Whether this repeats an earlier answer: nothing was done now.
    pub duplicate: bool,
    /// What was done, or why nothing was.
    pub result: Result<Outcomes, Refusal>,
}

/// A hold that nobody captured or released in time; its amount has been given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// The hold.
    pub hold: Number,
    /// The account that has it back.
    pub debit: AccountId,
    /// The account that would have got it.
    pub credit: AccountId,
    /// How much, in minor units.
    pub amount: i64,
}

/// What applying a batch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The moment that counted: the one passed in, or the latest the book has seen if that was later.
    pub at: Timestamp,
    /// Holds that had expired by then; given back before the first request.
    pub expired: Vec<Expired>,
    /// One answer for each request, in order.
    pub answers: Vec<Answer>,
}

/// Why a request was refused. Nothing of it has happened. All are the asker's to correct; none is a fault of
/// the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A request without commands, or with more than [`LINKED_COMMANDS_MAX`](crate::LINKED_COMMANDS_MAX).
    LinkedCount,
    /// The key was used before for something else.
    KeyReused,
    /// No account has this number.
    UnknownAccount(AccountId),
    /// An account with this number exists.
    AccountExists(AccountId),
    /// The account was closed.
    AccountClosed(AccountId),
    /// The account cannot be closed: it has a balance or something on hold.
    AccountInUse(AccountId),
    /// Both sides are the same account.
    SameAccount(AccountId),
    /// The account has another currency than the amount.
    CurrencyMismatch(AccountId),
    /// The amount is zero or negative.
    AmountNotPositive,
    /// The account has not enough to spend.
    InsufficientFunds {
        /// The account.
        account: AccountId,
        /// What it can spend, in minor units.
        available: i64,
    },
    /// The account would be credited more than was debited, against its rule.
    CreditsExceedDebits(AccountId),
    /// The account's turnover would exceed [`TURNOVER_MAX`](crate::TURNOVER_MAX): the book continues in a new
    /// account.
    TurnoverExhausted(AccountId),
    /// No such hold is open: never made, or captured, released or expired.
    HoldNotOpen(Number),
    /// More was to be captured than is held.
    CaptureExceedsHold {
        /// The hold.
        hold: Number,
        /// What is held, in minor units.
        held: i64,
    },
    /// The hold would expire at once.
    ExpiryPast,
    /// More was to be refunded than is left of what the original moved.
    RefundExceeds {
        /// The original.
        original: Number,
        /// What is not refunded yet, in minor units.
        left: i64,
    },
    /// An earlier refund of this original named other accounts or another original amount.
    RefundDiffers(Number),
    /// The original is no earlier command: there is nothing to refund.
    UnknownOriginal(Number),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkedCount => write!(
                formatter,
                "a request takes between one and {} linked commands",
                crate::LINKED_COMMANDS_MAX
            ),
            Self::KeyReused => formatter.write_str("this idempotency key was used before for something else"),
            Self::UnknownAccount(AccountId(id)) => write!(formatter, "there is no account {id}"),
            Self::AccountExists(AccountId(id)) => write!(formatter, "account {id} exists already"),
            Self::AccountClosed(AccountId(id)) => write!(formatter, "account {id} is closed"),
            Self::AccountInUse(AccountId(id)) => {
                write!(formatter, "account {id} cannot be closed: empty it and settle its holds first")
            }
            Self::SameAccount(AccountId(id)) => {
                write!(formatter, "account {id} cannot pay itself: name two accounts")
            }
            Self::CurrencyMismatch(AccountId(id)) => {
                write!(formatter, "account {id} has another currency than the amount")
            }
            Self::AmountNotPositive => formatter.write_str("the amount must be more than nothing"),
            Self::InsufficientFunds { account: AccountId(id), available } => {
                write!(formatter, "account {id} can spend {available} minor units, which is not enough")
            }
            Self::CreditsExceedDebits(AccountId(id)) => {
                write!(formatter, "account {id} must not be credited more than was debited")
            }
            Self::TurnoverExhausted(AccountId(id)) => {
                write!(formatter, "account {id} has reached the largest turnover: continue in a new account")
            }
            Self::HoldNotOpen(Number(hold)) => {
                write!(
                    formatter,
                    "hold {hold} is not open: it was never made, or was captured, released or expired"
                )
            }
            Self::CaptureExceedsHold { hold: Number(hold), held } => {
                write!(formatter, "hold {hold} is for {held} minor units: less than what was to be captured")
            }
            Self::ExpiryPast => {
                formatter.write_str("the hold would have expired already: give it a later moment")
            }
            Self::RefundExceeds { original: Number(original), left } => {
                write!(
                    formatter,
                    "{left} minor units are left to refund of payment {original}: less than what was asked for"
                )
            }
            Self::RefundDiffers(Number(original)) => {
                write!(
                    formatter,
                    "payment {original} was refunded before with other accounts or another original amount: \
                     name those it was made with"
                )
            }
            Self::UnknownOriginal(Number(original)) => {
                write!(formatter, "there was no payment {original} before this refund: name an earlier one")
            }
        }
    }
}

impl std::error::Error for Refusal {}
