//! The currencies that the books are kept in.

use std::collections::BTreeSet;

use money::Currency;
use serde::Deserialize;
use toml::Spanned;

use crate::document::Document;
use crate::{ParameterError, Section};

/// The currencies that the books are kept in. As long as the operator names none, every currency is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Currencies {
    named: Option<BTreeSet<Currency>>,
}

impl Currencies {
    /// Reads a text of the section `currencies` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Currencies, text)?;
        let written: Written = document.read()?;
        let mut named = BTreeSet::new();
        for code in written.currencies.get_ref() {
            let currency = document.currency(code)?;
            if !named.insert(currency) {
                return Err(document.refuse(code, format!("{currency} stands in the list twice.")));
            }
        }
        if named.is_empty() {
            return Err(document.refuse(&written.currencies, "The books are kept in one currency at least."));
        }
        Ok(Self { named: Some(named) })
    }

    /// Whether the books are kept in that currency.
    #[must_use]
    pub fn contains(&self, currency: Currency) -> bool {
        self.named.as_ref().is_none_or(|named| named.contains(&currency))
    }

    /// The currencies in the order of their codes; none when the operator has named none.
    pub fn named(&self) -> impl Iterator<Item = Currency> {
        self.named.iter().flatten().copied()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    currencies: Spanned<Vec<Spanned<String>>>,
}
