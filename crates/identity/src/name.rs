//! Names on the wire: the account a user signs in with, and the identity of an enrolled terminal.

use std::fmt;
use std::str::FromStr;

use rand_core::{CryptoRng, RngCore};
use thiserror::Error;

/// Longest account name, in bytes (all of them ASCII).
pub const ACCOUNT_NAME_BYTES_MAX: usize = 64;

/// Why a name was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// The account name is empty or too long.
    #[error("an account name has 1 to {ACCOUNT_NAME_BYTES_MAX} characters; choose another")]
    AccountLength,
    /// The account name holds a character outside the set.
    #[error("an account name is made of a-z, 0-9 and . _ - + @, and begins with a letter, a digit or +")]
    AccountCharacter,
    /// A terminal identity is not 32 hexadecimal digits.
    #[error("a terminal's identity is 32 hexadecimal digits")]
    Terminal,
}

/// The account a user signs in with, for example `alice`, `+8613800000000` or `li.wei@example.com`.
///
/// 1 to [`ACCOUNT_NAME_BYTES_MAX`] characters of `a-z 0-9 . _ - + @`, the first a letter, a digit or
/// `+`. Capitals typed by people are folded by [`AccountName::new`]; on the wire only the folded form
/// is accepted, so that one account has one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

impl AccountName {
    /// From what a person typed: surrounding spaces are dropped and ASCII capitals folded.
    ///
    /// # Errors
    /// When the length or a character is outside the bounds.
    pub fn new(typed: &str) -> Result<Self, NameError> {
        Self::from_canonical(&typed.trim().to_ascii_lowercase())
    }

    /// From the canonical form, as frames and certificates carry it.
    ///
    /// # Errors
    /// When the length or a character is outside the bounds.
    pub fn from_canonical(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > ACCOUNT_NAME_BYTES_MAX {
            return Err(NameError::AccountLength);
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let allowed = |byte: u8| plain(byte) || b"._-+@".contains(&byte);
        let first = text.bytes().next().unwrap_or_default();
        if !(plain(first) || first == b'+') || !text.bytes().all(allowed) {
            return Err(NameError::AccountCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

/// The identity of an enrolled terminal: 16 random bytes, written as 32 hexadecimal digits.
///
/// It is drawn at random and travels only inside the bundle and inside TLS, so nobody who has not
/// held the terminal can try passwords against an account, nor lock it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TerminalId([u8; 16]);

impl TerminalId {
    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Draws a new identity.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TerminalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TerminalId({self})")
    }
}

impl FromStr for TerminalId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let digits = text.as_bytes();
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NameError::Terminal);
        }
        u128::from_str_radix(text, 16).map(|value| Self(value.to_be_bytes())).map_err(|_| NameError::Terminal)
    }
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNT_NAME_BYTES_MAX, AccountName, NameError, TerminalId};

    #[test]
    fn account_names_are_folded_and_bounded() {
        assert_eq!(AccountName::new(" Li.Wei@Example.com ").unwrap().as_str(), "li.wei@example.com");
        assert!(AccountName::new("+8613800000000").is_ok());
        assert!(AccountName::new(&"a".repeat(ACCOUNT_NAME_BYTES_MAX)).is_ok());
        assert_eq!(AccountName::new(&"a".repeat(65)), Err(NameError::AccountLength));
        assert_eq!(AccountName::new("  "), Err(NameError::AccountLength));
        for bad in ["-alice", ".a", "李伟", "a b", "a\0", "a'b", "a/b"] {
            assert_eq!(AccountName::new(bad), Err(NameError::AccountCharacter), "{bad}");
        }
        assert_eq!(AccountName::from_canonical("Alice"), Err(NameError::AccountCharacter));
    }

    #[test]
    fn a_terminal_identity_survives_its_text() {
        let id = TerminalId::from_bytes(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "00", "+0000000000000000000000000000000", "g0000000000000000000000000000000"] {
            assert_eq!(bad.parse::<TerminalId>(), Err(NameError::Terminal));
        }
    }
}
