//! Limit rules: how much may be moved in one go, a day and a month.
//!
//! All rules that are for an operation hold together; a rule can say that it stands instead of others (a gold
//! tier's limits instead of everybody's).

use std::collections::BTreeMap;

use money::{Currency, Money};
use serde::Deserialize;
use toml::Spanned;

use crate::document::{Document, quoted};
use crate::{Day, OPERATIONS, ParameterError, Section};

/// Most rules in the section.
pub const LIMIT_RULES_MAX: usize = 2048;

/// Most kinds of counters that the rules can need together: one for each combination of what is counted by
/// (account, app, terminal, merchant), operations and currency.
pub const LIMIT_DIMENSIONS_MAX: usize = 64;

/// Most rules that others can stand instead of.
const REPLACED_MAX: usize = 64;

/// What a rule is for, and what its counters count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppliesTo {
    /// Each account by itself.
    Account,
    /// Each account of a tier by itself. What it used counts on when it moves to another tier.
    Tier,
    /// All that goes through an app.
    App,
    /// All that is done at a terminal.
    Terminal,
    /// All that a holder is paid.
    Merchant,
}

/// What is asked of the limits: one operation, before it is posted.
#[derive(Debug, Clone, Copy)]
pub struct LimitAsk<'a> {
    /// One of [`OPERATIONS`].
    pub operation: &'a str,
    /// The paying account's number as it is printed and as rules name it in `which`, check digits included.
    pub account: u64,
    /// The account's tier; empty where there is none. So with the other names.
    pub tier: &'a str,
    /// The app it is done in.
    pub app: &'a str,
    /// The terminal it is done at.
    pub terminal: &'a str,
    /// The holder that is paid.
    pub merchant: &'a str,
    /// What is moved.
    pub amount: Money,
    /// The civil day in the operator's time zone.
    pub day: Day,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRule {
    /// Its name, told to whoever it refuses.
    pub name: String,
    /// What it is for.
    pub applies_to: AppliesTo,
    /// The one account, tier, app, terminal or merchant that it is for; any without it.
    pub which: Option<String>,
    /// Its currency; a rule that only counts may be for all of them.
    pub currency: Option<Currency>,
    /// Most in one go, in minor units as all amounts here.
    pub per_transaction_maximum: Option<i64>,
    /// Least in one go.
    pub per_transaction_minimum: Option<i64>,
    /// Most in a day.
    pub day_amount: Option<i64>,
    /// Most operations in a day.
    pub day_count: Option<u32>,
    /// Most in a month.
    pub month_amount: Option<i64>,
    /// Most operations in a month.
    pub month_count: Option<u32>,
    operations: u8,
    /// Its place among the dimensions, if it counts anything.
    pub(crate) dimension: Option<usize>,
    replaces: u64,
    replaced: u64,
    pub(crate) line: u32,
}

/// All rules in effect.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    rules: Vec<LimitRule>,
    pub(crate) dimensions: Vec<Dimension>,
    accounts: Places<u64>,
    tiers: Places<String>,
    apps: Places<String>,
    terminals: Places<String>,
    merchants: Places<String>,
    /// Whether some rule stands instead of another.
    replacing: bool,
}

/// Where the rules of one kind are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places<K> {
    any: Vec<usize>,
    named: BTreeMap<K, Vec<usize>>,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self { any: Vec::new(), named: BTreeMap::new() }
    }
}

/// What one counter counts: by whom, of which operations, in which currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dimension {
    pub(crate) by: AppliesTo,
    /// Each account by itself within the app, terminal or merchant.
    pub(crate) per_account: bool,
    operations: u8,
    currency: Option<Currency>,
    /// Whether some rule asks for the month.
    pub(crate) month: bool,
}

impl Limits {
    /// Reads a text of the section `limits` by itself, without the others that it may name.
    ///
    /// # Errors
    /// [`ParameterError`]: the text is not a document of this section.
    pub fn parse(text: &str) -> Result<Self, ParameterError> {
        let document = Document::new(Section::Limits, text)?;
        let written: Written = document.read()?;
        document.at_most(&written.rule, LIMIT_RULES_MAX, "limit rules")?;
        let mut all = Self::default();
        let mut names = BTreeMap::new();
        for spanned in &written.rule {
            let place = all.rules.len();
            let (mut rule, dimension) = spanned.get_ref().read(&document, document.line(&spanned.span()))?;
            if names.insert(rule.name.clone(), place).is_some() {
                let reason =
                    format!("There are two limit rules named {:?}; give each its own name.", rule.name);
                return Err(document.refuse(&spanned.get_ref().name, reason));
            }
            rule.dimension = dimension.map(|dimension| all.place_of(dimension));
            if all.dimensions.len() > LIMIT_DIMENSIONS_MAX {
                let reason = format!(
                    "The rules count in more than {LIMIT_DIMENSIONS_MAX} different ways (by what, of which operations, in which currency): use the same operations and currencies in more of them."
                );
                return Err(document.refuse(spanned, reason));
            }
            all.put(&document, spanned, &rule, place)?;
            all.rules.push(rule);
        }
        all.replace(&document, &written.rule, &names)?;
        all.replacing = all.rules.iter().any(|rule| rule.replaces != 0);
        Ok(all)
    }

    /// The rules in the order of the text.
    pub fn rules(&self) -> impl Iterator<Item = &LimitRule> {
        self.rules.iter()
    }

    fn place_of(&mut self, wanted: Dimension) -> usize {
        let same =
            |known: &Dimension| Dimension { month: false, ..*known } == Dimension { month: false, ..wanted };
        if let Some((place, known)) = self.dimensions.iter_mut().enumerate().find(|(_, known)| same(known)) {
            known.month |= wanted.month;
            return place;
        }
        self.dimensions.push(wanted);
        self.dimensions.len().saturating_sub(1)
    }

    fn put(
        &mut self,
        document: &Document<'_>,
        spanned: &Spanned<WrittenRule>,
        rule: &LimitRule,
        place: usize,
    ) -> Result<(), ParameterError> {
        match (rule.applies_to, &rule.which) {
            (AppliesTo::Account, Some(_)) => {
                let which = spanned.get_ref().which.as_ref().unwrap_or(&spanned.get_ref().name);
                self.accounts.named.entry(document.account_number(which)?).or_default().push(place);
            }
            (AppliesTo::Account, None) => self.accounts.any.push(place),
            (kind, which) => {
                let places = match kind {
                    AppliesTo::Tier => &mut self.tiers,
                    AppliesTo::App => &mut self.apps,
                    AppliesTo::Terminal => &mut self.terminals,
                    AppliesTo::Account | AppliesTo::Merchant => &mut self.merchants,
                };
                match which {
                    Some(which) => places.named.entry(which.clone()).or_default().push(place),
                    None => places.any.push(place),
                }
            }
        }
        Ok(())
    }

    fn replace(
        &mut self,
        document: &Document<'_>,
        written: &[Spanned<WrittenRule>],
        names: &BTreeMap<String, usize>,
    ) -> Result<(), ParameterError> {
        let mut bits: BTreeMap<usize, u64> = BTreeMap::new();
        for (place, spanned) in written.iter().enumerate() {
            for name in &spanned.get_ref().instead_of {
                let Some(replaced) = names.get(name.get_ref()).copied().filter(|replaced| *replaced != place)
                else {
                    let reason = format!("There is no other rule named {}.", quoted(name.get_ref()));
                    return Err(document.refuse(name, reason));
                };
                if written.get(replaced).is_some_and(|rule| !rule.get_ref().instead_of.is_empty()) {
                    let reason = format!(
                        "{} itself stands instead of another rule; name that one too.",
                        quoted(name.get_ref())
                    );
                    return Err(document.refuse(name, reason));
                }
                let next = u32::try_from(bits.len()).unwrap_or(u32::MAX);
                let bit = match bits.get(&replaced) {
                    Some(bit) => *bit,
                    None if bits.len() < REPLACED_MAX => {
                        *bits.entry(replaced).or_insert(1_u64.rotate_left(next))
                    }
                    None => {
                        let reason = format!("At most {REPLACED_MAX} rules can be replaced by others.");
                        return Err(document.refuse(name, reason));
                    }
                };
                if let Some(rule) = self.rules.get_mut(replaced) {
                    rule.replaced = bit;
                }
                if let Some(rule) = self.rules.get_mut(place) {
                    rule.replaces |= bit;
                }
            }
        }
        Ok(())
    }

    /// Calls for each rule that holds for an operation, until one fails: those that are for it, less those that
    /// another of them stands instead of.
    pub(crate) fn holding<E>(
        &self,
        ask: &LimitAsk<'_>,
        mut hold: impl FnMut(&LimitRule) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut replaced = 0_u64;
        if self.replacing {
            self.all(ask, |rule| replaced |= rule.replaces);
        }
        let mut held = Ok(());
        self.all(ask, |rule| {
            if rule.replaced & replaced == 0 && held.is_ok() {
                held = hold(rule);
            }
        });
        held
    }

    /// Calls for each rule that is for an operation.
    pub(crate) fn all(&self, ask: &LimitAsk<'_>, mut call: impl FnMut(&LimitRule)) {
        let operation = operation_bit(ask.operation);
        let rules = self.lists(ask).into_iter().flatten().filter_map(|place| self.rules.get(*place));
        rules.filter(|rule| rule.is_for(operation, ask)).for_each(&mut call);
    }

    /// Calls once for each way of counting that some rule for an operation needs, also for rules that others
    /// stand instead of: what was used counts when they hold again.
    pub(crate) fn counted(&self, ask: &LimitAsk<'_>, mut call: impl FnMut(Dimension)) {
        let mut counted = 0_u64;
        self.all(ask, |rule| {
            let Some(place) = rule.dimension else { return };
            let bit = 1_u64.rotate_left(u32::try_from(place).unwrap_or(0));
            if let Some(dimension) = self.dimensions.get(place).filter(|_| counted & bit == 0) {
                counted |= bit;
                call(*dimension);
            }
        });
    }

    /// Where the rules are that are for these names, whatever the operation and currency.
    fn lists(&self, ask: &LimitAsk<'_>) -> [&[usize]; 10] {
        fn text<'a>(places: &'a Places<String>, name: &str) -> [&'a [usize]; 2] {
            if name.is_empty() {
                return [&[], &[]];
            }
            [&places.any, places.named.get(name).map_or(&[], Vec::as_slice)]
        }
        let account = self.accounts.named.get(&ask.account).map_or(&[][..], Vec::as_slice);
        let [any_tier, tier] = text(&self.tiers, ask.tier);
        let [any_app, app] = text(&self.apps, ask.app);
        let [any_terminal, terminal] = text(&self.terminals, ask.terminal);
        let [any_merchant, merchant] = text(&self.merchants, ask.merchant);
        let any_account = &self.accounts.any;
        [any_account, account, any_tier, tier, any_app, app, any_terminal, terminal, any_merchant, merchant]
    }
}

impl LimitRule {
    fn is_for(&self, operation: u8, ask: &LimitAsk<'_>) -> bool {
        self.operations & operation != 0
            && self.currency.is_none_or(|currency| currency == ask.amount.currency())
    }

    /// The operations that it is for.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> {
        OPERATIONS.into_iter().filter(|word| self.operations & operation_bit(word) != 0)
    }
}

impl Dimension {
    /// All of it in one number, the same in every version of the rules: what counters are kept under.
    pub(crate) fn packed(self) -> u64 {
        let [c1, c2, c3] = self.currency.map_or([0; 3], Currency::to_bytes);
        let by = match self.by {
            AppliesTo::Account | AppliesTo::Tier => 0,
            AppliesTo::App => 1,
            AppliesTo::Terminal => 2,
            AppliesTo::Merchant => 3,
        };
        u64::from_le_bytes([by, u8::from(self.per_account), self.operations, c1, c2, c3, 0, 0])
    }

    /// Whether a number is what [`Dimension::packed`] makes, and whether its counters have a name and an
    /// account.
    pub(crate) fn unpacked(packed: u64) -> Option<(bool, bool)> {
        let [by, per_account, operations, c1, c2, c3, 0, 0] = packed.to_le_bytes() else { return None };
        let currency = [c1, c2, c3] == [0; 3] || Currency::from_bytes([c1, c2, c3]).is_some();
        let sound = by < 4 && per_account < 2 && operations > 0 && currency && !(by == 0 && per_account == 1);
        sound.then_some((by > 0, by == 0 || per_account == 1))
    }
}

/// Every operation, and whatever else there may be.
const ALL_OPERATIONS: u8 = u8::MAX;

fn operation_bit(operation: &str) -> u8 {
    let place =
        OPERATIONS.iter().position(|word| *word == operation).and_then(|place| u32::try_from(place).ok());
    // What is none of them has the highest bit.
    1_u8.rotate_left(place.unwrap_or(7))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    rule: Vec<Spanned<WrittenRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenRule {
    name: Spanned<String>,
    applies_to: AppliesTo,
    which: Option<Spanned<String>>,
    #[serde(default)]
    per_account: Option<Spanned<bool>>,
    operations: Option<Spanned<Vec<Spanned<String>>>>,
    currency: Option<Spanned<String>>,
    per_transaction_maximum: Option<Spanned<String>>,
    per_transaction_minimum: Option<Spanned<String>>,
    day_amount: Option<Spanned<String>>,
    day_count: Option<Spanned<u32>>,
    month_amount: Option<Spanned<String>>,
    month_count: Option<Spanned<u32>>,
    #[serde(default)]
    instead_of: Vec<Spanned<String>>,
}

impl WrittenRule {
    fn read(
        &self,
        document: &Document<'_>,
        line: u32,
    ) -> Result<(LimitRule, Option<Dimension>), ParameterError> {
        let name = document.name(&self.name)?;
        let mut currency = self.currency.as_ref().map(|code| document.currency(code)).transpose()?;
        let mut units = |value: Option<&Spanned<String>>| -> Result<Option<i64>, ParameterError> {
            let Some(value) = value else { return Ok(None) };
            let amount = document.amount(value)?;
            if *currency.get_or_insert(amount.currency()) != amount.currency() {
                return Err(
                    document.refuse(value, format!("{amount} is in another currency than the rule's."))
                );
            }
            Ok(Some(amount.minor_units()))
        };
        let per_transaction_maximum = units(self.per_transaction_maximum.as_ref())?;
        let per_transaction_minimum = units(self.per_transaction_minimum.as_ref())?;
        let day_amount = units(self.day_amount.as_ref())?;
        let month_amount = units(self.month_amount.as_ref())?;
        let day_count = self.day_count.as_ref().map(|count| *count.get_ref());
        let month_count = self.month_count.as_ref().map(|count| *count.get_ref());
        if let (Some(least), Some(most), Some(at)) =
            (per_transaction_minimum, per_transaction_maximum, &self.per_transaction_minimum)
            && least > most
        {
            return Err(document.refuse(at, "The minimum of one transaction is more than its maximum."));
        }
        if let (Some(day), Some(month), Some(at)) = (day_amount, month_amount, &self.day_amount)
            && day > month
        {
            return Err(document.refuse(at, "The day's amount is more than the month's."));
        }
        if let (Some(day), Some(month), Some(at)) = (day_count, month_count, &self.day_count)
            && day > month
        {
            return Err(document.refuse(at, "The day's count is more than the month's."));
        }
        let day = day_amount.is_some() || day_count.is_some();
        let month = month_amount.is_some() || month_count.is_some();
        if !day && !month && per_transaction_maximum.is_none() && per_transaction_minimum.is_none() {
            let reason = format!("The rule {name:?} limits nothing: give it an amount or a count.");
            return Err(document.refuse(&self.name, reason));
        }
        let operations = match &self.operations {
            None => ALL_OPERATIONS,
            Some(words) if words.get_ref().is_empty() => {
                return Err(
                    document.refuse(words, "No operation is listed; leave operations out to mean all.")
                );
            }
            Some(words) => words.get_ref().iter().try_fold(0_u8, |bits, word| {
                document.operation(word).map(|word| bits | operation_bit(word))
            })?,
        };
        let own = matches!(self.applies_to, AppliesTo::Account | AppliesTo::Tier);
        if let Some(per_account) =
            self.per_account.as_ref().filter(|per_account| own && !*per_account.get_ref())
        {
            let reason = "The rules of accounts and tiers always count each account by itself.";
            return Err(document.refuse(per_account, reason));
        }
        let dimension = (day || month).then_some(Dimension {
            by: if own { AppliesTo::Account } else { self.applies_to },
            per_account: !own && self.per_account.as_ref().is_some_and(|per_account| *per_account.get_ref()),
            operations,
            currency,
            month,
        });
        let rule = LimitRule {
            name,
            applies_to: self.applies_to,
            which: document.optional_name(self.which.as_ref())?,
            currency,
            per_transaction_maximum,
            per_transaction_minimum,
            day_amount,
            day_count,
            month_amount,
            month_count,
            operations,
            dimension: None,
            replaces: 0,
            replaced: 0,
            line,
        };
        Ok((rule, dimension))
    }
}
