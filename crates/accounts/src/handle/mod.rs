//! The handle: what programs call.

mod audit_log;
mod backup;
mod figures;
mod money;
mod parameters;
mod past;
mod reading;

pub use audit_log::RecordProof;
pub use backup::Backup;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger::{Limits, Timestamp};
use p256::ecdsa::SigningKey;
use rusqlite::Connection;
use tokio::sync::{mpsc as queue, oneshot};

use crate::account::NAME_BYTES_MAX;
use crate::entry::{Entry, Item};
use crate::error::decline;
use crate::payment::BULK_PAYMENTS_MAX;
use crate::progress::Progress;
use crate::queries::{self, Readers};
use crate::recovery::{self, Files, Recovered};
use crate::store::StoreChoice;
use crate::verify::{self, Verified};
use crate::writer::{Answered, Message, Shared, Writer};
use crate::{AccountId, Decline, Error, NewAccount, PaymentId};

/// Where the time comes from: only programs read clocks. Called by the writer once a batch.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Is told how much is done, of how much.
pub type Progressed = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// Requests that may wait for the writer; more wait in their callers.
const QUEUE_MAX: usize = 16_384;

/// Fewest keys that the book in memory remembers, whatever is asked for: the largest batches must fit several
/// times.
const KEYS_MIN: usize = 4 * BULK_PAYMENTS_MAX;

/// How a book is opened.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Folder of the book; made when it does not exist.
    pub path: PathBuf,
    /// Where the journal is kept.
    pub store: StoreChoice,
    /// The time.
    pub clock: Clock,
    /// Threads that answer questions, each with a connection of its own.
    pub readers: usize,
    /// Bounds of the book in memory. At least 32,768 keys are remembered.
    pub limits: Limits,
    /// Signs the heads of the audit log; without it there are no heads and no receipts.
    pub log_key: Option<Arc<SigningKey>>,
    /// Told now and then, while the book is opened, which row of the journal has been read, of how many.
    pub progress: Option<Progressed>,
}

impl Options {
    /// The usual options: two readers.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            path: path.into(),
            store: StoreChoice::default(),
            clock,
            readers: 2,
            limits: Limits::default(),
            log_key: None,
            progress: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("path", &self.path)
            .field("readers", &self.readers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// An open book. Clones are handles of the same one; when the last is dropped, the book is finished and
/// closed in the background.
///
/// Everything asynchronous works in any runtime. A future that is dropped after its request was sent does not
/// take the request back: ask again under the same key.
#[derive(Debug, Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    files: Files,
    limits: Limits,
    writer: queue::Sender<Message>,
    clock: Clock,
    readers: Readers,
    shared: Arc<Shared>,
    log_key: Option<Arc<SigningKey>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Accounts").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Opens the book in a folder, or makes a new one. Checks the journal's whole hash chain, replays what is
    /// younger than the snapshot, and brings the projections up to date. Blocks while it does.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it open, [`Error::Damaged`] when the journal is not what was
    /// written, [`Error::Store`].
    pub fn open(options: Options) -> Result<Self, Error> {
        let Options { path, store, clock, readers, limits, log_key, progress } = options;
        let limits = Limits { keys_max: limits.keys_max.max(KEYS_MIN) };
        let files = Files::with_store(&path, &store)?;
        let lock = files.lock()?;
        let Recovered { book, journal, projection } = recovery::recover(&files, limits, &|done, of| {
            if let Some(progress) = &progress {
                progress(done, of);
            }
        })?;
        // What the ledger has forgotten must be in the projections by then, so they never lag behind by more
        // than half of what it remembers.
        let progress = Progress::new(journal.sequence, limits.keys_max / 2);
        let shared = Arc::new(Shared::new(progress, book.controls.registry().clone()));
        let projections = queries::connect(&files.projections())?;
        let readers = Readers::start(&files.projections(), readers)?;
        let (sender, receiver) = queue::channel(QUEUE_MAX);
        let writer = Writer {
            book,
            journal,
            projections,
            limits,
            keys: projection.key_reader(),
            shared: Arc::clone(&shared),
            clock: Arc::clone(&clock),
            lock,
            nodes: None,
        };
        writer.start(projection, files.journal(), &sender, receiver)?;
        Ok(Self { inner: Arc::new(Inner { files, limits, writer: sender, clock, readers, shared, log_key }) })
    }

    /// Throws the projections of a closed book away; the next [`Accounts::open`] makes them anew from the
    /// journal. Blocks.
    ///
    /// # Errors
    /// [`Error::InUse`] when the book is open, [`Error::Store`].
    pub fn discard_projections(path: &Path) -> Result<(), Error> {
        recovery::discard_projections(&Files::new(path))
    }

    /// Finishes what was asked before, writes a snapshot, and ends; when it returns, the folder is free for
    /// another process. What is asked afterwards is answered with [`Error::Stopped`]; reads still work.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.inner.writer.send(Message::Close(reply)).await.is_ok() {
            // An error means that the writer had ended by itself.
            let _ = done.await;
        }
    }

    /// Opens an account; once, however often it is asked under the same key.
    ///
    /// # Errors
    /// [`Decline::Length`] for an empty or long holder or name, [`Decline::KeyReused`]; [`Error::Store`],
    /// [`Error::Stopped`].
    pub async fn open_account(&self, account: NewAccount) -> Result<AccountId, Error> {
        length("the holder", account.holder.0.len(), 1, NAME_BYTES_MAX)?;
        length("the account's name", account.name.len(), 1, NAME_BYTES_MAX)?;
        let told = self.ask(Item::new(Entry::Open { account: AccountId(0), new: account })).await?;
        told.answer.result.map_err(|refusal| decline(refusal, None))?;
        match told.opened {
            Some(account) => Ok(account),
            None => {
                let number = PaymentId(told.answer.number.0);
                self.read(move |connection| queries::opened_by(connection, number))
                    .await?
                    .ok_or(Decline::KeyReused.into())
            }
        }
    }

    /// Closes an account for ever. It must be empty, with nothing on hold.
    ///
    /// # Errors
    /// [`Decline::AccountInUse`], [`Decline::UnknownAccount`], [`Decline::AccountClosed`]; [`Error::Store`],
    /// [`Error::Stopped`].
    pub async fn close_account(&self, key: [u8; 16], account: AccountId) -> Result<(), Error> {
        let told = self.ask(Item::new(Entry::Close { key, account })).await?;
        told.answer.result.map(|_| ()).map_err(|refusal| decline(refusal, None).into())
    }

    /// Verifies the whole book: the journal's chain, a replay from its first row against the book in memory,
    /// debits against credits, and the projections against the replay. Posting goes on meanwhile. Takes as
    /// long as reading the journal does.
    ///
    /// # Errors
    /// [`Error::Damaged`] with what is wrong; [`Error::Store`] when only the projections are;
    /// [`Error::Stopped`].
    pub async fn verify(&self) -> Result<Verified, Error> {
        let (reply, copy) = oneshot::channel();
        self.send(Message::Copy(reply)).await?;
        let copy = copy.await.map_err(|_| Error::Stopped)?;
        let (files, limits) = (self.inner.files.clone(), self.inner.limits);
        let (reply, verified) = oneshot::channel();
        std::thread::Builder::new().name("accounts-verify".to_owned()).spawn(move || {
            let _ = reply.send(verify::verify(&files, &copy, limits));
        })?;
        verified.await.map_err(|_| Error::Stopped)?
    }

    /// Waits until the projections have followed to all that was answered before. Reads do this by
    /// themselves.
    ///
    /// # Errors
    /// [`Error::Store`] when the projections have failed, [`Error::Stopped`].
    pub async fn settled(&self) -> Result<(), Error> {
        self.read(|_| Ok(())).await
    }

    async fn send(&self, message: Message) -> Result<(), Error> {
        self.inner.writer.send(message).await.map_err(|_| Error::Stopped)
    }

    async fn ask(&self, item: Item) -> Answered {
        let (reply, answer) = oneshot::channel();
        self.send(Message::One(item, reply)).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let shared = Arc::clone(&self.inner.shared);
        let wanted = shared.progress.acknowledged();
        self.inner.readers.ask(Box::new(move |connection| {
            let found =
                shared.progress.wait_for(wanted).and_then(|()| question(connection).map_err(Error::from));
            let _ = reply.send(found);
        }))?;
        answer.await.map_err(|_| Error::Stopped)?
    }
}

fn length(what: &'static str, length: usize, min: usize, max: usize) -> Result<(), Decline> {
    if (min..=max).contains(&length) { Ok(()) } else { Err(Decline::Length { what, min, max }) }
}
