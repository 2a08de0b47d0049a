//! A driver for one thread a session, without any runtime.

use core::time::Duration;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

use bytes::{Buf, Bytes};

use super::{Stop, now};
use crate::{Machine, Step};

/// A transport whose reads can be given a time limit.
pub trait Transport: Read + Write {
    /// Lets reads end with `WouldBlock` or `TimedOut` after `limit`; `None` waits for ever.
    ///
    /// # Errors
    ///
    /// Those of the transport.
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()>;
}

impl Transport for TcpStream {
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(limit)
    }
}

/// Drives a machine over a blocking transport.
#[derive(Debug)]
pub struct Driver<M, T> {
    /// The machine: its answers and commands are called here.
    pub machine: M,
    io: T,
    stop: Stop,
}

impl<M: Machine, T: Transport> Driver<M, T> {
    /// Puts a machine and its transport together.
    pub const fn new(machine: M, io: T) -> Self {
        Self { machine, io, stop: Stop::YourTurn }
    }

    /// The next event, or `None` when the machine cannot go on by itself: [`stop`](Self::stop)
    /// says why.
    ///
    /// # Errors
    ///
    /// Those of the transport.
    #[allow(
        clippy::should_implement_trait,
        reason = "the same name in both drivers; events are lent"
    )]
    pub fn next(&mut self) -> io::Result<Option<M::Event<'_>>> {
        self.stop = loop {
            match self.machine.poll(now()) {
                Step::Event => return Ok(Some(self.machine.event())),
                Step::NeedInput => self.read()?,
                Step::NeedFlush => self.flush()?,
                Step::YourTurn => break Stop::YourTurn,
                Step::Upgrade => break Stop::Upgrade,
                Step::Compress => break Stop::Compress,
                Step::Closed => {
                    break Stop::Closed(self.machine.closed().unwrap_or(crate::Close::Done));
                }
            }
        };
        self.flush()?;
        Ok(None)
    }

    /// Why [`next`](Self::next) last returned `None`.
    pub const fn stop(&self) -> Stop {
        self.stop
    }

    /// Sends what waits in the machine's `transmit`.
    ///
    /// # Errors
    ///
    /// Those of the transport.
    pub fn flush(&mut self) -> io::Result<()> {
        let out = self.machine.transmit();
        while !out.is_empty() {
            match self.io.write(out.chunk()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => out.advance(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.io.flush()
    }

    fn read(&mut self) -> io::Result<()> {
        self.flush()?;
        // A limit of zero would mean "no limit" to the operating system.
        let limit = self.machine.deadline().map(|at| at.since(now()).max(Duration::from_millis(1)));
        self.io.set_read_limit(limit)?;
        let mut octets = [0; 8192];
        let room = self.machine.recv().room().min(octets.len());
        match self.io.read(octets.get_mut(..room).unwrap_or_default()) {
            Ok(0) => self.machine.recv_eof(),
            Ok(n) => {
                self.machine.recv().push(octets.get(..n).unwrap_or_default());
            }
            Err(e) => match e.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted => {}
                _ => return Err(e),
            },
        }
        Ok(())
    }

    /// Replaces the transport after [`Stop::Upgrade`]: `wrap` gets the octets that came too early
    /// and the old transport.
    ///
    /// # Errors
    ///
    /// Those of `wrap`.
    pub fn upgrade<U>(
        mut self,
        wrap: impl FnOnce(Bytes, T) -> io::Result<U>,
    ) -> io::Result<Driver<M, U>> {
        let io = wrap(self.machine.upgrade(), self.io)?;
        Ok(Driver { machine: self.machine, io, stop: self.stop })
    }

    /// The transport.
    pub const fn io(&self) -> &T {
        &self.io
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
