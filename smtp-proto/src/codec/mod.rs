//! Frames without a session (feature `codec`): tokio-util's `Decoder` and `Encoder` for commands,
//! replies and message data, over the framer that the machines use.
//!
//! For a proxy, a test tool, a server with its own idea of a session. There is no state here but
//! that of the framing: order, pipelining, TLS and authentication are yours to see to. Who wants
//! them seen to uses [`server`](crate::server) and [`client`](crate::client).
//!
//! - [`CommandCodec`]: command lines and message data; decoded by a server, encoded by a client.
//! - [`ReplyCodec`]: replies; encoded by a server, decoded by a client.
//! - [`ServerCodec`], [`ClientCodec`]: both of them, for `Framed`.
//!
//! A server that takes one message:
//!
//! ```
//! use futures_util::{SinkExt, StreamExt};
//! use mailwire::frame::BareEol;
//! use smtp_proto::{Command, Leniency, Reply, codec::{CommandFrame, ServerCodec}};
//! use tokio_util::codec::Framed;
//!
//! # let (mut peer, socket) = tokio::io::duplex(4096);
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! # use tokio::io::AsyncWriteExt;
//! # peer.write_all(b"MAIL FROM:<a@b.example>\r\nDATA\r\nHi\r\n..\r\n.\r\nQUIT\r\n").await?;
//! let mut session = Framed::new(socket, ServerCodec::default());
//! let mut message = Vec::new();
//! session.send(Reply::new(220, "mx.example.org")).await?;
//! while let Some(frame) = session.next().await {
//!     let reply = match frame? {
//!         CommandFrame::Line(line) => match line.command(Leniency::default()) {
//!             Ok(Command::Data) => {
//!                 // What comes next is a message, though it may have come already.
//!                 session.codec_mut().decoder.begin_data(BareEol::Refuse);
//!                 Reply::go_ahead()
//!             }
//!             Ok(Command::Quit) => break,
//!             Ok(_) => Reply::new(250, "2.0.0 Ok"),
//!             Err(error) => Reply::new(501, error.to_string()),
//!         },
//!         CommandFrame::Fault(fault) => Reply::new(500, fault.to_string()),
//!         CommandFrame::Chunk(octets) => { message.extend_from_slice(&octets); continue }
//!         CommandFrame::End { refused: true, .. } => Reply::new(550, "5.6.11 Bare CR or LF"),
//!         CommandFrame::End { .. } => Reply::new(250, "2.0.0 Stored"),
//!         _ => continue,
//!     };
//!     session.send(reply).await?;
//! }
//! assert_eq!(message, b"Hi\r\n.\r\n");
//! # Ok::<(), smtp_proto::codec::CodecError>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod command;
mod line;
mod pair;
mod reply;

pub use command::{Bdat, CommandCodec, CommandFrame, Data, Fault};
pub use line::CommandLine;
pub use pair::{ClientCodec, Pair, ServerCodec};
pub use reply::ReplyCodec;

use mailwire::frame::BareEolFound;

/// Why there are no more frames.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The transport failed, or (`UnexpectedEof`) ended within a line, a reply or a message.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Not a reply.
    #[error("what came is no SMTP reply")]
    NotReply,
    /// A line of a reply, or all of one, is longer than the limit.
    #[error("an SMTP reply longer than the limit")]
    TooLong,
    /// A bare CR or LF in data to be sent, where it is refused. What was sent of the message cannot
    /// be taken back and must not be completed: give up the connection.
    #[error(transparent)]
    BareEol(#[from] BareEolFound),
}

/// The connection ended within a frame.
fn cut_off() -> CodecError {
    CodecError::Io(std::io::ErrorKind::UnexpectedEof.into())
}
