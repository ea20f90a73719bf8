//! The reference: the ledger as a person would keep it who has all the time in the world. It writes lists, adds
//! them up anew for every question, and takes a refused request back by putting an old copy of itself in place.
//! It shares no code with the ledger, only its vocabulary.

use ledger::{
    AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Hold, Key, Number, Outcome,
    Outcomes, Refusal, Request, Timestamp,
};
use money::{Currency, Money};

/// 2^63 - 1: the most that one side of an account ever moves.
const SIDE_MAX: i128 = 9_223_372_036_854_775_807;
const LINKED_MAX: usize = 64;

/// An account as it was opened, and whether it is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub(crate) id: AccountId,
    pub(crate) currency: Currency,
    pub(crate) rule: BalanceRule,
    pub(crate) code: u16,
    pub(crate) closed: bool,
}

/// An amount that moved, by a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved {
    pub(crate) number: Number,
    pub(crate) debit: AccountId,
    pub(crate) credit: AccountId,
    pub(crate) amount: Money,
}

/// A refund: of which command, what it was said to have moved between whom, how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refunded {
    pub(crate) original: Number,
    of: Money,
    debit: AccountId,
    credit: AccountId,
    amount: Money,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Reference {
    keys_max: usize,
    pub(crate) now: u64,
    /// How many numbers were given out.
    pub(crate) given_out: u64,
    pub(crate) accounts: Vec<Opened>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) holds: Vec<(Number, Hold)>,
    pub(crate) refunds: Vec<Refunded>,
    pub(crate) keys: Vec<(Key, Content, Answer)>,
    pub(crate) keys_forgotten: u64,
    /// What linked commands had done before a later one of their request was refused.
    pub(crate) taken_back: Vec<Outcome>,
}

impl Reference {
    pub(crate) fn new(keys_max: usize) -> Self {
        Self { keys_max, ..Self::default() }
    }

    pub(crate) fn gave(&self, account: AccountId) -> i128 {
        self.moved.iter().filter(|moved| moved.debit == account).map(|moved| units(moved.amount)).sum()
    }

    pub(crate) fn got(&self, account: AccountId) -> i128 {
        self.moved.iter().filter(|moved| moved.credit == account).map(|moved| units(moved.amount)).sum()
    }

    pub(crate) fn will_give(&self, account: AccountId) -> i128 {
        self.holds.iter().filter(|(_, hold)| hold.debit == account).map(|(_, hold)| units(hold.amount)).sum()
    }

    pub(crate) fn will_get(&self, account: AccountId) -> i128 {
        self.holds.iter().filter(|(_, hold)| hold.credit == account).map(|(_, hold)| units(hold.amount)).sum()
    }

    pub(crate) fn balance(&self, account: AccountId) -> i64 {
        narrow(self.got(account) - self.gave(account))
    }

    pub(crate) fn available(&self, account: AccountId) -> i64 {
        narrow(self.got(account) - self.gave(account) - self.will_give(account))
    }

    /// How much of a command is refunded, if any of it is.
    pub(crate) fn refunded(&self, original: Number) -> Option<i64> {
        let of_it = self.refunds.iter().filter(|refund| refund.original == original);
        let sum: i128 = of_it.map(|refund| units(refund.amount)).sum();
        (sum != 0).then(|| narrow(sum))
    }

    pub(crate) fn apply(&mut self, now: Timestamp, batch: &[Request]) -> Applied {
        self.now = self.now.max(now.0);
        let (mut over, open): (Vec<_>, Vec<_>) =
            self.holds.iter().partition(|(_, hold)| hold.expires.is_some_and(|at| at.0 <= self.now));
        self.holds = open;
        over.sort_by_key(|(number, hold): &(Number, Hold)| (hold.expires, *number));
        let expired = over.into_iter().map(|(number, hold)| Expired {
            hold: number,
            debit: hold.debit,
            credit: hold.credit,
            amount: hold.amount.minor_units(),
        });
        Applied {
            at: Timestamp(self.now),
            expired: expired.collect(),
            answers: batch.iter().map(|request| self.answer(request)).collect(),
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if let Some(key) = request.key
            && let Some((_, content, first)) = self.keys.iter().find(|known| known.0 == key)
        {
            let mut again = Answer { duplicate: true, ..first.clone() };
            if *content != request.content {
                again.result = Err(Refusal::KeyReused);
            }
            return again;
        }
        let number = Number(self.given_out + 1);
        let commands = request.commands.as_slice();
        self.given_out += u64::try_from(commands.len().clamp(1, LINKED_MAX)).expect("few");
        let result = self.all_or_none(number, &request.commands);
        let answer = Answer { number, at: Timestamp(self.now), duplicate: false, result };
        if let Some(key) = request.key {
            self.keys.push((key, request.content, answer.clone()));
            if self.keys.len() > self.keys_max {
                self.keys.remove(0);
                self.keys_forgotten += 1;
            }
        }
        answer
    }

    fn all_or_none(&mut self, first: Number, commands: &Commands) -> Result<Outcomes, Refusal> {
        let linked = match commands {
            Commands::One(command) => return self.command(first, *command).map(Outcomes::One),
            Commands::Linked(linked) => linked,
        };
        if linked.is_empty() || linked.len() > LINKED_MAX {
            return Err(Refusal::LinkedCount);
        }
        let before = self.clone();
        let mut outcomes = Vec::new();
        for (number, command) in (first.0..).zip(linked) {
            match self.command(Number(number), *command) {
                Ok(outcome) => outcomes.push(outcome),
                Err(refusal) => {
                    *self = before;
                    self.taken_back.extend(outcomes);
                    return Err(refusal);
                }
            }
        }
        Ok(Outcomes::Linked(outcomes.into_boxed_slice()))
    }

    fn command(&mut self, number: Number, command: Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Open { account: id, currency, rule, code } => {
                if self.accounts.iter().any(|known| known.id == id) {
                    return Err(Refusal::AccountExists(id));
                }
                self.accounts.push(Opened { id, currency, rule, code, closed: false });
                Ok(Outcome::Opened)
            }
            Command::Close { account } => {
                if self.find(account)?.closed {
                    return Err(Refusal::AccountClosed(account));
                }
                let nothing =
                    self.balance(account) == 0 && self.will_give(account) == 0 && self.will_get(account) == 0;
                if !nothing {
                    return Err(Refusal::AccountInUse(account));
                }
                for known in &mut self.accounts {
                    known.closed |= known.id == account;
                }
                Ok(Outcome::Closed)
            }
            Command::Transfer { debit, credit, amount } => {
                self.may(debit, credit, amount)?;
                self.moved.push(Moved { number, debit, credit, amount });
                let (debit_balance, credit_balance) = (self.balance(debit), self.balance(credit));
                Ok(Outcome::Transferred { debit_balance, credit_balance })
            }
            Command::Hold { debit, credit, amount, expires } => {
                // Whatever expires at the end of time does not.
                let expires = expires.filter(|at| at.0 != u64::MAX);
                if expires.is_some_and(|at| at.0 <= self.now) {
                    return Err(Refusal::ExpiryPast);
                }
                self.may(debit, credit, amount)?;
                self.holds.push((number, Hold { debit, credit, amount, expires }));
                Ok(Outcome::Held { debit_available: self.available(debit) })
            }
            Command::Capture { hold, amount, last } => self.capture(number, hold, amount, last),
            Command::Release { hold: number } => {
                let hold = self.take(number)?;
                let (debit, amount) = (hold.debit, hold.amount.minor_units());
                Ok(Outcome::Released { debit, amount, debit_available: self.available(debit) })
            }
            Command::Refund { original, of, debit, credit, amount } => {
                self.refund(number, Refunded { original, of, debit, credit, amount })
            }
            Command::Note => Ok(Outcome::Noted),
        }
    }

    fn capture(&mut self, by: Number, number: Number, amount: Money, last: bool) -> Result<Outcome, Refusal> {
        let hold = self.take(number)?;
        // Put back until it is known that the capture is right.
        self.holds.push((number, hold));
        if amount.minor_units() <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        if amount.currency() != hold.amount.currency() {
            return Err(Refusal::CurrencyMismatch(hold.debit));
        }
        let rest = narrow(units(hold.amount) - units(amount));
        if rest < 0 {
            return Err(Refusal::CaptureExceedsHold { hold: number, held: hold.amount.minor_units() });
        }
        self.take(number)?;
        if !last && rest > 0 {
            let amount = Money::new(rest, hold.amount.currency());
            self.holds.push((number, Hold { amount, ..hold }));
        }
        let (debit, credit) = (hold.debit, hold.credit);
        self.moved.push(Moved { number: by, debit, credit, amount });
        Ok(Outcome::Captured {
            debit,
            credit,
            released: if last { rest } else { 0 },
            left: if last { 0 } else { rest },
            debit_balance: self.balance(debit),
            credit_balance: self.balance(credit),
        })
    }

    fn refund(&mut self, number: Number, refund: Refunded) -> Result<Outcome, Refusal> {
        let Refunded { original, of, debit, credit, amount } = refund;
        if original.0 < 1 || original.0 >= number.0 {
            return Err(Refusal::UnknownOriginal(original));
        }
        if of.minor_units() <= 0 || amount.minor_units() <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        if of.currency() != amount.currency() {
            return Err(Refusal::CurrencyMismatch(debit));
        }
        for earlier in self.refunds.iter().filter(|earlier| earlier.original == original) {
            if (earlier.of, earlier.debit, earlier.credit) != (of, debit, credit) {
                return Err(Refusal::RefundDiffers(original));
            }
        }
        let left = of.minor_units() - self.refunded(original).unwrap_or(0);
        if amount.minor_units() > left {
            return Err(Refusal::RefundExceeds { original, left });
        }
        self.may(debit, credit, amount)?;
        self.moved.push(Moved { number, debit, credit, amount });
        self.refunds.push(refund);
        Ok(Outcome::Refunded {
            refunded: self.refunded(original).expect("just now"),
            debit_balance: self.balance(debit),
            credit_balance: self.balance(credit),
        })
    }

    fn find(&self, id: AccountId) -> Result<Opened, Refusal> {
        self.accounts.iter().find(|known| known.id == id).copied().ok_or(Refusal::UnknownAccount(id))
    }

    fn take(&mut self, number: Number) -> Result<Hold, Refusal> {
        let place = self.holds.iter().position(|(open, _)| *open == number);
        Ok(self.holds.remove(place.ok_or(Refusal::HoldNotOpen(number))?).1)
    }

    /// Whether this amount may be moved or held, by the rules as a person would say them.
    fn may(&self, debit: AccountId, credit: AccountId, amount: Money) -> Result<(), Refusal> {
        if amount.minor_units() <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        if debit == credit {
            return Err(Refusal::SameAccount(debit));
        }
        let (giver, getter) = (self.find(debit)?, self.find(credit)?);
        let open = |account: Opened| {
            if account.closed {
                Err(Refusal::AccountClosed(account.id))
            } else if account.currency != amount.currency() {
                Err(Refusal::CurrencyMismatch(account.id))
            } else {
                Ok(())
            }
        };
        open(getter)?;
        let credits = self.got(credit) + self.will_get(credit) + units(amount);
        if credits > SIDE_MAX {
            return Err(Refusal::TurnoverExhausted(credit));
        }
        if getter.rule == BalanceRule::CreditsWithinDebits && credits > self.gave(credit) {
            return Err(Refusal::CreditsExceedDebits(credit));
        }
        open(giver)?;
        let debits = self.gave(debit) + self.will_give(debit) + units(amount);
        if debits > SIDE_MAX {
            return Err(Refusal::TurnoverExhausted(debit));
        }
        if giver.rule == BalanceRule::DebitsWithinCredits && debits > self.got(debit) {
            return Err(Refusal::InsufficientFunds { account: debit, available: self.available(debit) });
        }
        Ok(())
    }
}

pub(crate) fn units(amount: Money) -> i128 {
    i128::from(amount.minor_units())
}

fn narrow(units: i128) -> i64 {
    i64::try_from(units).expect("turnover is bounded")
}
