use bytes::{Buf, BufMut, Bytes, BytesMut, buf::Limit};

/// Room offered for a read when nothing is known of the peer's pace.
const FIRST_READ: usize = 1024;

/// Octets from the peer, not yet consumed.
///
/// The contract in four sentences. It never holds more than its limit. A driver reads straight into
/// [`space`](Self::space), which is empty when the machine wants nothing. It remembers how far a
/// framer has looked, so that no octet is searched twice. The room offered grows with a busy peer
/// and shrinks with an idle one, so that ten thousand idle sessions cost ten thousand small buffers.
///
/// ```
/// use mailwire::RecvBuf;
///
/// let mut buf = RecvBuf::new(8);
/// assert_eq!(buf.push(b"NOOP\r\nQUIT"), 8); // never more than its limit
/// assert_eq!(buf.unread(), b"NOOP\r\nQU");
/// buf.consume(6);
/// assert_eq!(buf.push(b"IT\r\n"), 4);
/// assert_eq!(&buf.take(6)[..], b"QUIT\r\n");
/// ```
#[derive(Debug)]
pub struct RecvBuf {
    buf: BytesMut,
    limit: usize,
    scanned: usize,
    next_read: usize,
    offered: usize,
    total_at_offer: u64,
    consumed: u64,
    examined: u64,
    closed: bool,
}

impl RecvBuf {
    /// An empty buffer that will hold at most `limit` octets.
    pub fn new(limit: usize) -> Self {
        Self {
            buf: BytesMut::new(),
            limit,
            scanned: 0,
            next_read: FIRST_READ.min(limit),
            offered: 0,
            total_at_offer: 0,
            consumed: 0,
            examined: 0,
            closed: false,
        }
    }

    /// Where a driver reads into. Has no room while the buffer is full or [closed](Self::close).
    pub fn space(&mut self) -> Limit<&mut BytesMut> {
        self.adapt();
        let room = self.room();
        let offer = self.next_read.min(room);
        if self.buf.is_empty() && self.buf.capacity() > self.next_read.saturating_mul(2) {
            self.buf = BytesMut::with_capacity(offer);
        }
        if offer > 0 && self.buf.capacity() - self.buf.len() < offer {
            self.buf.reserve(offer);
        }
        self.offered = offer;
        self.total_at_offer = self.total();
        (&mut self.buf).limit(offer)
    }

    /// Learns from the last read: a full one doubles the next, one that used less than a quarter
    /// halves it.
    fn adapt(&mut self) {
        let got = self.total().saturating_sub(self.total_at_offer);
        if self.offered == 0 || got == 0 {
            return;
        }
        if got >= self.offered as u64 {
            self.next_read = self.next_read.saturating_mul(2).min(self.limit.max(1));
        } else if got < (self.next_read / 4) as u64 {
            self.next_read = (self.next_read / 2).max(FIRST_READ.min(self.limit));
        }
        self.offered = 0;
    }

    /// Octets that ever came in. A machine sees by it whether the peer is alive.
    pub fn total(&self) -> u64 {
        self.consumed.saturating_add(self.buf.len() as u64)
    }

    /// Copies in as much of `octets` as there is room for; returns how much.
    pub fn push(&mut self, octets: &[u8]) -> usize {
        let accepted = octets.len().min(self.room());
        if let Some(part) = octets.get(..accepted) {
            self.buf.extend_from_slice(part);
        }
        accepted
    }

    /// How many octets can be taken in at present.
    pub fn room(&self) -> usize {
        if self.closed { 0 } else { self.limit.saturating_sub(self.buf.len()) }
    }

    /// What has come in and is not consumed.
    pub fn unread(&self) -> &[u8] {
        &self.buf
    }

    /// Number of unread octets.
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Whether there is nothing unread.
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// The most octets it will hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Sets the limit. What is already held stays.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.next_read = self.next_read.min(limit).max(FIRST_READ.min(limit));
    }

    /// Drops the first `n` octets (all, if there are fewer).
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.buf.len());
        self.buf.advance(n);
        self.forget(n);
    }

    /// Takes the first `n` octets (all, if there are fewer), without copying.
    pub fn take(&mut self, n: usize) -> Bytes {
        let n = n.min(self.buf.len());
        let taken = self.buf.split_to(n).freeze();
        self.forget(n);
        taken
    }

    fn forget(&mut self, n: usize) {
        self.scanned = self.scanned.saturating_sub(n);
        self.consumed = self.consumed.saturating_add(n as u64);
    }

    /// How many of the unread octets a framer has already looked at.
    pub fn scanned(&self) -> usize {
        self.scanned
    }

    /// Remembers that the first `n` unread octets were looked at.
    pub fn set_scanned(&mut self, n: usize) {
        let n = n.min(self.buf.len());
        self.examined = self.examined.saturating_add(n.saturating_sub(self.scanned) as u64);
        self.scanned = n;
    }

    /// Octets looked at so far, by all framers together. The tests of linear cost read it.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// Offers no room until [`open`](Self::open): nothing more is wanted from this transport.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Offers room again.
    pub fn open(&mut self) {
        self.closed = false;
    }
}
