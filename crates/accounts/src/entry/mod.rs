//! What stands in the journal: every request that reached the ledger, with all that is needed to do it again
//! and to rebuild the projections, and what was decided about it.
//!
//! The journal comes from our own disk and is guarded by its hash chain; reading it still never panics and
//! never allocates beyond its size.

mod batch;
mod bytes;
mod request;
#[cfg(test)]
mod tests;
mod version_one;

use ledger::{Content, Timestamp};
use money::Money;
use parameters::Section;

pub(crate) use batch::{
    Item, Recorded, batch_header, decode_batch, decode_entry, decode_items, encode_items,
};

use crate::{AccountId, Act, Capture, Exchange, NewAccount, NewHold, Payment, Refund, Release, Resolution};

/// Longest text of a parameter section, in bytes.
pub const PARAMETER_BYTES_MAX: usize = 512 * 1024;
/// Longest detail of an act, in bytes of UTF-8.
pub const DETAIL_BYTES_MAX: usize = 16 * 1024;
/// Longest signed tree head, in bytes.
const HEAD_BYTES_MAX: usize = 1024;

/// One request as it is journaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The account's number is given by the writer; zero until then.
    Open {
        account: AccountId,
        new: NewAccount,
    },
    Close {
        key: [u8; 16],
        account: AccountId,
    },
    Payment(Payment),
    Hold(NewHold),
    Capture(Capture),
    Release(Release),
    Refund(RefundEntry),
    Exchange(Exchange),
    Resolve(Resolution),
    Act(Act),
    Parameter(ParameterChange),
    Tier {
        key: [u8; 16],
        account: AccountId,
        tier: String,
        operator: String,
    },
    Head {
        key: [u8; 16],
        bytes: Vec<u8>,
    },
}

/// A refund with what the records say of its original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundEntry {
    pub(crate) refund: Refund,
    /// What the original moved.
    pub(crate) of: Money,
    /// Who got it, and gives it back now.
    pub(crate) from: AccountId,
    /// Who gave it, and gets it back now.
    pub(crate) to: AccountId,
}

/// A step in the life of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterChange {
    /// Idempotency key.
    pub key: [u8; 16],
    /// Who takes the step.
    pub operator: String,
    /// Which step.
    pub step: ParameterStep,
    /// The operator's signature, and the digest of the request that it is over.
    pub evidence: Vec<u8>,
}

/// The steps of a parameter: drafted by one operator, approved by another, or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterStep {
    /// A new version is proposed.
    Draft {
        /// Of which section.
        section: Section,
        /// The whole section, as TOML.
        text: String,
        /// From when; `None`: from its approval.
        effective: Option<Timestamp>,
        /// Why.
        note: String,
    },
    /// A drafted version is approved.
    Approve {
        /// Of which section.
        section: Section,
        /// Which version.
        version: u32,
    },
    /// A version that is not in effect is taken back.
    Withdraw {
        /// Of which section.
        section: Section,
        /// Which version.
        version: u32,
    },
}

/// Digest of what makes a request the same request: SHA-256, its first 16 bytes.
fn digest(bytes: &[u8]) -> Content {
    use sha2::{Digest as _, Sha256};
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let (half, _) = digest.split_first_chunk::<16>().expect("32 bytes have 16 first ones");
    Content(u128::from_le_bytes(*half))
}
