//! The book itself, and how a batch is applied to it.

use std::collections::{BTreeMap, BTreeSet};

use money::{Currency, Money};

use crate::check::Totals;
use crate::keys::{Keys, Remembered};
use crate::lookup::Lookup;
use crate::refunds::Refunds;
use crate::{
    Account, AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Key, LINKED_COMMANDS_MAX,
    Number, Outcome, Outcomes, Refusal, Request, Timestamp,
};

/// Bounds of a book that its user chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many idempotency keys are remembered, the newest ones; about 150 bytes each. A caller that must
    /// know older ones keeps them itself and asks itself first.
    pub keys_max: usize,
}

impl Default for Limits {
    /// Half a million keys: 80 MB when full.
    fn default() -> Self {
        Self { keys_max: 1 << 19 }
    }
}

/// An amount set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The account that will give.
    pub debit: AccountId,
    /// The account that will get.
    pub credit: AccountId,
    /// How much at most, in the currency of both.
    pub amount: Money,
    /// When it is given back by itself.
    pub expires: Option<Timestamp>,
}

/// The book: every account, every open hold, and the newest idempotency keys.
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
    /// Summed up side by side with the accounts, one side at a time, so that a posting with one side only
    /// shows at once.
    pub(crate) totals: BTreeMap<Currency, Totals>,
    /// What to put back when a linked command is refused; empty between requests.
    pub(crate) undo: Vec<Undo>,
}

/// How to take back one step of a linked request.
#[derive(Debug, Clone)]
pub(crate) enum Undo {
    /// The account was like this.
    Account(usize, Account),
    /// The currency's totals were like this.
    Totals(Currency, Totals),
    /// This hold was made.
    Made(Number),
    /// This hold was open, with this much.
    Shrunk(Number, Hold),
    /// Of this command, that much was refunded.
    Refunded(Number, Option<Refunds>),
    /// The newest account was opened.
    Opened,
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
        self.refunds.get(&original).map(|refunds| refunds.refunded)
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
        debug_assert!(self.undo.is_empty());
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
            Command::Release { hold } => {
                let open = *self.holds.get(&hold).ok_or(Refusal::HoldNotOpen(hold))?;
                let (debit, _) = self.give_back::<LINKED>(hold, open, open.amount);
                Ok(Outcome::Released {
                    debit: open.debit,
                    amount: open.amount.minor_units(),
                    debit_available: self.at(debit).available_units(),
                })
            }
            Command::Refund { original, of, debit, credit, amount } => {
                self.refund::<LINKED>(number, original, Refunds { debit, credit, of, refunded: 0 }, amount)
            }
            Command::Note => Ok(Outcome::Noted),
        }
    }

    /// Moves an amount from one account to another; the balances of both after it.
    pub(crate) fn transfer<const LINKED: bool>(
        &mut self,
        debit: AccountId,
        credit: AccountId,
        amount: Money,
    ) -> Result<(i64, i64), Refusal> {
        let (debit, credit, units) = self.sides(debit, credit, amount)?;
        self.note::<LINKED>(debit, credit);
        self.post(debit, credit, units);
        Ok((self.at(debit).balance_units(), self.at(credit).balance_units()))
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
        if LINKED {
            self.undo.push(Undo::Account(slot, before));
        }
        Ok(Outcome::Closed)
    }

    fn set_aside<const LINKED: bool>(&mut self, number: Number, mut hold: Hold) -> Result<Outcome, Refusal> {
        // The end of time is never.
        hold.expires = hold.expires.filter(|at| at.0 != u64::MAX);
        if hold.expires.is_some_and(|expires| expires <= self.now) {
            return Err(Refusal::ExpiryPast);
        }
        let (debit, credit, units) = self.sides(hold.debit, hold.credit, hold.amount)?;
        self.note::<LINKED>(debit, credit);
        let account = self.at_mut(debit);
        account.debits_held = grown(account.debits_held, units);
        let account = self.at_mut(credit);
        account.credits_held = grown(account.credits_held, units);
        let totals = self.totals.entry(hold.amount.currency()).or_default();
        totals.debits_held = totals.debits_held.saturating_add(u128::from(units));
        totals.credits_held = totals.credits_held.saturating_add(u128::from(units));
        totals.assert_balanced();
        self.put_hold(number, hold);
        if LINKED {
            self.undo.push(Undo::Made(number));
        }
        Ok(Outcome::Held { debit_available: self.at(debit).available_units() })
    }

    fn capture<const LINKED: bool>(
        &mut self,
        number: Number,
        amount: Money,
        last: bool,
    ) -> Result<Outcome, Refusal> {
        let hold = *self.holds.get(&number).ok_or(Refusal::HoldNotOpen(number))?;
        let units = positive_units(amount)?;
        if amount.currency() != hold.amount.currency() {
            return Err(Refusal::CurrencyMismatch(hold.debit));
        }
        let rest = match hold.amount.checked_sub(amount) {
            Ok(rest) if !rest.is_negative() => rest.minor_units(),
            _ => return Err(Refusal::CaptureExceedsHold { hold: number, held: hold.amount.minor_units() }),
        };
        let (released, left) = if last { (rest, 0) } else { (0, rest) };
        let (debit, credit) = self.give_back::<LINKED>(number, hold, if last { hold.amount } else { amount });
        // There is room: the held amount, now given back, counted towards rule and turnover alike.
        self.post(debit, credit, units);
        Ok(Outcome::Captured {
            debit: hold.debit,
            credit: hold.credit,
            released,
            left,
            debit_balance: self.at(debit).balance_units(),
            credit_balance: self.at(credit).balance_units(),
        })
    }

    /// Takes an amount off a hold, which ends when nothing is left of it; the slots of both sides.
    fn give_back<const LINKED: bool>(&mut self, number: Number, hold: Hold, amount: Money) -> (usize, usize) {
        let debit = self.slot(hold.debit).expect("the account of an open hold stays");
        let credit = self.slot(hold.credit).expect("the account of an open hold stays");
        self.note::<LINKED>(debit, credit);
        let units = positive_units(amount).expect("a hold is of more than nothing");
        let left = hold.amount.checked_sub(amount).expect("at most what is held, in its currency");
        let account = self.at_mut(debit);
        account.debits_held = shrunk(account.debits_held, units);
        let account = self.at_mut(credit);
        account.credits_held = shrunk(account.credits_held, units);
        let totals = self.totals.entry(hold.amount.currency()).or_default();
        totals.debits_held = totals.debits_held.checked_sub(u128::from(units)).expect("it was held");
        totals.credits_held = totals.credits_held.checked_sub(u128::from(units)).expect("it was held");
        totals.assert_balanced();
        if left.minor_units() == 0 {
            self.take_hold(number);
        } else {
            self.holds.insert(number, Hold { amount: left, ..hold });
        }
        if LINKED {
            self.undo.push(Undo::Shrunk(number, hold));
        }
        (debit, credit)
    }

    fn expire(&mut self) -> Vec<Expired> {
        let mut expired = Vec::new();
        while let Some(&(at, number)) = self.expiries.first()
            && at <= self.now
        {
            let hold = *self.holds.get(&number).expect("an expiry belongs to an open hold");
            self.give_back::<false>(number, hold, hold.amount);
            let amount = hold.amount.minor_units();
            expired.push(Expired { hold: number, debit: hold.debit, credit: hold.credit, amount });
        }
        expired
    }

    /// Checks everything that a transfer or hold needs; the slots of both sides and the minor units.
    fn sides(
        &self,
        debit: AccountId,
        credit: AccountId,
        amount: Money,
    ) -> Result<(usize, usize, u64), Refusal> {
        let units = positive_units(amount)?;
        if debit == credit {
            return Err(Refusal::SameAccount(debit));
        }
        let (debit, credit) = (self.slot(debit)?, self.slot(credit)?);
        // The receiving side first: whoever pays learns of a wrong payee rather than of an empty purse.
        self.at(credit).may_credit(units, amount.currency())?;
        self.at(debit).may_debit(units, amount.currency())?;
        Ok((debit, credit, units))
    }

    /// Books both sides of a checked posting.
    fn post(&mut self, debit: usize, credit: usize, units: u64) {
        let account = self.at_mut(debit);
        account.debits_posted = grown(account.debits_posted, units);
        assert!(account.fault().is_none(), "account {:?} after a debit: {:?}", account.id, account.fault());
        let currency = account.currency;
        let totals = self.totals.entry(currency).or_default();
        totals.debits_posted = totals.debits_posted.saturating_add(u128::from(units));
        let account = self.at_mut(credit);
        account.credits_posted = grown(account.credits_posted, units);
        assert!(account.fault().is_none(), "account {:?} after a credit: {:?}", account.id, account.fault());
        let currency = account.currency;
        let totals = self.totals.entry(currency).or_default();
        totals.credits_posted = totals.credits_posted.saturating_add(u128::from(units));
        totals.assert_balanced();
    }

    pub(crate) fn put_hold(&mut self, number: Number, hold: Hold) {
        if let Some(at) = hold.expires {
            self.expiries.insert((at, number));
        }
        self.holds.insert(number, hold);
    }

    fn take_hold(&mut self, number: Number) {
        if let Some(hold) = self.holds.remove(&number)
            && let Some(at) = hold.expires
        {
            self.expiries.remove(&(at, number));
        }
    }

    /// Notes how both sides stand before a linked command changes them.
    fn note<const LINKED: bool>(&mut self, debit: usize, credit: usize) {
        if LINKED {
            for slot in [debit, credit] {
                let before = self.at(slot).clone();
                self.undo.push(Undo::Account(slot, before));
            }
            let currency = self.at(debit).currency;
            let totals = self.totals.get(&currency).copied().unwrap_or_default();
            self.undo.push(Undo::Totals(currency, totals));
        }
    }

    /// Takes back the linked commands before the refused one, newest first.
    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Account(slot, before) => *self.at_mut(slot) = before,
                Undo::Totals(currency, before) => {
                    // A currency first touched by the refused request leaves no empty line behind.
                    if before == Totals::default() {
                        self.totals.remove(&currency);
                    } else {
                        self.totals.insert(currency, before);
                    }
                }
                Undo::Made(number) => self.take_hold(number),
                Undo::Shrunk(number, hold) => self.put_hold(number, hold),
                Undo::Refunded(original, None) => {
                    self.refunds.remove(&original);
                }
                Undo::Refunded(original, Some(before)) => {
                    self.refunds.insert(original, before);
                }
                Undo::Opened => {
                    if let Some(account) = self.accounts.pop() {
                        self.slots.remove(&account.id);
                    }
                }
            }
        }
    }

    fn slot(&self, id: AccountId) -> Result<usize, Refusal> {
        self.slots.get(&id).copied().ok_or(Refusal::UnknownAccount(id))
    }

    fn at(&self, slot: usize) -> &Account {
        self.accounts.get(slot).expect("a slot handed out stays")
    }

    fn at_mut(&mut self, slot: usize) -> &mut Account {
        self.accounts.get_mut(slot).expect("a slot handed out stays")
    }
}

/// The minor units of an amount of more than nothing.
pub(crate) fn positive_units(amount: Money) -> Result<u64, Refusal> {
    u64::try_from(amount.minor_units()).ok().filter(|&units| units > 0).ok_or(Refusal::AmountNotPositive)
}

fn grown(total: u64, units: u64) -> u64 {
    total.checked_add(units).expect("room was checked before")
}

fn shrunk(total: u64, units: u64) -> u64 {
    total.checked_sub(units).expect("what is given back was held")
}
