//! The book itself, and how a batch is applied to it.

use std::collections::{BTreeMap, BTreeSet};

use money::Currency;

use crate::check::Running;
use crate::keys::{Keys, Remembered};
use crate::lookup::Lookup;
use crate::refunds::Refunds;
use crate::undo::Undo;
use crate::units::Units;
use crate::{
    Account, AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Hold, Key,
    LINKED_COMMANDS_MAX, Number, Outcome, Outcomes, Refusal, Request, Timestamp,
};

/// Bounds of a book that its user chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many idempotency keys are remembered, the newest ones; about 130 bytes each. A caller that must
    /// know older ones keeps them itself and asks itself first.
    pub keys_max: usize,
}

impl Default for Limits {
    /// Half a million keys: 70 MB when full.
    fn default() -> Self {
        Self { keys_max: 1 << 19 }
    }
}

/// The book: every account, every open hold, every refund, and the newest idempotency keys.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// The latest moment seen.
    pub(crate) now: Timestamp,
    pub(crate) next_number: u64,
    /// In the order of opening; a slot is never taken back.
    pub(crate) accounts: Vec<Account>,
    pub(crate) slots: Lookup<AccountId, usize>,
    pub(crate) holds: BTreeMap<Number, Hold>,
    /// The holds that expire, soonest first.
    pub(crate) expiries: BTreeSet<(Timestamp, Number)>,
    pub(crate) keys: Keys,
    /// What was refunded of earlier commands, for ever.
    pub(crate) refunds: BTreeMap<Number, Refunds>,
    /// Summed up side by side with the accounts, so that a posting with unequal sides shows at once.
    pub(crate) totals: BTreeMap<Currency, Running>,
    /// What to put back when a linked command is refused; empty between requests.
    pub(crate) undo: Vec<Undo>,
}

impl Ledger {
    /// An empty book.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            now: Timestamp::default(),
            next_number: 1,
            accounts: Vec::new(),
            slots: Lookup::default(),
            holds: BTreeMap::new(),
            expiries: BTreeSet::new(),
            refunds: BTreeMap::new(),
            keys: Keys::new(limits.keys_max),
            totals: BTreeMap::new(),
            undo: Vec::new(),
        }
    }

    /// Applies a batch of requests at a moment, in order, and answers each. Holds that have expired by then
    /// are given back first. A moment before the latest one counts as the latest one: the book's time does
    /// not run backwards.
    pub fn apply(&mut self, now: Timestamp, batch: &[Request]) -> Applied {
        let expired = self.advance(now);
        let answers = batch.iter().map(|request| self.answer(request)).collect();
        Applied { at: self.now, expired, answers }
    }

    /// The first half of [`Ledger::apply`]: lets the book's time go on to this moment, and gives back the holds
    /// that have expired by then.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Expired> {
        self.now = self.now.max(now);
        self.expire()
    }

    /// What this request would be answered because its key is remembered: the first answer again, or
    /// [`Refusal::KeyReused`]. Nothing when the key is new, forgotten or absent.
    #[must_use]
    pub fn recall(&self, request: &Request) -> Option<Answer> {
        let remembered = self.keys.find(request.key?)?;
        let mut answer = remembered.answer.clone();
        answer.duplicate = true;
        if remembered.content != request.content {
            answer.result = Err(Refusal::KeyReused);
        }
        Some(answer)
    }

    /// What a key was used for, and what was answered, if it is remembered.
    #[must_use]
    pub fn remembered(&self, key: Key) -> Option<(Content, &Answer)> {
        self.keys.find(key).map(|remembered| (remembered.content, &remembered.answer))
    }

    /// Whether the key is among those remembered.
    #[must_use]
    pub fn remembers(&self, key: Key) -> bool {
        self.keys.find(key).is_some()
    }

    /// How many keys were remembered and are forgotten now. While it is zero, an unknown key was never used.
    #[must_use]
    pub const fn keys_forgotten(&self) -> u64 {
        self.keys.forgotten()
    }

    /// The account with this number.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(*self.slots.get(&id)?)
    }

    /// Every account, in the order of opening.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.iter()
    }

    /// The open hold with this number.
    #[must_use]
    pub fn hold(&self, number: Number) -> Option<&Hold> {
        self.holds.get(&number)
    }

    /// Every open hold, in the order of making.
    pub fn holds(&self) -> impl ExactSizeIterator<Item = (Number, &Hold)> {
        self.holds.iter().map(|(number, hold)| (*number, hold))
    }

    /// When the next hold expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|&(at, _)| at)
    }

    /// How much of what this command moved is refunded, in minor units. Nothing if no refund named it.
    #[must_use]
    pub fn refunded(&self, original: Number) -> Option<i64> {
        self.refunds.get(&original).map(|refunds| refunds.refunded.signed())
    }

    /// The number that the next command will get.
    #[must_use]
    pub const fn next_number(&self) -> Number {
        Number(self.next_number)
    }

    /// The latest moment the book has seen.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The second half of [`Ledger::apply`], for one request: for a caller that decides about each request by
    /// what those before it did.
    pub fn answer(&mut self, request: &Request) -> Answer {
        if let Some(answer) = self.recall(request) {
            return answer;
        }
        let commands = request.commands.as_slice();
        let number = Number(self.next_number);
        let taken = u64::try_from(commands.len().clamp(1, LINKED_COMMANDS_MAX)).expect("a small count fits");
        self.next_number = self.next_number.checked_add(taken).expect("no book lives through 2^64 commands");
        let result = self.execute(number, &request.commands);
        let answer = Answer { number, at: self.now, duplicate: false, result };
        if let Some(key) = request.key {
            self.keys.remember(Remembered { key, content: request.content, answer: answer.clone() });
        }
        answer
    }

    fn execute(&mut self, number: Number, commands: &Commands) -> Result<Outcomes, Refusal> {
        assert!(self.undo.is_empty(), "nothing is left to take back between requests");
        match commands {
            // A single command checks everything before it changes anything: nothing to take back.
            Commands::One(command) => self.command::<false>(number, command).map(Outcomes::One),
            Commands::Linked(commands) => {
                if commands.is_empty() || commands.len() > LINKED_COMMANDS_MAX {
                    return Err(Refusal::LinkedCount);
                }
                let outcomes = (number.0..)
                    .zip(commands)
                    .map(|(number, command)| self.command::<true>(Number(number), command))
                    .collect::<Result<Box<[Outcome]>, Refusal>>();
                if outcomes.is_err() {
                    self.take_back();
                }
                self.undo.clear();
                outcomes.map(Outcomes::Linked)
            }
        }
    }

    /// Carries out one command, or refuses it before anything is changed. `LINKED`: note how to take it back.
    fn command<const LINKED: bool>(&mut self, number: Number, command: &Command) -> Result<Outcome, Refusal> {
        match *command {
            Command::Open { account, currency, rule, code } => {
                self.open::<LINKED>(account, currency, rule, code)
            }
            Command::Close { account } => self.close::<LINKED>(account),
            Command::Transfer { debit, credit, amount } => {
                let (debit_balance, credit_balance) = self.transfer::<LINKED>(debit, credit, amount)?;
                Ok(Outcome::Transferred { debit_balance, credit_balance })
            }
            Command::Hold { debit, credit, amount, expires } => {
                let hold = Hold { debit, credit, amount, expires };
                self.set_aside::<LINKED>(number, hold)
            }
            Command::Capture { hold, amount, last } => self.capture::<LINKED>(hold, amount, last),
            Command::Release { hold } => self.release::<LINKED>(hold),
            Command::Refund { original, of, debit, credit, amount } => {
                let facts = Refunds { debit, credit, of, refunded: Units::NONE };
                self.refund::<LINKED>(number, original, facts, amount)
            }
            Command::Note => Ok(Outcome::Noted),
        }
    }

    fn open<const LINKED: bool>(
        &mut self,
        id: AccountId,
        currency: Currency,
        rule: BalanceRule,
        code: u16,
    ) -> Result<Outcome, Refusal> {
        if self.slots.contains_key(&id) {
            return Err(Refusal::AccountExists(id));
        }
        self.slots.insert(id, self.accounts.len());
        self.accounts.push(Account::new(id, currency, rule, code));
        if LINKED {
            self.undo.push(Undo::Opened);
        }
        Ok(Outcome::Opened)
    }

    fn close<const LINKED: bool>(&mut self, id: AccountId) -> Result<Outcome, Refusal> {
        let slot = self.slot(id)?;
        let account = self.at_mut(slot);
        if account.closed {
            return Err(Refusal::AccountClosed(id));
        }
        if account.is_in_use() {
            return Err(Refusal::AccountInUse(id));
        }
        let before = account.clone();
        account.closed = true;
        assert!(account.fault().is_none(), "account {id:?} closed: {:?}", account.fault());
        if LINKED {
            self.undo.push(Undo::Account(slot, before));
        }
        Ok(Outcome::Closed)
    }
}
