//! What people know: the password and the activation code. Neither prints, both wipe themselves.

use std::fmt;

use rand_core::{CryptoRng, RngCore};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Longest password, in bytes of UTF-8.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Shortest password that a contract accepts, in characters (NIST SP 800-63B-4 §3.1.1).
pub const PASSWORD_CHARACTERS_MIN: usize = 8;
/// Characters of an activation code: 16 of 5 bits, so 80 bits.
pub const ACTIVATION_CODE_CHARACTERS: usize = 16;
/// The alphabet of activation codes, after Crockford: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why a secret was not accepted. Never holds the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SecretError {
    /// The password is empty or too long.
    #[error("a password has 1 to {PASSWORD_BYTES_MAX} bytes")]
    PasswordLength,
    /// The new password is too short.
    #[error("a new password has at least {PASSWORD_CHARACTERS_MIN} characters; choose a longer one")]
    PasswordShort,
    /// The activation code is not one.
    #[error(
        "an activation code is {ACTIVATION_CODE_CHARACTERS} letters and digits in groups of four; check it"
    )]
    ActivationCode,
}

/// A password, as typed. Redacted, compared in constant time, wiped on drop.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a typed password, for signing in.
    ///
    /// # Errors
    /// When it is empty or longer than [`PASSWORD_BYTES_MAX`] bytes.
    pub fn new(typed: impl Into<String>) -> Result<Self, SecretError> {
        let typed = Zeroizing::new(typed.into());
        if typed.is_empty() || typed.len() > PASSWORD_BYTES_MAX {
            return Err(SecretError::PasswordLength);
        }
        Ok(Self(typed))
    }

    /// Takes a password that somebody chooses now, for a contract.
    ///
    /// # Errors
    /// As [`Password::new`], and when it has fewer than [`PASSWORD_CHARACTERS_MIN`] characters.
    pub fn chosen(typed: impl Into<String>) -> Result<Self, SecretError> {
        let password = Self::new(typed)?;
        if password.0.chars().count() < PASSWORD_CHARACTERS_MIN {
            return Err(SecretError::PasswordShort);
        }
        Ok(password)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for Password {}

/// The activation code that opens one enrolment bundle: 80 random bits as `XXXX-XXXX-XXXX-XXXX`.
///
/// It travels apart from the bundle (a letter, the counter). Spaces, dashes and small letters are
/// accepted, and O, I and L are read as 0, 1 and 1.
#[derive(Clone)]
pub struct ActivationCode(Zeroizing<[u8; ACTIVATION_CODE_CHARACTERS]>);

impl ActivationCode {
    /// Draws a code.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut characters = Zeroizing::new([0; ACTIVATION_CODE_CHARACTERS]);
        rng.fill_bytes(characters.as_mut());
        for character in characters.iter_mut() {
            // 32 divides 256: no bias.
            *character = ALPHABET.get(usize::from(*character & 31)).copied().unwrap_or_default();
        }
        Self(characters)
    }

    /// Reads what a person typed.
    ///
    /// # Errors
    /// When it is not [`ACTIVATION_CODE_CHARACTERS`] characters of the alphabet.
    pub fn parse(typed: &str) -> Result<Self, SecretError> {
        let mut characters = Zeroizing::new([0; ACTIVATION_CODE_CHARACTERS]);
        let mut free = characters.iter_mut();
        for character in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let folded = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let byte = u8::try_from(folded).map_err(|_| SecretError::ActivationCode)?;
            if !ALPHABET.contains(&byte) {
                return Err(SecretError::ActivationCode);
            }
            *free.next().ok_or(SecretError::ActivationCode)? = byte;
        }
        if free.next().is_some() {
            return Err(SecretError::ActivationCode);
        }
        Ok(Self(characters))
    }

    /// The text to print for its holder, in groups of four. The caller wipes it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(ACTIVATION_CODE_CHARACTERS + 3));
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 && index % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*byte));
        }
        text
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationCode(redacted)")
    }
}

impl PartialEq for ActivationCode {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl Eq for ActivationCode {}

/// 32 secret bytes that wipe themselves and do not print.
pub(crate) struct SecretBytes(Zeroizing<[u8; 32]>);

impl SecretBytes {
    pub(crate) fn new(mut bytes: [u8; 32]) -> Self {
        let kept = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        kept
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::{ActivationCode, Password, SecretError};

    #[test]
    fn secrets_do_not_print() {
        let password = Password::new("canary-password").unwrap();
        let code = ActivationCode::generate(&mut ChaCha20Rng::seed_from_u64(1));
        assert_eq!(format!("{password:?}"), "Password(redacted)");
        assert_eq!(format!("{code:?}"), "ActivationCode(redacted)");
    }

    #[test]
    fn passwords_are_bounded() {
        assert_eq!(Password::new("").unwrap_err(), SecretError::PasswordLength);
        assert_eq!(Password::new("x".repeat(257)).unwrap_err(), SecretError::PasswordLength);
        assert_eq!(Password::chosen("1234567").unwrap_err(), SecretError::PasswordShort);
        assert!(Password::chosen("口令口令口令口令").is_ok());
    }

    #[test]
    fn activation_codes_forgive_how_people_type() {
        let code = ActivationCode::generate(&mut ChaCha20Rng::seed_from_u64(7));
        let shown = code.reveal();
        assert_eq!(ActivationCode::parse(&shown).unwrap(), code);
        let sloppy = shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(ActivationCode::parse(&sloppy).unwrap(), code);
        for bad in ["", "0000", "0000-0000-0000-000U", "0000-0000-0000-00000", "零000-0000-0000-0000"] {
            assert_eq!(ActivationCode::parse(bad).unwrap_err(), SecretError::ActivationCode);
        }
    }
}
