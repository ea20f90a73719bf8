//! The parameters of the model, and its limits: everything that counts, looked through each time.

use accounts::{AccountId, Kind};
use money::{Currency, Money};
use parameters::Day;

use crate::reference::Model;

/// Seconds that the operator's zone is ahead of UTC; there is no summer time there.
const ZONE_SECONDS: i64 = 8 * 3_600;

/// The numbers in the parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) fixed_fee: i64,
    pub(crate) fee_ppm: i64,
    pub(crate) cash_fee_max: i64,
    pub(crate) per_transaction: i64,
    pub(crate) day: i64,
    pub(crate) day_count: usize,
    pub(crate) month: i64,
    pub(crate) gold_per_transaction: i64,
    pub(crate) till_day_count: usize,
    pub(crate) tea_day: i64,
    pub(crate) review: i64,
    pub(crate) step_up: i64,
    /// Thousandths of a dollar for a yuan.
    pub(crate) rate: i64,
}

/// One operation that counts for limits.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) day: i64,
    operation: &'static str,
    account: AccountId,
    terminal: String,
    merchant: String,
    amount: Money,
}

impl Model {
    pub(crate) fn today(&self) -> i64 {
        (self.now + ZONE_SECONDS).div_euclid(86_400)
    }

    pub(crate) fn exceeds(
        &self,
        operation: &str,
        from: AccountId,
        to: AccountId,
        amount: Money,
        terminal: &str,
    ) -> bool {
        let numbers = self.numbers;
        let today = self.today();
        let month = |day: i64| {
            let day = i32::try_from(day).expect("is near");
            Day::from_number(day).expect("is near").ymd().1
        };
        let own = if self.kind(from) == Kind::Customer { from } else { to };
        let units = amount.minor_units();
        let sum = |counted: &mut dyn Iterator<Item = &Counted>| -> i64 {
            counted.map(|counted| counted.amount.minor_units()).sum()
        };
        let limited = |operation: &str| ["pay", "transfer", "withdrawal"].contains(&operation);
        if limited(operation) && amount.currency() == Currency::CNY {
            let of_account =
                || self.counted.iter().filter(|counted| counted.account == own && limited(counted.operation));
            let of_day = || of_account().filter(|counted| counted.day == today);
            let used_today = sum(&mut of_day());
            let used_month = sum(&mut of_account().filter(|counted| month(counted.day) == month(today)));
            let gold = self.accounts[&own].gold;
            let most = if gold { numbers.gold_per_transaction } else { numbers.per_transaction };
            if units > most || used_month + units > numbers.month {
                return true;
            }
            if !gold && (used_today + units > numbers.day || of_day().count() >= numbers.day_count) {
                return true;
            }
        }
        let through = |counted: &&Counted| counted.day == today && counted.terminal == terminal;
        if !terminal.is_empty() && self.counted.iter().filter(through).count() >= numbers.till_day_count {
            return true;
        }
        let of_tea = |counted: &&Counted| counted.day == today && counted.merchant == "tea";
        self.merchant(to) == "tea" && sum(&mut self.counted.iter().filter(of_tea)) + units > numbers.tea_day
    }

    fn merchant(&self, account: AccountId) -> &str {
        let side = &self.accounts[&account];
        if side.kind == Kind::Merchant { &side.holder } else { "" }
    }

    pub(crate) fn count(
        &mut self,
        operation: &'static str,
        from: AccountId,
        to: AccountId,
        amount: Money,
        terminal: &str,
    ) {
        let account = if self.kind(from) == Kind::Customer { from } else { to };
        let (merchant, terminal) = (self.merchant(to).to_owned(), terminal.to_owned());
        self.counted.push(Counted { day: self.today(), operation, account, terminal, merchant, amount });
    }
}
