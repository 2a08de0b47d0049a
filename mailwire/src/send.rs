use alloc::collections::VecDeque;
use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// Payloads of this many octets and more are linked instead of copied.
pub(crate) const LINK: usize = 1024;

/// Octets for the peer, not yet sent.
///
/// Small pieces are gathered, large [`Bytes`] are linked without a copy, and the whole is a
/// [`Buf`]: write [`chunk`](Buf::chunk) (or all chunks at once, vectored) and
/// [`advance`](Buf::advance) by what the transport took.
///
/// ```
/// use bytes::{Buf, Bytes};
/// use mailwire::SendBuf;
///
/// let mut out = SendBuf::new();
/// out.put(b"+OK ");
/// out.put_bytes(Bytes::from_static(b"2 320\r\n"));
/// assert_eq!(out.chunk(), b"+OK 2 320\r\n");
/// out.advance(4);
/// assert_eq!(out.remaining(), 7);
/// ```
#[derive(Debug, Default)]
pub struct SendBuf {
    linked: VecDeque<Bytes>,
    linked_len: usize,
    tail: BytesMut,
}

impl SendBuf {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a copy of `octets`.
    pub fn put(&mut self, octets: &[u8]) {
        self.tail.extend_from_slice(octets);
    }

    /// Makes room for `octets` more that will be put one by one.
    pub(crate) fn reserve(&mut self, octets: usize) {
        self.tail.reserve(octets);
    }

    /// Appends `octets`: linked if there are at least 1,024 of them, copied otherwise.
    pub fn put_bytes(&mut self, octets: Bytes) {
        if octets.len() < LINK {
            return self.put(&octets);
        }
        if !self.tail.is_empty() {
            let gathered = self.tail.split().freeze();
            self.link(gathered);
        }
        self.link(octets);
    }

    fn link(&mut self, octets: Bytes) {
        self.linked_len = self.linked_len.saturating_add(octets.len());
        self.linked.push_back(octets);
    }

    /// Appends all that waits in `other`, without copying what is linked there.
    pub fn append(&mut self, other: &mut Self) {
        for piece in other.linked.drain(..) {
            self.put_bytes(piece);
        }
        other.linked_len = 0;
        let tail = other.tail.split().freeze();
        self.put_bytes(tail);
    }

    /// Number of octets waiting.
    pub fn len(&self) -> usize {
        self.linked_len.saturating_add(self.tail.len())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all that waits, as one piece. For tests and small messages.
    pub fn take_all(&mut self) -> Bytes {
        let len = self.len();
        self.copy_to_bytes(len)
    }
}

impl Buf for SendBuf {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.linked.front().map_or(&self.tail, |first| first)
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, dst: &mut [std::io::IoSlice<'a>]) -> usize {
        let tail = core::iter::once(&self.tail[..]).filter(|tail| !tail.is_empty());
        let pieces = self.linked.iter().map(|piece| &piece[..]).chain(tail);
        let mut n = 0;
        for (slot, piece) in dst.iter_mut().zip(pieces) {
            *slot = std::io::IoSlice::new(piece);
            n += 1;
        }
        n
    }

    fn advance(&mut self, mut cnt: usize) {
        while let Some(first) = self.linked.front_mut() {
            if cnt < first.len() {
                first.advance(cnt);
                self.linked_len = self.linked_len.saturating_sub(cnt);
                return;
            }
            cnt -= first.len();
            self.linked_len = self.linked_len.saturating_sub(first.len());
            self.linked.pop_front();
        }
        let cnt = cnt.min(self.tail.len());
        self.tail.advance(cnt);
        if self.tail.is_empty() && self.tail.capacity() > LINK {
            self.tail = BytesMut::new(); // an idle session holds no buffer
        }
    }
}

impl fmt::Write for SendBuf {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.put(s.as_bytes());
        Ok(())
    }
}
