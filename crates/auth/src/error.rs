//! What can go wrong, whose fault it is and what to do about it. No error holds a secret.

use identity::{
    AccountName, BundleError, DeviceKeyError, EvidenceError, LoginError, StatementError, TerminalId,
};
use thiserror::Error;

use crate::event::Event;

/// Why the authentication centre did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A login did not succeed; to be told to the terminal as it stands.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// There is no such customer. Operator's answer only.
    #[error("there is no customer {0}; see the list of customers")]
    UnknownCustomer(AccountName),
    /// The account name is taken.
    #[error("there is a customer {0} already; choose another account name")]
    CustomerExists(AccountName),
    /// There is no such terminal. Operator's answer only.
    #[error("there is no terminal {0}; see the list of terminals")]
    UnknownTerminal(TerminalId),
    /// The customer has as many terminals as a customer may have.
    #[error("{0} has as many terminals as a customer may have; revoke one first")]
    TooManyTerminals(AccountName),
    /// A text is outside its bounds.
    #[error("{0}; change it")]
    Text(#[from] StatementError),
    /// A host name for the TLS certificate is none.
    #[error("{0:?} is neither a host name nor an address; correct the configuration")]
    HostName(String),
    /// The parameters allow too much or nothing.
    #[error("the lock takes 1 to {max} failures and at least 60 seconds; correct the configuration", max = crate::LOCK_FAILURES)]
    Parameters,
    /// The directory has been initialised already.
    #[error("this directory already holds an authentication centre; nothing was changed")]
    AlreadyInitialised,
    /// The directory has not been initialised.
    #[error("this directory holds no authentication centre; initialise it first")]
    NotInitialised,
    /// The file was written by a newer program.
    #[error(
        "the authentication file has schema {0}, which this program does not know; use the newer program"
    )]
    UnknownSchema(i64),
    /// The file holds what this program never writes.
    #[error("the authentication file is damaged ({0}); restore it from a backup")]
    Damaged(&'static str),
    /// The hardware profile is outside its bounds, or is none.
    #[error("the hardware profile is not usable: {0}")]
    Profile(#[from] profile::ProfileError),
    /// The enrolment bundle could not be made.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A key operation failed.
    #[error(transparent)]
    Key(#[from] DeviceKeyError),
    /// Issuing a certificate failed.
    #[error("a certificate could not be issued ({0}); this is a fault of this program")]
    Certificate(#[from] rcgen::Error),
    /// The file could not be read or written.
    #[error("the authentication file could not be read or written: {0}")]
    Store(#[from] rusqlite::Error),
    /// The directory could not be made or read.
    #[error("the authentication directory could not be used: {0}")]
    Directory(#[from] std::io::Error),
    /// Another thread panicked in the middle of a change; the file itself is consistent.
    #[error("the authentication centre stopped after a fault of this program; start it again")]
    Stopped,
}

/// A refused login: the one answer for the terminal, and the event for the log, which alone says why.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct Refusal {
    /// What the terminal may be told.
    pub error: LoginError,
    /// What the log is told.
    pub event: Event,
    /// The fault of this server behind it, if that was the reason; for the log alone.
    pub fault: Option<AuthError>,
}

/// Why a signed statement was not accepted. Nothing may be posted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StatementRefusal {
    /// The statement names another terminal than the session's.
    #[error("the statement is for another terminal than the one that is signed in")]
    AnotherTerminal,
    /// The statement names another customer than the session's.
    #[error("the statement is for another customer than the one who is signed in")]
    AnotherCustomer,
    /// The terminal has been revoked, or its contract suspended, since it signed in.
    #[error("the terminal was revoked or its customer suspended; end the session")]
    NoLongerAllowed,
    /// The statement is too old; draw the confirmation again.
    #[error("the confirmation is more than two minutes old; show it again")]
    Stale,
    /// The statement is from the future.
    #[error("the confirmation is dated in the future; this server's clock is wrong")]
    FromTheFuture,
    /// Signature or certificate do not hold.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store failed.
    #[error(transparent)]
    Auth(#[from] AuthError),
}
