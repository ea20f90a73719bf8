//! Who takes part in a day, whose each account is, and the day's lines.

use std::collections::BTreeMap;

use accounts::{AccountId, EntryKind, HolderId, Kind, Movement, Timestamp};
use anyhow::{Context as _, Result};
use clearing::{BankAccount, Line, LineKind, Participant, ParticipantId, ParticipantKind};
use money::Currency;
use parameters::Participants;
use platform::HOUSE;

use crate::directory::Books;

/// Identifier of the operator where no participants are in effect.
const OPERATOR: &str = "OPERATOR";

/// The participants in effect at a cut-off.
#[derive(Debug)]
pub(super) struct Parties {
    pub(super) list: Vec<Participant>,
    by_account: BTreeMap<AccountId, ParticipantId>,
    by_holder: BTreeMap<String, ParticipantId>,
    operator: ParticipantId,
}

impl Parties {
    /// The participants in effect at that moment. The operator settles through its own settlement accounts
    /// where the section names no others; without a version of the section the operator is alone.
    pub(super) async fn at(books: &Books, at: Timestamp) -> Result<Self> {
        let effective = books.services.accounts.registry().effective(at);
        let mut list = effective.participants.iter().map(read).collect::<Result<Vec<_>>>()?;
        if list.is_empty() {
            list.push(Participant {
                id: OPERATOR.parse()?,
                name: books.services.auth.server_name().to_owned(),
                kind: ParticipantKind::Operator,
                bic: None,
                account: None,
                country: String::new(),
                ledger_accounts: BTreeMap::new(),
            });
        }
        let house = books.services.accounts.accounts_of(&HolderId(HOUSE.to_owned())).await?;
        let own: BTreeMap<Currency, String> = house
            .iter()
            .filter(|account| account.kind == Kind::Settlement)
            .map(|account| (account.balance.currency(), account.id.to_string()))
            .collect();
        for operator in list.iter_mut().filter(|one| one.kind == ParticipantKind::Operator) {
            for (currency, number) in &own {
                operator.ledger_accounts.entry(*currency).or_insert_with(|| number.clone());
            }
        }
        Self::new(list, &effective.participants)
    }

    fn new(list: Vec<Participant>, section: &Participants) -> Result<Self> {
        let operator = list.iter().find(|one| one.kind == ParticipantKind::Operator);
        let operator = operator.context("No participant is the operator.")?.id.clone();
        let mut by_account = BTreeMap::new();
        for participant in &list {
            for number in participant.ledger_accounts.values() {
                by_account.insert(number.parse()?, participant.id.clone());
            }
        }
        let mut by_holder = BTreeMap::new();
        for participant in section.iter() {
            for holder in &participant.holders {
                by_holder.insert(holder.clone(), participant.id.parse()?);
            }
        }
        Ok(Self { list, by_account, by_holder, operator })
    }

    /// Whose an account is: the participant's whose ledger account it is, else its holder's.
    fn of(&self, account: AccountId, holder: &HolderId) -> ParticipantId {
        let found = self.by_account.get(&account).or_else(|| self.by_holder.get(&holder.0));
        found.unwrap_or(&self.operator).clone()
    }

    /// What a movement is in clearing. Settlements are not cleared again.
    pub(super) fn line(&self, movement: Movement) -> Option<Line> {
        let Movement { payment, at, operation, from, to, amount, terminal, reference, .. } = movement;
        Some(Line {
            payment: payment.to_string(),
            at,
            kind: line_kind(operation)?,
            debtor: self.of(from.0, &from.1),
            creditor: self.of(to.0, &to.1),
            amount,
            terminal,
            batch: String::new(),
            reference,
        })
        .filter(|line| line.amount.is_positive())
    }
}

const fn line_kind(operation: EntryKind) -> Option<LineKind> {
    Some(match operation {
        EntryKind::Pay => LineKind::Pay,
        EntryKind::Transfer => LineKind::Transfer,
        EntryKind::TopUp => LineKind::TopUp,
        EntryKind::Withdrawal => LineKind::Withdrawal,
        EntryKind::Settlement => return None,
        EntryKind::Fee => LineKind::Fee,
        EntryKind::Capture => LineKind::Capture,
        EntryKind::Refund => LineKind::Refund,
        EntryKind::Exchange | EntryKind::Rounding => LineKind::Exchange,
    })
}

/// A participant as clearing knows it.
fn read(participant: &parameters::Participant) -> Result<Participant> {
    let unfit = || format!("The participant {} does not fit clearing; correct it.", participant.id);
    let bic = participant.bic.as_deref().map(str::parse).transpose().with_context(unfit)?;
    let account = match (&participant.iban, &participant.account) {
        (Some(iban), _) => Some(BankAccount::Iban(iban.parse().with_context(unfit)?)),
        (None, Some(other)) => Some(BankAccount::Other(other.parse().with_context(unfit)?)),
        (None, None) => None,
    };
    Ok(Participant {
        id: participant.id.parse().with_context(unfit)?,
        name: participant.name.clone(),
        kind: match participant.kind {
            parameters::ParticipantKind::Operator => ParticipantKind::Operator,
            parameters::ParticipantKind::Bank => ParticipantKind::Bank,
            parameters::ParticipantKind::Provider => ParticipantKind::Provider,
            parameters::ParticipantKind::Merchant => ParticipantKind::Merchant,
        },
        bic,
        account,
        country: participant.country.clone(),
        ledger_accounts: participant.ledger_accounts.clone(),
    })
}
