//! What happened, for the log: a value, without secrets, written as one sentence.

use std::fmt;

use identity::{AccountName, TerminalId, UnixTime};

use crate::customers::CustomerStatus;

/// How a login attempt stood when it was counted. For the log; the terminal never learns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Account and terminal are right; this is the so-manieth attempt since the last confirmed login.
    Genuine {
        /// 1 and up.
        attempt: u32,
    },
    /// There is no such account.
    UnknownAccount,
    /// There is no such terminal, or it belongs to another account.
    UnknownTerminal,
    /// The terminal was revoked.
    RevokedTerminal,
    /// The contract is suspended.
    Suspended,
    /// The account is locked after too many failures.
    Locked {
        /// Until when.
        until: UnixTime,
    },
}

/// Something that the log should tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A contract was signed.
    CustomerAdded {
        /// Whose.
        account: AccountName,
    },
    /// A password was set or changed.
    PasswordSet {
        /// Whose.
        account: AccountName,
    },
    /// A contract was suspended or made active again.
    CustomerStatusSet {
        /// Whose.
        account: AccountName,
        /// What it is now.
        status: CustomerStatus,
    },
    /// The operator lifted a lock.
    Unlocked {
        /// Whose.
        account: AccountName,
    },
    /// A terminal was enrolled.
    TerminalEnrolled {
        /// For whom.
        account: AccountName,
        /// Which.
        terminal: TerminalId,
    },
    /// A terminal was revoked.
    TerminalRevoked {
        /// Which.
        terminal: TerminalId,
    },
    /// A login attempt was counted and is being answered.
    LoginBegun {
        /// The account as given.
        account: AccountName,
        /// The terminal as given.
        terminal: TerminalId,
        /// How it stood.
        standing: Standing,
    },
    /// A login attempt failed.
    LoginRefused {
        /// The account as given.
        account: AccountName,
        /// The terminal as given.
        terminal: TerminalId,
        /// How it stood.
        standing: Standing,
        /// What failed, as a sentence without secrets.
        reason: &'static str,
    },
    /// Password right; the terminal has yet to show that its keys are.
    SignedIn {
        /// Who.
        account: AccountName,
        /// From which terminal.
        terminal: TerminalId,
    },
    /// The terminal acknowledged the welcome picture: password, secure element and profile are right.
    LoginConfirmed {
        /// Who.
        account: AccountName,
        /// From which terminal.
        terminal: TerminalId,
    },
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genuine { attempt } => write!(f, "attempt {attempt} since the last confirmed login"),
            Self::UnknownAccount => f.write_str("no such account"),
            Self::UnknownTerminal => f.write_str("no such terminal for this account"),
            Self::RevokedTerminal => f.write_str("the terminal is revoked"),
            Self::Suspended => f.write_str("the contract is suspended"),
            Self::Locked { until } => write!(f, "locked until {until}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CustomerAdded { account } => write!(f, "customer {account} added"),
            Self::PasswordSet { account } => write!(f, "password of {account} set"),
            Self::CustomerStatusSet { account, status } => write!(f, "customer {account} is now {status}"),
            Self::Unlocked { account } => write!(f, "lock of {account} lifted by the operator"),
            Self::TerminalEnrolled { account, terminal } => {
                write!(f, "terminal {terminal} enrolled for {account}")
            }
            Self::TerminalRevoked { terminal } => write!(f, "terminal {terminal} revoked"),
            Self::LoginBegun { account, terminal, standing } => {
                write!(f, "login of {account} from {terminal} begun: {standing}")
            }
            Self::LoginRefused { account, terminal, standing, reason } => {
                write!(f, "login of {account} from {terminal} refused: {reason} ({standing})")
            }
            Self::SignedIn { account, terminal } => {
                write!(f, "{account} signed in from {terminal}, keys not yet confirmed")
            }
            Self::LoginConfirmed { account, terminal } => {
                write!(f, "{account} confirmed the keys of {terminal}")
            }
        }
    }
}
