//! The handle: what programs call.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use ledger::{Limits, Outcome, Timestamp};
use money::Money;
use rusqlite::Connection;
use tokio::sync::{mpsc as queue, oneshot};

use crate::entry::{Entry, HoldEntry, Item, PaymentEntry};
use crate::error::decline;
use crate::operation::{BULK_PAYMENTS_MAX, EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX, NAME_BYTES_MAX};
use crate::progress::Progress;
use crate::queries::{self, Readers};
use crate::recovery::{self, Files, Recovered};
use crate::verify::{self, Verified};
use crate::writer::{Answered, Message, Shared, Writer};
use crate::{
    Account, AccountId, Capture, Cursor, Decline, Error, Held, HolderId, Kind, NewAccount, NewHold, Page,
    Payment, PaymentId, PaymentRecord, Posted, Release, Released,
};

/// Where the time comes from: only programs read clocks. Called by the writer once a batch.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

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
    /// The time.
    pub clock: Clock,
    /// Threads that answer questions, each with a connection of its own.
    pub readers: usize,
    /// Bounds of the book in memory. At least 32,768 keys are remembered.
    pub limits: Limits,
}

impl Options {
    /// The usual options: two readers.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, clock: Clock) -> Self {
        Self { path: path.into(), clock, readers: 2, limits: Limits::default() }
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

#[derive(Debug)]
struct Inner {
    files: Files,
    limits: Limits,
    writer: queue::Sender<Message>,
    readers: Readers,
    shared: Arc<Shared>,
}

impl Accounts {
    /// Opens the book in a folder, or makes a new one. Checks the journal's whole hash chain, replays what is
    /// younger than the snapshot, and brings the projections up to date. Blocks while it does.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process has it open, [`Error::Damaged`] when the journal is not what was
    /// written, [`Error::Store`].
    pub fn open(options: Options) -> Result<Self, Error> {
        let Options { path, clock, readers, limits } = options;
        let limits = Limits { keys_max: limits.keys_max.max(KEYS_MIN) };
        let files = Files::new(&path);
        let lock = files.lock()?;
        let Recovered { ledger, journal, projection } = recovery::recover(&files, limits)?;
        let mut fees = BTreeMap::new();
        for account in ledger.accounts().filter(|account| account.code() == Kind::Fees.code()) {
            fees.entry(account.currency()).or_insert(AccountId(account.id().0));
        }
        // What the ledger has forgotten must be in the projections by then, so they never lag behind by more
        // than half of what it remembers.
        let progress = Progress::new(journal.sequence, limits.keys_max / 2);
        let shared = Arc::new(Shared::new(progress, fees));
        let projections = queries::connect(&files.projections())?;
        let readers = Readers::start(&files.projections(), readers)?;
        let (sender, receiver) = queue::channel(QUEUE_MAX);
        let writer = Writer { ledger, journal, projections, shared: Arc::clone(&shared), clock, lock };
        writer.start(projection, files.journal(), &sender, receiver)?;
        Ok(Self { inner: Arc::new(Inner { files, limits, writer: sender, readers, shared }) })
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

    /// Opens an account.
    ///
    /// # Errors
    /// [`Decline::Length`] for an empty or long holder or name; [`Error::Store`], [`Error::Stopped`].
    pub async fn open_account(&self, account: NewAccount) -> Result<AccountId, Error> {
        length("the holder", account.holder.0.len(), 1, NAME_BYTES_MAX)?;
        length("the account's name", account.name.len(), 1, NAME_BYTES_MAX)?;
        let (reply, answer) = oneshot::channel();
        self.send(Message::Open(account, reply)).await?;
        answer.await.map_err(|_| Error::Stopped)?
    }

    /// Closes an account for ever. It must be empty, with nothing on hold.
    ///
    /// # Errors
    /// [`Decline::AccountInUse`], [`Decline::UnknownAccount`], [`Decline::AccountClosed`]; [`Error::Store`],
    /// [`Error::Stopped`].
    pub async fn close_account(&self, account: AccountId) -> Result<(), Error> {
        let answer = self.ask(Item::new(Entry::Close { account })).await?;
        answer.result.map(|_| ()).map_err(|refusal| decline(refusal, None).into())
    }

    /// Posts a payment; when this returns, it is on disk. Posted once, however often it is asked under the
    /// same key.
    ///
    /// # Errors
    /// [`Error::Declined`], and nothing was posted. [`Error::Store`] or [`Error::Stopped`], and the outcome
    /// is unknown: ask again under the same key when the book is open again.
    pub async fn post(&self, payment: Payment) -> Result<Posted, Error> {
        let (amount, fee) = (payment.amount, payment.fee);
        let item = Item::new(self.payment_entry(payment)?);
        let answer = self.ask(item).await;
        posted(answer, amount, fee)
    }

    /// Posts many payments in one submission, at most [`BULK_PAYMENTS_MAX`]: they reach the journal in one
    /// row. Each is a payment of its own, answered in the same order; one that is declined does not stop the
    /// others.
    ///
    /// # Errors
    /// [`Decline::Length`] for none or too many; [`Error::Stopped`].
    pub async fn bulk(&self, payments: Vec<Payment>) -> Result<Vec<Result<Posted, Error>>, Error> {
        length("a bulk submission", payments.len(), 1, BULK_PAYMENTS_MAX)?;
        let mut items = Vec::with_capacity(payments.len());
        let prepared: Vec<Result<(Money, Money), Error>> = payments
            .into_iter()
            .map(|payment| {
                let amounts = (payment.amount, payment.fee);
                items.push(Item::new(self.payment_entry(payment)?));
                Ok(amounts)
            })
            .collect();
        let (reply, answers) = oneshot::channel();
        self.send(Message::Many(items, reply)).await?;
        let mut answers = answers.await.map_err(|_| Error::Stopped)?.into_iter();
        let posted = prepared.into_iter().map(|prepared| {
            let (amount, fee) = prepared?;
            posted(answers.next().unwrap_or(Err(Error::Stopped)), amount, fee)
        });
        Ok(posted.collect())
    }

    /// Sets an amount aside for a merchant.
    ///
    /// # Errors
    /// As [`Accounts::post`].
    pub async fn hold(&self, hold: NewHold) -> Result<Held, Error> {
        let NewHold { key, from, to, amount, expires, memo, evidence } = hold;
        amount_in_range(amount, Money::zero(amount.currency()))?;
        if from == to {
            return Err(Decline::SameAccount.into());
        }
        length("the memo", memo.len(), 0, MEMO_BYTES_MAX)?;
        length("the evidence", evidence.len(), 0, EVIDENCE_BYTES_MAX)?;
        let entry = Entry::Hold(HoldEntry { key, from, to, amount, expires, memo, evidence });
        let answer = self.ask(Item::new(entry)).await?;
        let outcomes = answer.result.map_err(|refusal| decline(refusal, Some(amount.currency())))?;
        match outcomes.as_slice() {
            [Outcome::Held { debit_available }] => Ok(Held {
                hold: PaymentId(answer.number.0),
                at: answer.at,
                available: Money::new(*debit_available, amount.currency()),
                duplicate: answer.duplicate,
            }),
            _ => Err(Decline::KeyReused.into()),
        }
    }

    /// Captures a hold, in whole or in part; the rest is given back.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::HoldNotOpen`] and [`Decline::CaptureExceedsHold`].
    pub async fn capture(&self, capture: Capture) -> Result<Posted, Error> {
        let Capture { key, hold, amount, evidence } = capture;
        let nothing = Money::zero(amount.currency());
        amount_in_range(amount, nothing)?;
        length("the evidence", evidence.len(), 0, EVIDENCE_BYTES_MAX)?;
        let answer = self.ask(Item::new(Entry::Capture { key, hold, amount, evidence })).await;
        posted(answer, amount, nothing)
    }

    /// Gives back what a hold set aside.
    ///
    /// # Errors
    /// As [`Accounts::post`], with [`Decline::HoldNotOpen`].
    pub async fn release(&self, release: Release) -> Result<Released, Error> {
        let Release { key, hold } = release;
        let answer = self.ask(Item::new(Entry::Release { key, hold })).await?;
        let outcomes = answer.result.map_err(|refusal| decline(refusal, None))?;
        let [Outcome::Released { debit, amount, debit_available }] = *outcomes.as_slice() else {
            return Err(Decline::KeyReused.into());
        };
        let account = self.account(AccountId(debit.0)).await?;
        let currency = account.map(|account| account.balance.currency()).ok_or(Error::Stopped)?;
        Ok(Released {
            hold,
            at: answer.at,
            amount: Money::new(amount, currency),
            available: Money::new(debit_available, currency),
            duplicate: answer.duplicate,
        })
    }

    /// The account with this number.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.read(move |connection| queries::account(connection, id)).await
    }

    /// The accounts of a holder, oldest first, at most [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn accounts_of(&self, holder: &HolderId) -> Result<Vec<Account>, Error> {
        let holder = holder.clone();
        self.read(move |connection| queries::accounts_of(connection, &holder)).await
    }

    /// Open accounts whose holder or name contains the text, or whose number it is; of one kind or of any; by
    /// name, at most [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX).
    ///
    /// # Errors
    /// [`Decline::Length`] for a long text; [`Error::Store`], [`Error::Stopped`].
    pub async fn find(&self, query: &str, kind: Option<Kind>) -> Result<Vec<Account>, Error> {
        length("the text to find", query.len(), 0, NAME_BYTES_MAX)?;
        let query = query.to_owned();
        self.read(move |connection| queries::find(connection, &query, kind)).await
    }

    /// A page of an account's history, newest first: older than the cursor, at most `limit` lines (between 1
    /// and [`PAGE_ENTRIES_MAX`](crate::PAGE_ENTRIES_MAX)). An unknown account has none.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn history(
        &self,
        account: AccountId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, Error> {
        self.read(move |connection| queries::history(connection, account, before, limit)).await
    }

    /// Everything about a payment that was posted, its evidence included.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Stopped`].
    pub async fn payment(&self, id: PaymentId) -> Result<Option<PaymentRecord>, Error> {
        self.read(move |connection| queries::payment(connection, id)).await
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

    fn payment_entry(&self, payment: Payment) -> Result<Entry, Decline> {
        let Payment { key, operation, from, to, amount, fee, memo, evidence } = payment;
        amount_in_range(amount, fee)?;
        if from == to {
            return Err(Decline::SameAccount);
        }
        length("the memo", memo.len(), 0, MEMO_BYTES_MAX)?;
        length("the evidence", evidence.len(), 0, EVIDENCE_BYTES_MAX)?;
        let fee = if fee.is_zero() {
            None
        } else {
            let fees = self.inner.shared.fees.read().unwrap_or_else(PoisonError::into_inner);
            Some((fee, *fees.get(&fee.currency()).ok_or(Decline::NoFeeAccount)?))
        };
        Ok(Entry::Payment(PaymentEntry { key, operation, from, to, amount, fee, memo, evidence }))
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

fn posted(answer: Answered, amount: Money, fee: Money) -> Result<Posted, Error> {
    let answer = answer?;
    let currency = amount.currency();
    let outcomes = answer.result.map_err(|refusal| decline(refusal, Some(currency)))?;
    let (from, to) = match outcomes.as_slice() {
        [Outcome::Transferred { debit_balance, credit_balance }]
        | [Outcome::Captured { debit_balance, credit_balance, .. }] => (*debit_balance, *credit_balance),
        // The payer's balance after the fee, the payee's after the payment.
        [Outcome::Transferred { credit_balance, .. }, Outcome::Transferred { debit_balance, .. }] => {
            (*debit_balance, *credit_balance)
        }
        // The same key and content always name the same operation.
        _ => return Err(Decline::KeyReused.into()),
    };
    Ok(Posted {
        payment: PaymentId(answer.number.0),
        at: answer.at,
        amount,
        fee,
        from_balance: Money::new(from, currency),
        to_balance: Money::new(to, currency),
        duplicate: answer.duplicate,
    })
}

fn amount_in_range(amount: Money, fee: Money) -> Result<(), Decline> {
    if amount.currency() != fee.currency() {
        return Err(Decline::CurrencyMismatch);
    }
    let sum = amount.checked_add(fee).map_err(|_| Decline::AmountOutOfRange)?;
    if !amount.is_positive() || fee.is_negative() || !sum.is_positive() {
        return Err(Decline::AmountOutOfRange);
    }
    Ok(())
}

fn length(what: &'static str, length: usize, min: usize, max: usize) -> Result<(), Decline> {
    if (min..=max).contains(&length) { Ok(()) } else { Err(Decline::Length { what, min, max }) }
}
