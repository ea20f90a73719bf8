//! The whole book as bytes, so that a start needs only the journal's tail.
//!
//! Equal books make equal bytes, whatever way they came about, so a snapshot also proves two books equal.
//! Integers are little-endian. The bytes come from our own disk, which may be damaged: reading never panics,
//! never allocates beyond a small multiple of what it is given, and ends with the whole-book check.

use std::fmt;

use money::{Currency, Money};

use crate::keys::Remembered;
use crate::refunds::Refunds;
use crate::units::{Side, Units};
use crate::{
    Account, AccountId, Answer, BalanceRule, BookFault, Content, Hold, Key, LINKED_COMMANDS_MAX, Ledger,
    Limits, Number, Outcome, Outcomes, Refusal, Timestamp,
};

/// First bytes of every snapshot; the last is the version.
const MAGIC: &[u8; 8] = b"TPBOOK\x00\x02";

/// Why bytes are not a snapshot. The store is damaged or of another version: replay the journal instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotError {
    /// It does not start like a snapshot of this version.
    NotASnapshot,
    /// It ends too early, goes on too long, or has an impossible value.
    Damaged(&'static str),
    /// It reads well and is not a sound book.
    Fault(BookFault),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => {
                formatter.write_str("this is not a snapshot of a book, or of another version")
            }
            Self::Damaged(what) => write!(formatter, "the snapshot is damaged ({what}): replay the journal"),
            Self::Fault(fault) => write!(formatter, "the snapshot is damaged: {fault}"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl Ledger {
    /// The whole book as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(1024));
        out.0.extend_from_slice(MAGIC);
        out.u64(self.now.0);
        out.u64(self.next_number);
        out.count(self.accounts.len());
        for account in &self.accounts {
            out.u64(account.id.0);
            out.currency(account.currency);
            out.u8(match account.rule {
                BalanceRule::DebitsWithinCredits => 0,
                BalanceRule::CreditsWithinDebits => 1,
                BalanceRule::Free => 2,
            });
            out.u8(u8::from(account.closed));
            out.0.extend_from_slice(&account.code.to_le_bytes());
            let (debits, credits) = (account.debits, account.credits);
            for total in [debits.posted(), credits.posted(), debits.held(), credits.held()] {
                out.u64(total);
            }
        }
        out.count(self.holds.len());
        for (number, hold) in &self.holds {
            out.u64(number.0);
            out.u64(hold.debit.0);
            out.u64(hold.credit.0);
            out.currency(hold.amount.currency());
            out.i64(hold.amount.minor_units());
            // The end of time is never: a hold that expires then is one that does not.
            out.u64(hold.expires.map_or(u64::MAX, |at| at.0));
        }
        out.count(self.refunds.len());
        for (original, refunds) in &self.refunds {
            out.u64(original.0);
            out.u64(refunds.debit.0);
            out.u64(refunds.credit.0);
            out.currency(refunds.of.currency());
            out.i64(refunds.of.minor_units());
            out.i64(refunds.refunded.signed());
        }
        out.u64(self.keys.forgotten());
        out.count(self.keys.iter().len());
        for remembered in self.keys.iter() {
            out.u128(remembered.key.0);
            out.u128(remembered.content.0);
            out.answer(&remembered.answer);
        }
        out.0
    }

    /// Reads what [`Ledger::encode`] wrote, and checks the whole book. With a smaller `keys_max` than the
    /// book was kept with, the oldest keys are forgotten.
    ///
    /// # Errors
    /// [`SnapshotError`]: the bytes are damaged or of another version.
    pub fn decode(bytes: &[u8], limits: Limits) -> Result<Self, SnapshotError> {
        let mut from = Reader(bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NotASnapshot)?);
        let mut ledger = Self::new(limits);
        ledger.now = Timestamp(from.u64()?);
        ledger.next_number = from.u64()?;
        for slot in 0..from.count()? {
            let account = from.account()?;
            if ledger.slots.insert(account.id, slot).is_some() {
                return Err(SnapshotError::Damaged("an account stands in it twice"));
            }
            let totals = ledger.totals.entry(account.currency).or_default();
            totals.debits.add(account.debits);
            totals.credits.add(account.credits);
            ledger.accounts.push(account);
        }
        for _ in 0..from.count()? {
            let number = Number(from.u64()?);
            let hold = from.hold()?;
            if ledger.holds.contains_key(&number) {
                return Err(SnapshotError::Damaged("a hold stands in it twice"));
            }
            ledger.put_hold(number, hold);
        }
        for _ in 0..from.count()? {
            let original = Number(from.u64()?);
            let refunds = from.refunds()?;
            if ledger.refunds.insert(original, refunds).is_some() {
                return Err(SnapshotError::Damaged("a refunded command stands in it twice"));
            }
        }
        // As many keys as ever were, of as many requests at least.
        let forgotten = from.u64()?;
        if forgotten >= ledger.next_number {
            return Err(SnapshotError::Damaged("more keys were forgotten than there were requests"));
        }
        ledger.keys.set_forgotten(forgotten);
        for _ in 0..from.count()? {
            let (key, content) = (Key(from.u128()?), Content(from.u128()?));
            let answer = from.answer()?;
            if ledger.remembers(key) {
                return Err(SnapshotError::Damaged("a key stands in it twice"));
            }
            ledger.keys.remember(Remembered { key, content, answer });
        }
        if !from.0.is_empty() {
            return Err(SnapshotError::Damaged("it goes on after its end"));
        }
        ledger.check().map_err(SnapshotError::Fault)?;
        Ok(ledger)
    }
}

impl Answer {
    /// The answer as bytes, for whoever remembers keys longer than the book does.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(64));
        out.answer(self);
        out.0
    }

    /// Reads what [`Answer::encode`] wrote. Whether it was a duplicate is not kept: it says `false`.
    ///
    /// # Errors
    /// [`SnapshotError::Damaged`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut from = Reader(bytes);
        let answer = from.answer()?;
        if from.0.is_empty() { Ok(answer) } else { Err(SnapshotError::Damaged("it goes on after its end")) }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn count(&mut self, value: usize) {
        self.u64(u64::try_from(value).expect("a count fits 64 bits"));
    }

    fn currency(&mut self, currency: Currency) {
        self.0.extend_from_slice(&currency.to_bytes());
    }

    fn answer(&mut self, answer: &Answer) {
        self.u64(answer.number.0);
        self.u64(answer.at.0);
        match &answer.result {
            Err(refusal) => {
                self.u8(0);
                self.refusal(*refusal);
            }
            Ok(Outcomes::One(outcome)) => {
                self.u8(1);
                self.outcome(*outcome);
            }
            Ok(Outcomes::Linked(outcomes)) => {
                self.u8(2);
                self.count(outcomes.len());
                for outcome in outcomes {
                    self.outcome(*outcome);
                }
            }
        }
    }

    fn outcome(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Opened => self.u8(0),
            Outcome::Closed => self.u8(1),
            Outcome::Transferred { debit_balance, credit_balance } => {
                self.u8(2);
                self.i64(debit_balance);
                self.i64(credit_balance);
            }
            Outcome::Held { debit_available } => {
                self.u8(3);
                self.i64(debit_available);
            }
            // Tag 4 was a capture that always ended its hold.
            Outcome::Captured { debit, credit, released, left, debit_balance, credit_balance } => {
                self.u8(6);
                self.u64(debit.0);
                self.u64(credit.0);
                self.i64(released);
                self.i64(left);
                self.i64(debit_balance);
                self.i64(credit_balance);
            }
            Outcome::Released { debit, amount, debit_available } => {
                self.u8(5);
                self.u64(debit.0);
                self.i64(amount);
                self.i64(debit_available);
            }
            Outcome::Refunded { refunded, debit_balance, credit_balance } => {
                self.u8(7);
                self.i64(refunded);
                self.i64(debit_balance);
                self.i64(credit_balance);
            }
            Outcome::Noted => self.u8(8),
        }
    }

    fn refusal(&mut self, refusal: Refusal) {
        // Number, one identifier, one amount: the same width for all of them.
        let (tag, id, amount) = match refusal {
            Refusal::LinkedCount => (0, 0, 0),
            Refusal::KeyReused => (1, 0, 0),
            Refusal::UnknownAccount(id) => (2, id.0, 0),
            Refusal::AccountExists(id) => (3, id.0, 0),
            Refusal::AccountClosed(id) => (4, id.0, 0),
            Refusal::AccountInUse(id) => (5, id.0, 0),
            Refusal::SameAccount(id) => (6, id.0, 0),
            Refusal::CurrencyMismatch(id) => (7, id.0, 0),
            Refusal::AmountNotPositive => (8, 0, 0),
            Refusal::InsufficientFunds { account, available } => (9, account.0, available),
            Refusal::CreditsExceedDebits(id) => (10, id.0, 0),
            Refusal::TurnoverExhausted(id) => (11, id.0, 0),
            Refusal::HoldNotOpen(hold) => (12, hold.0, 0),
            Refusal::CaptureExceedsHold { hold, held } => (13, hold.0, held),
            Refusal::ExpiryPast => (14, 0, 0),
            Refusal::RefundExceeds { original, left } => (15, original.0, left),
            Refusal::RefundDiffers(original) => (16, original.0, 0),
            Refusal::UnknownOriginal(original) => (17, original.0, 0),
        };
        self.u8(tag);
        self.u64(id);
        self.i64(amount);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (value, rest) =
            self.0.split_first_chunk::<N>().ok_or(SnapshotError::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(*value)
    }

    fn u8(&mut self) -> Result<u8, SnapshotError> {
        self.take::<1>().map(|[value]| value)
    }

    fn u64(&mut self) -> Result<u64, SnapshotError> {
        self.take().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, SnapshotError> {
        self.take().map(i64::from_le_bytes)
    }

    fn u128(&mut self) -> Result<u128, SnapshotError> {
        self.take().map(u128::from_le_bytes)
    }

    /// A count of things that follow; each takes at least a byte, so more than the bytes left is damage.
    fn count(&mut self) -> Result<usize, SnapshotError> {
        let count = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
        if count > self.0.len() { Err(SnapshotError::Damaged("a count is impossible")) } else { Ok(count) }
    }

    fn currency(&mut self) -> Result<Currency, SnapshotError> {
        Currency::from_bytes(self.take()?).ok_or(SnapshotError::Damaged("a currency is unknown"))
    }

    fn account(&mut self) -> Result<Account, SnapshotError> {
        let (id, currency) = (AccountId(self.u64()?), self.currency()?);
        let rule = match self.u8()? {
            0 => BalanceRule::DebitsWithinCredits,
            1 => BalanceRule::CreditsWithinDebits,
            2 => BalanceRule::Free,
            _ => return Err(SnapshotError::Damaged("a balance rule is unknown")),
        };
        let closed = match self.u8()? {
            0 => false,
            1 => true,
            _ => return Err(SnapshotError::Damaged("an account is neither open nor closed")),
        };
        let code = u16::from_le_bytes(self.take()?);
        let mut account = Account::new(id, currency, rule, code);
        account.closed = closed;
        let [debits_posted, credits_posted] = [self.u64()?, self.u64()?];
        let [debits_held, credits_held] = [self.u64()?, self.u64()?];
        let beyond = SnapshotError::Damaged("an account's turnover is beyond the limit");
        account.debits = Side::new(debits_posted, debits_held).ok_or(beyond.clone())?;
        account.credits = Side::new(credits_posted, credits_held).ok_or(beyond)?;
        Ok(account)
    }

    fn hold(&mut self) -> Result<Hold, SnapshotError> {
        let (debit, credit) = (AccountId(self.u64()?), AccountId(self.u64()?));
        let currency = self.currency()?;
        let amount = Money::new(self.i64()?, currency);
        let expires = Some(Timestamp(self.u64()?)).filter(|at| at.0 != u64::MAX);
        Ok(Hold { debit, credit, amount, expires })
    }

    fn refunds(&mut self) -> Result<Refunds, SnapshotError> {
        let (debit, credit) = (AccountId(self.u64()?), AccountId(self.u64()?));
        let currency = self.currency()?;
        let of = Money::new(self.i64()?, currency);
        let refunded = Units::of(Money::new(self.i64()?, currency));
        let refunded = refunded.ok_or(SnapshotError::Damaged("less than nothing is refunded"))?;
        Ok(Refunds { debit, credit, of, refunded })
    }

    fn answer(&mut self) -> Result<Answer, SnapshotError> {
        let (number, at) = (Number(self.u64()?), Timestamp(self.u64()?));
        let result = match self.u8()? {
            0 => Err(self.refusal()?),
            1 => Ok(Outcomes::One(self.outcome()?)),
            2 => {
                let count = self.count()?;
                if count > LINKED_COMMANDS_MAX {
                    return Err(SnapshotError::Damaged("too many commands are linked"));
                }
                let outcomes: Result<Box<[Outcome]>, _> = (0..count).map(|_| self.outcome()).collect();
                Ok(Outcomes::Linked(outcomes?))
            }
            _ => return Err(SnapshotError::Damaged("an answer is neither done nor refused")),
        };
        Ok(Answer { number, at, duplicate: false, result })
    }

    fn outcome(&mut self) -> Result<Outcome, SnapshotError> {
        Ok(match self.u8()? {
            0 => Outcome::Opened,
            1 => Outcome::Closed,
            2 => Outcome::Transferred { debit_balance: self.i64()?, credit_balance: self.i64()? },
            3 => Outcome::Held { debit_available: self.i64()? },
            6 => Outcome::Captured {
                debit: AccountId(self.u64()?),
                credit: AccountId(self.u64()?),
                released: self.i64()?,
                left: self.i64()?,
                debit_balance: self.i64()?,
                credit_balance: self.i64()?,
            },
            5 => Outcome::Released {
                debit: AccountId(self.u64()?),
                amount: self.i64()?,
                debit_available: self.i64()?,
            },
            7 => Outcome::Refunded {
                refunded: self.i64()?,
                debit_balance: self.i64()?,
                credit_balance: self.i64()?,
            },
            8 => Outcome::Noted,
            _ => return Err(SnapshotError::Damaged("an outcome is unknown")),
        })
    }

    fn refusal(&mut self) -> Result<Refusal, SnapshotError> {
        let (tag, id, amount) = (self.u8()?, self.u64()?, self.i64()?);
        Ok(match tag {
            0 => Refusal::LinkedCount,
            1 => Refusal::KeyReused,
            2 => Refusal::UnknownAccount(AccountId(id)),
            3 => Refusal::AccountExists(AccountId(id)),
            4 => Refusal::AccountClosed(AccountId(id)),
            5 => Refusal::AccountInUse(AccountId(id)),
            6 => Refusal::SameAccount(AccountId(id)),
            7 => Refusal::CurrencyMismatch(AccountId(id)),
            8 => Refusal::AmountNotPositive,
            9 => Refusal::InsufficientFunds { account: AccountId(id), available: amount },
            10 => Refusal::CreditsExceedDebits(AccountId(id)),
            11 => Refusal::TurnoverExhausted(AccountId(id)),
            12 => Refusal::HoldNotOpen(Number(id)),
            13 => Refusal::CaptureExceedsHold { hold: Number(id), held: amount },
            14 => Refusal::ExpiryPast,
            15 => Refusal::RefundExceeds { original: Number(id), left: amount },
            16 => Refusal::RefundDiffers(Number(id)),
            17 => Refusal::UnknownOriginal(Number(id)),
            _ => return Err(SnapshotError::Damaged("a refusal is unknown")),
        })
    }
}
