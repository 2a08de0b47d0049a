//! A transport that begins to compress (RFC 4978).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use core::time::Duration;
use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use bytes::Bytes;
use mailwire::driver::{Deflate, blocking::Transport};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

fn in_time<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(5), future).await.expect("it hangs")
    })
}

fn started(io: DuplexStream) -> Deflate<DuplexStream> {
    let mut io = Deflate::new(io);
    io.start(Bytes::new());
    io
}

/// Octets that cannot be made shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After each flush the other side can read all that was written before, whatever the sizes.
    #[test]
    fn what_is_flushed_can_be_read(
        pieces in prop::collection::vec((any::<bool>(), 1usize..40_000), 1..8),
        pipe in 1usize..20_000,
        room in 1usize..20_000,
    ) {
        let (a, b) = tokio::io::duplex(pipe);
        let (mut a, mut b) = (started(a), started(b));
        in_time(async {
            for (noisy, len) in pieces {
                let piece = if noisy { noise(len) } else { vec![b'x'; len] };
                let send = async {
                    a.write_all(&piece).await.unwrap();
                    a.flush().await.unwrap();
                };
                let receive = async {
                    let (mut got, mut buf) = (Vec::new(), vec![0; room]);
                    while got.len() < piece.len() {
                        let n = b.read(&mut buf).await.unwrap();
                        assert!(n > 0, "the end, after {} of {}", got.len(), piece.len());
                        got.extend_from_slice(&buf[..n]);
                    }
                    got
                };
                let ((), got) = tokio::join!(send, receive);
                assert_eq!(got, piece);
            }
        });
    }

    /// Octets that are no DEFLATE are an error or the end, never a panic.
    #[test]
    fn nonsense_is_an_error(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (mut a, b) = tokio::io::duplex(64);
        let mut b = started(b);
        in_time(async {
            let send = async {
                let _ = a.write_all(&octets).await;
                drop(a);
            };
            let receive = async {
                let mut buf = [0; 512];
                while matches!(b.read(&mut buf).await, Ok(n) if n > 0) {}
                drop(b);
            };
            tokio::join!(send, receive);
        });
    }
}

#[test]
fn until_it_is_told_octets_pass_as_they_are() {
    let (a, mut b) = tokio::io::duplex(64);
    let mut a = Deflate::new(a);
    in_time(async {
        a.write_all(b"OK\r\n").await.unwrap();
        let mut plain = [0; 4];
        b.read_exact(&mut plain).await.unwrap();
        assert_eq!(&plain, b"OK\r\n");
        assert!(!a.is_started());

        a.start(Bytes::new());
        a.write_all(b"OK\r\n").await.unwrap();
        a.flush().await.unwrap();
        a.flush().await.unwrap();
        drop(a);
        let mut rest = Vec::new();
        b.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(&[0, 0, 0xFF, 0xFF]), "RFC 4978 §4: flushed, {rest:x?}");
        let blocks = rest.windows(4).filter(|w| *w == [0, 0, 0xFF, 0xFF]).count();
        assert_eq!(blocks, 1, "a flush of nothing sends nothing");
    });
}

#[test]
fn early_octets_come_first() {
    let (a, mut b) = tokio::io::duplex(4096);
    let mut a = started(a);
    let wire = in_time(async {
        a.write_all(b"* 1 EXISTS\r\n* 2 EXISTS\r\n").await.unwrap();
        a.flush().await.unwrap();
        drop(a);
        let mut wire = Vec::new();
        b.read_to_end(&mut wire).await.unwrap();
        wire
    });
    for cut in 0..=wire.len() {
        let (mut a, b) = tokio::io::duplex(4096);
        let mut b = Deflate::new(b);
        b.start(Bytes::copy_from_slice(&wire[..cut]));
        let mut got = [0; 24];
        in_time(async {
            a.write_all(&wire[cut..]).await.unwrap();
            b.read_exact(&mut got).await.unwrap();
        });
        assert_eq!(&got, b"* 1 EXISTS\r\n* 2 EXISTS\r\n");
    }
}

/// The blocking side against the asynchronous one: one stream, two drivers.
#[test]
fn over_a_socket_and_a_thread() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let echo = thread::spawn(move || -> io::Result<()> {
        let mut io = Deflate::new(listener.accept()?.0);
        io.start(Bytes::new());
        io.set_read_limit(Some(Duration::from_secs(60)))?;
        let mut buf = vec![0; 10_000];
        loop {
            let n = io.read(&mut buf)?;
            if n == 0 {
                return Ok(());
            }
            io.write_all(&buf[..n])?;
            io.flush()?;
        }
    });
    let mut io = Deflate::new(TcpStream::connect(address).unwrap());
    io.start(Bytes::new());
    io.set_read_limit(Some(Duration::from_secs(60))).unwrap();
    for piece in [noise(70_000), vec![b'x'; 70_000], b"x".to_vec()] {
        io.write_all(&piece).unwrap();
        io.flush().unwrap();
        let mut got = vec![0; piece.len()];
        io.read_exact(&mut got).unwrap();
        assert_eq!(got, piece);
    }
    drop(io);
    echo.join().unwrap().unwrap();
}
