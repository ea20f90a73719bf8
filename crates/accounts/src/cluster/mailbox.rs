//! The two tables by which nodes pass requests and answers, and the channel by which they say so.

use super::Passed;
use crate::Error;
use crate::store::{Place, Session, fault, signed, unsigned};

/// How long something may lie before it is thrown away: its asker has asked again long ago, or is dead.
const KEPT_SECONDS: i32 = 60;

/// Requests that are taken at once.
const TAKEN_MAX: i64 = 1024;

/// A session for messages. They need no sync: what a crash loses is asked again.
pub(super) fn connect(place: &Place) -> Result<Session, Error> {
    let mut session = place.connect()?;
    session.batch_execute("SET synchronous_commit = off").map_err(|error| fault(place, &error))?;
    Ok(session)
}

/// A name that no other node has or had.
pub(super) fn new_name(place: &Place, session: &mut Session) -> Result<String, Error> {
    session
        .query_one("SELECT gen_random_uuid()::text", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|error| fault(place, &error))
}

/// The channel of this place's nodes.
pub(super) fn channel(place: &Place) -> String {
    format!("thinpay {}", place.schema())
}

/// Says something to all nodes.
pub(super) fn say(session: &mut Session, place: &Place, word: &str) -> Result<(), Error> {
    session
        .execute("SELECT pg_notify($1, $2)", &[&channel(place), &word])
        .map(|_| ())
        .map_err(|error| fault(place, &error))
}

/// Puts requests and answers into their tables and says so, each in one statement.
pub(super) fn send(
    session: &mut Session,
    place: &Place,
    node: &str,
    requests: Vec<(u64, Vec<u8>)>,
    answers: Vec<Passed>,
    grown: bool,
) -> Result<(), Error> {
    let named = |error: ::postgres::Error| fault(place, &error);
    let channel = channel(place);
    if !requests.is_empty() {
        let (numbers, bytes): (Vec<i64>, Vec<Vec<u8>>) =
            requests.into_iter().map(|(number, bytes)| (signed(number), bytes)).unzip();
        session
            .execute(
                "WITH put AS (
                     INSERT INTO requests (node, number, request)
                     SELECT $1, number, request FROM unnest($2::bigint[], $3::bytea[]) AS new (number, request)
                 )
                 SELECT pg_notify($4, 'requests')",
                &[&node, &numbers, &bytes, &channel],
            )
            .map_err(named)?;
    }
    if !answers.is_empty() {
        let mut nodes = Vec::with_capacity(answers.len());
        let mut numbers = Vec::with_capacity(answers.len());
        let mut bytes = Vec::with_capacity(answers.len());
        for answer in answers {
            nodes.push(answer.node);
            numbers.push(signed(answer.number));
            bytes.push(answer.bytes);
        }
        session
            .execute(
                "WITH put AS (
                     INSERT INTO answers (node, number, answer)
                     SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])
                     ON CONFLICT DO NOTHING
                 )
                 SELECT pg_notify($4, node) FROM (SELECT DISTINCT node FROM unnest($1::text[]) AS n (node)) AS told",
                &[&nodes, &numbers, &bytes, &channel],
            )
            .map_err(named)?;
    }
    if grown {
        say(session, place, "grown")?;
    }
    Ok(())
}

/// Takes what was passed on, oldest first; what nobody waits for any more is thrown away.
pub(super) fn take_requests(session: &mut Session, place: &Place) -> Result<Vec<Passed>, Error> {
    let rows = session
        .query(
            "WITH taken AS (
                 DELETE FROM requests
                 WHERE place IN (SELECT place FROM requests ORDER BY place LIMIT $1)
                 RETURNING place, node, number, request, sent
             )
             SELECT node, number, request FROM taken
             WHERE sent > clock_timestamp() - $2 * interval '1 second' ORDER BY place",
            &[&TAKEN_MAX, &f64::from(KEPT_SECONDS)],
        )
        .map_err(|error| fault(place, &error))?;
    let read = |row: &::postgres::Row| -> Result<Passed, ::postgres::Error> {
        Ok(Passed { node: row.try_get(0)?, number: unsigned(row.try_get(1)?), bytes: row.try_get(2)? })
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| fault(place, &error))
}

/// Takes the answers for a node, and throws away those that nobody has taken.
pub(super) fn take_answers(
    session: &mut Session,
    place: &Place,
    node: &str,
) -> Result<Vec<(u64, Vec<u8>)>, Error> {
    let named = |error: ::postgres::Error| fault(place, &error);
    let rows = session
        .query(
            "DELETE FROM answers
             WHERE node = $1 OR sent < clock_timestamp() - $2 * interval '1 second'
             RETURNING node = $1, number, answer",
            &[&node, &f64::from(KEPT_SECONDS)],
        )
        .map_err(named)?;
    let mut answers = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get(0).map_err(named)? {
            answers.push((unsigned(row.try_get(1).map_err(named)?), row.try_get(2).map_err(named)?));
        }
    }
    Ok(answers)
}
