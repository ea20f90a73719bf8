//! This node among several that share a journal.
//!
//! While it **leads**, it decides, applies and appends as a node alone does, and does the same for what the
//! others pass on. Otherwise it **follows**: it applies the journal's rows to its own book and projections, so
//! that it reads locally, and passes on what it is asked. What it has passed on it knows by its keys: when one
//! of them comes by in the journal, that is the outcome.
//!
//! A row that cannot be appended leaves a book in memory that never was. It is thrown away and made again from
//! the snapshot and the journal, and what had been asked is asked again, wherever that is to be done by then.
//! So whoever asks notices a node's death, a lost connection or a race between two leaders only by the time
//! it takes.

mod part;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc as queue, oneshot};

use crate::Error;
use crate::cluster::{self, Cluster, Event};
use crate::entry::{Item, encode_items};
use crate::projection::Projected;
use crate::store::Place;
use crate::writer::{Answered, Message, Told};

/// How long an answer is waited for before the request is passed on again: under its keys, so that it is done
/// once.
const PASS_ON_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often a node that leads looks whether the journal has grown by another's doing.
const LEADER_LOOKS_EVERY: Duration = Duration::from_millis(500);

/// What this node has to do with the others.
pub(crate) struct Nodes {
    cluster: Cluster,
    inbox: Arc<Mutex<Vec<Event>>>,
    /// It holds the lease, as far as is known.
    holds_lease: bool,
    /// It has the whole journal in its book, and has put the row at its end.
    leads: bool,
    /// The book in memory is not what the journal says.
    pub(crate) stale: bool,
    outstanding: BTreeMap<u64, Outstanding>,
    /// Which of them wait for a key, in the order they were asked.
    by_key: BTreeMap<[u8; 16], Vec<u64>>,
    next_number: u64,
    /// When the journal was looked at last.
    looked: Instant,
    /// What has to wait for a book.
    deferred: Vec<Message>,
    closing_since: Option<Instant>,
}

/// A request that is not settled yet.
struct Outstanding {
    slots: Vec<Slot>,
    reply: Reply,
    passed_on: Instant,
    /// The leader has said that what is missing can be known from the book at this row.
    known_at: Option<u64>,
}

enum Slot {
    Asked(Item),
    Told(Answered),
}

enum Reply {
    One(oneshot::Sender<Answered>),
    Many(oneshot::Sender<Vec<Answered>>),
}

impl Nodes {
    /// Joins the others. `writer` is woken when something has come.
    pub(crate) fn join(place: &Place, writer: queue::WeakSender<Message>) -> Result<Self, Error> {
        let inbox = Arc::new(Mutex::new(Vec::new()));
        let filled = Arc::clone(&inbox);
        let sink = move |event| {
            let mut events = filled.lock().unwrap_or_else(PoisonError::into_inner);
            if event != Event::Grown || events.last() != Some(&Event::Grown) {
                events.push(event);
            }
            drop(events);
            match writer.upgrade() {
                // A full queue wakes the writer anyway.
                Some(writer) => {
                    !matches!(writer.try_send(Message::Nodes), Err(queue::error::TrySendError::Closed(_)))
                }
                None => false,
            }
        };
        let cluster = Cluster::join(place, Box::new(sink))?;
        Ok(Self {
            cluster,
            inbox,
            holds_lease: false,
            leads: false,
            stale: false,
            outstanding: BTreeMap::new(),
            by_key: BTreeMap::new(),
            next_number: 0,
            looked: Instant::now(),
            deferred: Vec::new(),
            closing_since: None,
        })
    }

    /// The journal has grown by this node's doing.
    pub(crate) fn grown(&self) {
        self.cluster.grown();
    }

    pub(crate) fn take_deferred(&mut self) -> Vec<Message> {
        if self.stale { Vec::new() } else { std::mem::take(&mut self.deferred) }
    }

    /// Whether it is time to look what others have put into the journal: whenever something was heard, and now
    /// and then while this node leads. Nobody else should write then; whoever did has had the lead for a
    /// moment that this node did not notice.
    fn looks(&mut self) -> bool {
        let due = !self.stale && (!self.leads || self.looked.elapsed() >= LEADER_LOOKS_EVERY);
        if due {
            self.looked = Instant::now();
        }
        due
    }

    fn keep(&mut self, slots: Vec<Slot>, reply: Reply) {
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        for slot in &slots {
            if let Slot::Asked(item) = slot {
                self.by_key.entry(item.entry.key()).or_default().push(number);
            }
        }
        let passed_on = Instant::now();
        self.outstanding.insert(number, Outstanding { slots, reply, passed_on, known_at: None });
        if !self.holds_lease {
            self.pass_on(number);
        }
    }

    /// Passes on what is left of a request.
    fn pass_on(&mut self, number: u64) {
        if let Some(outstanding) = self.outstanding.get_mut(&number) {
            outstanding.passed_on = Instant::now();
            let items = outstanding.slots.iter().filter_map(Slot::asked);
            self.cluster.pass_on(number, encode_items(items));
        }
    }

    fn pass_on_again(&mut self, all: bool) {
        let due = |outstanding: &Outstanding| all || outstanding.passed_on.elapsed() >= PASS_ON_AGAIN_AFTER;
        let due = self.outstanding.iter().filter(|(_, outstanding)| due(outstanding));
        let numbers: Vec<u64> = due.map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| self.pass_on(number));
    }

    /// The leader has answered what was passed on.
    fn note_answer(&mut self, number: u64, bytes: &[u8]) {
        let Some(outstanding) = self.outstanding.get_mut(&number) else { return };
        match cluster::Answered::decode(bytes) {
            Some(cluster::Answered::Known { sequence }) => outstanding.known_at = Some(sequence),
            Some(cluster::Answered::Failed(why)) => {
                for slot in &mut outstanding.slots {
                    if matches!(slot, Slot::Asked(_)) {
                        *slot = Slot::Told(Err(Error::Store(why.clone())));
                    }
                }
            }
            // Of another version; the request is passed on again.
            None => {}
        }
    }

    /// A row has come by: what was waited for in it is settled.
    fn see(&mut self, row: &Projected) {
        if self.by_key.is_empty() {
            return;
        }
        for (recorded, answer) in row.entries.iter().zip(&row.answers) {
            let Some(numbers) = self.by_key.get(&recorded.entry.key()) else { continue };
            let mut told = Some(Told::of(recorded, answer));
            for number in numbers {
                let Some(outstanding) = self.outstanding.get_mut(number) else { continue };
                for slot in &mut outstanding.slots {
                    let Slot::Asked(item) = slot else { continue };
                    if item.entry.key() != recorded.entry.key() {
                        continue;
                    }
                    match told.take_if(|_| item.content == recorded.content) {
                        Some(told) => *slot = Slot::Told(Ok(told)),
                        // Another request under the same key: known now, whatever it is.
                        None => outstanding.known_at = Some(row.sequence),
                    }
                }
            }
        }
    }

    /// Answers whoever has all that was asked for.
    fn settle(&mut self) {
        let done = |outstanding: &Outstanding| outstanding.slots.iter().all(|slot| slot.asked().is_none());
        let numbers: Vec<u64> = self
            .outstanding
            .iter()
            .filter(|(_, outstanding)| done(outstanding))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            let Some(Outstanding { slots, reply, .. }) = self.outstanding.remove(&number) else { continue };
            let mut told = slots.into_iter().filter_map(|slot| match slot {
                Slot::Told(told) => Some(told),
                Slot::Asked(_) => None,
            });
            // Whoever has stopped waiting is not told.
            match reply {
                Reply::One(reply) => {
                    let _ = reply.send(told.next().unwrap_or(Err(Error::Stopped)));
                }
                Reply::Many(reply) => {
                    let _ = reply.send(told.collect());
                }
            }
        }
        let outstanding = &self.outstanding;
        self.by_key.retain(|_, numbers| {
            numbers.retain(|number| outstanding.contains_key(number));
            !numbers.is_empty()
        });
    }
}

impl Slot {
    fn asked(&self) -> Option<&Item> {
        match self {
            Self::Asked(item) => Some(item),
            Self::Told(_) => None,
        }
    }
}
