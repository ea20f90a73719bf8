//! What an entry asks of the ledger, with what was decided about it.

use ledger::{Command, Commands, Content, Key, Number, Request};

use super::Entry;
use crate::decision::{Decision, Leg, Verdict};

impl Entry {
    /// The idempotency key.
    pub(crate) fn key(&self) -> [u8; 16] {
        match self {
            Self::Open { new, .. } => new.key,
            Self::Close { key, .. } | Self::Tier { key, .. } | Self::Head { key, .. } => *key,
            Self::Payment(payment) => payment.key,
            Self::Hold(hold) => hold.key,
            Self::Capture(capture) => capture.key,
            Self::Release(release) => release.key,
            Self::Refund(entry) => entry.refund.key,
            Self::Exchange(exchange) => exchange.key,
            Self::Resolve(resolution) => resolution.key,
            Self::Act(act) => act.key,
            Self::Parameter(change) => change.key,
        }
    }

    /// The request to the ledger.
    pub(crate) fn request(&self, content: Content, decision: Option<&Decision>) -> Request {
        let key = Some(Key(u128::from_le_bytes(self.key())));
        Request { key, content, commands: self.commands(decision) }
    }

    fn commands(&self, decision: Option<&Decision>) -> Commands {
        let note = || Commands::One(Command::Note);
        if let Some(Decision { verdict: Verdict::Refuse(_), .. }) = decision {
            return note();
        }
        let legs = decision.map_or(&[][..], |decision| &decision.legs);
        match self {
            Self::Open { account, new } => Commands::One(Command::Open {
                account: account.ledger(),
                currency: new.currency,
                rule: new.kind.rule(),
                code: new.kind.code(),
            }),
            Self::Close { account, .. } => Commands::One(Command::Close { account: account.ledger() }),
            Self::Payment(payment) => {
                let (debit, credit) = (payment.from.ledger(), payment.to.ledger());
                if let Some(decision) = decision.filter(|decision| decision.verdict == Verdict::Review) {
                    // Fees on top are set aside as well; both sums were checked when the decision was made.
                    let fee = decision.payer_fee(payment.from);
                    let amount = fee.map_or(Ok(payment.amount), |fee| payment.amount.checked_add(fee));
                    let amount = amount.unwrap_or(payment.amount);
                    return Commands::One(Command::Hold { debit, credit, amount, expires: None });
                }
                linked(Command::Transfer { debit, credit, amount: payment.amount }, legs)
            }
            Self::Hold(hold) => Commands::One(Command::Hold {
                debit: hold.from.ledger(),
                credit: hold.to.ledger(),
                amount: hold.amount,
                expires: hold.expires,
            }),
            Self::Capture(capture) => {
                let hold = Number(capture.hold.0);
                linked(Command::Capture { hold, amount: capture.amount, last: capture.last }, legs)
            }
            Self::Release(release) => Commands::One(Command::Release { hold: Number(release.hold.0) }),
            Self::Refund(entry) => Commands::One(Command::Refund {
                original: Number(entry.refund.original.0),
                of: entry.of,
                debit: entry.from.ledger(),
                credit: entry.to.ledger(),
                amount: entry.refund.amount,
            }),
            Self::Exchange(_) => Commands::Linked(legs.iter().map(transfer).collect()),
            Self::Resolve(resolution) => {
                let hold = Number(resolution.payment.0);
                match legs.split_first() {
                    Some((main, fees)) if resolution.post => {
                        linked(Command::Capture { hold, amount: main.amount, last: true }, fees)
                    }
                    _ => Commands::One(Command::Release { hold }),
                }
            }
            Self::Act(_) | Self::Parameter(_) | Self::Tier { .. } | Self::Head { .. } => note(),
        }
    }
}

fn transfer(leg: &Leg) -> Command {
    Command::Transfer { debit: leg.debit.ledger(), credit: leg.credit.ledger(), amount: leg.amount }
}

fn linked(main: Command, legs: &[Leg]) -> Commands {
    if legs.is_empty() {
        return Commands::One(main);
    }
    Commands::Linked(std::iter::once(main).chain(legs.iter().map(transfer)).collect())
}
