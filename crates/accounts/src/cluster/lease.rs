//! The lease: which node writes. All times in it are the server's, so that the nodes' clocks do not matter.

use std::time::Instant;

use super::{LEASE, mailbox};
use crate::Error;
use crate::store::{Place, Session, fault, signed, unsigned};

/// Whether somebody may take it: it was given back or has run out, or the session that took it has ended, as
/// it does when its process dies.
const IS_FREE: &str = "lease.until < clock_timestamp() OR NOT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE pid = lease.backend AND backend_start = lease.backend_start)";

/// A node's view of the lease.
#[derive(Debug)]
pub(super) struct Lease {
    node: String,
    /// Counts who held it, and is this node's while it holds it.
    term: Option<u64>,
    /// The term that was seen last, whose ever it was.
    seen: Option<u64>,
    /// When this node has to believe that it has run out, by its own steady clock: from before it was asked
    /// for.
    runs_out: Instant,
}

impl Lease {
    pub(super) fn new(node: &str) -> Self {
        Self { node: node.to_owned(), term: None, seen: None, runs_out: Instant::now() }
    }

    pub(super) fn has_run_out(&self, now: Instant) -> bool {
        self.term.is_none() || now >= self.runs_out
    }

    /// The term that was seen last: another one means that another node may lead.
    pub(super) fn seen(&self) -> Option<u64> {
        self.seen
    }

    /// The session that took it is gone, and anybody may have it.
    pub(super) fn session_lost(&mut self) {
        self.term = None;
    }

    /// Renews it, or takes it when it is free; tells whether this node has it.
    pub(super) fn keep(&mut self, session: &mut Session, place: &Place) -> Result<bool, Error> {
        let asked = Instant::now();
        let milliseconds = f64::from(u32::try_from(LEASE.as_millis()).unwrap_or(u32::MAX));
        let named = |error: ::postgres::Error| fault(place, &error);
        if let Some(term) = self.term {
            let renewed = session
                .execute(
                    "UPDATE lease SET until = clock_timestamp() + $3 * interval '1 millisecond'
                     WHERE node = $1 AND term = $2",
                    &[&self.node, &signed(term), &milliseconds],
                )
                .map_err(named)?;
            if renewed == 0 {
                self.term = None;
            }
        } else {
            // Asked first, since even an update that changes nothing is written.
            let row = session
                .query_one(
                    &format!(
                        "SELECT NOT EXISTS (SELECT FROM lease WHERE NOT ({IS_FREE})), (SELECT term FROM lease)"
                    ),
                    &[],
                )
                .map_err(named)?;
            let free: bool = row.try_get(0).map_err(named)?;
            let term: Option<i64> = row.try_get(1).map_err(named)?;
            self.seen = term.map(unsigned);
            if free {
                let taken = session
                    .query_opt(
                        &format!(
                            "INSERT INTO lease (node, term, until, backend, backend_start)
                             SELECT $1, 1, clock_timestamp() + $2 * interval '1 millisecond', pid, backend_start
                             FROM pg_stat_activity WHERE pid = pg_backend_pid()
                             ON CONFLICT (only_one) DO UPDATE SET
                                 node = excluded.node, term = lease.term + 1, until = excluded.until,
                                 backend = excluded.backend, backend_start = excluded.backend_start
                             WHERE {IS_FREE}
                             RETURNING term"
                        ),
                        &[&self.node, &milliseconds],
                    )
                    .map_err(named)?;
                self.term = taken.map(|row| row.try_get(0)).transpose().map_err(named)?.map(unsigned);
                if self.term.is_some() {
                    self.seen = self.term;
                    mailbox::say(session, place, "lease")?;
                }
            }
        }
        if self.term.is_some() {
            self.runs_out = asked + LEASE;
        }
        Ok(self.term.is_some())
    }

    /// Gives it back, so that another node need not wait.
    pub(super) fn give_back(&mut self, session: &mut Session, place: &Place) -> Result<(), Error> {
        let Some(term) = self.term.take() else { return Ok(()) };
        session
            .execute(
                "UPDATE lease SET until = '-infinity' WHERE node = $1 AND term = $2",
                &[&self.node, &signed(term)],
            )
            .map_err(|error| fault(place, &error))?;
        mailbox::say(session, place, "lease")
    }
}
