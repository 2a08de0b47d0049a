use core::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Prefixed, Stop, now};
use crate::{Instant, Machine, Step};

/// How long, and for how many octets, [`Driver::shutdown`] waits for the peer to hang up, too.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_OCTETS: u64 = 1024 * 1024;

/// Drives a machine over an asynchronous transport.
///
/// All of its futures may be dropped and called again: nothing read or written is lost, so `next`
/// can stand in a `select!` beside a timer or a change feed.
///
/// ```no_run
/// # async fn f<M: mailwire::Machine>(machine: M, socket: tokio::io::DuplexStream,
/// #     decide: impl Fn(M::Event<'_>)) -> std::io::Result<()> {
/// use mailwire::driver::{Driver, Stop};
///
/// let mut session = Driver::new(machine, socket);
/// while let Some(event) = session.next().await? {
///     decide(event); // and answer by a method of session.machine
/// }
/// assert!(matches!(session.stop(), Stop::Closed(_) | Stop::Upgrade | Stop::YourTurn));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Driver<M, T> {
    /// The machine: its answers and commands are called here.
    pub machine: M,
    io: T,
    stall: Duration,
    stop: Stop,
    /// The peer sends no more.
    eof: bool,
    /// Octets were written since the last flush.
    unflushed: bool,
}

impl<M: Machine, T: AsyncRead + AsyncWrite + Unpin> Driver<M, T> {
    /// Puts a machine and its transport together.
    pub const fn new(machine: M, io: T) -> Self {
        let stall = Duration::from_secs(300);
        Self { machine, io, stall, stop: Stop::YourTurn, eof: false, unflushed: false }
    }

    /// How long one write may make no progress before the peer is given up; five minutes unless
    /// set.
    pub const fn set_stall(&mut self, stall: Duration) {
        self.stall = stall;
    }

    /// The next event, or `None` when the machine cannot go on by itself: [`stop`](Self::stop)
    /// says why. All output has been sent then.
    ///
    /// # Errors
    ///
    /// Those of the transport, and `TimedOut` when the peer takes no output for the
    /// [stall time](Self::set_stall).
    pub async fn next(&mut self) -> io::Result<Option<M::Event<'_>>> {
        loop {
            match self.machine.poll(now()) {
                Step::Event => return Ok(Some(self.machine.event())),
                Step::NeedInput => self.read().await?,
                Step::NeedFlush => self.flush().await?,
                Step::YourTurn => return self.halt(Stop::YourTurn).await,
                Step::Upgrade => return self.halt(Stop::Upgrade).await,
                Step::Compress => return self.halt(Stop::Compress).await,
                Step::Closed => {
                    let why = self.machine.closed().unwrap_or(crate::Close::Done);
                    return self.halt(Stop::Closed(why)).await;
                }
            }
        }
    }

    async fn halt(&mut self, stop: Stop) -> io::Result<Option<M::Event<'_>>> {
        self.stop = stop;
        self.flush().await?;
        Ok(None)
    }

    /// Why [`next`](Self::next) last returned `None`.
    pub const fn stop(&self) -> Stop {
        self.stop
    }

    /// Sends what waits in the machine's `transmit`. While the peer takes nothing, what it says is
    /// taken in as far as there is room: two sides that both write do not block each other.
    ///
    /// # Errors
    ///
    /// Those of the transport, and `TimedOut` when the peer takes nothing for the stall time.
    pub async fn flush(&mut self) -> io::Result<()> {
        while self.unflushed || !self.machine.transmit().is_empty() {
            let sent = tokio::time::timeout(self.stall, self.write()).await;
            sent.map_err(|_| stalled())??;
        }
        Ok(())
    }

    /// Writes once, or flushes what was written; reads meanwhile.
    async fn write(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(done) = self.poll_write(cx) {
                    return Poll::Ready(done);
                }
                if self.eof || self.machine.recv().room() == 0 {
                    return Poll::Pending;
                }
                let mut space = self.machine.recv().space();
                let read = pin!(self.io.read_buf(&mut space));
                match read.poll(cx) {
                    Poll::Ready(Ok(0)) => self.end_of_input(),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.machine.transmit().is_empty() {
            ready!(pin!(self.io.flush()).poll(cx))?;
            self.unflushed = false;
            return Poll::Ready(Ok(()));
        }
        let sent = ready!(pin!(self.io.write_buf(self.machine.transmit())).poll(cx))?;
        self.unflushed = true;
        Poll::Ready(if sent == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) })
    }

    fn end_of_input(&mut self) {
        self.eof = true;
        self.machine.recv_eof();
    }

    /// Reads once, or waits until the deadline.
    async fn read(&mut self) -> io::Result<()> {
        self.flush().await?;
        let deadline = self.machine.deadline();
        let mut space = self.machine.recv().space();
        let read = pin!(self.io.read_buf(&mut space));
        if read_before(deadline, read).await? == Some(0) {
            self.end_of_input();
        }
        Ok(())
    }

    /// Replaces the transport after [`Stop::Upgrade`]: `wrap` gets the old one, which reads first
    /// what came too early. To drop that instead is as safe: a machine never looks at it.
    ///
    /// # Errors
    ///
    /// Those of `wrap`: of a TLS handshake, for instance.
    pub async fn upgrade<U, F>(
        mut self,
        wrap: impl FnOnce(Prefixed<T>) -> F,
    ) -> io::Result<Driver<M, U>>
    where
        F: Future<Output = io::Result<U>>,
    {
        let early = self.machine.upgrade();
        let io = wrap(Prefixed::new(early, self.io)).await?;
        let Self { machine, stall, stop, .. } = self;
        Ok(Driver { machine, io, stall, stop, eof: false, unflushed: false })
    }

    /// The transport.
    pub const fn io(&self) -> &T {
        &self.io
    }

    /// Ends the session on this side: sends what waits, closes the sending side, and takes in for a
    /// moment what the peer still sends. A connection that is closed over unread input is reset, and
    /// a reset can take the farewell away from the peer.
    ///
    /// # Errors
    ///
    /// Those of the transport, as far as sending goes.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.flush().await?;
        tokio::time::timeout(self.stall, self.io.shutdown()).await.map_err(|_| stalled())??;
        let _ = tokio::time::timeout(LINGER, self.drain()).await;
        Ok(())
    }

    async fn drain(&mut self) -> io::Result<()> {
        let mut rest = (&mut self.io).take(LINGER_OCTETS);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await.map(drop)
    }

    /// Takes machine and transport apart.
    pub fn into_parts(self) -> (M, T) {
        (self.machine, self.io)
    }
}

#[cfg(feature = "deflate")]
impl<M: Machine, T> Driver<M, super::Deflate<T>> {
    /// Compresses from here on, after [`Stop::Compress`].
    pub fn compress(&mut self) {
        let early = self.machine.upgrade();
        self.io.start(early);
    }
}

async fn read_before(
    deadline: Option<Instant>,
    read: impl Future<Output = io::Result<usize>>,
) -> io::Result<Option<usize>> {
    let Some(deadline) = deadline else { return read.await.map(Some) };
    match tokio::time::timeout(deadline.since(now()), read).await {
        Ok(read) => read.map(Some),
        Err(_) => Ok(None), // poll sees the deadline
    }
}

fn stalled() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer takes no output")
}
