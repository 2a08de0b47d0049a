//! A message of 25 MiB in a FETCH response, as it comes in reads of several sizes.
//!
//! Ours hands the octets out as they come; the others gather them all and hand out one string.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use benches::input;
use futures::executor::block_on;
use imap_proto::client::{Client, Config, Event};
use mailwire::{Instant, Machine, Step};
use peer_imap_codec::imap_types::{fetch::MessageDataItem, response::Data};
use peer_imap_next::{
    Interrupt, Io, State,
    client::{Client as Next, Event as NextEvent, Options},
};
use peer_io_imap::{
    codec::fragmentizer::Fragmentizer,
    coroutine::{ImapCoroutine, ImapCoroutineState, ImapYield},
    rfc3501::fetch::{ImapMessageFetch, ImapMessageFetchOptions},
    types::fetch::{Macro, MacroOrMessageDataItemNames},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::measure::Row;

const OCTETS: usize = 25 << 20;

pub fn rows(rows: &mut Vec<Row>) {
    let body = input::message(OCTETS, 0);
    let len = body.len();
    let mut wire = format!("* 1 FETCH (BODY[] {{{len}}}\r\n").into_bytes();
    wire.extend_from_slice(&body);
    wire.extend_from_slice(b")\r\n");
    let mut seen = Vec::with_capacity(len);
    ours(&wire, 1460, |chunk| seen.extend_from_slice(chunk));
    assert!(seen == body, "the message comes out as it was");
    drop(seen);

    for read in [1, 64, 1460, 16_384] {
        let name = format!("25 MiB literal in reads of {read}");
        let ours = || {
            let mut octets = 0;
            ours(&wire, read, |chunk| octets += std::hint::black_box(chunk).len());
            octets
        };
        rows.push(Row::of(&name, "async-imap", Some(0.6), len, ours, || async_imap(&wire, read)));
        rows.push(Row::of(&name, "imap-next", Some(0.05), len, ours, || imap_next(&wire, read)));
        rows.push(Row::of(&name, "io-imap", None, len, ours, || io_imap(&wire, read)));
    }

    // Twice the octets, in reads of one: the ratio is time(2n) / time(n).
    let head = format!("* 1 FETCH (BODY[] {{{}}}\r\n", OCTETS / 2);
    let half = [head.as_bytes(), &body[..OCTETS / 2], b")\r\n"].concat();
    let name = "literal in reads of 1, twice the octets";
    let whole = || {
        ours(&wire, 1, |chunk| _ = std::hint::black_box(chunk));
    };
    rows.push(Row::of(name, "half of it, by ours", Some(2.1), (), whole, || {
        ours(&half, 1, |chunk| _ = std::hint::black_box(chunk));
    }));
}

fn ours(wire: &[u8], read: usize, mut sink: impl FnMut(&[u8])) {
    let mut client = Client::over_tls(Config::default());
    client.recv().push(b"* PREAUTH ready\r\n");
    let mut reads = wire.chunks(read);
    loop {
        match client.poll(Instant::from_micros(0)) {
            Step::Event => match client.event() {
                Event::Chunk(octets) => sink(octets),
                Event::Data(_) => return,
                Event::Greeting { .. } | Event::Literal { .. } => {}
                other => panic!("{other:?}"),
            },
            // Ours to speak, or to read on: nothing is asked for here.
            Step::NeedInput | Step::YourTurn => {
                let octets = reads.next().expect("there is more");
                assert_eq!(client.recv().push(octets), octets.len());
            }
            step => panic!("{step:?}"),
        }
    }
}

fn section(items: &[MessageDataItem<'_>]) -> usize {
    match items {
        [MessageDataItem::BodyExt { data, .. }] => {
            data.0.as_ref().map_or(0, |octets| octets.as_ref().len())
        }
        other => panic!("{} items", other.len()),
    }
}

fn imap_next(wire: &[u8], read: usize) -> usize {
    let mut options = Options::default();
    options.discard_greeting = true;
    let mut client = Next::new(options);
    let mut reads = wire.chunks(read);
    loop {
        match client.next() {
            Ok(NextEvent::DataReceived { data: Data::Fetch { items, .. } }) => {
                return section(items.as_ref());
            }
            Err(Interrupt::Io(Io::NeedMoreInput)) => {
                client.enqueue_input(reads.next().expect("there is more"));
            }
            _ => panic!("a FETCH response is all that comes"),
        }
    }
}

fn io_imap(wire: &[u8], read: usize) -> usize {
    let mut fragmentizer = Fragmentizer::new(100 << 20);
    let items = MacroOrMessageDataItemNames::Macro(Macro::Fast);
    let set = "1".try_into().expect("a set");
    let mut fetch = ImapMessageFetch::new(set, items, ImapMessageFetchOptions::default());
    let ImapCoroutineState::Yielded(ImapYield::WantsWrite(command)) =
        fetch.resume(&mut fragmentizer, None)
    else {
        panic!("it writes first")
    };
    let tag = command.split(|&octet| octet == b' ').next().expect("a tag");
    let last = [tag, b" OK done\r\n"].concat();
    let mut reads = wire.chunks(read);
    let mut input = None;
    loop {
        match fetch.resume(&mut fragmentizer, input.take()) {
            ImapCoroutineState::Yielded(_) => input = Some(reads.next().unwrap_or(&last)),
            ImapCoroutineState::Complete(done) => {
                let messages = done.expect("FETCH is answered");
                let (_, items) = messages.first_key_value().expect("a message");
                return section(items.as_ref());
            }
        }
    }
}

/// What async-imap reads from and writes to.
#[derive(Debug)]
struct Wire<'a> {
    rest: &'a [u8],
    read: usize,
}

impl AsyncRead for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = self.read.min(buf.remaining()).min(self.rest.len());
        let (now, later) = self.rest.split_at(n);
        buf.put_slice(now);
        self.rest = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(b.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn async_imap(wire: &[u8], read: usize) -> usize {
    use peer_imap_proto::{AttributeValue, Response};
    let mut client = peer_async_imap::Client::new(Wire { rest: wire, read });
    let response = block_on(client.read_response()).expect("no error").expect("a response");
    match response.parsed() {
        Response::Fetch(_, items) => match &items[..] {
            [AttributeValue::BodySection { data: Some(octets), .. }] => octets.len(),
            other => panic!("{} items", other.len()),
        },
        _ => panic!("a FETCH response is all that comes"),
    }
}
