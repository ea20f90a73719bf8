//! Lines, obligations, positions and instructions as CSV (RFC 4180), for people with spreadsheets.

use crate::csv::Table;
use crate::{Clearing, Line, Obligation, moment};

/// The lines as a table: `payment,at,kind,debtor,creditor,currency,amount,terminal,batch,reference`.
#[must_use]
pub fn lines_csv(lines: &[Line]) -> String {
    let mut table = Table::new(&[
        "payment",
        "at",
        "kind",
        "debtor",
        "creditor",
        "currency",
        "amount",
        "terminal",
        "batch",
        "reference",
    ]);
    for line in lines {
        table
            .text(&line.payment)
            .cell(&moment::text(line.at))
            .cell(line.kind.word())
            .text(line.debtor.as_str())
            .text(line.creditor.as_str())
            .cell(line.amount.currency().code())
            .cell(&line.amount.decimal().to_string())
            .text(&line.terminal)
            .text(&line.batch)
            .text(&line.reference)
            .end_row();
    }
    table.finish()
}

/// Obligations as a table: `day,cycle,debtor,creditor,currency,amount,lines`.
#[must_use]
pub fn obligations_csv(obligations: &[Obligation]) -> String {
    let mut table = Table::new(&["day", "cycle", "debtor", "creditor", "currency", "amount", "lines"]);
    for obligation in obligations {
        table
            .cell(&obligation.day.to_string())
            .cell(&obligation.cycle.to_string())
            .text(obligation.debtor.as_str())
            .text(obligation.creditor.as_str())
            .cell(obligation.amount.currency().code())
            .cell(&obligation.amount.decimal().to_string())
            .cell(&obligation.lines.to_string())
            .end_row();
    }
    table.finish()
}

/// The positions as a table: `day,cycle,currency,participant,name,kind,debit,credit,net`.
#[must_use]
pub fn positions_csv(clearing: &Clearing) -> String {
    let mut table =
        Table::new(&["day", "cycle", "currency", "participant", "name", "kind", "debit", "credit", "net"]);
    for position in &clearing.positions {
        let participant = clearing.participant(&position.participant);
        table
            .cell(&clearing.day.to_string())
            .cell(&clearing.cycle.to_string())
            .cell(position.net.currency().code())
            .text(position.participant.as_str())
            .text(participant.map_or("", |participant| participant.name.as_str()))
            .cell(participant.map_or("", |participant| participant.kind.word()))
            .cell(&position.debit.decimal().to_string())
            .cell(&position.credit.decimal().to_string())
            .cell(&position.net.decimal().to_string())
            .end_row();
    }
    table.finish()
}

/// The instructions as a table: `instruction,settlement_day,debtor,debtor_bic,debtor_account,creditor,
/// creditor_bic,creditor_account,currency,amount,debtor_ledger_account,creditor_ledger_account`.
#[must_use]
pub fn instructions_csv(clearing: &Clearing) -> String {
    let mut table = Table::new(&[
        "instruction",
        "settlement_day",
        "debtor",
        "debtor_bic",
        "debtor_account",
        "creditor",
        "creditor_bic",
        "creditor_account",
        "currency",
        "amount",
        "debtor_ledger_account",
        "creditor_ledger_account",
    ]);
    for instruction in &clearing.instructions {
        table.cell(&instruction.id).cell(&clearing.settlement_day.to_string());
        for id in [&instruction.debtor, &instruction.creditor] {
            let participant = clearing.participant(id);
            let bic = participant.and_then(|participant| participant.bic.as_ref());
            let account = participant.and_then(|participant| participant.account.as_ref());
            table
                .text(id.as_str())
                .cell(bic.map_or("", crate::Bic::as_str))
                .text(&account.map(ToString::to_string).unwrap_or_default());
        }
        table
            .cell(instruction.amount.currency().code())
            .cell(&instruction.amount.decimal().to_string())
            .text(&instruction.debtor_ledger_account)
            .text(&instruction.creditor_ledger_account)
            .end_row();
    }
    table.finish()
}
