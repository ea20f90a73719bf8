//! Makes requests that find something to do: they look at the reference's book and mostly name accounts, holds
//! and payments that are there, with amounts at and around the limits. Everything is decided by a list of small
//! numbers, which proptest shrinks and a seed fills.

use ledger::{
    AccountId, BalanceRule, Command, Commands, Content, Key, LINKED_COMMANDS_MAX, Number, Request, Timestamp,
};
use money::{Currency, Money};

use crate::reference::Reference;

/// Accounts that [`opening`] opens have lower numbers.
const FIRST_UNOPENED: u64 = 10;
const ACCOUNTS: u64 = 15;
const CURRENCIES: [Currency; 3] = [Currency::CNY, Currency::JPY, Currency::USD];

/// The decisions for one batch, used up from the front; zero when there are no more.
pub(crate) struct Choices<'a> {
    values: std::slice::Iter<'a, u16>,
    book: &'a Reference,
    /// Whether amounts near the end of the integers come up. They wear the accounts out.
    huge: bool,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(values: &'a [u16], book: &'a Reference, huge: bool) -> Self {
        Self { values: values.iter(), book, huge }
    }

    /// A moment and requests for it.
    pub(crate) fn batch(&mut self) -> (Timestamp, Vec<Request>) {
        let now = match self.below(12) {
            0 => self.book.now.saturating_sub(self.below(5)),
            1 => self.book.now + self.below(20),
            _ => self.book.now + self.below(3),
        };
        let count = self.below(7);
        (Timestamp(now), (0..count).map(|_| self.request()).collect())
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.values.next().map_or(0, |value| u64::from(*value) % bound)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == count - 1
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let place = self.below(u64::try_from(from.len()).ok()?.max(1));
        from.get(usize::try_from(place).ok()?).copied()
    }

    fn request(&mut self) -> Request {
        // Again with its key, and sometimes with other content; or a key from a small stock; or none.
        let (mut key, mut content) = (None, Content(u128::from(self.below(3))));
        match self.below(6) {
            0 | 1 => key = Some(Key(u128::from(self.below(60)))),
            2 => {
                let known: Vec<_> = self.book.keys.iter().map(|known| (known.0, known.1)).collect();
                if let Some((known, of)) = self.one_of(&known) {
                    key = Some(known);
                    content = if self.one_in(4) { content } else { of };
                }
            }
            _ => {}
        }
        let commands = match self.below(12) {
            0..=6 => Commands::One(self.command(&[])),
            7 => self.exchange(),
            8 if self.one_in(40) => {
                let count = LINKED_COMMANDS_MAX + usize::from(self.one_in(2));
                Commands::Linked(vec![Command::Note; count].into_boxed_slice())
            }
            _ => {
                let count = if self.one_in(12) { 0 } else { 1 + self.below(5) };
                let mut linked = Vec::new();
                for _ in 0..count {
                    linked.push(self.command(&linked));
                }
                Commands::Linked(linked.into_boxed_slice())
            }
        };
        Request { key, content, commands }
    }

    /// Yuan for dollars at a rate, through the exchange's own accounts, with the rounding in a leg of its own.
    fn exchange(&mut self) -> Commands {
        let yuan = 1 + i64::try_from(self.below(40)).expect("small");
        let (dollars, rounding) = (yuan * 10 / 71, yuan * 10 % 71);
        let leg = |debit, credit, units, currency| Command::Transfer {
            debit: AccountId(debit),
            credit: AccountId(credit),
            amount: Money::new(units, currency),
        };
        let customer = 1 + self.below(2);
        let mut legs = vec![leg(customer, 8, yuan, Currency::CNY), leg(5, 6, dollars, Currency::USD)];
        if rounding != 0 {
            legs.push(leg(8, 9, 1, Currency::CNY));
        }
        Commands::Linked(legs.into_boxed_slice())
    }

    /// One command. `linked`: those before it in its request, which the book does not show yet.
    fn command(&mut self, linked: &[Command]) -> Command {
        match self.below(32) {
            0 => Command::Note,
            1..=8 => {
                let (debit, credit, amount) = self.sides();
                Command::Transfer { debit, credit, amount }
            }
            9..=14 => {
                let (debit, credit, amount) = self.sides();
                let expires = match self.below(8) {
                    0..=2 => None,
                    3 if self.one_in(3) => Some(u64::MAX),
                    4 if self.one_in(3) => Some(self.book.now.saturating_sub(self.below(2))),
                    _ => Some(self.book.now + 1 + self.below(30)),
                };
                Command::Hold { debit, credit, amount, expires: expires.map(Timestamp) }
            }
            15..=20 => {
                let (hold, held) = self.hold(linked);
                Command::Capture { hold, amount: self.part_of(held), last: self.one_in(2) }
            }
            21 | 22 => Command::Release { hold: self.hold(linked).0 },
            23..=28 => self.refund(linked),
            29 | 30 => Command::Open {
                account: AccountId(if self.one_in(3) {
                    self.below(ACCOUNTS)
                } else {
                    FIRST_UNOPENED + self.below(ACCOUNTS - FIRST_UNOPENED)
                }),
                currency: self.currency(),
                rule: self
                    .one_of(&[
                        BalanceRule::DebitsWithinCredits,
                        BalanceRule::CreditsWithinDebits,
                        BalanceRule::Free,
                    ])
                    .expect("three"),
                code: u16::try_from(self.below(1000)).expect("small"),
            },
            _ => Command::Close {
                // The last ones have mostly nothing in them.
                account: AccountId(if self.one_in(4) {
                    self.below(ACCOUNTS)
                } else {
                    ACCOUNTS - 1 - self.below(6)
                }),
            },
        }
    }

    fn currency(&mut self) -> Currency {
        self.one_of(&CURRENCIES).expect("three")
    }

    /// Two accounts and an amount; mostly of one currency.
    fn sides(&mut self) -> (AccountId, AccountId, Money) {
        if self.one_in(10) {
            let (debit, credit) = (self.below(ACCOUNTS), self.below(ACCOUNTS));
            let currency = self.currency();
            return (AccountId(debit), AccountId(credit), self.amount(currency, AccountId(debit)));
        }
        let currency = if self.one_in(3) { self.currency() } else { Currency::CNY };
        let accounts = self.book.accounts.iter().filter(|known| known.currency == currency);
        let accounts: Vec<AccountId> = accounts.map(|known| known.id).collect();
        let debit = self.one_of(&accounts).unwrap_or(AccountId(0));
        let credit = self.one_of(&accounts).unwrap_or(AccountId(0));
        (debit, credit, self.amount(currency, debit))
    }

    fn amount(&mut self, currency: Currency, debit: AccountId) -> Money {
        let small = i64::try_from(self.below(40)).expect("small");
        let units = match self.below(30) {
            0 => -small,
            1 | 2 => self.book.available(debit),
            3 => self.book.available(debit).saturating_add(1),
            4 if self.huge => i64::MAX - small,
            5 if self.huge => i64::MAX / 2,
            _ => small + 1,
        };
        Money::new(units, currency)
    }

    /// A hold that is open, or made earlier in this request, or just a number; and what is held.
    fn hold(&mut self, linked: &[Command]) -> (Number, Money) {
        let made = (self.book.given_out + 1..).zip(linked).filter_map(|(number, command)| match command {
            Command::Hold { amount, .. } => Some((Number(number), *amount)),
            _ => None,
        });
        let made: Vec<_> = made.collect();
        let open: Vec<_> = self.book.holds.iter().map(|(number, hold)| (*number, hold.amount)).collect();
        let found = match self.below(12) {
            0 => None,
            1..=5 => self.one_of(&made).or_else(|| self.one_of(&open)),
            _ => self.one_of(&open),
        };
        found.unwrap_or_else(|| (Number(self.below(self.book.given_out + 5)), Money::new(1, Currency::CNY)))
    }

    /// The whole, a part, or what is no part of it.
    fn part_of(&mut self, whole: Money) -> Money {
        let units = whole.minor_units();
        let units = match self.below(16) {
            0..=3 => units,
            4 => units.saturating_add(1),
            5 => i64::try_from(self.below(3)).expect("small") - 2,
            6..=9 => units - units / 2,
            _ => 1 + i64::try_from(self.below(9)).expect("small"),
        };
        let currency = if self.one_in(30) { self.currency() } else { whole.currency() };
        Money::new(units, currency)
    }

    /// A refund of what has moved, of what moves earlier in this request, or of nothing known; the facts mostly
    /// true.
    fn refund(&mut self, linked: &[Command]) -> Command {
        let moving = (self.book.given_out + 1..).zip(linked).filter_map(|(number, command)| match command {
            Command::Transfer { debit, credit, amount } => Some((Number(number), *credit, *debit, *amount)),
            _ => None,
        });
        let moving: Vec<_> = moving.collect();
        let moved =
            self.book.moved.iter().map(|moved| (moved.number, moved.credit, moved.debit, moved.amount));
        let moved: Vec<_> = moved.collect();
        // Some of them again and again, so that refunds add up.
        let again: Vec<_> = self.book.refunds.iter().map(|refund| refund.original).collect();
        let found = match self.below(12) {
            0..=3 => self.one_of(&moving).or_else(|| self.one_of(&moved)),
            4..=7 => self
                .one_of(&again)
                .and_then(|again| moved.iter().find(|(number, ..)| *number == again).copied())
                .or_else(|| self.one_of(&moved)),
            _ => self.one_of(&moved),
        };
        let (mut original, mut debit, mut credit, mut of) = found.unwrap_or_else(|| {
            let (debit, credit, of) = self.sides();
            (Number(self.below(self.book.given_out + 8)), debit, credit, of)
        });
        match self.below(24) {
            0 => std::mem::swap(&mut debit, &mut credit),
            1 => of = self.part_of(of),
            2 => debit = AccountId(self.below(ACCOUNTS)),
            3 => original = Number(self.below(self.book.given_out + 8)),
            4 => original = Number(self.book.given_out + 1 + self.below(4)),
            _ => {}
        }
        let left = of.minor_units().saturating_sub(self.book.refunded(original).unwrap_or(0));
        let amount = self.part_of(Money::new(left, of.currency()));
        Command::Refund { original, of, debit, credit, amount }
    }
}

/// A book with open accounts in three currencies and some money, so that most commands find something to do.
pub(crate) fn opening() -> Vec<Request> {
    let one = |command| Request { key: None, content: Content(0), commands: Commands::One(command) };
    let open =
        |number, currency, rule| one(Command::Open { account: AccountId(number), currency, rule, code: 0 });
    let fund = |debit, credit, currency| {
        let amount = Money::new(150, currency);
        one(Command::Transfer { debit: AccountId(debit), credit: AccountId(credit), amount })
    };
    let (free, within) = (BalanceRule::Free, BalanceRule::DebitsWithinCredits);
    vec![
        open(0, Currency::CNY, free),
        open(1, Currency::CNY, within),
        open(2, Currency::CNY, within),
        open(3, Currency::JPY, free),
        open(4, Currency::JPY, within),
        open(5, Currency::USD, free),
        open(6, Currency::USD, within),
        open(7, Currency::CNY, BalanceRule::CreditsWithinDebits),
        // The exchange's yuan, and its rounding.
        open(8, Currency::CNY, free),
        open(9, Currency::CNY, free),
        fund(0, 1, Currency::CNY),
        fund(0, 2, Currency::CNY),
        fund(7, 1, Currency::CNY),
        fund(3, 4, Currency::JPY),
        fund(5, 6, Currency::USD),
    ]
}
