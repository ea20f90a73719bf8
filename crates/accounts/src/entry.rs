//! What stands in the journal: every request that reached the ledger, with all that is needed to do it again
//! and to rebuild the projections. Little-endian, self-delimiting, versioned by the batch around it.
//!
//! The journal comes from our own disk and is guarded by its hash chain; reading it still never panics and
//! never allocates beyond its size.

use ledger::{Command, Commands, Content, Key, Number, Request, Timestamp};
use money::{Currency, Money};
use sha2::{Digest, Sha256};

use crate::operation::{EVIDENCE_BYTES_MAX, MEMO_BYTES_MAX, NAME_BYTES_MAX};
use crate::{AccountId, HolderId, Kind, Operation, PaymentId};

/// Version of the batch format: the first byte of each.
const BATCH_VERSION: u8 = 1;

/// One request as it is journaled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Open { account: AccountId, holder: HolderId, kind: Kind, name: String, currency: Currency },
    Close { account: AccountId },
    Payment(PaymentEntry),
    Hold(HoldEntry),
    Capture { key: [u8; 16], hold: PaymentId, amount: Money, evidence: Vec<u8> },
    Release { key: [u8; 16], hold: PaymentId },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaymentEntry {
    pub(crate) key: [u8; 16],
    pub(crate) operation: Operation,
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) amount: Money,
    /// With the account it goes to; absent when there is none.
    pub(crate) fee: Option<(Money, AccountId)>,
    pub(crate) memo: String,
    pub(crate) evidence: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HoldEntry {
    pub(crate) key: [u8; 16],
    pub(crate) from: AccountId,
    pub(crate) to: AccountId,
    pub(crate) amount: Money,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) memo: String,
    pub(crate) evidence: Vec<u8>,
}

/// A request ready to be applied and journaled.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) entry: Entry,
    pub(crate) request: Request,
    pub(crate) encoded: Vec<u8>,
}

impl Item {
    pub(crate) fn new(entry: Entry) -> Self {
        let mut encoded = Vec::with_capacity(96);
        let content = entry.encode(&mut encoded);
        let request = entry.request(content);
        Self { entry, request, encoded }
    }
}

impl Entry {
    fn request(&self, content: Content) -> Request {
        let key = |key: &[u8; 16]| Some(Key(u128::from_le_bytes(*key)));
        let (key, commands) = match self {
            Self::Open { account, kind, currency, .. } => {
                let open = Command::Open {
                    account: account.ledger(),
                    currency: *currency,
                    rule: kind.rule(),
                    code: kind.code(),
                };
                (None, Commands::One(open))
            }
            Self::Close { account } => (None, Commands::One(Command::Close { account: account.ledger() })),
            Self::Payment(payment) => {
                let leg = |to: AccountId, amount| Command::Transfer {
                    debit: payment.from.ledger(),
                    credit: to.ledger(),
                    amount,
                };
                let commands = match payment.fee {
                    None => Commands::One(leg(payment.to, payment.amount)),
                    Some((fee, fee_account)) => {
                        Commands::Linked(Box::new([leg(payment.to, payment.amount), leg(fee_account, fee)]))
                    }
                };
                (key(&payment.key), commands)
            }
            Self::Hold(hold) => {
                let command = Command::Hold {
                    debit: hold.from.ledger(),
                    credit: hold.to.ledger(),
                    amount: hold.amount,
                    expires: hold.expires,
                };
                (key(&hold.key), Commands::One(command))
            }
            Self::Capture { key: bytes, hold, amount, .. } => (
                key(bytes),
                Commands::One(Command::Capture { hold: Number(hold.0), amount: *amount, last: true }),
            ),
            Self::Release { key: bytes, hold } => {
                (key(bytes), Commands::One(Command::Release { hold: Number(hold.0) }))
            }
        };
        Request { key, content, commands }
    }

    /// Appends the entry; returns the digest of its content: everything but the evidence.
    fn encode(&self, out: &mut Vec<u8>) -> Content {
        let start = out.len();
        let evidence: &[u8] = match self {
            Self::Open { account, holder, kind, name, currency } => {
                out.push(1);
                put_u64(out, account.0);
                put_text(out, &holder.0);
                out.extend_from_slice(&kind.code().to_le_bytes());
                put_text(out, name);
                out.extend_from_slice(&currency.to_bytes());
                &[]
            }
            Self::Close { account } => {
                out.push(2);
                put_u64(out, account.0);
                &[]
            }
            Self::Payment(payment) => {
                out.push(3);
                out.extend_from_slice(&payment.key);
                out.push(match payment.operation {
                    Operation::Pay => 0,
                    Operation::Transfer => 1,
                    Operation::TopUp => 2,
                });
                put_u64(out, payment.from.0);
                put_u64(out, payment.to.0);
                put_money(out, payment.amount);
                match payment.fee {
                    None => out.push(0),
                    Some((fee, account)) => {
                        out.push(1);
                        put_money(out, fee);
                        put_u64(out, account.0);
                    }
                }
                put_text(out, &payment.memo);
                &payment.evidence
            }
            Self::Hold(hold) => {
                out.push(4);
                out.extend_from_slice(&hold.key);
                put_u64(out, hold.from.0);
                put_u64(out, hold.to.0);
                put_money(out, hold.amount);
                put_u64(out, hold.expires.map_or(u64::MAX, |at| at.0));
                put_text(out, &hold.memo);
                &hold.evidence
            }
            Self::Capture { key, hold, amount, evidence } => {
                out.push(5);
                out.extend_from_slice(key);
                put_u64(out, hold.0);
                put_money(out, *amount);
                evidence
            }
            Self::Release { key, hold } => {
                out.push(6);
                out.extend_from_slice(key);
                put_u64(out, hold.0);
                &[]
            }
        };
        let content = digest(out.get(start..).unwrap_or_default());
        put_bytes(out, evidence);
        content
    }

    fn decode(from: &mut Reader<'_>) -> Option<(Self, Content)> {
        let start = from.0;
        let mut entry = match from.u8()? {
            1 => Self::Open {
                account: AccountId(from.u64()?),
                holder: HolderId(from.text(NAME_BYTES_MAX)?),
                kind: Kind::from_code(u16::from_le_bytes(from.take()?))?,
                name: from.text(NAME_BYTES_MAX)?,
                currency: Currency::from_bytes(from.take()?)?,
            },
            2 => Self::Close { account: AccountId(from.u64()?) },
            3 => Self::Payment(PaymentEntry {
                key: from.take()?,
                operation: match from.u8()? {
                    0 => Operation::Pay,
                    1 => Operation::Transfer,
                    2 => Operation::TopUp,
                    _ => return None,
                },
                from: AccountId(from.u64()?),
                to: AccountId(from.u64()?),
                amount: from.money()?,
                fee: match from.u8()? {
                    0 => None,
                    1 => Some((from.money()?, AccountId(from.u64()?))),
                    _ => return None,
                },
                memo: from.text(MEMO_BYTES_MAX)?,
                evidence: Vec::new(),
            }),
            4 => Self::Hold(HoldEntry {
                key: from.take()?,
                from: AccountId(from.u64()?),
                to: AccountId(from.u64()?),
                amount: from.money()?,
                expires: Some(Timestamp(from.u64()?)).filter(|at| at.0 != u64::MAX),
                memo: from.text(MEMO_BYTES_MAX)?,
                evidence: Vec::new(),
            }),
            5 => Self::Capture {
                key: from.take()?,
                hold: PaymentId(from.u64()?),
                amount: from.money()?,
                evidence: Vec::new(),
            },
            6 => Self::Release { key: from.take()?, hold: PaymentId(from.u64()?) },
            _ => return None,
        };
        let content_bytes = start.len().checked_sub(from.0.len())?;
        let content = digest(start.get(..content_bytes)?);
        let given = from.bytes(EVIDENCE_BYTES_MAX)?;
        match &mut entry {
            Self::Payment(PaymentEntry { evidence, .. })
            | Self::Hold(HoldEntry { evidence, .. })
            | Self::Capture { evidence, .. } => *evidence = given.to_vec(),
            Self::Open { .. } | Self::Close { .. } | Self::Release { .. } => {}
        }
        Some((entry, content))
    }
}

/// The start of a batch's bytes; each item's `encoded` follows.
pub(crate) fn batch_header(count: usize) -> [u8; 5] {
    let [a, b, c, d] = u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    [BATCH_VERSION, a, b, c, d]
}

/// Reads a batch back: entries with the requests they make. `None` when the bytes are no batch of this
/// version.
pub(crate) fn decode_batch(bytes: &[u8]) -> Option<Vec<(Entry, Request)>> {
    let mut from = Reader(bytes);
    if from.u8()? != BATCH_VERSION {
        return None;
    }
    let count = usize::try_from(u32::from_le_bytes(from.take()?)).ok()?;
    if count > from.0.len() {
        return None;
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, content) = Entry::decode(&mut from)?;
        let request = entry.request(content);
        entries.push((entry, request));
    }
    from.0.is_empty().then_some(entries)
}

fn digest(bytes: &[u8]) -> Content {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let (half, _) = digest.split_first_chunk::<16>().expect("32 bytes have 16 first ones");
    Content(u128::from_le_bytes(*half))
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_money(out: &mut Vec<u8>, money: Money) {
    out.extend_from_slice(&money.minor_units().to_le_bytes());
    out.extend_from_slice(&money.currency().to_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).expect("lengths are checked against limits below 64 KiB before");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*value)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[value]| value)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn money(&mut self) -> Option<Money> {
        let units = i64::from_le_bytes(self.take()?);
        Some(Money::new(units, Currency::from_bytes(self.take()?)?))
    }

    fn bytes(&mut self, max: usize) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        if length > max {
            return None;
        }
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self, max: usize) -> Option<String> {
        std::str::from_utf8(self.bytes(max)?).ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money() -> impl Strategy<Value = Money> {
        (any::<i64>(), proptest::sample::select(vec![Currency::CNY, Currency::JPY]))
            .prop_map(|(units, currency)| Money::new(units, currency))
    }

    fn account() -> impl Strategy<Value = AccountId> {
        any::<u64>().prop_map(AccountId)
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let text = "\\PC{0,20}";
        let evidence = proptest::collection::vec(any::<u8>(), 0..50);
        prop_oneof![
            (account(), text, text, proptest::sample::select(Kind::ALL.to_vec())).prop_map(
                |(account, holder, name, kind)| Entry::Open {
                    account,
                    holder: HolderId(holder),
                    kind,
                    name,
                    currency: Currency::EUR
                }
            ),
            account().prop_map(|account| Entry::Close { account }),
            (
                any::<[u8; 16]>(),
                account(),
                account(),
                money(),
                proptest::option::of((money(), account())),
                text,
                evidence.clone()
            )
                .prop_map(|(key, from, to, amount, fee, memo, evidence)| Entry::Payment(
                    PaymentEntry {
                        key,
                        operation: Operation::Transfer,
                        from,
                        to,
                        amount,
                        fee,
                        memo,
                        evidence
                    }
                )),
            (
                any::<[u8; 16]>(),
                account(),
                account(),
                money(),
                proptest::option::of(0..u64::MAX),
                text,
                evidence.clone()
            )
                .prop_map(|(key, from, to, amount, expires, memo, evidence)| Entry::Hold(
                    HoldEntry { key, from, to, amount, expires: expires.map(Timestamp), memo, evidence }
                )),
            (any::<[u8; 16]>(), any::<u64>(), money(), evidence).prop_map(|(key, hold, amount, evidence)| {
                Entry::Capture { key, hold: PaymentId(hold), amount, evidence }
            }),
            (any::<[u8; 16]>(), any::<u64>())
                .prop_map(|(key, hold)| Entry::Release { key, hold: PaymentId(hold) }),
        ]
    }

    fn encode(entries: &[Entry]) -> (Vec<u8>, Vec<(Entry, Request)>) {
        let mut bytes = batch_header(entries.len()).to_vec();
        let mut expected = Vec::new();
        for entry in entries {
            let item = Item::new(entry.clone());
            bytes.extend_from_slice(&item.encoded);
            expected.push((item.entry, item.request));
        }
        (bytes, expected)
    }

    proptest! {
        #[test]
        fn batches_read_back(entries in proptest::collection::vec(entry(), 0..8)) {
            let (bytes, expected) = encode(&entries);
            prop_assert_eq!(decode_batch(&bytes), Some(expected));
        }

        #[test]
        fn damaged_batches_do_not_panic(
            entries in proptest::collection::vec(entry(), 0..4),
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
            keep in any::<proptest::sample::Index>(),
        ) {
            let (mut bytes, _) = encode(&entries);
            for (place, value) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= value;
            }
            let _ = decode_batch(&bytes);
            let truncated = &bytes[..keep.index(bytes.len())];
            let _ = decode_batch(truncated);
        }

        #[test]
        fn evidence_is_no_part_of_the_content(entry in entry(), fresh in proptest::collection::vec(any::<u8>(), 0..50)) {
            let mut resent = entry.clone();
            if let Entry::Payment(PaymentEntry { evidence, .. }) = &mut resent {
                *evidence = fresh;
            }
            prop_assert_eq!(Item::new(entry).request, Item::new(resent).request);
        }
    }
}
