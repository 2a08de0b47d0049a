//! Both machines under their drivers, over a pipe that holds 64 octets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::driver::{Driver, Stop};
use smtp_proto::{
    Reply,
    client::Event as ClientEvent,
    server::{Config, Event, Role},
};
use support::{client, client_config, envelope, server};
use tokio::io::DuplexStream;

/// Takes a message, as a small program would.
async fn receive(io: DuplexStream, chunking: bool) -> Vec<u8> {
    let mut config = Config::new("mx.example.org", Role::Relay);
    config.offer.chunking = chunking;
    let mut session = Driver::new(server(&config.into()), io);
    let mut message = Vec::new();
    while let Some(event) = session.next().await.unwrap() {
        let reply = match event {
            Event::Mail(_) => Reply::sender_ok(),
            Event::Rcpt(_) => Reply::recipient_ok(),
            Event::Data => Reply::go_ahead(),
            Event::Chunk(octets) => {
                message.extend_from_slice(octets);
                continue;
            }
            Event::Message { .. } => Reply::new(250, "2.0.0 Stored"),
            other => panic!("{other:?}"),
        };
        session.machine.reply(reply).unwrap();
    }
    assert_eq!(session.stop(), Stop::Closed(mailwire::Close::Done));
    message
}

/// Sends one, in pieces; returns the codes of the results.
async fn send(io: DuplexStream, message: &[u8], chunk: usize) -> Vec<u16> {
    let mut config = client_config();
    config.limits.chunk = chunk;
    let mut session = Driver::new(client(&config), io);
    let mut codes = Vec::new();
    loop {
        match session.next().await.unwrap() {
            Some(ClientEvent::Ready(_)) => {
                session.machine.send(envelope("", &["bob@example.org", "postmaster"])).unwrap();
            }
            Some(ClientEvent::Body) => {
                for piece in message.chunks(1000) {
                    session.machine.body(piece).unwrap();
                    session.flush().await.unwrap();
                }
                session.machine.body_end().unwrap();
            }
            Some(ClientEvent::Recipient { reply, .. }) => codes.push(reply.code()),
            Some(ClientEvent::Done) => {}
            Some(other) => panic!("{other:?}"),
            None => match session.stop() {
                Stop::YourTurn => session.machine.quit().unwrap(),
                _ => return codes,
            },
        }
    }
}

#[tokio::test]
async fn a_message_of_a_megabyte_passes_a_pipe_of_64_octets() {
    let message = b".a line that begins with a dot, and some text to fill it\r\n".repeat(20_000);
    for chunking in [false, true] {
        let (near, far) = tokio::io::duplex(64);
        let (received, codes) =
            tokio::join!(receive(far, chunking), send(near, &message, 256 * 1024));
        assert_eq!(codes, [250, 250]);
        assert_eq!(received.len(), message.len());
        assert!(received == message, "other octets than those sent");
    }
}

#[tokio::test]
async fn chunks_whose_replies_fill_the_pipe_many_times_over_do_not_block_it() {
    let message = b"a line of text\r\n".repeat(5_000);
    for chunk in [1, 10, 1000] {
        let (near, far) = tokio::io::duplex(64);
        let (received, codes) = tokio::join!(receive(far, true), send(near, &message, chunk));
        assert_eq!(codes, [250, 250]);
        assert!(received == message, "other octets than those sent");
    }
}
