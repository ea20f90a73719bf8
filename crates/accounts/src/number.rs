//! Numbers that people read out: of accounts and of payments. Both carry a check character, so that a slip of
//! the tongue or the finger is noticed before anybody is paid.

use std::fmt;
use std::str::FromStr;

/// A text that is no number of the kind asked for. The typing person's to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not an account number at all, or one with a slip in it.
    #[error("this is not an account number: check its digits, the last two guard the others")]
    Account,
    /// Not a payment number at all, or one with a slip in it.
    #[error("this is not a payment number: check its characters, the last one guards the others")]
    Payment,
}

/// Number of an account. Written as digits only, so that it can be typed on any keypad: a running number from
/// 10000001 and two check digits (ISO/IEC 7064 MOD 97-10, as in an IBAN), for example `1000000161`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub(crate) u64);

/// What is added to the running number, so that all account numbers are long enough to look like one.
const ACCOUNT_NUMBER_BASE: u64 = 10_000_000;

/// Longest text looked at for a number, in bytes.
const NUMBER_TEXT_BYTES_MAX: usize = 40;

impl AccountId {
    pub(crate) const fn ledger(self) -> ledger::AccountId {
        ledger::AccountId(self.0)
    }

    /// The running number as SQL knows it.
    pub(crate) fn sql(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    pub(crate) fn from_sql(id: i64) -> Self {
        Self(u64::try_from(id).unwrap_or(0))
    }

    /// What is printed, as a number.
    pub(crate) fn printed(self) -> u128 {
        let number = u128::from(self.0).saturating_add(u128::from(ACCOUNT_NUMBER_BASE)).saturating_mul(100);
        number.saturating_add(98_u128.saturating_sub(number % 97))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.printed().to_string())
    }
}

impl FromStr for AccountId {
    type Err = NumberError;

    /// Reads what is printed; spaces between digits are ignored.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.len() > NUMBER_TEXT_BYTES_MAX {
            return Err(NumberError::Account);
        }
        let digits: String = text.chars().filter(|character| *character != ' ').collect();
        if digits.len() < 10 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::Account);
        }
        let whole: u128 = digits.parse().map_err(|_| NumberError::Account)?;
        let id = (whole / 100)
            .checked_sub(u128::from(ACCOUNT_NUMBER_BASE))
            .and_then(|id| u64::try_from(id).ok())
            .map(Self)
            .filter(|id| id.0 > 0)
            .ok_or(NumberError::Account)?;
        if id.to_string() == digits { Ok(id) } else { Err(NumberError::Account) }
    }
}

/// Number of a payment (or of a hold), as people see it: nine characters in threes, for example
/// `7K3-M92-QXC`. The last is a check character. Neighbouring payments have unlike numbers, so that one is
/// not taken for the other and nobody can count a bank's business from a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentId(pub(crate) u64);

/// Crockford's base 32: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bits of the running number that are scattered: eight characters.
const SCATTERED_BITS: u32 = 40;
const SCATTERED_MASK: u64 = (1 << SCATTERED_BITS) - 1;
/// Odd, so multiplication by it modulo 2^40 can be taken back.
const SCATTER: u64 = 0x9E_3779_B97F;
/// `SCATTER * GATHER == 1` modulo 2^40.
const GATHER: u64 = inverse(SCATTER);

/// The multiplicative inverse of an odd number modulo 2^64, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

impl PaymentId {
    /// The running number as SQL knows it.
    pub(crate) fn sql(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    pub(crate) fn from_sql(number: i64) -> Self {
        Self(u64::try_from(number).unwrap_or(0))
    }

    /// The digits, most significant first, without the check character.
    fn digits(self) -> Vec<u8> {
        let low = self.0 & SCATTERED_MASK;
        let low = low.wrapping_mul(SCATTER) & SCATTERED_MASK;
        let low = low ^ (low >> (SCATTERED_BITS / 2));
        let low = low.wrapping_mul(SCATTER) & SCATTERED_MASK;
        let mut rest = (u128::from(self.0 >> SCATTERED_BITS) << SCATTERED_BITS) | u128::from(low);
        let mut digits = Vec::with_capacity(13);
        while digits.len() < 8 || rest > 0 {
            digits.push(u8::try_from(rest & 31).unwrap_or(0));
            rest >>= 5;
        }
        digits.reverse();
        digits
    }

    fn from_digits(digits: &[u8]) -> Option<Self> {
        let whole = digits.iter().try_fold(0_u128, |whole, &digit| {
            whole.checked_mul(32).and_then(|whole| whole.checked_add(u128::from(digit)))
        })?;
        let whole = u64::try_from(whole).ok()?;
        let low = (whole & SCATTERED_MASK).wrapping_mul(GATHER) & SCATTERED_MASK;
        let low = low ^ (low >> (SCATTERED_BITS / 2));
        let low = low.wrapping_mul(GATHER) & SCATTERED_MASK;
        Some(Self((whole & !SCATTERED_MASK) | low)).filter(|id| id.digits() == digits)
    }
}

/// The check digit after `digits`: Luhn's scheme in base 32. Finds every single wrong character and nearly
/// every swap of neighbours.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let weighted = if place % 2 == 0 { u32::from(digit) * 2 } else { u32::from(digit) };
            weighted / 32 + weighted % 32
        })
        .sum();
    u8::try_from((32 - sum % 32) % 32).unwrap_or(0)
}

impl fmt::Display for PaymentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.digits();
        digits.push(check_digit(&digits));
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.iter().enumerate() {
            if place > 0 && place % 3 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET.get(usize::from(*digit)).copied().unwrap_or(b'?')));
        }
        formatter.pad(&text)
    }
}

impl FromStr for PaymentId {
    type Err = NumberError;

    /// Reads what is printed, in either case; hyphens and spaces are ignored, and O, I and L are taken for
    /// the digits they look like.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.len() > NUMBER_TEXT_BYTES_MAX {
            return Err(NumberError::Payment);
        }
        let digits = text
            .bytes()
            .filter(|byte| !matches!(byte, b'-' | b' '))
            .map(|byte| {
                let meant = match byte.to_ascii_uppercase() {
                    b'O' => b'0',
                    b'I' | b'L' => b'1',
                    other => other,
                };
                ALPHABET.iter().position(|&known| known == meant).and_then(|digit| u8::try_from(digit).ok())
            })
            .collect::<Option<Vec<u8>>>()
            .ok_or(NumberError::Payment)?;
        let (&check, digits) = digits.split_last().ok_or(NumberError::Payment)?;
        if check != check_digit(digits) {
            return Err(NumberError::Payment);
        }
        Self::from_digits(digits).ok_or(NumberError::Payment)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_look_as_documented() {
        assert_eq!(AccountId(1).to_string().len(), 10);
        assert_eq!(AccountId(1).to_string().parse(), Ok(AccountId(1)));
        assert_eq!(PaymentId(1).to_string().len(), 11);
        let lower = PaymentId(77).to_string().to_lowercase().replace('-', " ");
        assert_eq!(lower.parse(), Ok(PaymentId(77)));
    }

    proptest! {
        #[test]
        fn account_numbers_read_back(id in 1_u64..) {
            prop_assert_eq!(AccountId(id).to_string().parse(), Ok(AccountId(id)));
        }

        #[test]
        fn payment_numbers_read_back(number: u64) {
            prop_assert_eq!(PaymentId(number).to_string().parse(), Ok(PaymentId(number)));
        }

        #[test]
        fn one_wrong_digit_is_noticed(id in 1_u64..1_000_000_000, place in 0_usize..10, shift in 1_u8..10) {
            let mut text = AccountId(id).to_string().into_bytes();
            text[place] = b'0' + (text[place] - b'0' + shift) % 10;
            let text = String::from_utf8(text).expect("digits");
            prop_assert_eq!(text.parse::<AccountId>(), Err(NumberError::Account));
        }

        #[test]
        fn one_wrong_character_is_noticed(number in 0_u64..1_000_000_000, place in 0_usize..9, shift in 1_usize..32) {
            let mut text: Vec<u8> = PaymentId(number).to_string().bytes().filter(|byte| *byte != b'-').collect();
            let digit = ALPHABET.iter().position(|known| *known == text[place]).expect("ours");
            text[place] = ALPHABET[(digit + shift) % 32];
            let text = String::from_utf8(text).expect("ASCII");
            prop_assert_eq!(text.parse::<PaymentId>(), Err(NumberError::Payment));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = text.parse::<AccountId>();
            let _ = text.parse::<PaymentId>();
        }
    }
}
