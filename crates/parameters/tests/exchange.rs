//! Exchange against long multiplication by hand, over all pairs of exponents.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use money::{Currency, Money};
use parameters::{Exchange, ExchangeError, Rounding};
use proptest::prelude::*;

/// Decimal digits, most significant first, times a small number: slow and obvious.
fn times(digits: &[u8], factor: u64) -> Vec<u8> {
    let mut product = Vec::new();
    let mut carry: u64 = 0;
    for digit in digits.iter().rev() {
        let sum = u64::from(*digit) * factor + carry;
        product.push(u8::try_from(sum % 10).unwrap());
        carry = sum / 10;
    }
    while carry > 0 {
        product.push(u8::try_from(carry % 10).unwrap());
        carry /= 10;
    }
    product.reverse();
    product
}

fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
}

/// The result in minor units: whole part, and whether something is left of it.
fn by_hand(units: i64, rate: &str, margin: u32, from: Currency, to: Currency) -> (Option<i64>, Vec<u8>) {
    let decimals = rate.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let mut product = digits(&units.to_string());
    // In steps that fit: a factor of twelve digits times nine is far within 64 bits.
    product = times(&product, digits(rate).iter().fold(0, |number, digit| number * 10 + u64::from(*digit)));
    product = times(&product, u64::from(1_000_000 - margin));
    product.extend(std::iter::repeat_n(0, usize::from(to.exponent())));
    let point = decimals + 6 + usize::from(from.exponent());
    while product.len() <= point {
        product.insert(0, 0);
    }
    let fraction = product.split_off(product.len() - point);
    let whole = product
        .iter()
        .try_fold(0_i64, |number, digit| number.checked_mul(10)?.checked_add(i64::from(*digit)));
    (whole, fraction)
}

fn currency() -> impl Strategy<Value = Currency> {
    // No, two, three and four minor digits.
    proptest::sample::select(
        ["JPY", "CNY", "USD", "KWD", "CLF"].map(|code| Currency::new(code).unwrap()).to_vec(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn conversion_is_exact(
        units in prop_oneof![1..=i64::MAX, 1..1_000_000_i64],
        whole in 0..1_000_000_u32,
        fraction in "[0-9]{1,6}",
        margin in prop_oneof![Just(0_u32), 0..999_999_u32],
        from in currency(),
        to in currency(),
    ) {
        let to = if from == to { if to == Currency::CNY { Currency::USD } else { Currency::CNY } } else { to };
        let nothing = whole == 0 && fraction.bytes().all(|digit| digit == b'0');
        let whole = if nothing { 1 } else { whole };
        let rate = format!("{whole}.{fraction}");
        let text = format!(
            "[[rate]]\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"{rate}\"\nmargin = \"{}.{:04} %\"\n",
            margin / 10_000, margin % 10_000
        );
        let exchange = Exchange::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (exact, rest) = by_hand(units, &rate, margin, from, to);
        let something = rest.iter().any(|digit| *digit > 0);
        let (half, beyond) = (rest.first() == Some(&5) && rest.iter().skip(1).all(|digit| *digit == 0), rest.first().is_some_and(|digit| *digit >= 5));
        let up = |yes: bool| exact.and_then(|exact| exact.checked_add(i64::from(yes)));
        let odd = exact.is_some_and(|exact| exact % 2 == 1);
        for (rounding, expected) in [
            (Rounding::Down, up(false)),
            (Rounding::Up, up(something)),
            (Rounding::HalfEven, up(if half { odd } else { beyond })),
        ] {
            let converted = exchange.convert(Money::new(units, from), to, rounding);
            match (expected, up(something)) {
                (Some(expected), Some(ceiling)) => {
                    let converted = converted.expect("it fits");
                    prop_assert_eq!(converted.amount, Money::new(expected, to));
                    prop_assert_eq!(converted.exact_ceiling, Money::new(ceiling, to));
                    prop_assert_eq!(converted.rate, rate.as_str());
                }
                _ => prop_assert_eq!(converted, Err(ExchangeError::TooLarge)),
            }
        }
    }
}

#[test]
fn what_cannot_be_converted_is_said() {
    let exchange =
        Exchange::parse("[[rate]]\nfrom = \"USD\"\nto = \"CNY\"\nrate = \"7.1234\"").expect("a document");
    let convert = |amount: &str, to| exchange.convert(amount.parse().unwrap(), to, Rounding::HalfEven);
    assert_eq!(convert("100.00 USD", Currency::CNY).unwrap().amount.to_string(), "712.34 CNY");
    assert_eq!(convert("0.01 USD", Currency::CNY).unwrap().amount.to_string(), "0.07 CNY");
    assert_eq!(convert("0.00 USD", Currency::CNY), Err(ExchangeError::AmountNotPositive));
    assert_eq!(convert("-1.00 USD", Currency::CNY), Err(ExchangeError::AmountNotPositive));
    let refused = ExchangeError::NoRate { from: Currency::CNY, to: Currency::USD };
    assert_eq!(convert("1.00 CNY", Currency::USD), Err(refused));
}
