//! Bytes that came and are not yet understood.

/// A queue of bytes that is read in whole pieces.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

/// Read bytes are dropped when there are this many, so that neither copying nor memory grows.
const KEPT_BYTES_MAX: usize = 64 * 1024;

impl Buffer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > KEPT_BYTES_MAX {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// The next `count` bytes, left where they are; `None` when they have not all come.
    pub(crate) fn peek(&self, count: usize) -> Option<&[u8]> {
        self.bytes.get(self.start..self.start.checked_add(count)?)
    }

    /// The next `N` bytes, left where they are.
    pub(crate) fn peek_array<const N: usize>(&self) -> Option<[u8; N]> {
        self.peek(N)?.try_into().ok()
    }

    /// The four bytes `offset` behind the next one, as a big-endian number.
    pub(crate) fn peek_u32(&self, offset: usize) -> Option<u32> {
        let bytes = self.peek(offset.checked_add(4)?)?.last_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    }

    /// The two bytes `offset` behind the next one, as a big-endian number.
    pub(crate) fn peek_u16(&self, offset: usize) -> Option<u16> {
        let bytes = self.peek(offset.checked_add(2)?)?.last_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    }

    /// Drops the next `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
        if self.start == self.bytes.len() && self.bytes.capacity() > 4 * KEPT_BYTES_MAX {
            self.clear();
        }
    }

    /// The next `N` bytes, taken.
    pub(crate) fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.peek_array()?;
        self.consume(N);
        Some(bytes)
    }

    /// The `count` bytes behind a head of `head` bytes; both are taken.
    pub(crate) fn take_behind(&mut self, head: usize, count: usize) -> Option<Vec<u8>> {
        let whole = self.peek(head.checked_add(count)?)?;
        let body = whole.get(head..)?.to_vec();
        self.consume(head + count);
        Some(body)
    }

    /// Drops everything and its memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
