//! The bytes of the journal's entries: little-endian, self-delimiting. Reading never panics and never
//! allocates beyond what it is given.

use money::{Currency, Money};

use crate::AccountId;

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_account(out: &mut Vec<u8>, account: AccountId) {
    put_u64(out, account.0);
}

pub(crate) fn put_money(out: &mut Vec<u8>, money: Money) {
    out.extend_from_slice(&money.minor_units().to_le_bytes());
    out.extend_from_slice(&money.currency().to_bytes());
}

pub(crate) fn put_optional_money(out: &mut Vec<u8>, money: Option<Money>) {
    out.push(u8::from(money.is_some()));
    if let Some(money) = money {
        put_money(out, money);
    }
}

/// At most 65,535 bytes; callers check their own, lower bounds before.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).expect("lengths are checked against limits below 64 KiB before");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// A text that may be longer than 65,535 bytes.
pub(crate) fn put_long_text(out: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("lengths are checked against limits below 4 GiB before");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*value)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[value]| value)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn account(&mut self) -> Option<AccountId> {
        self.u64().map(AccountId)
    }

    pub(crate) fn currency(&mut self) -> Option<Currency> {
        Currency::from_bytes(self.take()?)
    }

    pub(crate) fn money(&mut self) -> Option<Money> {
        let units = i64::from_le_bytes(self.take()?);
        Some(Money::new(units, self.currency()?))
    }

    pub(crate) fn optional_money(&mut self) -> Option<Option<Money>> {
        Some(if self.flag()? { Some(self.money()?) } else { None })
    }

    pub(crate) fn bytes(&mut self, max: usize) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        self.slice(length, max)
    }

    pub(crate) fn text(&mut self, max: usize) -> Option<String> {
        std::str::from_utf8(self.bytes(max)?).ok().map(str::to_owned)
    }

    pub(crate) fn long_text(&mut self, max: usize) -> Option<String> {
        let length = usize::try_from(self.u32()?).ok()?;
        std::str::from_utf8(self.slice(length, max)?).ok().map(str::to_owned)
    }

    /// What was read since the reader stood at `start`.
    pub(crate) fn since(&self, start: Self) -> Option<&'a [u8]> {
        start.0.get(..start.0.len().checked_sub(self.0.len())?)
    }

    fn slice(&mut self, length: usize, max: usize) -> Option<&'a [u8]> {
        if length > max {
            return None;
        }
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}
