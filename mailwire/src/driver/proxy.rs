//! Takes a PROXY header from a connection: [`accept`] over an asynchronous transport (feature
//! `tokio`), [`accept_blocking`] over a blocking one.
//!
//! **Call these for connections of trusted proxies only**, by the address that the operating system
//! gives, and for all of them: see [`crate::proxy`].

use core::time::Duration;
use std::io;

use bytes::BytesMut;

use super::{Prefixed, blocking::Transport, now};
use crate::proxy::{Header, MAX_V2, Parsed};

/// Enough for all headers but those with large vectors, and for what a client says at once.
const FIRST_READ: usize = 512;

/// Takes the header from the start of a connection. What comes after it stands in the transport
/// that is returned, for the machine or the TLS handshake.
///
/// How long it may take is the caller's to say, with `tokio::time::timeout`; to drop the future is
/// to drop the connection. At most [`MAX_V2`] octets are held.
///
/// ```
/// use mailwire::driver::proxy;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let (mut balancer, socket) = tokio::io::duplex(64);
/// balancer.write_all(b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\nEHLO").await?;
///
/// let (header, mut socket) = proxy::accept(socket).await?;
/// assert_eq!(header.source(), Some(([192, 0, 2, 7], 56324).into()));
/// let mut first = [0; 4];
/// socket.read_exact(&mut first).await?;
/// assert_eq!(&first, b"EHLO");
/// # std::io::Result::Ok(()) })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Those of the transport; `InvalidData` with a [`proxy::Invalid`](crate::proxy::Invalid) inside if
/// there is no header; `UnexpectedEof` if the connection ends before its header does.
#[cfg(feature = "tokio")]
pub async fn accept<T: tokio::io::AsyncRead + Unpin>(
    mut io: T,
) -> io::Result<(Header, Prefixed<T>)> {
    use bytes::BufMut;
    use tokio::io::AsyncReadExt;

    let mut held = BytesMut::with_capacity(FIRST_READ);
    loop {
        let room = room(&held);
        held.reserve(room);
        let n = io.read_buf(&mut (&mut held).limit(room)).await?;
        if let Some(header) = look(&mut held, n)? {
            return Ok((header, Prefixed::new(held.freeze(), io)));
        }
    }
}

/// The same over a blocking transport; the whole of it may take `limit`.
///
/// # Errors
///
/// As for `accept`, and `TimedOut`.
pub fn accept_blocking<T: Transport>(
    mut io: T,
    limit: Duration,
) -> io::Result<(Header, Prefixed<T>)> {
    let until = now() + limit;
    let mut held = BytesMut::with_capacity(FIRST_READ);
    loop {
        let left = until.since(now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        io.set_read_limit(Some(left))?;
        let mut octets = [0; FIRST_READ];
        let place = octets.get_mut(..room(&held)).unwrap_or_default();
        let n = match io.read(place) {
            Ok(n) => n,
            Err(e) => match e.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut
                | io::ErrorKind::Interrupted => continue,
                _ => return Err(e),
            },
        };
        held.extend_from_slice(octets.get(..n).unwrap_or_default());
        if let Some(header) = look(&mut held, n)? {
            io.set_read_limit(None)?;
            return Ok((header, Prefixed::new(held.freeze(), io)));
        }
    }
}

/// How much to read next: never more than a header can be long in all, so that what is held is
/// bounded.
fn room(held: &BytesMut) -> usize {
    FIRST_READ.min(MAX_V2.saturating_sub(held.len()))
}

/// Takes the header off the octets that are held, if it is whole. `n` of them are new.
fn look(held: &mut BytesMut, n: usize) -> io::Result<Option<Header>> {
    match Header::parse(held) {
        Parsed::Complete { header, len } => {
            bytes::Buf::advance(held, len);
            Ok(Some(header))
        }
        Parsed::Invalid(invalid) => Err(io::Error::new(io::ErrorKind::InvalidData, invalid)),
        Parsed::Partial if n == 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        Parsed::Partial => Ok(None),
    }
}
