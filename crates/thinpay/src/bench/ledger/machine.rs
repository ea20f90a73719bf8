//! The state machine alone: no thread, no disk.

use std::time::{Duration, Instant};

use accounts::Timestamp;
use ledger::{BalanceRule, Command, Commands, Content, Key, Ledger, Limits, Request};
use money::{Currency, Money};

use super::book::Picks;
use super::{Better, Options, Row, rate};

pub(super) fn state_machine(options: &Options, rows: &mut Vec<Row>) {
    let total = if options.quick { 400_000 } else { 2_000_000 };
    for accounts in [10_000_u64, 1_000_000] {
        let picks = Picks::new(1);
        let id = |number: u64| ledger::AccountId(number);
        let request = |command, key| Request { key, content: Content(1), commands: Commands::One(command) };
        let mut book = Ledger::new(Limits::default());
        let open: Vec<Request> = (0..accounts)
            .map(|number| Command::Open {
                account: id(number),
                currency: Currency::CNY,
                rule: BalanceRule::Free,
                code: 1,
            })
            .map(|command| request(command, None))
            .collect();
        book.apply(Timestamp(1), &open);
        let mut took = Duration::ZERO;
        let mut done = 0_u64;
        while done < total {
            let batch: Vec<Request> = (0..8_000)
                .map(|_| {
                    let debit = picks.next() % accounts;
                    let transfer = Command::Transfer {
                        debit: id(debit),
                        credit: id((debit + 1 + picks.next() % (accounts - 1)) % accounts),
                        amount: Money::new(1, Currency::CNY),
                    };
                    request(transfer, Some(Key(u128::from_le_bytes(picks.key()))))
                })
                .collect();
            let start = Instant::now();
            let applied = book.apply(Timestamp(2), &batch);
            took += start.elapsed();
            done += applied.answers.iter().map(|answer| u64::from(answer.result.is_ok())).sum::<u64>();
        }
        rows.push(Row {
            name: format!("state machine, {accounts} accounts"),
            value: rate(done, took),
            unit: "transfers/s",
            better: Better::Higher,
            target: None,
            peer: None,
            how: "Batches of 8,000 transfers with idempotency keys applied in memory on one core, nothing stored."
                .to_owned(),
        });
    }
}
