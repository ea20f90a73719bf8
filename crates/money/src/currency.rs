//! Currencies: ISO 4217 alphabetic codes and the number of their minor digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::MoneyError;

/// A currency in circulation, named by its ISO 4217 alphabetic code. Only codes of the table below exist as
/// values, so [`Currency::exponent`] is always the true one. Ordered by code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    exponent: u8,
}

impl Currency {
    /// Renminbi yuan.
    pub const CNY: Self = Self { code: *b"CNY", exponent: 2 };
    /// United States dollar.
    pub const USD: Self = Self { code: *b"USD", exponent: 2 };
    /// Euro.
    pub const EUR: Self = Self { code: *b"EUR", exponent: 2 };
    /// Hong Kong dollar.
    pub const HKD: Self = Self { code: *b"HKD", exponent: 2 };
    /// Japanese yen, which has no minor unit.
    pub const JPY: Self = Self { code: *b"JPY", exponent: 0 };
    /// Pound sterling.
    pub const GBP: Self = Self { code: *b"GBP", exponent: 2 };
    /// Kuwaiti dinar, which has three minor digits.
    pub const KWD: Self = Self { code: *b"KWD", exponent: 3 };
    /// Singapore dollar.
    pub const SGD: Self = Self { code: *b"SGD", exponent: 2 };

    /// The currency with this ISO 4217 alphabetic code, in capitals.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] if no currency in circulation has it.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        <[u8; 3]>::try_from(code.as_bytes()).ok().and_then(Self::from_bytes).ok_or_else(|| {
            // Only the start is kept: the code may have come from anywhere.
            MoneyError::UnknownCurrency(code.chars().take(8).collect())
        })
    }

    /// The currency whose code is these three ASCII letters, if there is one.
    #[must_use]
    pub fn from_bytes(code: [u8; 3]) -> Option<Self> {
        MINOR_DIGITS.iter().find_map(|&(exponent, codes)| {
            codes
                .as_bytes()
                .split(|&byte| byte == b' ')
                .any(|known| known == code)
                .then_some(Self { code, exponent })
        })
    }

    /// The ISO 4217 alphabetic code: three capitals.
    #[must_use]
    pub fn code(&self) -> &str {
        // Every value came from the table, whose codes are ASCII.
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// The code as bytes, for wire and disk formats.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        self.code
    }

    /// How many decimal digits the minor unit has: 2 for CNY, 0 for JPY, 3 for KWD.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// Every currency known here, in no particular order.
    pub fn all() -> impl Iterator<Item = Self> {
        MINOR_DIGITS.iter().flat_map(|&(_, codes)| codes.split(' ')).filter_map(|code| Self::new(code).ok())
    }
}

/// ISO 4217 list one as amended to 2026, by number of minor digits. Left out: metals, units of account and
/// test codes (XAU, XDR, XTS ...), which have no minor unit, and withdrawn codes.
const MINOR_DIGITS: [(u8, &str); 4] = [
    (
        2,
        "CNY USD EUR HKD GBP SGD AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
         CAD CDF CHE CHF CHW COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB FJD FKP GEL GHS GIP GMD GTQ GYD HNL HTG HUF \
         IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
         MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SHP SLE SOS SRD \
         SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (0, "JPY BIF CLP DJF GNF ISK KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::new(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Code;
        impl serde::de::Visitor<'_> for Code {
            type Value = Currency;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an ISO 4217 currency code")
            }
            fn visit_str<E: serde::de::Error>(self, code: &str) -> Result<Currency, E> {
                Currency::new(code).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        let mut all: Vec<Currency> = Currency::all().collect();
        let count = all.len();
        assert_eq!(count, MINOR_DIGITS.iter().map(|(_, codes)| codes.split(' ').count()).sum::<usize>());
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "a code stands in the table twice");
        assert!(all.iter().all(|currency| currency.code().bytes().all(|byte| byte.is_ascii_uppercase())));
    }

    #[test]
    fn constants_agree_with_the_table() {
        for currency in [
            Currency::CNY,
            Currency::USD,
            Currency::EUR,
            Currency::HKD,
            Currency::JPY,
            Currency::GBP,
            Currency::KWD,
            Currency::SGD,
        ] {
            assert_eq!(Currency::new(currency.code()), Ok(currency));
        }
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for code in ["", "cny", "CN", "CNYY", "XAU", "XTS", "XXX", "   ", "元元元", "BGN", "A B"] {
            assert!(matches!(Currency::new(code), Err(MoneyError::UnknownCurrency(_))), "{code}");
        }
        assert_eq!(
            Currency::new(&"X".repeat(1000)),
            Err(MoneyError::UnknownCurrency("XXXXXXXX".to_owned())),
            "a long code is not echoed whole"
        );
    }
}
