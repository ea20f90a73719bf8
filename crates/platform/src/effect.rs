//! What a session asks of the program around it, and what comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use accounts::{Account, Page, Posted};
use auth::{PendingLogin, SignedIn};
use identity::{LoginError, Operation, Statement, TerminalId};
use money::Money;

/// Which command of which app an effect is for. An answer to an app that has been left since is for
/// nobody: the next app may use the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// Counts the apps that the session has launched.
    pub launch: u32,
    /// The app's own number for its command.
    pub command: u32,
}

/// Something a session wants done. Each is answered once, in any order.
#[derive(Debug)]
pub enum Effect {
    /// Begin a login with the terminal's first frame; answered by [`Answer::LoginBegun`].
    BeginLogin {
        /// The frame.
        hello: Vec<u8>,
    },
    /// Finish a login with the terminal's second frame; answered by [`Answer::LoginFinished`].
    FinishLogin {
        /// What [`Answer::LoginBegun`] gave.
        pending: Box<PendingLogin>,
        /// The frame.
        finish: Vec<u8>,
    },
    /// The terminal has shown that it can see: note it, and fetch what its user has. Answered by
    /// [`Answer::Welcomed`].
    Welcome {
        /// Who.
        signed_in: Arc<SignedIn>,
        /// Whether the welcome was acknowledged; the plain embodiment has none.
        confirm: bool,
    },
    /// Look something up for the app; answered by [`Answer::Replied`].
    Ask {
        /// Comes back with the answer.
        tag: Tag,
        /// What.
        question: Question,
    },
    /// Find both sides of a payment; answered by [`Answer::Prepared`].
    Prepare {
        /// Whose money it must be, and where it may be put in.
        holder: String,
        /// The terminal that it is ordered at.
        terminal: TerminalId,
        /// What the app ordered.
        order: Order,
    },
    /// Verify the statement's signature, and post; answered by [`Answer::Posted`].
    Post {
        /// Who signed.
        signed_in: Arc<SignedIn>,
        /// What was signed.
        statement: Box<Statement>,
        /// By the secure element: r and s.
        signature: [u8; 64],
        /// What it is for.
        prepared: Box<Prepared>,
    },
}

/// A movement of money that an app ordered, before anything about it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose it is.
    pub tag: Tag,
    /// The app that ordered it, by its identifier.
    pub app: String,
    /// Pay, transfer or top up.
    pub operation: Operation,
    /// The account it comes from; empty for a top-up, which comes from the settlement account.
    pub source: String,
    /// The account it goes to.
    pub destination: String,
    /// How much.
    pub amount: Money,
    /// For whom it concerns.
    pub memo: String,
}

/// An order whose accounts were found, and may be used by this user for this.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What was ordered.
    pub order: Order,
    /// Where it comes from.
    pub payer: Account,
    /// Where it goes to.
    pub payee: Account,
    /// What it costs, on top of the amount.
    pub fee: Money,
}

/// What the program answers to an [`Effect`].
#[derive(Debug)]
pub enum Answer {
    /// To [`Effect::BeginLogin`]: the state to keep and the frame to send.
    LoginBegun(Result<(Box<PendingLogin>, Vec<u8>), LoginError>),
    /// To [`Effect::FinishLogin`].
    LoginFinished(Result<Box<SignedIn>, LoginError>),
    /// To [`Effect::Welcome`]: what the user has.
    Welcomed {
        /// The user's accounts.
        accounts: Vec<Account>,
        /// What each app kept for the user, by the app's identifier.
        kept: BTreeMap<String, Vec<u8>>,
    },
    /// To [`Effect::Ask`].
    Replied {
        /// The question's.
        tag: Tag,
        /// What was found.
        reply: Result<Reply, Refusal>,
    },
    /// To [`Effect::Prepare`].
    Prepared {
        /// The order's.
        tag: Tag,
        /// Both sides, or why not.
        outcome: Result<Box<Prepared>, Refusal>,
    },
    /// To [`Effect::Post`]; a posting is on disk.
    Posted {
        /// The order's.
        tag: Tag,
        /// The posting, or why there is none.
        outcome: Result<Posted, Refusal>,
    },
    /// The terminal or its customer's contract was revoked meanwhile; the session ends.
    Revoked,
    /// Something failed that is nobody's doing but the server's; the session ends.
    Failed(String),
}

/// What was found.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Accounts with balances.
    Accounts(Vec<Account>),
    /// A page of history.
    History(Page),
    /// Whom money can be sent to.
    Payees(Vec<Account>),
    /// It is kept.
    Kept,
}

/// Why an order or a question was not carried out. Nothing was posted, or, with
/// [`Refusal::Unavailable`], it is not known whether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is not enough money in the account.
    InsufficientFunds,
    /// Nobody of that name can be paid.
    UnknownPayee,
    /// The user or the app may not do this.
    NotPermitted,
    /// The user said no.
    Cancelled,
    /// The order makes no sense: its amount, currency or account.
    Invalid,
    /// The terminal's signature is missing or wrong.
    NotSigned,
    /// Too late: the user took too long to confirm.
    Expired,
    /// A limit would be exceeded.
    OverLimit,
    /// A risk rule forbids it.
    Suspicious,
    /// A risk rule asks for a stronger proof of consent than this terminal can give.
    StepUp,
    /// The price is not what was confirmed any more.
    PriceChanged,
    /// The money is set aside until the operator has looked at the payment.
    InReview,
    /// The server cannot now.
    Unavailable,
}

/// Something to look up for the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The user's accounts, with balances.
    Accounts {
        /// The customer.
        holder: String,
    },
    /// What happened on one of the user's accounts, newest first.
    History {
        /// The customer; the account must be theirs.
        holder: String,
        /// The account.
        account: String,
        /// Where the last page ended.
        before: Option<String>,
        /// At most this many entries.
        limit: u32,
    },
    /// Merchants by a part of their name.
    Merchants {
        /// The part.
        words: String,
    },
    /// A customer by exact account name; nobody can leaf through the others.
    Customer {
        /// The account name.
        account: String,
        /// Who asks, and is not found.
        asking: String,
    },
    /// Nothing: the session refuses the command itself, and tells the app as if it had asked.
    Refused(Refusal),
    /// Keep these bytes for the user and app.
    Keep {
        /// The customer.
        holder: String,
        /// The app's identifier.
        app: String,
        /// In place of the last.
        bytes: Vec<u8>,
    },
}
