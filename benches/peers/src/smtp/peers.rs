//! The same work by other crates.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{AsyncWrite, AsyncWriteExt, executor::block_on};
use peer_smtp_message::{Command as MessageCommand, DataUnescaper, EscapingDataWriter, Reply};
use peer_smtp_proto::{
    EhloResponse, Request, request::receiver::DataReceiver, response::parser::ResponseReceiver,
};

pub fn smtp_proto(wire: &[u8]) -> (usize, usize) {
    let mut octets = wire.iter();
    let (mut recipients, mut commands) = (0, 0);
    while !octets.as_slice().is_empty() {
        match Request::parse(&mut octets).expect("a command") {
            Request::Rcpt { to } => recipients += usize::from(!to.address.is_empty()),
            Request::Mail { .. } | Request::Data => {}
            other => panic!("{other:?}"),
        }
        commands += 1;
    }
    (recipients, commands)
}

pub fn smtp_proto_mail(wire: &[u8]) -> Option<u64> {
    let Ok(Request::Mail { from }) = Request::parse(&mut wire.iter()) else { panic!("MAIL") };
    Some(from.size as u64)
}

pub fn smtp_proto_data(wire: &[u8], out: &mut Vec<u8>) -> usize {
    out.clear();
    assert!(DataReceiver::new().ingest(&mut wire.iter(), out), "the end comes");
    out.len()
}

pub fn smtp_proto_ehlo(wire: &[u8]) -> usize {
    let reply = EhloResponse::parse(&mut wire.iter()).expect("a reply");
    reply.capabilities.count_ones() as usize
}

pub fn smtp_proto_replies(wire: &[u8]) -> usize {
    let mut octets = wire.iter();
    let mut receiver = ResponseReceiver::default();
    let mut replies = 0;
    while !octets.as_slice().is_empty() {
        let reply = receiver.parse(&mut octets).expect("a reply");
        assert!(reply.code == 250 && reply.esc[0] == 2);
        receiver.reset();
        replies += 1;
    }
    replies
}

pub fn mailrs(wire: &[u8]) -> (usize, usize) {
    use peer_mailrs::{Command, parse_command};
    let (mut recipients, mut commands) = (0, 0);
    let mut rest = wire;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = core::str::from_utf8(&rest[..end - 1]).expect("text");
        match parse_command(line).expect("a command") {
            Command::RcptTo { .. } => recipients += 1,
            Command::MailFrom { .. } | Command::Data => {}
            other => panic!("{other:?}"),
        }
        commands += 1;
        rest = &rest[end + 1..];
    }
    (recipients, commands)
}

pub fn mailrs_mail(wire: &[u8]) -> Option<u64> {
    use peer_mailrs::{Command, parse_command};
    let line = core::str::from_utf8(&wire[..wire.len() - 2]).expect("text");
    let Ok(Command::MailFrom { params, .. }) = parse_command(line) else { panic!("MAIL") };
    params.iter().find(|param| param.key == "SIZE")?.value.parse().ok()
}

pub fn smtp_message(wire: &[u8]) -> (usize, usize) {
    let (mut recipients, mut commands) = (0, 0);
    let mut rest = wire;
    while !rest.is_empty() {
        let (after, command) = MessageCommand::<&str>::parse(rest).expect("a command");
        match command {
            MessageCommand::Rcpt { .. } => recipients += 1,
            MessageCommand::Mail { .. } | MessageCommand::Data => {}
            other => panic!("{other:?}"),
        }
        commands += 1;
        rest = after;
    }
    (recipients, commands)
}

pub fn smtp_message_mail(wire: &[u8]) -> Option<u64> {
    let Ok((_, MessageCommand::Mail { params, .. })) = MessageCommand::<&str>::parse(wire) else {
        panic!("MAIL")
    };
    let (_, value) = params.0.first()?;
    value.as_ref()?.as_str().parse().ok()
}

pub fn smtp_message_data(wire: &mut [u8]) -> usize {
    DataUnescaper::new(true).unescape(wire).written
}

/// Gathers about a piece, and hands it on, as our buffer is sent piece by piece.
struct Sink<'a, F> {
    buf: &'a mut Vec<u8>,
    send: F,
    octets: usize,
}

impl<F: FnMut(&[u8])> Sink<'_, F> {
    fn sent(&mut self) {
        self.octets += self.buf.len();
        (self.send)(std::hint::black_box(self.buf));
        self.buf.clear();
    }
}

impl<F: FnMut(&[u8]) + Unpin> AsyncWrite for Sink<'_, F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.buf.extend_from_slice(octets);
        if self.buf.len() >= benches::work::PIECE {
            self.sent();
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        slices.iter().for_each(|slice| self.buf.extend_from_slice(slice));
        if self.buf.len() >= benches::work::PIECE {
            self.sent();
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub fn smtp_message_out(body: &[u8], buf: &mut Vec<u8>, send: impl FnMut(&[u8]) + Unpin) -> usize {
    let mut sink = Sink { buf, send, octets: 0 };
    block_on(async {
        let mut writer = EscapingDataWriter::new(&mut sink);
        // At once: a piece that begins with a dot would be a write of nothing, and an error.
        writer.write_all(body).await.expect("the sink takes all");
        writer.finish().await.expect("the sink takes all");
    });
    sink.sent();
    sink.octets
}

pub fn smtp_message_reply(wire: &[u8]) -> usize {
    Reply::<&str>::parse(wire).expect("a reply").1.text.len()
}

pub fn smtp_message_replies(wire: &[u8]) -> usize {
    let mut replies = 0;
    let mut rest = wire;
    while !rest.is_empty() {
        rest = Reply::<&str>::parse(rest).expect("a reply").0;
        replies += 1;
    }
    replies
}

pub fn smtp_codec(wire: &[u8]) -> (usize, usize) {
    use peer_smtp_codec::{parse::command::command, types::Command};
    let (mut recipients, mut commands) = (0, 0);
    let mut rest = wire;
    while !rest.is_empty() {
        let (after, read) = command(rest).expect("a command");
        match read {
            Command::Rcpt { .. } => recipients += 1,
            Command::Mail { .. } | Command::Data => {}
            other => panic!("{other:?}"),
        }
        commands += 1;
        rest = after;
    }
    (recipients, commands)
}
