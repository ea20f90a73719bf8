//! Elements that several files share. Type names are the schemas' own.

use money::Money;

use super::xml::{Xml, is_printable};
use super::{AMOUNT_MINOR_UNITS_MAX, FileError};
use crate::{BankAccount, Bic, Participant};

/// Characters of a `Max35Text`.
pub(crate) const REFERENCE_CHARS_MAX: usize = 35;
/// Characters of a `Max140Text`: names and lines of remittance information.
pub(crate) const NAME_CHARS_MAX: usize = 140;

/// What stands for an agent whose BIC nobody gave, as is usual where the account number says enough.
const NOT_PROVIDED: &str = "NOTPROVIDED";

/// The reference, if it fits a `Max35Text`.
pub(crate) fn reference<'t>(field: &'static str, value: &'t str) -> Result<&'t str, FileError> {
    let fits = (1..=REFERENCE_CHARS_MAX).contains(&value.chars().count())
        && value.chars().all(is_printable)
        && value.trim() == value;
    if fits {
        return Ok(value);
    }
    Err(FileError::Reference { field, value: value.chars().take(REFERENCE_CHARS_MAX).collect() })
}

/// The amount, if it has at most 18 digits.
pub(crate) fn fits(amount: Money) -> Result<Money, FileError> {
    let units = amount.minor_units();
    if (-AMOUNT_MINOR_UNITS_MAX..=AMOUNT_MINOR_UNITS_MAX).contains(&units) {
        Ok(amount)
    } else {
        Err(FileError::AmountTooLong(amount))
    }
}

/// A `CashAccount38` or `CashAccount39` of which only the identification is known.
pub(crate) fn account(xml: &mut Xml, name: &'static str, account: &BankAccount) {
    xml.element(name, |xml| account_id(xml, account));
}

/// An `AccountIdentification4Choice`.
pub(crate) fn account_id(xml: &mut Xml, account: &BankAccount) {
    xml.element("Id", |xml| match account {
        BankAccount::Iban(iban) => xml.leaf("IBAN", iban.as_str()),
        BankAccount::Other(other) => xml.element("Othr", |xml| xml.leaf("Id", other.as_str())),
    });
}

/// A `BranchAndFinancialInstitutionIdentification6` of a participant that is an institution.
pub(crate) fn institution(xml: &mut Xml, name: &'static str, participant: &Participant) {
    xml.element(name, |xml| {
        xml.element("FinInstnId", |xml| {
            if let Some(bic) = &participant.bic {
                xml.leaf("BICFI", bic.as_str());
            }
            xml.free_text("Nm", &participant.name, NAME_CHARS_MAX);
            if participant.bic.is_none() {
                xml.element("Othr", |xml| xml.leaf("Id", participant.id.as_str()));
            }
        });
    });
}

/// A `BranchAndFinancialInstitutionIdentification6` of the institution that keeps an account.
pub(crate) fn agent(xml: &mut Xml, name: &'static str, bic: Option<&Bic>) {
    xml.element(name, |xml| {
        xml.element("FinInstnId", |xml| match bic {
            Some(bic) => xml.leaf("BICFI", bic.as_str()),
            None => xml.element("Othr", |xml| xml.leaf("Id", NOT_PROVIDED)),
        });
    });
}

/// A `PartyIdentification135` of a participant.
pub(crate) fn party(xml: &mut Xml, name: &'static str, participant: &Participant) {
    xml.element(name, |xml| {
        xml.free_text("Nm", &participant.name, NAME_CHARS_MAX);
        xml.element("Id", |xml| {
            xml.element("OrgId", |xml| {
                xml.element("Othr", |xml| xml.leaf("Id", participant.id.as_str()));
            });
        });
        let country = participant.country.as_str();
        if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            xml.leaf("CtryOfRes", country);
        }
    });
}
