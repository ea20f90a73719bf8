//! The writer: the one thread that owns the book. It takes whatever has arrived, applies it in memory, puts
//! it on disk as one row of the journal, and only then answers; what arrives meanwhile is the next row (group
//! commit).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use ledger::{Answer, Ledger, Refusal, Request, Timestamp};
use money::Currency;
use rusqlite::Connection;
use tokio::sync::{mpsc as queue, oneshot};

use crate::entry::{Entry, Item, batch_header};
use crate::journal::{self, Journal};
use crate::operation::BULK_PAYMENTS_MAX;
use crate::progress::Progress;
use crate::projection::{self, Projected, Projection};
use crate::{AccountId, Clock, Decline, Error, Kind, NewAccount};

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
/// How often it is checked whether a hold has expired.
const EXPIRY_CHECK: Duration = Duration::from_millis(250);

pub(crate) type Answered = Result<Answer, Error>;

/// What is asked of the writer.
#[derive(Debug)]
pub(crate) enum Message {
    One(Item, oneshot::Sender<Answered>),
    Many(Vec<Item>, oneshot::Sender<Vec<Answered>>),
    Open(NewAccount, oneshot::Sender<Result<AccountId, Error>>),
    /// A copy of the book as it stands, with its row of the journal.
    Copy(oneshot::Sender<Copy>),
    /// A hold may have expired.
    Tick,
    /// Finish what has arrived and end; answered when all is on disk and the book is free for another
    /// process.
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) ledger: Ledger,
    pub(crate) sequence: u64,
    pub(crate) hash: [u8; 32],
}

/// What the handles, the writer and the projector share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) progress: Arc<Progress>,
    /// Where fees in a currency go.
    pub(crate) fees: RwLock<BTreeMap<Currency, AccountId>>,
    /// When the next hold expires, in nanoseconds; never: `u64::MAX`.
    next_expiry: AtomicU64,
}

impl Shared {
    pub(crate) fn new(progress: Progress, fees: BTreeMap<Currency, AccountId>) -> Self {
        Self { progress: Arc::new(progress), fees: RwLock::new(fees), next_expiry: AtomicU64::new(u64::MAX) }
    }
}

pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) journal: Journal,
    /// For keys that the ledger has forgotten.
    pub(crate) projections: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) clock: Clock,
    pub(crate) lock: std::fs::File,
}

/// The threads that work behind the writer; they end when their channels are dropped.
struct Behind {
    projector: JoinHandle<()>,
    to_projector: mpsc::Sender<ToProjector>,
    checkpointer: JoinHandle<()>,
    checkpoint_until: mpsc::Sender<()>,
}

/// Somebody to be answered after the next sync.
enum Waiting {
    One(usize, oneshot::Sender<Answered>),
    Many(Vec<Place>, oneshot::Sender<Vec<Answered>>),
    Open(usize, AccountId, oneshot::Sender<Result<AccountId, Error>>),
}

/// Where the answer to one of many requests comes from.
enum Place {
    /// It is answered already.
    Known(Answered),
    /// Request number so and so of the batch.
    Batch(usize),
}

#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    requests: Vec<Request>,
    bytes: Vec<u8>,
    waiting: Vec<Waiting>,
    accounts_opened: u64,
}

impl Batch {
    fn push(&mut self, item: Item) -> usize {
        let place = self.requests.len();
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&batch_header(0));
        }
        self.bytes.extend_from_slice(&item.encoded);
        self.entries.push(item.entry);
        self.requests.push(item.request);
        place
    }

    fn has_room_for(&self, count: usize) -> bool {
        self.requests.len().saturating_add(count) <= BULK_PAYMENTS_MAX && self.bytes.len() < BATCH_BYTES_MAX
    }
}

impl Writer {
    /// Starts the writer and the projector.
    pub(crate) fn start(
        self,
        projection: Projection,
        journal_path: &crate::store::Location,
        sender: &queue::Sender<Message>,
        queue: queue::Receiver<Message>,
    ) -> Result<(), Error> {
        let (to_projector, from_writer) = mpsc::channel();
        let shared = Arc::clone(&self.shared);
        note_expiry(&shared, &self.ledger);
        let projector = Projector {
            projection,
            shared: Arc::clone(&shared),
            clock: Arc::clone(&self.clock),
            writer: sender.downgrade(),
        };
        let (checkpoint_until, until) = mpsc::channel();
        let checkpointer = journal::start_checkpointer(journal_path, Arc::clone(&shared.progress), until)?;
        let projector = std::thread::Builder::new()
            .name("accounts-projector".to_owned())
            .spawn(move || projector.run(&from_writer))?;
        let behind = Behind { projector, to_projector, checkpointer, checkpoint_until };
        std::thread::Builder::new()
            .name("accounts-writer".to_owned())
            .spawn(move || self.run(queue, behind))?;
        Ok(())
    }

    fn run(mut self, mut queue: queue::Receiver<Message>, behind: Behind) {
        let Behind { projector, to_projector, checkpointer, checkpoint_until } = behind;
        let mut messages = Vec::with_capacity(BULK_PAYMENTS_MAX);
        let mut closing = Vec::new();
        let mut since_snapshot = 0_usize;
        let mut failed = false;
        while closing.is_empty() && queue.blocking_recv_many(&mut messages, BULK_PAYMENTS_MAX) > 0 {
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
            if since_snapshot >= SNAPSHOT_ENTRIES {
                since_snapshot = 0;
                self.send_snapshot(&to_projector);
            }
        }
        queue.close();
        if !failed {
            self.send_snapshot(&to_projector);
        }
        drop((to_projector, checkpoint_until));
        // A checkpointer that ended badly has cost time only.
        let _ = checkpointer.join();
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
        Copy { ledger: self.ledger.clone(), sequence: self.journal.sequence, hash: self.journal.hash }
    }

    /// Deals with the messages that have arrived; returns how many requests went into the journal.
    fn take(
        &mut self,
        messages: &mut Vec<Message>,
        closing: &mut Vec<oneshot::Sender<()>>,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let mut batch = Batch::default();
        let mut written = 0_usize;
        let mut tick = false;
        for message in messages.drain(..) {
            let count = if let Message::Many(items, _) = &message { items.len() } else { 1 };
            if !batch.has_room_for(count) {
                written = written.saturating_add(self.commit(&mut batch, to_projector)?);
            }
            match message {
                Message::One(item, reply) => match self.admit(&item) {
                    Some(known) => {
                        let _ = reply.send(known);
                    }
                    None => {
                        let place = batch.push(item);
                        batch.waiting.push(Waiting::One(place, reply));
                    }
                },
                Message::Many(items, reply) => {
                    let places = items
                        .into_iter()
                        .map(|item| match self.admit(&item) {
                            Some(known) => Place::Known(known),
                            None => Place::Batch(batch.push(item)),
                        })
                        .collect();
                    batch.waiting.push(Waiting::Many(places, reply));
                }
                Message::Open(new, reply) => {
                    let opened = u64::try_from(self.ledger.accounts().len()).unwrap_or(u64::MAX);
                    batch.accounts_opened = batch.accounts_opened.saturating_add(1);
                    let account = AccountId(opened.saturating_add(batch.accounts_opened));
                    let NewAccount { holder, kind, name, currency } = new;
                    let place = batch.push(Item::new(Entry::Open { account, holder, kind, name, currency }));
                    batch.waiting.push(Waiting::Open(place, account, reply));
                }
                Message::Copy(reply) => {
                    written = written.saturating_add(self.commit(&mut batch, to_projector)?);
                    let _ = reply.send(self.copy());
                }
                Message::Tick => tick = true,
                Message::Close(reply) => closing.push(reply),
            }
        }
        let due = || self.ledger.next_expiry().is_some_and(|at| at <= (self.clock)());
        if batch.requests.is_empty() && batch.waiting.is_empty() && tick && due() {
            // Nothing but time has passed: a row without requests, so that a replay lets the holds expire at
            // the same place.
            batch.bytes.extend_from_slice(&batch_header(0));
        }
        Ok(written.saturating_add(self.commit(&mut batch, to_projector)?))
    }

    /// What can be answered without the journal: a repeated request, or one that makes no sense with these
    /// accounts.
    fn admit(&self, item: &Item) -> Option<Answered> {
        if let Some(answer) = self.ledger.recall(&item.request) {
            return Some(Ok(answer));
        }
        if self.ledger.keys_forgotten() > 0
            && let Some(key) = item.request.key
        {
            match projection::recall(&self.projections, key) {
                Ok(None) => {}
                Ok(Some((content, mut answer))) => {
                    answer.duplicate = true;
                    if content != item.request.content {
                        answer.result = Err(Refusal::KeyReused);
                    }
                    return Some(Ok(answer));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        self.kinds_allow(&item.entry).err().map(|decline| Err(decline.into()))
    }

    fn kinds_allow(&self, entry: &Entry) -> Result<(), Decline> {
        let kind = |id: AccountId| {
            self.ledger
                .account(id.ledger())
                .and_then(|account| Kind::from_code(account.code()))
                .ok_or(Decline::UnknownAccount(id))
        };
        let allowed = match entry {
            Entry::Payment(payment) => payment.operation.allows(kind(payment.from)?, kind(payment.to)?),
            Entry::Hold(hold) => kind(hold.from)? == Kind::Customer && kind(hold.to)? == Kind::Merchant,
            Entry::Close { account } => kind(*account).is_ok(),
            Entry::Open { .. } | Entry::Capture { .. } | Entry::Release { .. } => true,
        };
        if allowed { Ok(()) } else { Err(Decline::NotAllowed) }
    }

    /// Applies the batch, puts it on disk, answers, and sends it on to the projections. Leaves the batch
    /// empty.
    fn commit(
        &mut self,
        batch: &mut Batch,
        to_projector: &mpsc::Sender<ToProjector>,
    ) -> Result<usize, Error> {
        let Batch { entries, requests, mut bytes, waiting, .. } = std::mem::take(batch);
        if bytes.is_empty() {
            // Only answers that were known before.
            answer_all(waiting, &[], None);
            return Ok(0);
        }
        if let Some(header) = bytes.first_chunk_mut::<5>() {
            *header = batch_header(requests.len());
        }
        let size = bytes.len();
        if let Err(error) = self.shared.progress.wait_for_room(entries.len(), size) {
            answer_all(waiting, &[], Some(&error));
            return Err(error);
        }
        let applied = self.ledger.apply((self.clock)(), &requests);
        if let Err(error) = self.journal.append(applied.at, &bytes).map_err(Error::from) {
            answer_all(waiting, &[], Some(&error));
            return Err(error);
        }
        self.shared.progress.acknowledge(self.journal.sequence);
        self.note_fee_accounts(&entries);
        note_expiry(&self.shared, &self.ledger);
        answer_all(waiting, &applied.answers, None);
        let count = entries.len();
        let projected = Projected {
            sequence: self.journal.sequence,
            hash: self.journal.hash,
            keys: requests.iter().map(|request| (request.key, request.content)).collect(),
            entries,
            applied,
            bytes: size,
        };
        to_projector.send(ToProjector::Row(projected)).map_err(|_| Error::Stopped)?;
        Ok(count)
    }

    fn note_fee_accounts(&self, entries: &[Entry]) {
        for entry in entries {
            if let Entry::Open { account, kind: Kind::Fees, currency, .. } = entry {
                let mut fees = self.shared.fees.write().unwrap_or_else(PoisonError::into_inner);
                fees.entry(*currency).or_insert(*account);
            }
        }
    }
}

fn note_expiry(shared: &Shared, ledger: &Ledger) {
    shared.next_expiry.store(ledger.next_expiry().map_or(u64::MAX, |at| at.0), Ordering::Relaxed);
}

/// Answers everybody who waits: from the batch's answers, or with the error that befell it.
fn answer_all(waiting: Vec<Waiting>, answers: &[Answer], error: Option<&Error>) {
    let find = |place: usize| -> Answered {
        match error {
            Some(error) => Err(error.clone()),
            None => answers.get(place).cloned().ok_or(Error::Stopped),
        }
    };
    for waiting in waiting {
        // Whoever has stopped waiting is not told.
        match waiting {
            Waiting::One(place, reply) => {
                let _ = reply.send(find(place));
            }
            Waiting::Many(places, reply) => {
                let answers = places.into_iter().map(|place| match place {
                    Place::Known(known) => known,
                    Place::Batch(place) => find(place),
                });
                let _ = reply.send(answers.collect());
            }
            Waiting::Open(place, account, reply) => {
                let opened = find(place).and_then(|answer| match answer.result {
                    Ok(_) => Ok(account),
                    Err(refusal) => Err(crate::error::decline(refusal, None).into()),
                });
                let _ = reply.send(opened);
            }
        }
    }
}

enum ToProjector {
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
            let bytes = rows.iter().map(|row| row.bytes).sum();
            self.shared.progress.projected(last.sequence, entries, bytes);
            rows.clear();
        }
        if let Some(copy) = snapshot {
            let book = copy.ledger.encode();
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
