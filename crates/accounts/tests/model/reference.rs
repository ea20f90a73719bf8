//! The slow, obvious model: maps and sums, everything computed anew each time. What it knows of the platform is
//! what its users are told.

use std::collections::BTreeMap;

use accounts::{
    AccountId, Capture, Consent, Control, Decline, EntryKind, Exchange, Kind, NewAccount, NewHold, Operation,
    Payment, PaymentId, Refund, Resolution,
};
use money::{Currency, Money};

use crate::desk::Ask;
use crate::effect::Effect;
use crate::limits::{Counted, Numbers};

#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) holder: String,
    pub(crate) kind: Kind,
    pub(crate) currency: Currency,
    pub(crate) gold: bool,
    pub(crate) balance: i64,
    pub(crate) held: i64,
    pub(crate) closed: bool,
    /// Its history, oldest first: payment, kind, units, balance after.
    pub(crate) lines: Vec<(PaymentId, EntryKind, i64, i64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) left: i64,
    /// In seconds.
    pub(crate) expires: Option<i64>,
    pub(crate) in_review: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Posted,
    InReview,
    Refused,
}

#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) kind: EntryKind,
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) amount: i64,
    pub(crate) fee: i64,
    pub(crate) payee_fee: i64,
    pub(crate) refunded: i64,
    pub(crate) original: Option<PaymentId>,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) struct Model {
    /// Seconds since 1970.
    pub(crate) now: i64,
    pub(crate) numbers: Numbers,
    pub(crate) accounts: BTreeMap<AccountId, Side>,
    pub(crate) holds: BTreeMap<PaymentId, Hold>,
    pub(crate) payments: BTreeMap<PaymentId, Kept>,
    /// Everything that moved, in order.
    pub(crate) movements: Vec<(PaymentId, EntryKind, AccountId, AccountId, i64)>,
    /// Refused payments by what refused them.
    pub(crate) declines: BTreeMap<String, u64>,
    pub(crate) counted: Vec<Counted>,
}

impl Model {
    pub(crate) fn new(now: i64, numbers: Numbers) -> Self {
        Self {
            now,
            numbers,
            accounts: BTreeMap::new(),
            holds: BTreeMap::new(),
            payments: BTreeMap::new(),
            movements: Vec::new(),
            declines: BTreeMap::new(),
            counted: Vec::new(),
        }
    }

    /// Time goes on.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds;
        let now = self.now;
        for hold in self.holds.values().filter(|hold| hold.expires.is_some_and(|at| at <= now)) {
            if let Some(side) = self.accounts.get_mut(&hold.from) {
                side.held -= hold.left;
            }
        }
        self.holds.retain(|_, hold| hold.expires.is_none_or(|at| at > now));
        let today = self.today();
        self.counted.retain(|counted| counted.day > today - 40);
    }

    pub(crate) fn open(&mut self, id: AccountId, new: &NewAccount) {
        let side = Side {
            holder: new.holder.0.clone(),
            kind: new.kind,
            currency: new.currency,
            gold: false,
            balance: 0,
            held: 0,
            closed: false,
            lines: Vec::new(),
        };
        self.accounts.insert(id, side);
    }

    /// What a request that is new must be told, and does; the number is the one that the platform gave it.
    pub(crate) fn ask(&mut self, ask: &Ask, number: Option<PaymentId>) -> Effect {
        match ask {
            Ask::Open(_) | Ask::Act(_) | Ask::Parameter(_) => Effect::Nothing,
            Ask::Close(_, account) => self.close(*account),
            Ask::Tier(_, account, tier) => {
                self.side(*account).gold = tier == "gold";
                Effect::Nothing
            }
            Ask::Post(payment) => self.post(payment, number),
            Ask::Hold(hold) => self.hold(hold, number),
            Ask::Capture(capture) => self.capture(capture, number),
            Ask::Release(release) => self.release(release.hold),
            Ask::Refund(refund) => self.refund(refund, number),
            Ask::Exchange(exchange) => self.exchange(exchange, number),
            Ask::Resolve(resolution) => self.resolve(resolution),
        }
    }

    fn side(&mut self, id: AccountId) -> &mut Side {
        self.accounts.get_mut(&id).expect("is known")
    }

    pub(crate) fn kind(&self, id: AccountId) -> Kind {
        self.accounts[&id].kind
    }

    pub(crate) fn house(&self, kind: Kind, currency: Currency) -> AccountId {
        let found = self.accounts.iter().find(|(_, side)| side.kind == kind && side.currency == currency);
        *found.expect("is open").0
    }

    fn close(&mut self, id: AccountId) -> Effect {
        let expected = self.holds.values().any(|hold| hold.to == id);
        let side = self.side(id);
        if side.closed {
            return Effect::Declined(Decline::AccountClosed(id));
        }
        if side.balance != 0 || side.held != 0 || expected {
            return Effect::Declined(Decline::AccountInUse(id));
        }
        side.closed = true;
        Effect::Nothing
    }

    /// What the payer and the payee pay.
    fn fees(&self, operation: Operation, to: AccountId, amount: i64) -> (i64, i64) {
        let share = amount * self.numbers.fee_ppm;
        let (whole, rest) = (share / 1_000_000, share % 1_000_000);
        match (operation, self.accounts[&to].holder.as_str()) {
            (Operation::Pay, "luckin") => {
                let up = rest * 2 > 1_000_000 || (rest * 2 == 1_000_000 && whole % 2 == 1);
                (0, (whole + i64::from(up)).max(1).min(amount))
            }
            (Operation::Pay, _) => (self.numbers.fixed_fee, 0),
            (Operation::Withdrawal, _) => ((whole + i64::from(rest > 0)).min(self.numbers.cash_fee_max), 0),
            _ => (0, 0),
        }
    }

    /// Why the ledger does not let this amount go from one to the other.
    fn stopped(&self, from: AccountId, to: AccountId, units: i64) -> Option<Decline> {
        let (payer, payee) = (&self.accounts[&from], &self.accounts[&to]);
        if payee.closed {
            return Some(Decline::AccountClosed(to));
        }
        if payer.closed {
            return Some(Decline::AccountClosed(from));
        }
        let free = matches!(payer.kind, Kind::Settlement | Kind::Exchange);
        let available = payer.balance - payer.held;
        (!free && available < units)
            .then(|| Decline::InsufficientFunds { available: Money::new(available, payer.currency) })
    }

    fn moves(
        &mut self,
        number: Option<PaymentId>,
        kind: EntryKind,
        from: AccountId,
        to: AccountId,
        units: i64,
    ) {
        // Without a number the platform has said no, which the caller will notice.
        let Some(number) = number else { return };
        for (account, units) in [(from, -units), (to, units)] {
            let side = self.side(account);
            side.balance += units;
            let after = side.balance;
            side.lines.push((number, kind, units, after));
        }
        self.movements.push((number, kind, from, to, units));
    }

    fn keep(&mut self, number: Option<PaymentId>, kept: Kept) {
        if let Some(number) = number {
            self.payments.insert(number, kept);
        }
    }

    /// A payment that was refused stands in the records, under the word for what refused it.
    fn refused(&mut self, effect: Effect) -> Effect {
        let word = match &effect {
            Effect::Refused(control) => control.word(),
            Effect::Declined(Decline::InsufficientFunds { .. }) => "funds",
            _ => "ledger",
        };
        *self.declines.entry(word.to_owned()).or_default() += 1;
        effect
    }

    fn post(&mut self, payment: &Payment, number: Option<PaymentId>) -> Effect {
        let Payment { operation, from, to, amount, .. } = *payment;
        let (units, terminal) = (amount.minor_units(), payment.origin.terminal.as_str());
        if units <= 0 {
            return Effect::Declined(Decline::AmountOutOfRange);
        }
        if from == to {
            return Effect::Declined(Decline::SameAccount);
        }
        if !operation.allows(self.kind(from), self.kind(to)) {
            return Effect::Declined(Decline::NotAllowed);
        }
        let (fee, payee_fee) = self.fees(operation, to, units);
        if payment.agreed_fee.is_some_and(|agreed| agreed.minor_units() != fee) {
            return self.refused(Effect::Refused(Control::Price));
        }
        let controlled = operation != Operation::Settlement;
        if controlled && self.exceeds(operation.word(), from, to, amount, terminal) {
            return self.refused(Effect::Refused(Control::Limit));
        }
        if operation == Operation::Transfer
            && units >= self.numbers.step_up
            && payment.consent < Consent::SteppedUp
        {
            return self.refused(Effect::Refused(Control::StepUp));
        }
        let mut kept = Kept {
            kind: operation.into(),
            from,
            to,
            amount: units,
            fee,
            payee_fee,
            refunded: 0,
            original: None,
            state: State::Posted,
        };
        if operation == Operation::Pay && units >= self.numbers.review {
            if let Some(decline) = self.stopped(from, to, units + fee) {
                return self.refused(Effect::Declined(decline));
            }
            self.side(from).held += units + fee;
            kept.state = State::InReview;
            self.keep(number, kept);
            if let Some(number) = number {
                self.holds
                    .insert(number, Hold { from, to, left: units + fee, expires: None, in_review: true });
            }
            self.count(operation.word(), from, to, amount, terminal);
            return Effect::InReview;
        }
        let currency = amount.currency();
        let short = self.stopped(from, to, units).or_else(|| {
            let left = self.accounts[&from].balance - self.accounts[&from].held - units;
            (fee > left && fee > 0)
                .then(|| Decline::InsufficientFunds { available: Money::new(left, currency) })
        });
        if let Some(decline) = short {
            return self.refused(Effect::Declined(decline));
        }
        self.moves(number, operation.into(), from, to, units);
        self.charge(number, from, to, fee, payee_fee);
        self.keep(number, kept);
        if controlled {
            self.count(operation.word(), from, to, amount, terminal);
        }
        let (from_balance, to_balance) = (self.accounts[&from].balance, self.accounts[&to].balance);
        Effect::Posted { amount: units, fee, payee_fee, from_balance, to_balance }
    }

    fn charge(
        &mut self,
        number: Option<PaymentId>,
        from: AccountId,
        to: AccountId,
        fee: i64,
        payee_fee: i64,
    ) {
        let house = self.house(Kind::Fees, Currency::CNY);
        for (payer, fee) in [(from, fee), (to, payee_fee)] {
            if fee > 0 {
                self.moves(number, EntryKind::Fee, payer, house, fee);
            }
        }
    }

    fn hold(&mut self, hold: &NewHold, number: Option<PaymentId>) -> Effect {
        let NewHold { from, to, amount, .. } = *hold;
        let (units, terminal) = (amount.minor_units(), hold.origin.terminal.as_str());
        if self.kind(from) != Kind::Customer || self.kind(to) != Kind::Merchant {
            return Effect::Declined(Decline::NotAllowed);
        }
        if self.fees(Operation::Pay, to, units).0 > 0 {
            return self.refused(Effect::Refused(Control::Price));
        }
        if self.exceeds("pay", from, to, amount, terminal) {
            return self.refused(Effect::Refused(Control::Limit));
        }
        if units >= self.numbers.review {
            return self.refused(Effect::Refused(Control::Risk));
        }
        if let Some(decline) = self.stopped(from, to, units) {
            return Effect::Declined(decline);
        }
        let side = self.side(from);
        side.held += units;
        let available = side.balance - side.held;
        let expires = hold.expires.map(|at| i64::try_from(at.0 / 1_000_000_000).expect("is near"));
        if let Some(number) = number {
            self.holds.insert(number, Hold { from, to, left: units, expires, in_review: false });
        }
        self.count("pay", from, to, amount, terminal);
        Effect::Held { available }
    }

    fn capture(&mut self, capture: &Capture, number: Option<PaymentId>) -> Effect {
        let units = capture.amount.minor_units();
        let Some(hold) = self.holds.get(&capture.hold).cloned() else {
            return Effect::Declined(Decline::HoldNotOpen);
        };
        if hold.in_review {
            return Effect::Declined(Decline::WaitsForReview);
        }
        let Hold { from, to, left, .. } = hold;
        if units > left {
            let held = Money::new(left, Currency::CNY);
            return Effect::Declined(Decline::CaptureExceedsHold { held });
        }
        let (_, payee_fee) = self.fees(Operation::Pay, to, units);
        let rest = if capture.last { 0 } else { left - units };
        self.side(from).held -= left - rest;
        if rest == 0 {
            self.holds.remove(&capture.hold);
        } else if let Some(hold) = self.holds.get_mut(&capture.hold) {
            hold.left = rest;
        }
        self.moves(number, EntryKind::Capture, from, to, units);
        self.charge(number, from, to, 0, payee_fee);
        let kept = Kept {
            kind: EntryKind::Capture,
            from,
            to,
            amount: units,
            fee: 0,
            payee_fee,
            refunded: 0,
            original: None,
            state: State::Posted,
        };
        self.keep(number, kept);
        let (from_balance, to_balance) = (self.accounts[&from].balance, self.accounts[&to].balance);
        Effect::Posted { amount: units, fee: 0, payee_fee, from_balance, to_balance }
    }

    fn release(&mut self, hold: PaymentId) -> Effect {
        match self.holds.get(&hold).cloned() {
            None => Effect::Declined(Decline::HoldNotOpen),
            Some(Hold { in_review: true, .. }) => Effect::Declined(Decline::WaitsForReview),
            Some(Hold { from, left, .. }) => {
                self.holds.remove(&hold);
                let side = self.side(from);
                side.held -= left;
                Effect::Released { amount: left, available: side.balance - side.held }
            }
        }
    }

    fn refund(&mut self, refund: &Refund, number: Option<PaymentId>) -> Effect {
        let units = refund.amount.minor_units();
        let original = self.payments.get(&refund.original).cloned();
        let refundable = original.filter(|kept| {
            let kinds = [
                EntryKind::Pay,
                EntryKind::Transfer,
                EntryKind::TopUp,
                EntryKind::Withdrawal,
                EntryKind::Capture,
            ];
            kept.state == State::Posted && kinds.contains(&kept.kind)
        });
        let Some(kept) = refundable else { return Effect::Declined(Decline::NotRefundable) };
        let left = kept.amount - kept.refunded;
        if units > left {
            let left = Money::new(left, Currency::CNY);
            return self.refused(Effect::Declined(Decline::RefundExceeds { left }));
        }
        if let Some(decline) = self.stopped(kept.to, kept.from, units) {
            return self.refused(Effect::Declined(decline));
        }
        self.moves(number, EntryKind::Refund, kept.to, kept.from, units);
        let refunded = kept.refunded + units;
        if let Some(original) = self.payments.get_mut(&refund.original) {
            original.refunded = refunded;
        }
        let (from, to) = (kept.to, kept.from);
        let original = Some(refund.original);
        let kept =
            Kept { kind: EntryKind::Refund, from, to, amount: units, fee: 0, payee_fee: 0, original, ..kept };
        self.keep(number, kept);
        Effect::Refunded { amount: units, refunded }
    }

    fn exchange(&mut self, exchange: &Exchange, number: Option<PaymentId>) -> Effect {
        let Exchange { from, to, amount, .. } = *exchange;
        let (units, terminal) = (amount.minor_units(), exchange.origin.terminal.as_str());
        if self.kind(from) != Kind::Customer || self.kind(to) != Kind::Customer {
            return Effect::Declined(Decline::NotAllowed);
        }
        if self.accounts[&from].currency == self.accounts[&to].currency {
            return Effect::Declined(Decline::CurrencyMismatch);
        }
        // There is a rate for one direction only.
        if amount.currency() != Currency::CNY {
            return self.refused(Effect::Refused(Control::Price));
        }
        let thousandths = units * self.numbers.rate;
        let (converted, over) = (thousandths / 1_000, i64::from(thousandths % 1_000 > 0));
        if converted == 0 || exchange.agreed.is_some_and(|agreed| agreed.minor_units() != converted) {
            return self.refused(Effect::Refused(Control::Price));
        }
        if self.exceeds("exchange", from, to, amount, terminal) {
            return self.refused(Effect::Refused(Control::Limit));
        }
        let [sold, bought, rounding] = [
            self.house(Kind::Exchange, Currency::CNY),
            self.house(Kind::Exchange, Currency::USD),
            self.house(Kind::Rounding, Currency::USD),
        ];
        if let Some(decline) = self.stopped(from, sold, units).or_else(|| self.stopped(bought, to, converted))
        {
            return self.refused(Effect::Declined(decline));
        }
        self.moves(number, EntryKind::Exchange, from, sold, units);
        self.moves(number, EntryKind::Exchange, bought, to, converted);
        if over > 0 {
            self.moves(number, EntryKind::Rounding, bought, rounding, over);
        }
        let kept = Kept {
            kind: EntryKind::Exchange,
            from,
            to,
            amount: units,
            fee: 0,
            payee_fee: 0,
            refunded: 0,
            original: None,
            state: State::Posted,
        };
        self.keep(number, kept);
        self.count("exchange", from, to, amount, terminal);
        let (from_balance, to_balance) = (self.accounts[&from].balance, self.accounts[&to].balance);
        Effect::Exchanged { amount: units, converted, from_balance, to_balance }
    }

    fn resolve(&mut self, resolution: &Resolution) -> Effect {
        let payment = resolution.payment;
        let Some(hold) = self.holds.get(&payment).filter(|hold| hold.in_review).cloned() else {
            return Effect::Declined(Decline::NotInReview);
        };
        self.holds.remove(&payment);
        self.side(hold.from).held -= hold.left;
        let Some(kept) = self.payments.get_mut(&payment) else { return Effect::Nothing };
        kept.state = if resolution.post { State::Posted } else { State::Refused };
        let Kept { kind, from, to, amount, fee, payee_fee, .. } = *kept;
        if resolution.post {
            self.moves(Some(payment), kind, from, to, amount);
            self.charge(Some(payment), from, to, fee, payee_fee);
        } else {
            self.refused(Effect::Refused(Control::Risk));
        }
        Effect::Nothing
    }
}
