//! The writer: the one thread that owns the book. It takes whatever has arrived, applies it in memory, puts
//! it on disk as one row of the journal, and only then answers; what arrives meanwhile is the next row (group
//! commit).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::{Answer, Expired, Limits, Refusal, Timestamp};
use parameters::Registry;
use rusqlite::Connection;
use tokio::sync::{mpsc as queue, oneshot};

use crate::book::Book;
use crate::decision::Decision;
use crate::entry::{Entry, Item, Recorded, batch_header};
use crate::journal::Journal;
use crate::key_runs::KeyReader;
use crate::nodes::Nodes;
use crate::payment::BULK_PAYMENTS_MAX;
use crate::progress::Progress;
use crate::projection::{self, Projected, Projection};
use crate::store::Location;
use crate::{AccountId, Clock, Decline, Error};

/// Largest batch in one row of the journal, in bytes, a bulk submission aside.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Requests between two snapshots of the book: what a start has to replay at most, about a second's worth.
const SNAPSHOT_ENTRIES: usize = 1 << 20;
/// Largest snapshot that is kept, under SQLite's limit for one value: some 15 million accounts. Beyond it a
/// start replays the whole journal.
const SNAPSHOT_BYTES_MAX: usize = 900_000_000;
/// Most rows of the journal followed by the projections in one transaction, and most requests in them, about.
const PROJECT_ROWS_MAX: usize = 1024;
const PROJECT_ENTRIES_MAX: usize = 32_768;
/// How long the projections wait for more before they follow, unless somebody waits for them: each step writes
/// pages that the next would write again.
const LINGER: Duration = Duration::from_millis(100);
/// How often it is checked whether a hold has expired.
const EXPIRY_CHECK: Duration = Duration::from_millis(250);

/// What somebody who asked is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) answer: Answer,
    /// What was decided; nothing for a repeated request, which the projections know more about.
    pub(crate) decision: Option<Box<Decision>>,
    /// The account that was opened, if one was.
    pub(crate) opened: Option<AccountId>,
}

impl Told {
    /// What became of an entry of the journal.
    pub(crate) fn of(recorded: &Recorded, answer: &Answer) -> Self {
        let opened = match recorded.entry {
            Entry::Open { account, .. } => Some(account),
            _ => None,
        };
        Self { answer: answer.clone(), decision: recorded.decision.clone(), opened }
    }
}

pub(crate) type Answered = Result<Told, Error>;

/// What is asked of the writer.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the largest is the commonest: a box for it would cost more")]
pub(crate) enum Message {
    One(Item, oneshot::Sender<Answered>),
    Many(Vec<Item>, oneshot::Sender<Vec<Answered>>),
    /// What would be decided now; nothing is done.
    Quote(Box<Entry>, oneshot::Sender<Result<Option<Box<Decision>>, Decline>>),
    /// A copy of the book as it stands, with its row of the journal.
    Copy(oneshot::Sender<Copy>),
    /// A hold may have expired.
    Tick,
    /// Something has come from the other nodes.
    Nodes,
    /// Finish what has arrived and end; answered when all is on disk and the book is free for another
    /// process.
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) book: Book,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

/// What the handles, the writer and the projector share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) progress: Arc<Progress>,
    /// All parameters, as far as the journal has been written.
    pub(crate) registry: RwLock<Arc<Registry>>,
    /// When the next hold expires, in nanoseconds; never: `u64::MAX`.
    next_expiry: AtomicU64,
}

impl Shared {
    pub(crate) fn new(progress: Progress, registry: Registry) -> Self {
        Self {
            progress: Arc::new(progress),
            registry: RwLock::new(Arc::new(registry)),
            next_expiry: AtomicU64::new(u64::MAX),
        }
    }
}

pub(crate) struct Writer {
    pub(crate) book: Book,
    pub(crate) journal: Journal,
    /// For keys that the ledger has forgotten.
    pub(crate) projections: Connection,
    pub(crate) limits: Limits,
    pub(crate) keys: KeyReader,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) lock: std::fs::File,
    /// The other nodes, where the journal is shared.
    pub(crate) nodes: Option<Nodes>,
}

/// The threads that work behind the writer; they end when their channels are dropped.
struct Behind {
    projector: JoinHandle<()>,
    to_projector: mpsc::Sender<ToProjector>,
}

/// Somebody to be answered after the next sync.
pub(crate) enum Waiting {
    One(Place, oneshot::Sender<Answered>),
    Many(Vec<Place>, oneshot::Sender<Vec<Answered>>),
    /// Another node, with the number under which it had passed these on.
    Passed(Vec<Place>, String, u64),
}

/// Where the answer to a request comes from.
pub(crate) enum Place {
    /// It is answered already. That may rest on what is in this batch.
    Known(Box<(Item, Answered)>),
    /// It was settled by another node.
    Told(Box<Answered>),
    /// Request number so and so of the batch.
    Batch(usize),
}

/// A row of the journal in the making. What is in it has been applied in memory; nobody is told before it is
/// on disk.
#[derive(Default)]
pub(crate) struct Batch {
    /// Empty until the first request, or the passing of time, makes this a row.
    bytes: Vec<u8>,
    expired: Vec<Expired>,
    pub(crate) entries: Vec<Recorded>,
    answers: Vec<Answer>,
    pub(crate) waiting: Vec<Waiting>,
}

impl Batch {
    pub(crate) fn has_room_for(&self, count: usize) -> bool {
        self.entries.len().saturating_add(count) <= BULK_PAYMENTS_MAX && self.bytes.len() < BATCH_BYTES_MAX
    }

    fn told(&self, place: usize) -> Answered {
        let (answer, recorded) =
            self.answers.get(place).zip(self.entries.get(place)).ok_or(Error::Stopped)?;
        Ok(Told::of(recorded, answer))
    }
}

impl Writer {
    /// Starts the writer and the projector.
    pub(crate) fn start(
        mut self,
        projection: Projection,
        location: &Location,
        sender: &queue::Sender<Message>,
        queue: queue::Receiver<Message>,
    ) -> Result<(), Error> {
        let (to_projector, from_writer) = mpsc::channel();
        let shared = Arc::clone(&self.shared);
        note_expiry(&shared, &self.book);
        let projector = Projector {
            projection,
            shared: Arc::clone(&shared),
            clock: Arc::clone(&self.clock),
            writer: sender.downgrade(),
        };
        if let Location::Postgres(place) = location {
            self.nodes = Some(Nodes::join(place, sender.downgrade())?);
        }
        let projector = std::thread::Builder::new()
            .name("accounts-projector".to_owned())
            .spawn(move || projector.run(&from_writer))?;
        let behind = Behind { projector, to_projector };
        std::thread::Builder::new()
            .name("accounts-writer".to_owned())
            .spawn(move || self.run(queue, behind))?;
        Ok(())
    }

    fn run(mut self, mut queue: queue::Receiver<Message>, behind: Behind) {
        let Behind { projector, to_projector } = behind;
        let mut messages = Vec::with_capacity(BULK_PAYMENTS_MAX);
        let mut closing = Vec::new();
        let mut since_snapshot = 0_usize;
        let mut failed = false;
        while !self.may_close(&closing) && queue.blocking_recv_many(&mut messages, BULK_PAYMENTS_MAX) > 0 {
            match self.take(&mut messages, &mut closing, &to_projector) {
                Ok(entries) => since_snapshot = since_snapshot.saturating_add(entries),
                Err(error) => {
                    // What is in memory and what is on disk may differ now. The truth is on disk: nothing is
                    // done any more until the next start reads it. Those waiting have been told.
                    self.shared.progress.end(error);
                    failed = true;
                    break;
                }
            }
            if since_snapshot >= SNAPSHOT_ENTRIES && !self.is_stale() {
                since_snapshot = 0;
                self.send_snapshot(&to_projector);
            }
        }
        queue.close();
        // Another node may write now.
        let stale = self.nodes.take().is_some_and(|nodes| nodes.stale);
        if !failed && !stale {
            self.send_snapshot(&to_projector);
        }
        self.shared.progress.hurry();
        drop(to_projector);
        if projector.join().is_err() {
            self.shared.progress.end(Error::Stopped);
        }
        // The files first, then the lock, then the word that all is done.
        let Self { journal, projections, lock, .. } = self;
        drop((journal, projections));
        drop(lock);
        for reply in closing {
            let _ = reply.send(());
        }
    }

    fn send_snapshot(&self, to_projector: &mpsc::Sender<ToProjector>) {
        let copy = self.copy();
        let _ = to_projector.send(ToProjector::Snapshot(Box::new(copy)));
    }

    fn copy(&self) -> Copy {
        Copy { book: self.book.clone(), sequence: self.journal.sequence, hash: self.journal.hash }
    }

    /// Deals with the messages that have arrived; returns how many requests went into the journal.
    fn take(
        &mut self,
        messages: &mut Vec<Message>,
        closing: &mut Vec<oneshot::Sender<()>>,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let mut batch = Batch::default();
        let mut written = self.attend(&mut batch, to_projector)?;
        let deferred = self.nodes.as_mut().map(Nodes::take_deferred).unwrap_or_default();
        for message in deferred.into_iter().chain(messages.drain(..)) {
            let count = if let Message::Many(items, _) = &message { items.len() } else { 1 };
            if !batch.has_room_for(count) {
                written = written.saturating_add(self.commit(&mut batch, to_projector)?);
            }
            let Some(message) = self.pass_on(message) else { continue };
            match message {
                Message::One(item, reply) => {
                    let place = self.apply(&mut batch, item);
                    batch.waiting.push(Waiting::One(place, reply));
                }
                Message::Many(items, reply) => {
                    let places = items.into_iter().map(|item| self.apply(&mut batch, item)).collect();
                    batch.waiting.push(Waiting::Many(places, reply));
                }
                Message::Quote(entry, reply) => {
                    let _ = reply.send(self.book.quote(&entry, (self.clock)()));
                }
                Message::Copy(reply) => {
                    written = written.saturating_add(self.commit(&mut batch, to_projector)?);
                    let _ = reply.send(self.copy());
                }
                Message::Tick => {
                    let due = self.book.ledger.next_expiry().is_some_and(|at| at <= (self.clock)());
                    if due && batch.bytes.is_empty() {
                        // Nothing but time has passed: a row without requests, so that a replay lets the
                        // holds expire at the same place.
                        self.begin(&mut batch);
                    }
                }
                Message::Nodes => {}
                Message::Close(reply) => closing.push(reply),
            }
        }
        Ok(written.saturating_add(self.commit(&mut batch, to_projector)?))
    }

    /// Makes the batch a row of this moment.
    fn begin(&mut self, batch: &mut Batch) {
        batch.bytes.extend_from_slice(&batch_header(0));
        batch.expired = self.book.advance((self.clock)());
    }

    /// Answers a request from what is known, or decides about it, applies it in memory and puts it into the
    /// batch.
    pub(crate) fn apply(&mut self, batch: &mut Batch, item: Item) -> Place {
        if let Some(known) = self.recall(&item) {
            return Place::Known(Box::new((item, known)));
        }
        // What can never be done makes no row.
        if let Err(decline) = self.book.kinds_allow(&item.entry) {
            return Place::Known(Box::new((item, Err(decline.into()))));
        }
        if batch.bytes.is_empty() {
            self.begin(batch);
        }
        let Item { mut entry, content, mut encoded } = item;
        if let Entry::Open { account, .. } = &mut entry {
            let opened = u64::try_from(self.book.ledger.accounts().len()).unwrap_or(u64::MAX);
            *account = AccountId(opened.saturating_add(1));
            encoded = Item::new(entry.clone()).encoded;
        }
        let decision = match self.book.decide(&entry) {
            Ok(decision) => decision,
            Err(decline) => {
                return Place::Known(Box::new((Item { entry, content, encoded }, Err(decline.into()))));
            }
        };
        let start = batch.bytes.len();
        batch.bytes.extend_from_slice(&encoded);
        Decision::encode(decision.as_deref(), &mut batch.bytes);
        let answer = self.book.apply(&entry, content, decision.as_deref());
        let place = batch.entries.len();
        batch.entries.push(Recorded { entry, content, decision, range: (start, batch.bytes.len()) });
        batch.answers.push(answer);
        Place::Batch(place)
    }

    /// The answer to a repeated request.
    pub(crate) fn recall(&self, item: &Item) -> Option<Answered> {
        let key = item.entry.key();
        let told = |mut answer: Answer, content| {
            answer.duplicate = true;
            if content != item.content {
                answer.result = Err(Refusal::KeyReused);
            }
            Ok(Told { answer, decision: None, opened: None })
        };
        let key = ledger::Key(u128::from_le_bytes(key));
        if let Some((content, answer)) = self.book.ledger.remembered(key) {
            return Some(told(answer.clone(), content));
        }
        if self.book.ledger.keys_forgotten() == 0 {
            return None;
        }
        match projection::recall(&self.projections, &self.keys, key) {
            Ok(found) => found.map(|(content, answer)| told(answer, content)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Puts the batch on disk, answers, and sends it on to the projections. Leaves the batch empty.
    pub(crate) fn commit(
        &mut self,
        batch: &mut Batch,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let mut batch = std::mem::take(batch);
        let waiting = std::mem::take(&mut batch.waiting);
        if batch.bytes.is_empty() {
            // Only answers that were known before.
            self.answer_all(waiting, &batch, None);
            return Ok(0);
        }
        let count = batch.entries.len();
        if let Some(header) = batch.bytes.first_chunk_mut::<5>() {
            *header = batch_header(count);
        }
        let at = self.book.ledger.now();
        if let Err(error) = self.shared.progress.wait_for_room(count, batch.bytes.len()) {
            self.answer_all(waiting, &batch, Some(&error));
            return Err(error);
        }
        if let Err(error) = self.journal.append(at, &batch.bytes) {
            self.shared.progress.give_back(count, batch.bytes.len());
            if self.nodes.is_some() {
                self.abandon(waiting, &batch, error);
                return Ok(0);
            }
            let error = error.into();
            self.answer_all(waiting, &batch, Some(&error));
            return Err(error);
        }
        self.shared.progress.acknowledge(self.journal.sequence);
        self.note_parameters(&batch.entries);
        note_expiry(&self.shared, &self.book);
        if let Some(nodes) = &self.nodes {
            nodes.grown();
        }
        self.answer_all(waiting, &batch, None);
        let Batch { bytes, expired, entries, answers, .. } = batch;
        let projected = Projected {
            sequence: self.journal.sequence,
            hash: self.journal.hash,
            at,
            expired,
            entries,
            answers,
            batch: bytes,
        };
        to_projector.send(ToProjector::Row(projected)).map_err(|_| Error::Stopped)?;
        Ok(count)
    }

    fn note_parameters(&self, entries: &[Recorded]) {
        if entries.iter().any(|recorded| matches!(recorded.entry, Entry::Parameter(_))) {
            self.publish_parameters();
        }
    }

    /// Lets the handles see the parameters as the book has them.
    pub(crate) fn publish_parameters(&self) {
        let mut registry = self.shared.registry.write().unwrap_or_else(PoisonError::into_inner);
        *registry = Arc::new(self.book.controls.registry().clone());
    }

    /// Answers everybody who waits: from the batch's answers, or with the error that befell it. What was known
    /// may have been known from this batch, and is not then.
    fn answer_all(&self, waiting: Vec<Waiting>, batch: &Batch, error: Option<&Error>) {
        let find = |place: Place| -> Answered {
            match (place, error) {
                (Place::Told(told), _) => *told,
                (_, Some(error)) => Err(error.clone()),
                (Place::Known(known), None) => known.1,
                (Place::Batch(place), None) => batch.told(place),
            }
        };
        for waiting in waiting {
            // Whoever has stopped waiting is not told.
            match waiting {
                Waiting::One(place, reply) => {
                    let _ = reply.send(find(place));
                }
                Waiting::Many(places, reply) => {
                    let _ = reply.send(places.into_iter().map(find).collect());
                }
                Waiting::Passed(places, node, number) => {
                    self.answer_node(&places, node, number);
                }
            }
        }
    }
}

pub(crate) fn note_expiry(shared: &Shared, book: &Book) {
    shared.next_expiry.store(book.ledger.next_expiry().map_or(u64::MAX, |at| at.0), Ordering::Relaxed);
}

pub(crate) enum ToProjector {
    Row(Projected),
    Snapshot(Box<Copy>),
}

/// The thread that keeps the projections up to date.
struct Projector {
    projection: Projection,
    shared: Arc<Shared>,
    clock: Clock,
    writer: queue::WeakSender<Message>,
}

impl Projector {
    fn run(mut self, from_writer: &mpsc::Receiver<ToProjector>) {
        let mut rows = Vec::new();
        let outcome = loop {
            let mut snapshot = None;
            let mut entries = 0;
            match from_writer.recv_timeout(EXPIRY_CHECK) {
                Ok(message) => take(message, &mut rows, &mut entries, &mut snapshot),
                Err(mpsc::RecvTimeoutError::Timeout) => self.tick(),
                Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(()),
            }
            if !rows.is_empty() {
                self.shared.progress.linger(LINGER);
            }
            while snapshot.is_none()
                && rows.len() < PROJECT_ROWS_MAX
                && entries < PROJECT_ENTRIES_MAX
                && let Ok(message) = from_writer.try_recv()
            {
                take(message, &mut rows, &mut entries, &mut snapshot);
            }
            if let Err(error) = self.follow(&mut rows, snapshot) {
                break Err(error);
            }
        };
        if let Err(error) = outcome {
            self.shared.progress.end(error);
        }
    }

    fn follow(&mut self, rows: &mut Vec<Projected>, snapshot: Option<Box<Copy>>) -> Result<(), Error> {
        if let Some(last) = rows.last() {
            self.projection.project(rows)?;
            let entries = rows.iter().map(|row| row.entries.len()).sum();
            let bytes = rows.iter().map(|row| row.batch.len()).sum();
            self.shared.progress.projected(last.sequence, entries, bytes);
            rows.clear();
        }
        if let Some(copy) = snapshot {
            let book = copy.book.encode();
            if book.len() <= SNAPSHOT_BYTES_MAX {
                self.projection.keep_snapshot(copy.sequence, &copy.hash, &book)?;
            }
        }
        self.tick();
        Ok(())
    }

    /// Lets the writer know when a hold has expired and nothing else may wake it.
    fn tick(&self) {
        let due = Timestamp(self.shared.next_expiry.load(Ordering::Relaxed));
        if due.0 != u64::MAX
            && due <= (self.clock)()
            && let Some(writer) = self.writer.upgrade()
        {
            // A full queue wakes the writer anyway.
            let _ = writer.try_send(Message::Tick);
        }
    }
}

fn take(
    message: ToProjector,
    rows: &mut Vec<Projected>,
    entries: &mut usize,
    snapshot: &mut Option<Box<Copy>>,
) {
    match message {
        ToProjector::Row(row) => {
            *entries = entries.saturating_add(row.entries.len());
            rows.push(row);
        }
        ToProjector::Snapshot(copy) => *snapshot = Some(copy),
    }
}
