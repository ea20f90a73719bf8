//! A day against what acceptance terminals counted.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use clearing::{Day, TerminalTotals, TotalsDiscrepancy, match_totals, read_totals};
use money::Currency;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::block_in_place;

use super::day;
use super::log::{self, Log};
use crate::admin::actor::{Actor, hex};
use crate::admin::note;
use crate::directory::Books;

/// Compares, and notes that it was done.
pub(super) async fn compare(books: &Books, actor: &Actor, of: Day, file: &str, text: &str) -> Result<Value> {
    let log = Log::read(&books.services.accounts).await?;
    let lines = day::lines(books, &log, of).await?;
    let found = block_in_place(|| {
        let theirs = without_batches(read_totals(text.as_bytes())?)?;
        anyhow::Ok(match_totals(&lines, &theirs)?)
    })?;
    let digest = hex(&Sha256::digest(text));
    let detail = json!({
        "file": file, "digest": digest,
        "matched": found.matched.len(), "discrepancies": found.discrepancies.len(),
    });
    note(books, actor, log::TOTALS, &of.to_string(), &detail.to_string()).await?;
    let discrepancies: Vec<Value> = found.discrepancies.iter().map(discrepancy).collect::<Result<_>>()?;
    Ok(json!({
        "day": of, "file": file, "digest": digest,
        "matched": found.matched, "discrepancies": discrepancies,
    }))
}

/// The totals of a terminal in a currency as one: the book does not know terminals' batches.
fn without_batches(totals: Vec<TerminalTotals>) -> Result<Vec<TerminalTotals>> {
    let mut sums: BTreeMap<(String, Currency), TerminalTotals> = BTreeMap::new();
    for one in totals {
        let key = (one.terminal.clone(), one.amount.currency());
        let sum = match sums.remove(&key) {
            None => TerminalTotals { batch: String::new(), ..one },
            Some(sum) => {
                let too_much =
                    || format!("The totals of terminal {:?} are too much for one day.", one.terminal);
                TerminalTotals {
                    count: sum.count.checked_add(one.count).with_context(too_much)?,
                    amount: sum.amount.checked_add(one.amount).ok().with_context(too_much)?,
                    ..sum
                }
            }
        };
        sums.insert(key, sum);
    }
    Ok(sums.into_values().collect())
}

/// A discrepancy with a sentence about it.
fn discrepancy(found: &TotalsDiscrepancy) -> Result<Value> {
    let words = match found {
        TotalsDiscrepancy::MissingHere { theirs } => format!(
            "Terminal {} counted {} of {} in all; the book has nothing of it.",
            theirs.terminal, theirs.count, theirs.amount
        ),
        TotalsDiscrepancy::MissingThere { ours } => format!(
            "The book has {} of terminal {} of {} in all; the file has nothing of it.",
            ours.count, ours.terminal, ours.amount
        ),
        TotalsDiscrepancy::CountDiffers { ours, theirs }
        | TotalsDiscrepancy::AmountDiffers { ours, theirs } => format!(
            "Terminal {} counted {} of {} in all; the book has {} of {}.",
            theirs.terminal, theirs.count, theirs.amount, ours.count, ours.amount
        ),
    };
    let mut value = serde_json::to_value(found)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("words".to_owned(), Value::String(words));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_a_terminal_are_one_total_in_each_currency() {
        let csv =
            "terminal,batch,currency,count,amount\nT1,1,CNY,2,10.00\nT1,2,CNY,1,5.50\nT1,1,EUR,1,1.00\n";
        let totals = without_batches(read_totals(csv.as_bytes()).unwrap()).unwrap();
        let seen: Vec<(u64, String)> = totals.iter().map(|one| (one.count, one.amount.to_string())).collect();
        assert_eq!(seen, [(3, "15.50 CNY".to_owned()), (1, "1.00 EUR".to_owned())]);
    }
}
