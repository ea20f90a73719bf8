//! The rules and the decision.

use crate::cases::{Case, CaseResult};
use crate::condition::{Condition, Sight};
use crate::list::Entries;
use crate::{AccountReader, Decision, Histories, Outcome, Payment, RuleError};

/// Words for people, in English and perhaps in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub english: String,
    /// In Chinese, where the file has it.
    pub chinese: Option<String>,
}

impl Words {
    /// The words in a language (`en`, `zh`); in English when there are none in it.
    #[must_use]
    pub fn in_language(&self, language: &str) -> &str {
        match &self.chinese {
            Some(chinese) if language == "zh" || language.starts_with("zh-") => chinese,
            _ => &self.english,
        }
    }
}

/// One rule of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) outcome: Outcome,
    pub(crate) customer: Option<Words>,
    pub(crate) desk: Words,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) texts: Vec<String>,
}

impl Rule {
    /// Its name, unique in the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line of the file that it starts on, counted from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// What it decides when it applies.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What the customer is told; none for a rule that allows.
    #[must_use]
    pub const fn customer(&self) -> Option<&Words> {
        self.customer.as_ref()
    }

    /// What the risk desk is told. Never shown to a customer.
    #[must_use]
    pub const fn desk(&self) -> &Words {
        &self.desk
    }

    /// Its conditions as the file has them: `payments: more than 5 in 10 minutes`.
    #[must_use]
    pub fn conditions(&self) -> &[String] {
        &self.texts
    }
}

/// The rules of one file. Without any ([`Rules::default`]) every payment is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) lists: Vec<Entries>,
    pub(crate) cases: Vec<Case>,
}

impl Rules {
    /// Reads a rule file; `docs/risk-rules.md` describes it. Its cases are not run, see [`Rules::run_tests`]
    /// and [`check`](crate::check).
    ///
    /// # Errors
    /// [`RuleError`]: the author's to correct; it names the line.
    pub fn parse(text: &str, accounts: AccountReader) -> Result<Self, RuleError> {
        crate::file::parse(text, accounts)
    }

    /// What becomes of a payment, given what its payer did before.
    ///
    /// Rules are read from the first to the last. One applies when all its conditions are met. A rule that
    /// allows ends the reading: it exempts from those behind it, while those before it still count, and is
    /// itself a reason only when none of those applies. A rule whose
    /// demand the payment has met already (a step-up when it has been confirmed once more, a review when an
    /// operator released it) asks no more. The severest outcome of those that apply counts; when none does,
    /// the payment is allowed.
    #[must_use]
    pub fn decide(&self, histories: &Histories, payment: &Payment<'_>) -> Decision {
        let sight = Sight::new(histories.of(payment.payer), payment);
        let mut decision = Decision::default();
        for (index, rule) in (0_u16..).zip(&self.rules) {
            if rule.outcome.answered_by().is_some_and(|answer| payment.consent >= answer) {
                continue;
            }
            if rule.conditions.iter().all(|condition| condition.is_met(&sight, &self.lists)) {
                if rule.outcome == Outcome::Allow {
                    // Nothing said otherwise before it: it is the reason. Else those are.
                    if decision.reasons.is_empty() {
                        decision.reasons.push(index);
                    }
                    break;
                }
                decision.reasons.push(index);
                decision.outcome = decision.outcome.max(rule.outcome);
            }
        }
        decision
    }

    /// The rules, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this index, as a [`Decision`] names it.
    #[must_use]
    pub fn rule(&self, index: u16) -> Option<&Rule> {
        self.rules.get(usize::from(index))
    }

    /// The names of the rules that a decision rests on.
    #[must_use]
    pub fn names(&self, decision: &Decision) -> Vec<&str> {
        decision.reasons.iter().filter_map(|index| self.rule(*index)).map(Rule::name).collect()
    }

    /// What the customer is told about a decision, in a language (`en`, `zh`): the words of the first rule
    /// that is as severe as the decision. None when the payment is allowed.
    #[must_use]
    pub fn customer_words(&self, decision: &Decision, language: &str) -> Option<&str> {
        let told = decision
            .reasons
            .iter()
            .filter_map(|index| self.rule(*index))
            .find(|rule| rule.outcome == decision.outcome)?;
        told.customer().map(|words| words.in_language(language))
    }

    /// What the risk desk is told about a decision, in a language (`en`, `zh`): the name and the words of
    /// every rule that applies.
    #[must_use]
    pub fn desk_words(&self, decision: &Decision, language: &str) -> Vec<(&str, &str)> {
        let rules = decision.reasons.iter().filter_map(|index| self.rule(*index));
        rules.map(|rule| (rule.name(), rule.desk.in_language(language))).collect()
    }

    /// Runs the file's `[[test]]` cases.
    #[must_use]
    pub fn run_tests(&self) -> Vec<CaseResult> {
        self.cases.iter().map(|case| case.run(self)).collect()
    }

    /// The rules that apply in none of the file's cases, by name. Advice for the author, not an error.
    #[must_use]
    pub fn untested(&self) -> Vec<&str> {
        let results = self.run_tests();
        let applies = |name: &str| results.iter().any(|result| result.rules.iter().any(|rule| rule == name));
        self.rules.iter().map(Rule::name).filter(|name| !applies(name)).collect()
    }
}
