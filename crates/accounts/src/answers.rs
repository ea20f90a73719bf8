//! What every request was answered, for requests that the ledger has forgotten. Written in the order of
//! numbers and never changed; many to a row, since a row of its own would cost more than the answer.

use ledger::{Answer, Content};
use rusqlite::{Connection, OptionalExtension};

use crate::Error;
use crate::journal::{signed, unsigned};

/// A row holds the answers whose numbers begin at `first`, up to the next row's.
pub(crate) const TABLES: &str =
    "CREATE TABLE answers (first INTEGER PRIMARY KEY, answers BLOB NOT NULL) STRICT;";

/// Size at which a row is full: so that two fit a page of the file.
const ROW_BYTES_MAX: usize = 1_900;

/// Answers on their way into the table. In the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    full: Vec<(u64, Vec<u8>)>,
    filling: Vec<u8>,
    first: u64,
}

impl Answers {
    /// Adds an answer, of a higher number than those before.
    pub(crate) fn push(&mut self, content: Content, answer: &Answer) {
        let number = answer.number.0;
        let answer = answer.encode();
        if self.filling.len() + answer.len() > ROW_BYTES_MAX {
            self.full.push((self.first, std::mem::take(&mut self.filling)));
        }
        if self.filling.is_empty() {
            self.first = number;
            self.filling.reserve(ROW_BYTES_MAX);
        }
        self.filling.extend_from_slice(&number.to_le_bytes());
        self.filling.extend_from_slice(&content.0.to_le_bytes());
        // An answer has a few dozen bytes.
        self.filling.extend_from_slice(&u32::try_from(answer.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.filling.extend_from_slice(&answer);
    }

    /// Writes them.
    pub(crate) fn write(mut self, connection: &Connection) -> Result<(), Error> {
        if !self.filling.is_empty() {
            self.full.push((self.first, self.filling));
        }
        let mut insert = connection.prepare_cached("INSERT INTO answers VALUES (?1, ?2)")?;
        for (first, answers) in self.full {
            insert.execute((signed(first), answers))?;
        }
        Ok(())
    }
}

/// What the request with this number was answered, and its content.
pub(crate) fn find(connection: &Connection, number: u64) -> Result<(Content, Answer), Error> {
    connection
        .prepare_cached("SELECT first, answers FROM answers WHERE first <= ?1 ORDER BY first DESC LIMIT 1")?
        .query_row([signed(number)], |row| {
            let first = unsigned(row.get(0)?);
            Ok(row.get_ref(1)?.as_blob().ok().and_then(|answers| read(first, answers, number)))
        })
        .optional()?
        .flatten()
        .ok_or_else(|| {
            Error::Store(format!(
                "the answer to request {number} is missing or damaged; the journal is not: rebuild the projections"
            ))
        })
}

fn read(first: u64, mut answers: &[u8], wanted: u64) -> Option<(Content, Answer)> {
    let mut expected = Some(first);
    while let Some((number, rest)) = answers.split_first_chunk() {
        let number = u64::from_le_bytes(*number);
        if expected.take().is_some_and(|expected| expected != number) {
            return None;
        }
        let (content, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (answer, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if number == wanted {
            let answer = Answer::decode(answer).ok().filter(|answer| answer.number.0 == wanted)?;
            return Some((Content(u128::from_le_bytes(*content)), answer));
        }
        answers = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use ledger::{BalanceRule, Command, Commands, Key, Ledger, Limits, Request, Timestamp};
    use money::Currency;
    use rusqlite::Connection;

    use super::*;

    fn some_answers() -> Vec<(Content, Answer)> {
        let requests: Vec<Request> = (1..=500_u64)
            .map(|number| Request {
                key: Some(Key(number.into())),
                content: Content(u128::from(number) << 7),
                commands: Commands::One(Command::Open {
                    account: ledger::AccountId(number / 2),
                    currency: Currency::CNY,
                    rule: BalanceRule::Free,
                    code: 1,
                }),
            })
            .collect();
        let applied = Ledger::new(Limits::default()).apply(Timestamp(9), &requests);
        requests.iter().map(|request| request.content).zip(applied.answers).collect()
    }

    #[test]
    fn every_answer_is_found_and_damage_is_an_error() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let all = some_answers();
        for step in [&all[..3], &all[3..3], &all[3..400], &all[400..]] {
            let mut answers = Answers::default();
            for (content, answer) in step {
                answers.push(*content, answer);
            }
            answers.write(&connection).unwrap();
        }
        for (content, answer) in &all {
            assert_eq!(find(&connection, answer.number.0).unwrap(), (*content, answer.clone()));
        }
        let beyond = all.last().unwrap().1.number.0 + 1;
        assert!(find(&connection, beyond).is_err());
        let rows: i64 = connection.query_row("SELECT count(*) FROM answers", [], |row| row.get(0)).unwrap();
        assert!(rows < 30, "{rows}");
        let whole: Vec<u8> = connection
            .query_row("SELECT answers FROM answers WHERE first = 1", [], |row| row.get(0))
            .unwrap();
        for cut in 0..whole.len() {
            connection.execute("UPDATE answers SET answers = ?1 WHERE first = 1", [&whole[..cut]]).unwrap();
            assert!(find(&connection, all[2].1.number.0).is_err(), "cut at {cut}");
        }
    }
}
