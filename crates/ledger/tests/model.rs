//! The ledger against a slow and obvious model: random command sequences, the same answers, and the
//! whole-book check after each batch.
//!
//! The model keeps lists and adds them up anew for every question; to undo a linked request it throws a copy
//! of itself away. A failure prints the shortest sequence that shows it; `PROPTEST_RNG_SEED=N cargo test -p
//! ledger` runs the same sequences again, and `PROPTEST_CASES=N` as many as wanted.
#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test")]

use ledger::{
    AccountId, Answer, Applied, BalanceRule, Command, Commands, Content, Expired, Hold, Key, Ledger, Limits,
    Number, Outcome, Outcomes, Refusal, Request, TURNOVER_MAX, Timestamp,
};
use money::{Currency, Money};
use proptest::prelude::*;

const KEYS_MAX: usize = 12;

#[derive(Debug, Clone, Default)]
struct Model {
    now: u64,
    next: u64,
    accounts: Vec<(AccountId, Currency, BalanceRule, u16, bool)>,
    /// Debit, credit, units.
    postings: Vec<(AccountId, AccountId, i128)>,
    holds: Vec<(Number, Hold)>,
    keys: Vec<(Key, Content, Answer)>,
}

impl Model {
    fn given(&self, account: AccountId) -> i128 {
        self.postings.iter().filter(|posting| posting.0 == account).map(|posting| posting.2).sum()
    }

    fn got(&self, account: AccountId) -> i128 {
        self.postings.iter().filter(|posting| posting.1 == account).map(|posting| posting.2).sum()
    }

    fn held_to_give(&self, account: AccountId) -> i128 {
        self.holds.iter().filter(|(_, hold)| hold.debit == account).map(|(_, hold)| units(hold.amount)).sum()
    }

    fn held_to_get(&self, account: AccountId) -> i128 {
        self.holds.iter().filter(|(_, hold)| hold.credit == account).map(|(_, hold)| units(hold.amount)).sum()
    }

    fn balance(&self, account: AccountId) -> i64 {
        narrow(self.got(account) - self.given(account))
    }

    fn available(&self, account: AccountId) -> i64 {
        narrow(self.got(account) - self.given(account) - self.held_to_give(account))
    }

    fn apply(&mut self, now: Timestamp, batch: &[Request]) -> Applied {
        self.now = self.now.max(now.0);
        let due = |hold: &Hold| hold.expires.filter(|at| at.0 <= self.now);
        let mut expired: Vec<(Timestamp, Number, Hold)> =
            self.holds.iter().filter_map(|(number, hold)| due(hold).map(|at| (at, *number, *hold))).collect();
        expired.sort_by_key(|(at, number, _)| (*at, *number));
        self.holds.retain(|(number, _)| expired.iter().all(|(_, gone, _)| gone != number));
        let expired = expired.into_iter().map(|(_, number, hold)| Expired {
            hold: number,
            debit: hold.debit,
            credit: hold.credit,
            amount: hold.amount.minor_units(),
        });
        let expired = expired.collect();
        Applied {
            at: Timestamp(self.now),
            expired,
            answers: batch.iter().map(|request| self.answer(request)).collect(),
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if let Some(key) = request.key
            && let Some((_, content, first)) = self.keys.iter().find(|known| known.0 == key)
        {
            let mut answer = Answer { duplicate: true, ..first.clone() };
            if *content != request.content {
                answer.result = Err(Refusal::KeyReused);
            }
            return answer;
        }
        let number = self.next + 1;
        self.next += request.commands.as_slice().len().max(1) as u64;
        let before = self.clone();
        let mut outcomes = Vec::new();
        let mut result = Ok(());
        for (place, command) in (0..).zip(request.commands.as_slice()) {
            match self.command(Number(number + place), *command) {
                Ok(outcome) => outcomes.push(outcome),
                Err(refusal) => {
                    result = Err(refusal);
                    *self = before;
                    break;
                }
            }
        }
        let result = result.and_then(|()| match &request.commands {
            Commands::One(_) => Ok(Outcomes::One(outcomes[0])),
            Commands::Linked(commands) if commands.is_empty() => Err(Refusal::LinkedCount),
            Commands::Linked(_) => Ok(Outcomes::Linked(outcomes.into_boxed_slice())),
        });
        let answer = Answer { number: Number(number), at: Timestamp(self.now), duplicate: false, result };
        if let Some(key) = request.key {
            self.keys.push((key, request.content, answer.clone()));
            if self.keys.len() > KEYS_MAX {
                self.keys.remove(0);
            }
        }
        answer
    }

    fn command(&mut self, number: Number, command: Command) -> Result<Outcome, Refusal> {
        match command {
            Command::Open { account, currency, rule, code } => {
                if self.accounts.iter().any(|known| known.0 == account) {
                    return Err(Refusal::AccountExists(account));
                }
                self.accounts.push((account, currency, rule, code, false));
                Ok(Outcome::Opened)
            }
            Command::Close { account } => {
                let in_use = self.balance(account) != 0
                    || self.held_to_give(account) != 0
                    || self.held_to_get(account) != 0;
                let known = self.accounts.iter_mut().find(|known| known.0 == account);
                let known = known.ok_or(Refusal::UnknownAccount(account))?;
                if known.4 {
                    return Err(Refusal::AccountClosed(account));
                }
                if in_use {
                    return Err(Refusal::AccountInUse(account));
                }
                known.4 = true;
                Ok(Outcome::Closed)
            }
            Command::Transfer { debit, credit, amount } => {
                self.may(debit, credit, amount)?;
                self.postings.push((debit, credit, units(amount)));
                Ok(Outcome::Transferred {
                    debit_balance: self.balance(debit),
                    credit_balance: self.balance(credit),
                })
            }
            Command::Hold { debit, credit, amount, expires } => {
                if expires.is_some_and(|at| at.0 <= self.now) {
                    return Err(Refusal::ExpiryPast);
                }
                self.may(debit, credit, amount)?;
                self.holds.push((number, Hold { debit, credit, amount, expires }));
                Ok(Outcome::Held { debit_available: self.available(debit) })
            }
            Command::Capture { hold: number, amount, .. } => {
                let place = self.holds.iter().position(|(open, _)| *open == number);
                let place = place.ok_or(Refusal::HoldNotOpen(number))?;
                let hold = self.holds[place].1;
                if amount.minor_units() <= 0 {
                    return Err(Refusal::AmountNotPositive);
                }
                if amount.currency() != hold.amount.currency() {
                    return Err(Refusal::CurrencyMismatch(hold.debit));
                }
                if units(amount) > units(hold.amount) {
                    return Err(Refusal::CaptureExceedsHold {
                        hold: number,
                        held: hold.amount.minor_units(),
                    });
                }
                self.holds.remove(place);
                self.postings.push((hold.debit, hold.credit, units(amount)));
                Ok(Outcome::Captured {
                    debit: hold.debit,
                    credit: hold.credit,
                    released: hold.amount.minor_units() - amount.minor_units(),
                    left: 0,
                    debit_balance: self.balance(hold.debit),
                    credit_balance: self.balance(hold.credit),
                })
            }
            Command::Release { hold: number } => {
                let place = self.holds.iter().position(|(open, _)| *open == number);
                let (_, hold) = self.holds.remove(place.ok_or(Refusal::HoldNotOpen(number))?);
                Ok(Outcome::Released {
                    debit: hold.debit,
                    amount: hold.amount.minor_units(),
                    debit_available: self.available(hold.debit),
                })
            }
            Command::Refund { .. } | Command::Note => unreachable!("not made here"),
        }
    }

    /// Whether this amount may be moved or held, by the rules as a person would say them.
    fn may(&self, debit: AccountId, credit: AccountId, amount: Money) -> Result<(), Refusal> {
        if amount.minor_units() <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        if debit == credit {
            return Err(Refusal::SameAccount(debit));
        }
        let find =
            |id| self.accounts.iter().find(|known| known.0 == id).copied().ok_or(Refusal::UnknownAccount(id));
        let (giver, getter) = (find(debit)?, find(credit)?);
        let open = |(id, currency, _, _, closed)| {
            if closed {
                Err(Refusal::AccountClosed(id))
            } else if currency != amount.currency() {
                Err(Refusal::CurrencyMismatch(id))
            } else {
                Ok(())
            }
        };
        open(getter)?;
        let credits = self.got(credit) + self.held_to_get(credit) + units(amount);
        if credits > i128::from(TURNOVER_MAX) {
            return Err(Refusal::TurnoverExhausted(credit));
        }
        if getter.2 == BalanceRule::CreditsWithinDebits && credits > self.given(credit) {
            return Err(Refusal::CreditsExceedDebits(credit));
        }
        open(giver)?;
        let debits = self.given(debit) + self.held_to_give(debit) + units(amount);
        if debits > i128::from(TURNOVER_MAX) {
            return Err(Refusal::TurnoverExhausted(debit));
        }
        if giver.2 == BalanceRule::DebitsWithinCredits && debits > self.got(debit) {
            return Err(Refusal::InsufficientFunds { account: debit, available: self.available(debit) });
        }
        Ok(())
    }
}

fn units(amount: Money) -> i128 {
    i128::from(amount.minor_units())
}

fn narrow(units: i128) -> i64 {
    i64::try_from(units).expect("turnover is bounded")
}

/// Numbers from here on stand for "one of the holds that are open then": chosen blindly, hardly any command
/// would meet one.
const SOME_OPEN_HOLD: u64 = 1_000;

/// Puts real holds in place of the stand-ins, and now and then exactly what is held.
fn resolve(request: &Request, open: &[(Number, Hold)]) -> Request {
    let find = |number: Number| {
        let place = number.0.checked_sub(SOME_OPEN_HOLD)?;
        open.get(usize::try_from(place).ok()?.checked_rem(open.len())?)
    };
    let command = |command: &Command| match *command {
        Command::Capture { hold, amount, last } => find(hold).map_or(*command, |(found, of)| {
            Command::Capture { hold: *found, amount: if hold.0 % 3 == 0 { of.amount } else { amount }, last }
        }),
        Command::Release { hold } => {
            find(hold).map_or(*command, |(found, _)| Command::Release { hold: *found })
        }
        other => other,
    };
    let commands = match &request.commands {
        Commands::One(one) => Commands::One(command(one)),
        Commands::Linked(linked) => Commands::Linked(linked.iter().map(command).collect()),
    };
    Request { commands, ..request.clone() }
}

fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![6 => 0_u64..3, 2 => 3_u64..6].prop_map(AccountId)
}

fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![12 => Just(Currency::CNY), 1 => Just(Currency::JPY)]
}

fn amount() -> impl Strategy<Value = Money> {
    let units = prop_oneof![
        20 => 1_i64..40,
        2 => -2_i64..=0,
        1 => (i64::MAX - 200)..=i64::MAX,
        1 => Just(i64::MAX / 2),
    ];
    (units, currency()).prop_map(|(units, currency)| Money::new(units, currency))
}

fn command() -> impl Strategy<Value = Command> {
    let rule = prop_oneof![
        Just(BalanceRule::DebitsWithinCredits),
        Just(BalanceRule::CreditsWithinDebits),
        Just(BalanceRule::Free)
    ];
    // Numbers of commands: some of them are holds.
    let hold = prop_oneof![1 => 0_u64..60, 5 => SOME_OPEN_HOLD..SOME_OPEN_HOLD + 60].prop_map(Number);
    prop_oneof![
        2 => (account(), currency(), rule, any::<u16>())
            .prop_map(|(account, currency, rule, code)| Command::Open { account, currency, rule, code }),
        1 => account().prop_map(|account| Command::Close { account }),
        8 => (account(), account(), amount())
            .prop_map(|(debit, credit, amount)| Command::Transfer { debit, credit, amount }),
        8 => (account(), account(), amount(), proptest::option::of(0_u64..30))
            .prop_map(|(debit, credit, amount, expires)| Command::Hold {
                debit,
                credit,
                amount,
                expires: expires.map(Timestamp)
            }),
        6 => (hold.clone(), amount()).prop_map(|(hold, amount)| Command::Capture { hold, amount, last: true }),
        3 => hold.prop_map(|hold| Command::Release { hold }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let commands = prop_oneof![
        3 => command().prop_map(Commands::One),
        2 => proptest::collection::vec(command(), 0..5).prop_map(|commands| Commands::Linked(commands.into_boxed_slice())),
    ];
    (proptest::option::of(0_u128..20), 0_u128..3, commands).prop_map(|(key, content, commands)| Request {
        key: key.map(Key),
        content: Content(content),
        commands,
    })
}

/// Applies a batch with the stand-ins resolved against the book itself.
fn apply(ledger: &mut Ledger, now: Timestamp, batch: &[Request]) -> Applied {
    let open: Vec<_> = ledger.holds().map(|(number, hold)| (number, *hold)).collect();
    let batch: Vec<Request> = batch.iter().map(|request| resolve(request, &open)).collect();
    ledger.apply(now, &batch)
}

fn batches() -> impl Strategy<Value = Vec<(Timestamp, Vec<Request>)>> {
    let batch = (0_u64..30, proptest::collection::vec(request(), 0..6));
    proptest::collection::vec(batch.prop_map(|(now, requests)| (Timestamp(now), requests)), 1..25)
}

/// A book with three open accounts and some money, so that most commands find something to do.
fn opening() -> Vec<Request> {
    let one = |command| Request { key: None, content: Content(0), commands: Commands::One(command) };
    let open = |number, rule| {
        one(Command::Open { account: AccountId(number), currency: Currency::CNY, rule, code: 0 })
    };
    let fund = |number| {
        one(Command::Transfer {
            debit: AccountId(0),
            credit: AccountId(number),
            amount: Money::new(150, Currency::CNY),
        })
    };
    vec![
        open(0, BalanceRule::Free),
        open(1, BalanceRule::DebitsWithinCredits),
        open(2, BalanceRule::DebitsWithinCredits),
        fund(1),
        fund(2),
    ]
}

proptest! {
    #[test]
    fn the_ledger_answers_as_the_model_does(batches in batches()) {
        let limits = Limits { keys_max: KEYS_MAX };
        let mut ledger = Ledger::new(limits);
        let mut model = Model::default();
        for (now, batch) in std::iter::once((Timestamp(0), opening())).chain(batches) {
            let batch: Vec<Request> = batch.iter().map(|request| resolve(request, &model.holds)).collect();
            let applied = ledger.apply(now, &batch);
            prop_assert_eq!(&applied, &model.apply(now, &batch));
            if let Err(fault) = ledger.check() {
                return Err(TestCaseError::fail(fault.to_string()));
            }
            for account in ledger.accounts() {
                prop_assert_eq!(account.balance().minor_units(), model.balance(account.id()));
                prop_assert_eq!(account.available().minor_units(), model.available(account.id()));
            }
            let holds: Vec<_> = ledger.holds().map(|(number, hold)| (number, *hold)).collect();
            let mut expected = model.holds.clone();
            expected.sort_by_key(|(number, _)| *number);
            prop_assert_eq!(holds, expected);
            prop_assert_eq!(ledger.next_expiry(), model.holds.iter().filter_map(|(_, hold)| hold.expires).min());
        }
    }

    #[test]
    fn a_snapshot_goes_on_as_the_book_does(batches in batches(), cut in any::<proptest::sample::Index>()) {
        let limits = Limits { keys_max: KEYS_MAX };
        let (before, after) = batches.split_at(cut.index(batches.len()));
        let mut ledger = Ledger::new(limits);
        ledger.apply(Timestamp(0), &opening());
        for (now, batch) in before {
            apply(&mut ledger, *now, batch);
        }
        let bytes = ledger.encode();
        let mut read = Ledger::decode(&bytes, limits).expect("reads back");
        prop_assert_eq!(read.encode(), bytes);
        for (now, batch) in after {
            prop_assert_eq!(apply(&mut ledger, *now, batch), apply(&mut read, *now, batch));
        }
        prop_assert_eq!(read.encode(), ledger.encode());
        prop_assert!(read.check().is_ok());
    }

    #[test]
    fn a_damaged_snapshot_never_panics_and_never_passes_unsound(
        batches in batches(),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<proptest::sample::Index>(),
    ) {
        let limits = Limits { keys_max: KEYS_MAX };
        let mut ledger = Ledger::new(limits);
        ledger.apply(Timestamp(0), &opening());
        for (now, batch) in &batches {
            apply(&mut ledger, *now, batch);
        }
        let mut bytes = ledger.encode();
        prop_assert!(Ledger::decode(&bytes[..keep.index(bytes.len())], limits).is_err());
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= value;
        }
        if let Ok(book) = Ledger::decode(&bytes, limits) {
            // What passes is a sound book, and goes on.
            prop_assert!(book.check().is_ok());
            let mut book = book;
            for (now, batch) in &batches {
                apply(&mut book, *now, batch);
            }
            prop_assert!(book.check().is_ok());
        }
    }

    #[test]
    fn answers_read_back(batches in batches()) {
        let mut ledger = Ledger::new(Limits { keys_max: 0 });
        for (now, batch) in &batches {
            for answer in apply(&mut ledger, *now, batch).answers {
                let bytes = answer.encode();
                prop_assert_eq!(Answer::decode(&bytes), Ok(answer));
                prop_assert!(Answer::decode(&bytes[..bytes.len() - 1]).is_err());
            }
        }
    }
}

#[test]
fn a_linked_request_happens_whole_or_not_at_all() {
    let mut ledger = Ledger::new(Limits { keys_max: KEYS_MAX });
    ledger.apply(Timestamp(1), &opening());
    let before = ledger.encode();
    let yuan = |units| Money::new(units, Currency::CNY);
    let leg = |debit, credit, units| Command::Transfer {
        debit: AccountId(debit),
        credit: AccountId(credit),
        amount: yuan(units),
    };
    let open =
        Command::Open { account: AccountId(9), currency: Currency::JPY, rule: BalanceRule::Free, code: 0 };
    let hold = Command::Hold { debit: AccountId(1), credit: AccountId(2), amount: yuan(5), expires: None };
    let commands = Commands::Linked(Box::new([open, leg(1, 2, 100), hold, leg(1, 2, 46)]));
    let request = Request { key: None, content: Content(1), commands };
    let applied = ledger.apply(Timestamp(1), std::slice::from_ref(&request));
    let refusal = Refusal::InsufficientFunds { account: AccountId(1), available: 45 };
    assert_eq!(applied.answers[0].result, Err(refusal));
    ledger.check().expect("the book is sound");
    // Only the numbers have gone on.
    let after = ledger.encode();
    assert_eq!(before.len(), after.len());
    assert_eq!(before[..16], after[..16]);
    assert_eq!(before[24..], after[24..]);
}
