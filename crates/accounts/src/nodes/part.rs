//! The writer's part among the nodes: following, passing on, taking the lead, and starting over.

use std::sync::{PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Nodes, Outstanding, Reply, Slot};
use crate::book::Book;
use crate::cluster::{self, Event, Passed};
use crate::entry::{Entry, Item, batch_header, decode_items};
use crate::journal::CHAIN_START;
use crate::projection::{self, Projected};
use crate::recovery::apply;
use crate::store::AppendError;
use crate::writer::{Answered, Batch, Message, Place, ToProjector, Waiting, Writer, note_expiry};
use crate::{AccountId, Error};

/// How long a node that closes waits for the answers to what it has passed on.
const CLOSE_MAX: Duration = Duration::from_secs(5);
/// How often a new leader tries to be the next in the journal before it lets others go first.
const LEAD_ATTEMPTS: u32 = 16;

impl Writer {
    /// Whether what is in memory is not what the journal says.
    pub(crate) fn is_stale(&self) -> bool {
        self.nodes.as_ref().is_some_and(|nodes| nodes.stale)
    }

    /// Whether somebody wants to close, and what was asked before has been settled, or will not be soon.
    pub(crate) fn may_close(&mut self, closing: &[oneshot::Sender<()>]) -> bool {
        if closing.is_empty() {
            return false;
        }
        self.nodes.as_mut().is_none_or(|nodes| {
            let since = nodes.closing_since.get_or_insert_with(Instant::now);
            nodes.outstanding.is_empty() || since.elapsed() >= CLOSE_MAX
        })
    }

    /// Takes what is not for this node to do, or not now; gives back the rest.
    pub(crate) fn pass_on(&mut self, message: Message) -> Option<Message> {
        let Some(nodes) = self.nodes.as_mut().filter(|nodes| !nodes.leads) else { return Some(message) };
        match message {
            Message::One(item, reply) => nodes.keep(vec![Slot::Asked(item)], Reply::One(reply)),
            Message::Many(items, reply) => {
                nodes.keep(items.into_iter().map(Slot::Asked).collect(), Reply::Many(reply));
            }
            Message::Quote(..) | Message::Copy(_) if nodes.stale => nodes.deferred.push(message),
            Message::Tick => {}
            other => return Some(other),
        }
        None
    }

    /// Deals with what the other nodes have said: follows, takes the lead, puts what they ask into the batch.
    /// Returns how many requests went into the journal.
    pub(crate) fn attend(
        &mut self,
        batch: &mut Batch,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let Some(nodes) = self.nodes.as_mut() else { return Ok(0) };
        let events = std::mem::take(&mut *nodes.inbox.lock().unwrap_or_else(PoisonError::into_inner));
        if events.is_empty() {
            return Ok(0);
        }
        let mut requests = Vec::new();
        let mut again = false;
        for event in events {
            match event {
                Event::Grown => {}
                Event::Lead => nodes.holds_lease = true,
                Event::Follow => (nodes.holds_lease, nodes.leads, again) = (false, false, true),
                Event::Changed => again = true,
                Event::Requests(passed) => requests.extend(passed),
                Event::Answers(answers) => {
                    for (number, bytes) in answers {
                        nodes.note_answer(number, &bytes);
                    }
                }
            }
        }
        if nodes.stale {
            self.reload()?;
        }
        if self.nodes.as_mut().is_some_and(Nodes::looks) {
            self.follow(to_projector)?;
        }
        let mut written = 0;
        if self.nodes.as_ref().is_some_and(|nodes| nodes.holds_lease && !nodes.leads && !nodes.stale) {
            written = self.take_lead(batch, to_projector)?;
        }
        self.settle();
        let Some(nodes) = self.nodes.as_mut() else { return Ok(written) };
        if !nodes.holds_lease {
            nodes.pass_on_again(again);
        }
        if !nodes.leads {
            // Whoever asked will ask again.
            return Ok(written);
        }
        for Passed { node, number, bytes } in requests {
            let Some(items) = decode_items(&bytes) else {
                let why = "a node of another version leads: start the same one everywhere".to_owned();
                self.say(node, number, &cluster::Answered::Failed(why));
                continue;
            };
            if !batch.has_room_for(items.len()) {
                written += self.commit(batch, to_projector)?;
            }
            if !self.leads() {
                break;
            }
            let places = items.into_iter().map(|item| self.apply(batch, item)).collect();
            batch.waiting.push(Waiting::Passed(places, node, number));
        }
        Ok(written)
    }

    fn leads(&self) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.leads)
    }

    /// Applies what has come into the journal. A journal that cannot be reached is tried again with the next
    /// event.
    fn follow(&mut self, to_projector: &mpsc::Sender<ToProjector>) -> Result<(), Error> {
        let Self { journal, book, shared, nodes, .. } = self;
        let mut fatal = None;
        let mut parameters = false;
        let followed = journal.follow(|row| {
            let take = || {
                let row = apply(book, row)?;
                shared.progress.wait_for_room(row.entries.len(), row.batch.len())?;
                shared.progress.acknowledge(row.sequence);
                parameters |=
                    row.entries.iter().any(|recorded| matches!(recorded.entry, Entry::Parameter(_)));
                if let Some(nodes) = nodes {
                    nodes.see(&row);
                }
                to_projector.send(ToProjector::Row(row)).map_err(|_| Error::Stopped)
            };
            take().inspect_err(|error| fatal = Some(error.clone()))
        });
        if parameters {
            self.publish_parameters();
        }
        note_expiry(&self.shared, &self.book);
        match (fatal, followed) {
            (Some(error), _) | (None, Err(error @ Error::Damaged(_))) => Err(error),
            (None, Err(_)) => {
                // Not reached this time either: the next event comes soon.
                let _ = self.journal.reconnect();
                Ok(())
            }
            (None, Ok(())) => Ok(()),
        }
    }

    /// Becomes the one that writes: puts a row at the end of the journal that changes nothing, so that
    /// whoever led before is fenced, and then does what it could not pass on.
    fn take_lead(
        &mut self,
        batch: &mut Batch,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let header = batch_header(0);
        for _ in 0..LEAD_ATTEMPTS {
            // The time that the book has already: nothing expires, nothing changes.
            let at = self.book.ledger.now();
            match self.journal.append(at, &header) {
                Ok(()) => return self.lead(batch, to_projector),
                Err(AppendError::Fenced(_)) => self.follow(to_projector)?,
                Err(_) => break,
            }
        }
        Ok(0)
    }

    fn lead(&mut self, batch: &mut Batch, to_projector: &mpsc::Sender<ToProjector>) -> Result<usize, Error> {
        let header = batch_header(0);
        let expired = self.book.advance(self.book.ledger.now());
        debug_assert!(expired.is_empty());
        self.shared.progress.wait_for_room(0, header.len())?;
        self.shared.progress.acknowledge(self.journal.sequence);
        let row = Projected {
            sequence: self.journal.sequence,
            hash: self.journal.hash,
            at: self.book.ledger.now(),
            expired,
            entries: Vec::new(),
            answers: Vec::new(),
            batch: header.to_vec(),
        };
        to_projector.send(ToProjector::Row(row)).map_err(|_| Error::Stopped)?;
        self.settle();
        let Some(nodes) = self.nodes.as_mut() else { return Ok(0) };
        nodes.leads = true;
        nodes.cluster.grown();
        let mut written = 0;
        nodes.by_key.clear();
        for (_, Outstanding { slots, reply, .. }) in std::mem::take(&mut nodes.outstanding) {
            if !batch.has_room_for(slots.len()) {
                written += self.commit(batch, to_projector)?;
            }
            if !self.leads() {
                // Fenced again while doing it.
                if let Some(nodes) = &mut self.nodes {
                    nodes.keep(slots, reply);
                }
                continue;
            }
            let places = slots.into_iter().map(|slot| match slot {
                Slot::Asked(item) => self.apply(batch, item),
                Slot::Told(told) => Place::Told(Box::new(told)),
            });
            let mut places = places.collect::<Vec<_>>();
            batch.waiting.push(match reply {
                Reply::One(reply) => match places.pop() {
                    Some(place) => Waiting::One(place, reply),
                    None => continue,
                },
                Reply::Many(reply) => Waiting::Many(places, reply),
            });
        }
        Ok(written)
    }

    /// A row did not get into the journal, or nobody knows whether it did: what was done in memory for it is
    /// forgotten, and what was asked for is kept to be asked again. When it is certain that it did not and
    /// would not, those who asked are told.
    pub(crate) fn abandon(&mut self, waiting: Vec<Waiting>, batch: &Batch, error: AppendError) {
        let failed = match &error {
            AppendError::Failed(_) => Some(Error::from(error)),
            AppendError::Fenced(_) | AppendError::Unknown(_) => None,
        };
        if let Some(nodes) = &mut self.nodes {
            nodes.stale = true;
            nodes.leads = false;
        }
        let slot = |place: Place| match place {
            Place::Told(told) => Slot::Told(*told),
            Place::Known(known) => Slot::Asked(unnumbered(known.0)),
            Place::Batch(place) => match batch.entries.get(place) {
                Some(recorded) => Slot::Asked(unnumbered(Item {
                    entry: recorded.entry.clone(),
                    content: recorded.content,
                    encoded: Vec::new(),
                })),
                None => Slot::Told(Err(Error::Stopped)),
            },
        };
        for waiting in waiting {
            match (waiting, &failed) {
                (Waiting::One(_, reply), Some(error)) => {
                    let _ = reply.send(Err(error.clone()));
                }
                (Waiting::Many(places, reply), Some(error)) => {
                    let _ = reply.send(places.iter().map(|_| Err(error.clone())).collect());
                }
                (Waiting::Passed(_, node, number), Some(error)) => {
                    self.say(node, number, &cluster::Answered::Failed(error.to_string()));
                }
                (Waiting::One(place, reply), None) => {
                    if let Some(nodes) = &mut self.nodes {
                        nodes.keep(vec![slot(place)], Reply::One(reply));
                    }
                }
                (Waiting::Many(places, reply), None) => {
                    if let Some(nodes) = &mut self.nodes {
                        nodes.keep(places.into_iter().map(slot).collect(), Reply::Many(reply));
                    }
                }
                // The node that asked will ask again.
                (Waiting::Passed(..), None) => {}
            }
        }
    }

    /// Makes the book again from the snapshot and the journal, up to the last row that this node knows.
    fn reload(&mut self) -> Result<(), Error> {
        let snapshot = projection::snapshot(&self.projections, self.limits)?
            .filter(|(sequence, _, _)| *sequence <= self.journal.sequence);
        let (sequence, hash, mut book) = snapshot.unwrap_or_else(|| (0, CHAIN_START, Book::new(self.limits)));
        match self.journal.again((sequence, hash), |row| apply(&mut book, row).map(|_| ())) {
            Ok(()) => {
                self.book = book;
                self.publish_parameters();
                if let Some(nodes) = &mut self.nodes {
                    nodes.stale = false;
                }
                Ok(())
            }
            Err(error @ Error::Damaged(_)) => Err(error),
            Err(_) => {
                let _ = self.journal.reconnect();
                Ok(())
            }
        }
    }

    /// Finds out what the leader has said can be known, and answers those who have all they asked for.
    fn settle(&mut self) {
        let Some(mut nodes) = self.nodes.take() else { return };
        if !nodes.stale {
            for outstanding in nodes.outstanding.values_mut() {
                if outstanding.known_at.is_none_or(|sequence| sequence > self.journal.sequence) {
                    continue;
                }
                outstanding.known_at = None;
                for slot in &mut outstanding.slots {
                    if let Slot::Asked(item) = slot
                        && let Some(told) = self.known(item)
                    {
                        *slot = Slot::Told(told);
                    }
                }
            }
        }
        nodes.settle();
        self.nodes = Some(nodes);
    }

    /// What is answered to a request without an entry: it was made before, or makes no sense.
    fn known(&mut self, item: &Item) -> Option<Answered> {
        self.recall(item).or_else(|| {
            let allowed = self.book.kinds_allow(&item.entry);
            let decided = allowed.and_then(|()| self.book.decide(&item.entry));
            decided.err().map(|decline| Err(decline.into()))
        })
    }

    /// Tells a node what it cannot see by itself: that some of what it passed on made no entry of its own.
    pub(crate) fn answer_node(&self, places: &[Place], node: String, number: u64) {
        let failed = places.iter().find_map(|place| match place {
            Place::Known(known) => match &known.1 {
                Err(error @ Error::Store(_)) => Some(error.to_string()),
                _ => None,
            },
            _ => None,
        });
        if let Some(why) = failed {
            self.say(node, number, &cluster::Answered::Failed(why));
        } else if places.iter().any(|place| matches!(place, Place::Known(_))) {
            self.say(node, number, &cluster::Answered::Known { sequence: self.journal.sequence });
        }
    }

    fn say(&self, node: String, number: u64, answered: &cluster::Answered) {
        if let Some(nodes) = &self.nodes {
            nodes.cluster.answer(node, number, answered.encode());
        }
    }
}

/// The request as it was before the writer had it: a new account has no number yet.
fn unnumbered(item: Item) -> Item {
    let Item { mut entry, .. } = item;
    if let Entry::Open { account, .. } = &mut entry {
        *account = AccountId(0);
    }
    Item::new(entry)
}
