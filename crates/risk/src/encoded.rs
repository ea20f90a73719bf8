//! Histories as bytes, for snapshots.
//!
//! Magic, the accounts one after the other, a digest of all before it. Integers are of variable length
//! (postcard), moments are differences, payees are places in the account's own list of payees: an account
//! with 10 payments takes about 100 bytes. The bytes come from our own disk, which may be damaged: reading
//! never panics, and allocates no more than a small multiple of what it is given.

use money::Currency;
use serde::{Deserialize, Serialize};

use crate::Histories;
use crate::history::{History, PAYEES_MAX, RECENT_MAX, Recent, Seen, TERMINALS_MAX};
use crate::lookup::digest;

/// First bytes of encoded histories; the last is the version.
const MAGIC: &[u8; 8] = b"TPRISK\x00\x01";

/// Why bytes are no histories. The snapshot is damaged or of another version: replay the journal instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoriesError {
    /// They do not start like histories of this version.
    #[error("these are no risk histories, or of another version")]
    NotHistories,
    /// They end too early, go on too long, or have an impossible value.
    #[error("the risk histories are damaged ({0}): replay the journal")]
    Damaged(&'static str),
}

/// One account. The currency of a payment is written only where it differs from that of the one before.
#[derive(Serialize, Deserialize)]
struct Account {
    account: u64,
    payments: u64,
    forgotten: Option<u32>,
    payees: Vec<u64>,
    terminals: Vec<(u64, u32)>,
    recent: Vec<Entry>,
}

/// Seconds after the one before, currency unless it is the same, amount, place of the payee.
type Entry = (u32, Option<[u8; 3]>, i64, u16);

impl Histories {
    /// Everything as bytes. Equal histories make equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.accounts.len().saturating_mul(128).saturating_add(16));
        out.extend_from_slice(MAGIC);
        for (account, history) in &self.accounts {
            out = postcard::to_extend(&Account::of(*account, history), out)
                .expect("integers and lists of known length always encode");
        }
        let check = digest(&out);
        out.extend_from_slice(&check.to_le_bytes());
        out
    }

    /// Reads what [`Histories::encode`] wrote.
    ///
    /// # Errors
    /// [`HistoriesError`]: the bytes are damaged or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, HistoriesError> {
        if !bytes.starts_with(MAGIC) {
            return Err(HistoriesError::NotHistories);
        }
        let (content, check) =
            bytes.split_last_chunk::<8>().ok_or(HistoriesError::Damaged("they end too early"))?;
        if digest(content) != u64::from_le_bytes(*check) {
            return Err(HistoriesError::Damaged("their digest is another one"));
        }
        let mut rest = content.strip_prefix(MAGIC).ok_or(HistoriesError::Damaged("they end too early"))?;
        let mut histories = Self::default();
        while !rest.is_empty() {
            let (account, after) = postcard::take_from_bytes::<Account>(rest)
                .map_err(|_| HistoriesError::Damaged("an account cannot be read"))?;
            rest = after;
            let number = account.account;
            if !histories.put(number, account.history()?) {
                return Err(HistoriesError::Damaged("an account stands in them twice"));
            }
        }
        Ok(histories)
    }
}

impl Account {
    fn of(account: u64, history: &History) -> Self {
        let (mut at, mut currency) = (0_u32, None);
        let recent = history.recent.iter().map(|payment| {
            let after = payment.at.saturating_sub(at);
            let changed = (currency != Some(payment.currency)).then(|| payment.currency.to_bytes());
            (at, currency) = (payment.at, Some(payment.currency));
            // The payees of the last 64 payments are among the last 256 payees.
            let place = history.payees.iter().position(|payee| *payee == payment.payee);
            let place = place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX);
            (after, changed, payment.amount, place)
        });
        Self {
            account,
            payments: history.payments,
            forgotten: history.forgotten,
            recent: recent.collect(),
            payees: history.payees.clone(),
            terminals: history.terminals.iter().map(|seen| (seen.terminal, seen.first)).collect(),
        }
    }

    fn history(self) -> Result<History, HistoriesError> {
        let damaged = |what| Err(HistoriesError::Damaged(what));
        let known = u64::try_from(self.recent.len()).unwrap_or(u64::MAX);
        if self.recent.len() > RECENT_MAX
            || self.payees.len() > PAYEES_MAX
            || self.terminals.len() > TERMINALS_MAX
        {
            return damaged("an account remembers more than it can");
        }
        if self.recent.is_empty() || self.terminals.is_empty() {
            return damaged("an account has a history without a payment");
        }
        if self.payments < known
            || self.forgotten.is_some() != (self.payments > known)
            || (self.forgotten.is_some() && self.recent.len() < RECENT_MAX)
        {
            return damaged("an account's payments are counted wrongly");
        }
        if has_twice(&self.payees) || has_twice(self.terminals.iter().map(|(terminal, _)| terminal)) {
            return damaged("an account has a payee or a terminal twice");
        }
        let mut history = History {
            payments: self.payments,
            forgotten: self.forgotten,
            terminals: self.terminals.iter().map(|&(terminal, first)| Seen { terminal, first }).collect(),
            ..History::default()
        };
        let (mut at, mut currency) = (0_u32, None);
        for (after, changed, amount, place) in self.recent {
            let Some(later) = at.checked_add(after) else {
                return damaged("a payment is after the end of time");
            };
            at = later;
            if let Some(code) = changed {
                currency = Currency::from_bytes(code);
            }
            let Some(currency) = currency else { return damaged("a currency is unknown") };
            let Some(payee) = self.payees.get(usize::from(place)).copied() else {
                return damaged("a payee is unknown");
            };
            history.recent.push_back(Recent { at, currency, amount, payee });
        }
        history.payees = self.payees;
        Ok(history)
    }
}

/// Whether a value stands in a short list twice.
fn has_twice<'a>(values: impl IntoIterator<Item = &'a u64>) -> bool {
    let mut values: Vec<u64> = values.into_iter().copied().collect();
    values.sort_unstable();
    !values.is_sorted_by(|one, next| one < next)
}
