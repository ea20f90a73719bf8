//! The payment module's door to its secure element (CN102103778A ¶46, R18): it agrees on keys and
//! signs statements, and the private keys never leave it.

use std::fmt;

use identity::{AccountName, Statement, StatementError, TerminalId};

/// How far the keys of a secure element are protected. The operator sets lower limits for lower
/// classes, and programs show the class by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assurance {
    /// An encrypted file: for development only.
    Development,
    /// Keys that a browser keeps and does not give out, but that lie in its profile's files.
    BrowserStorage,
    /// Keys in separate hardware.
    Hardware,
}

impl fmt::Display for Assurance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Development => "development (an encrypted file, no secure element)",
            Self::BrowserStorage => "browser storage (lower assurance, no secure element)",
            Self::Hardware => "hardware secure element",
        })
    }
}

/// Why a secure element did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// The server's public key is no point of the curve: the server's fault.
    #[error("the server's agreement key is not a point of the curve P-256")]
    NotAPoint,
    /// The element itself failed.
    #[error("the secure element failed: {0}")]
    Failed(String),
}

/// A secure element with two P-256 keys: one to agree on session keys, one to sign statements.
/// Implementations that answer later (a browser, a card reader) are driven through the effects of
/// the session instead, see [`crate::Effect::Agree`] and [`crate::Effect::Sign`].
pub trait SecureElement {
    /// How far its keys are protected.
    fn assurance(&self) -> Assurance;

    /// The x-coordinate of the Diffie-Hellman point of the element's agreement key and this public
    /// key (uncompressed, SEC 1).
    ///
    /// # Errors
    /// [`ElementError::NotAPoint`] or a failure of the element.
    fn agree(&self, server_public: &[u8; 65]) -> Result<[u8; 32], ElementError>;

    /// The ECDSA signature, r then s, over this digest.
    ///
    /// # Errors
    /// A failure of the element.
    fn sign(&self, digest: &[u8; 32]) -> Result<[u8; 64], ElementError>;
}

/// What the secure element is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    /// The statement, checked to be this terminal's and this account's.
    pub statement: Statement,
    /// For an element that signs a digest.
    pub digest: [u8; 32],
    /// For an element that hashes for itself: the digest is this message's SHA-256.
    pub message: Vec<u8>,
}

/// Why a statement is not put before the secure element: the server's fault, and a grave one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementRefused {
    /// It is no statement.
    #[error("The server asked this terminal to sign what is no statement ({0}): the session is closed.")]
    NoStatement(StatementError),
    /// It names another terminal.
    #[error("The server asked this terminal to sign for another terminal: the session is closed.")]
    OtherTerminal,
    /// It names another customer.
    #[error("The server asked this terminal to sign for another customer: the session is closed.")]
    OtherCustomer,
}

/// Checks a statement before the secure element sees it: it must be canonical, and this terminal's and
/// this account's. What it says was shown and confirmed on the platform's sealed screen.
///
/// # Errors
/// [`StatementRefused`]; the caller ends the session.
pub fn check(
    statement: &[u8],
    terminal: TerminalId,
    account: &AccountName,
) -> Result<SignRequest, StatementRefused> {
    let statement = Statement::parse(statement).map_err(StatementRefused::NoStatement)?;
    if statement.fields().terminal != terminal {
        return Err(StatementRefused::OtherTerminal);
    }
    if statement.fields().customer != *account {
        return Err(StatementRefused::OtherCustomer);
    }
    let (digest, message) = (statement.digest(), statement.signed_message());
    Ok(SignRequest { statement, digest, message })
}
