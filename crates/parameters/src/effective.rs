//! The parameters in effect at a moment, typed, and whether the sections agree with each other.

use crate::{
    Calendar, Currencies, CutOff, Exchange, Fees, Limits, Operators, ParameterError, Participants, Section,
};

/// The parameters in effect at a moment. A section without a version in effect is its default: no fees, no
/// limits, no rules, every currency, every day a business day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effective {
    /// What is charged.
    pub fees: Fees,
    /// How much may be moved.
    pub limits: Limits,
    /// The risk rules, with their version.
    pub risk: Option<(u32, String)>,
    /// When the clearing day ends, and the time zone.
    pub cut_off: CutOff,
    /// The currencies of the books.
    pub currencies: Currencies,
    /// The business days.
    pub calendar: Calendar,
    /// The exchange rates.
    pub exchange: Exchange,
    /// Who clears and settles.
    pub participants: Participants,
    /// Who operates.
    pub operators: Operators,
    /// The version of each section in effect, by [`Section::index`].
    pub versions: [Option<u32>; Section::COUNT],
}

impl Effective {
    /// The version of a section in effect.
    #[must_use]
    pub fn version(&self, section: Section) -> Option<u32> {
        self.versions.get(section.index()).copied().flatten()
    }

    /// Puts a section's text into effect.
    ///
    /// # Errors
    /// The text is not a document of that section. Risk rules are not looked at.
    pub(crate) fn put(&mut self, section: Section, version: u32, text: &str) -> Result<(), ParameterError> {
        match section {
            Section::Fees => self.fees = Fees::parse(text)?,
            Section::Limits => self.limits = Limits::parse(text)?,
            Section::Risk => self.risk = Some((version, text.to_owned())),
            Section::CutOff => self.cut_off = CutOff::parse(text)?,
            Section::Currencies => self.currencies = Currencies::parse(text)?,
            Section::Calendar => self.calendar = Calendar::parse(text)?,
            Section::Exchange => self.exchange = Exchange::parse(text)?,
            Section::Participants => self.participants = Participants::parse(text)?,
            Section::Operators => self.operators = Operators::parse(text)?,
        }
        if let Some(slot) = self.versions.get_mut(section.index()) {
            *slot = Some(version);
        }
        Ok(())
    }

    /// Whether the sections agree: what they name of each other exists.
    ///
    /// # Errors
    /// The section and line that names what is not there.
    pub(crate) fn agree(&self) -> Result<(), ParameterError> {
        let fees = self.fees.schedules().filter_map(|schedule| {
            schedule.currency().map(|currency| (Section::Fees, schedule.line, currency))
        });
        let limits = self
            .limits
            .rules()
            .filter_map(|rule| rule.currency.map(|currency| (Section::Limits, rule.line, currency)));
        let exchange = self.exchange.rates().flat_map(|(from, to, rate)| {
            [(Section::Exchange, rate.line, from), (Section::Exchange, rate.line, to)]
        });
        let participants = self.participants.iter().flat_map(|participant| {
            let currencies = participant.ledger_accounts.keys();
            currencies.map(|currency| (Section::Participants, participant.line, *currency))
        });
        let named = fees.chain(limits).chain(exchange).chain(participants);
        for (section, line, currency) in named {
            if !self.currencies.contains(currency) {
                let books: Vec<String> =
                    self.currencies.named().map(|currency| currency.to_string()).collect();
                let reason =
                    format!("It names {currency}, but the books are kept in {} only.", books.join(", "));
                return Err(ParameterError::new(section, line, reason));
            }
        }
        Ok(())
    }
}
