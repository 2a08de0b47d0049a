//! What others do.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::executor::block_on;
use peer_async_pop::response::{list::ListResponse, types::DataType, uidl::UidlResponse};
use peer_pop3_codec::{parse, types::Command};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub fn codec_commands(mut wire: &[u8]) -> (usize, usize) {
    let (mut commands, mut numbers) = (0, 0);
    while !wire.is_empty() {
        let (rest, command) = parse::command(wire).expect("a command");
        match command {
            Command::Uidl { msg }
            | Command::Retr { msg }
            | Command::Dele { msg }
            | Command::Top { msg, .. } => numbers += msg as usize,
            _ => {}
        }
        commands += 1;
        wire = rest;
    }
    (commands, numbers)
}

pub fn codec_list(wire: &[u8]) -> (usize, usize) {
    let body = parse::response_list_all(wire).expect("a listing").1.unwrap().body;
    (body.len(), body.iter().map(|scan| scan.message_size as usize).sum())
}

pub fn codec_uidl(wire: &[u8]) -> (usize, usize) {
    let body = parse::response_uidl_all(wire).expect("a listing").1.unwrap().body;
    (body.len(), body.iter().map(|id| id.message_uid.len()).sum())
}

pub fn async_pop_list(wire: &[u8]) -> (usize, usize) {
    block_on(async {
        let mut client = session(wire).await;
        let ListResponse::Multiple(list) = client.list(None).await.expect("a listing") else {
            panic!("one message");
        };
        let octets = list.items().iter().map(|scan| scan.size().value().expect("a number"));
        (list.items().len(), octets.sum())
    })
}

pub fn async_pop_uidl(wire: &[u8]) -> (usize, usize) {
    block_on(async {
        let mut client = session(wire).await;
        let UidlResponse::Multiple(uidl) = client.uidl(None).await.expect("a listing") else {
            panic!("one message");
        };
        (uidl.items().len(), uidl.items().iter().map(|id| id.id().as_ref().len()).sum())
    })
}

pub fn async_pop_retr(wire: &[u8]) -> Vec<u8> {
    block_on(async { session(wire).await.retr(1).await.expect("a message").to_vec() })
}

async fn session(wire: &[u8]) -> peer_async_pop::Client<Server<'_>> {
    let server = Server { wire, answer: b"+OK ready\r\n" };
    let mut client = peer_async_pop::new(server).await.expect("a greeting");
    client.login("mrose", "secret").await.expect("a log-in");
    client
}

/// Answers the log-in and CAPA, and anything else with the wire.
struct Server<'a> {
    wire: &'a [u8],
    answer: &'a [u8],
}

impl AsyncRead for Server<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.answer.split_at(self.answer.len().min(buf.remaining()));
        buf.put_slice(now);
        self.answer = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        match octets {
            [b'U', b'S', b'E', b'R', ..] | [b'P', b'A', b'S', b'S', ..] => self.answer = b"+OK\r\n",
            [b'C', b'A', b'P', b'A', ..] => self.answer = b"+OK\r\nUIDL\r\nUSER\r\n.\r\n",
            b"\r\n" => {}
            _ => self.answer = self.wire,
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
