//! How amounts are written for people: the currency's sign, thousands apart, a true minus.

use money::{Currency, Money};

/// The sign before an amount, or the currency's code and a space.
pub(crate) fn sign(currency: Currency) -> String {
    match currency.code() {
        "CNY" | "JPY" => "¥".to_owned(),
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "HKD" => "HK$".to_owned(),
        "SGD" => "S$".to_owned(),
        code => format!("{code} "),
    }
}

/// Digits with thousands apart, without sign or currency: `1,234.50`.
pub(crate) fn digits(amount: Money) -> String {
    let plain = amount.decimal().to_string();
    group(plain.trim_start_matches('-'))
}

/// Puts commas between thousands of what was typed: `1234.5` gives `1,234.5`.
pub(crate) fn group(plain: &str) -> String {
    let (whole, fraction) =
        plain.split_once('.').map_or((plain, None), |(whole, fraction)| (whole, Some(fraction)));
    let count = whole.chars().count();
    let mut text = String::with_capacity(plain.len() + count / 3);
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (count - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A sum with its currency's sign: `¥1,234.50`, `−¥3.00`.
#[must_use]
pub fn amount_text(amount: Money) -> String {
    let minus = if amount.is_negative() { "−" } else { "" };
    format!("{minus}{}{}", sign(amount.currency()), digits(amount))
}
