//! Names that banks check: of participants, institutions (BIC, ISO 9362) and accounts (IBAN, ISO 13616).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest identifier of a participant, in bytes: an ISO 20022 `Max35Text`.
pub const PARTICIPANT_ID_BYTES_MAX: usize = 35;

/// Longest account identifier other than an IBAN, in characters: an ISO 20022 `Max34Text`.
pub const OTHER_ACCOUNT_CHARS_MAX: usize = 34;

/// Shortest and longest IBAN (ISO 13616 registry: Norway, and the room that the standard gives).
const IBAN_BYTES: std::ops::RangeInclusive<usize> = 15..=34;

/// A text that is no identifier of the kind asked for. The writer's to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Not an identifier of a participant.
    #[error("a participant's identifier has 1 to 35 of the characters A-Z a-z 0-9 . _ -; choose another")]
    ParticipantId,
    /// Not a business identifier code.
    #[error("this is not a BIC (ISO 9362): it has 8 or 11 capitals and digits, like BKCHCNBJ")]
    Bic,
    /// Not an IBAN, or one with a slip in it.
    #[error("this is not an IBAN (ISO 13616): check its characters, the third and fourth guard the others")]
    Iban,
    /// Not an account identifier.
    #[error("an account identifier has 1 to 34 printable characters; check it with the bank that keeps it")]
    Account,
}

/// Text form, parsing and serde of a newtype over checked text.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Identifies a participant within this installation. Ordered as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(String);

text_type!(ParticipantId);

impl FromStr for ParticipantId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let good = (1..=PARTICIPANT_ID_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if good { Ok(Self(text.to_owned())) } else { Err(IdentifierError::ParticipantId) }
    }
}

/// Business identifier code of an institution: 8 or 11 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bic(String);

text_type!(Bic);

impl FromStr for Bic {
    type Err = IdentifierError;

    /// Reads a BIC as ISO 20022 patterns it: `[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?`.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let good = matches!(text.len(), 8 | 11)
            && text.bytes().enumerate().all(|(index, byte)| {
                byte.is_ascii_uppercase() || (byte.is_ascii_digit() && !matches!(index, 4 | 5))
            });
        if good { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Bic) }
    }
}

/// International bank account number whose check digits are right; kept without spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iban(String);

text_type!(Iban);

impl FromStr for Iban {
    type Err = IdentifierError;

    /// Reads an IBAN; spaces are ignored, as it is printed in groups of four.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        if text.len() > IBAN_BYTES.end().saturating_mul(2) {
            return Err(IdentifierError::Iban);
        }
        let packed: String = text.chars().filter(|character| *character != ' ').collect();
        let shape = packed.bytes().enumerate().all(|(index, byte)| match index {
            0 | 1 => byte.is_ascii_uppercase(),
            2 | 3 => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        });
        if !shape || !IBAN_BYTES.contains(&packed.len()) || iban_remainder(&packed) != Some(1) {
            return Err(IdentifierError::Iban);
        }
        Ok(Self(packed))
    }
}

/// ISO/IEC 7064 MOD 97-10 over the IBAN with its first four characters moved to the end, letters as 10 to 35.
fn iban_remainder(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0_u32, |remainder, character| {
        let value = character.to_digit(36)?;
        let shift = if value >= 10 { 100 } else { 10 };
        remainder.checked_mul(shift)?.checked_add(value).map(|sum| sum % 97)
    })
}

/// Account number that is no IBAN: 1 to [`OTHER_ACCOUNT_CHARS_MAX`] printable characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherAccount(String);

text_type!(OtherAccount);

impl FromStr for OtherAccount {
    type Err = IdentifierError;

    /// Reads an account number; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let text = text.trim();
        let good = (1..=OTHER_ACCOUNT_CHARS_MAX).contains(&text.chars().count())
            && !text
                .chars()
                .any(|character| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'));
        if good { Ok(Self(text.to_owned())) } else { Err(IdentifierError::Account) }
    }
}

/// An account at a bank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BankAccount {
    /// Named by IBAN.
    Iban(Iban),
    /// Named in the bank's own way.
    Other(OtherAccount),
}

impl fmt::Display for BankAccount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iban(iban) => iban.fmt(formatter),
            Self::Other(other) => other.fmt(formatter),
        }
    }
}

impl FromStr for BankAccount {
    type Err = IdentifierError;

    /// Reads an IBAN if the text is one with right check digits, else the bank's own account number. A text
    /// that looks like an IBAN (two capitals, two digits, at least 15 characters) with wrong check digits is
    /// refused rather than taken for something else.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let packed: String =
            text.chars().filter(|character| *character != ' ').take(OTHER_ACCOUNT_CHARS_MAX).collect();
        let like_iban = packed.len() >= *IBAN_BYTES.start()
            && packed.bytes().enumerate().all(|(index, byte)| match index {
                0 | 1 => byte.is_ascii_uppercase(),
                2 | 3 => byte.is_ascii_digit(),
                _ => byte.is_ascii_alphanumeric(),
            });
        if like_iban {
            return text.parse().map(Self::Iban);
        }
        text.parse().map(Self::Other)
    }
}

impl Serialize for BankAccount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BankAccount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ibans_of_the_registry_s_examples_are_read() {
        for text in [
            "GB29 NWBK 6016 1331 9268 19",
            "DE89370400440532013000",
            "NO9386011117947",
            "FR1420041010050500013M02606",
            "MT84MALT011000012345MTLCAST001S",
            "SA0380000000608010167519",
        ] {
            let iban: Iban = text.parse().expect(text);
            assert_eq!(iban.as_str(), text.replace(' ', ""));
            assert_eq!(text.parse(), Ok(BankAccount::Iban(iban)));
        }
        for text in [
            "",
            "GB29",
            "GB29NWBK60161331926818",
            "gb29NWBK60161331926819",
            "GB29NWBK6016133192681９",
            "DE99",
        ] {
            assert_eq!(text.parse::<Iban>(), Err(IdentifierError::Iban), "{text}");
        }
        assert_eq!("GB29NWBK60161331926818".parse::<BankAccount>(), Err(IdentifierError::Iban));
        assert_eq!(
            "6222021234567890123".parse(),
            Ok(BankAccount::Other(OtherAccount("6222021234567890123".to_owned())))
        );
        assert_eq!("".parse::<BankAccount>(), Err(IdentifierError::Account));
        assert_eq!("1".repeat(35).parse::<BankAccount>(), Err(IdentifierError::Account));
    }

    #[test]
    fn bics_have_a_country_in_the_middle() {
        for text in ["BKCHCNBJ", "DEUTDEFF500", "ICBKCNBJXXX", "1234DE12"] {
            assert_eq!(text.parse::<Bic>().expect(text).as_str(), text);
        }
        for text in ["", "BKCHCNB", "BKCH12BJ", "bkchcnbj", "BKCHCNBJXX", "BKCHCNBJ ", "BKCHCNB元"] {
            assert_eq!(text.parse::<Bic>(), Err(IdentifierError::Bic), "{text}");
        }
    }

    #[test]
    fn participants_are_named_plainly() {
        assert!("bank-of-x.01_A".parse::<ParticipantId>().is_ok());
        for text in ["", "a b", "银行", "a/b", &"a".repeat(36)] {
            assert_eq!(text.parse::<ParticipantId>(), Err(IdentifierError::ParticipantId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_reads_again(text in "\\PC{0,40}") {
            let _ = text.parse::<Bic>();
            let _ = text.parse::<ParticipantId>();
            if let Ok(iban) = text.parse::<Iban>() {
                prop_assert_eq!(iban.as_str().parse(), Ok(iban.clone()));
            }
            if let Ok(account) = text.parse::<BankAccount>() {
                prop_assert_eq!(account.to_string().parse(), Ok(account));
            }
        }

        #[test]
        fn one_changed_digit_of_an_iban_is_noticed(index in 4_usize..22, digit in 0_u8..10) {
            let mut bytes = b"DE89370400440532013000".to_vec();
            let new = b'0' + digit;
            prop_assume!(bytes[index] != new);
            bytes[index] = new;
            let text = String::from_utf8(bytes).expect("ASCII");
            prop_assert_eq!(text.parse::<Iban>(), Err(IdentifierError::Iban));
        }
    }
}
