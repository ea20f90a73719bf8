//! The deterministic state that the journal makes: the ledger, and the controls beside it. The writer and a
//! replay drive it alike; what differs is that the writer decides, and a replay reads what was decided.

use ledger::{Answer, Content, Expired, Ledger, Limits, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::controls::Controls;
use crate::decision::Decision;
use crate::entry::Entry;
use crate::{Decline, Error, Kind};

/// First bytes of a snapshot; the last is the version. A digest of all that follows it comes next: SQLite does not
/// notice a changed byte, and a book with another limit or tier in it would be as sound as the right one.
const MAGIC: &[u8; 8] = b"TPSNAP\x00\x04";
/// Bytes of the digest, SHA-256.
const DIGEST_BYTES: usize = 32;

/// The whole state.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub(crate) ledger: Ledger,
    pub(crate) controls: Controls,
}

impl Book {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { ledger: Ledger::new(limits), controls: Controls::default() }
    }

    /// Lets time go on; gives back the holds that have expired.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Vec<Expired> {
        let expired = self.ledger.advance(now);
        self.controls.advance(self.ledger.now());
        expired
    }

    /// What is to be done with a request that is new and that [`Book::kinds_allow`], before it is applied.
    ///
    /// # Errors
    /// What cannot be done is declined without a trace.
    pub(crate) fn decide(&mut self, entry: &Entry) -> Result<Option<Box<Decision>>, Decline> {
        self.controls.decide(&self.ledger, entry, self.ledger.now())
    }

    /// What would be done with a request at this moment. The book's own time does not go on.
    ///
    /// # Errors
    /// As [`Book::decide`].
    pub(crate) fn quote(&mut self, entry: &Entry, at: Timestamp) -> Result<Option<Box<Decision>>, Decline> {
        self.kinds_allow(entry)?;
        let at = at.max(self.ledger.now());
        self.controls.advance(at);
        let decision = self.controls.decide(&self.ledger, entry, at);
        self.controls.advance(self.ledger.now());
        decision
    }

    /// Applies a request with its decision.
    pub(crate) fn apply(&mut self, entry: &Entry, content: Content, decision: Option<&Decision>) -> Answer {
        let answer = self.ledger.answer(&entry.request(content, decision));
        if !answer.duplicate && answer.result.is_ok() {
            self.controls.record(&self.ledger, entry, decision, &answer);
        }
        answer
    }

    /// Whether accounts of these kinds can be asked this.
    ///
    /// # Errors
    /// The decline: what can never be done.
    pub(crate) fn kinds_allow(&self, entry: &Entry) -> Result<(), Decline> {
        let kind = |id: crate::AccountId| {
            self.ledger
                .account(id.ledger())
                .and_then(|account| Kind::from_code(account.code()))
                .ok_or(Decline::UnknownAccount(id))
        };
        let allowed = match entry {
            Entry::Payment(payment) => payment.operation.allows(kind(payment.from)?, kind(payment.to)?),
            Entry::Hold(hold) => kind(hold.from)? == Kind::Customer && kind(hold.to)? == Kind::Merchant,
            Entry::Exchange(exchange) => {
                kind(exchange.from)? == Kind::Customer && kind(exchange.to)? == Kind::Customer
            }
            Entry::Close { account, .. } | Entry::Tier { account, .. } => kind(*account).map(|_| true)?,
            _ => true,
        };
        if allowed { Ok(()) } else { Err(Decline::NotAllowed) }
    }

    /// The whole state as bytes. Equal states make equal bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let ledger = self.ledger.encode();
        let controls = self.controls.encode();
        let mut out = Vec::with_capacity(ledger.len().saturating_add(controls.len()).saturating_add(64));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; DIGEST_BYTES]);
        out.extend_from_slice(&u64::try_from(ledger.len()).unwrap_or(u64::MAX).to_le_bytes());
        out.extend_from_slice(&ledger);
        out.extend_from_slice(&controls);
        if let Some((head, rest)) = out.split_at_mut_checked(MAGIC.len().saturating_add(DIGEST_BYTES))
            && let Some(digest) = head.last_chunk_mut::<DIGEST_BYTES>()
        {
            *digest = Sha256::digest(rest).into();
        }
        out
    }

    /// Reads what [`Book::encode`] wrote. Nothing when it is of another version or damaged: the journal makes
    /// it again.
    pub(crate) fn decode(bytes: &[u8], limits: Limits) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (digest, rest) = rest.split_first_chunk::<DIGEST_BYTES>()?;
        if Sha256::digest(rest).as_slice() != digest {
            return None;
        }
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (ledger, controls) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        let ledger = Ledger::decode(ledger, limits).ok()?;
        let controls = Controls::decode(controls, &ledger)?;
        Some(Self { ledger, controls })
    }

    /// Every invariant, computed anew.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.ledger.check().map_err(|fault| Error::Damaged(fault.to_string()))?;
        if self.controls.accounts() != self.ledger.accounts().len() {
            return Err(Error::Damaged("the controls know other accounts than the ledger".to_owned()));
        }
        Ok(())
    }
}
