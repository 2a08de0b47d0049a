//! The client machine and the server machine over a socket, compressed from the middle of the session on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::std_instead_of_core)]

mod common;

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use bytes::Buf;
use common::{MESSAGE, Store, TestHost};
use imap_proto::{
    client::{Client, Config, Event},
    response::{FetchData, Response},
    server::Server,
    types::{BodySection, FetchItem, FetchItems, Mailbox, OneOrMore, Section, SequenceSet},
};
use mailwire::{
    Machine, Step,
    driver::{Deflate, Stop, blocking, now},
    test::{Host, Log},
};

/// A socket that counts what comes.
struct Counted {
    io: TcpStream,
    read: usize,
}

impl Read for Counted {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let n = self.io.read(room)?;
        self.read += n;
        Ok(n)
    }
}

impl Write for Counted {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.io.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

impl blocking::Transport for Counted {
    fn set_read_limit(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.io.set_read_timeout(limit)
    }
}

/// A server session, to its end. Its host takes the events from the machine itself, so no driver is used.
fn serve(io: TcpStream) -> mailwire::Close {
    let mut io = Deflate::new(io);
    let mut server = Server::over_tls(common::config());
    let (mut host, mut log) = (TestHost::new(Store::with(200)), Log::default());
    loop {
        let step = server.poll(now());
        if step == Step::Event {
            host.event(&mut server, &mut log);
            continue;
        }
        while server.transmit().has_remaining() {
            let n = io.write(server.transmit().chunk()).unwrap();
            server.transmit().advance(n);
        }
        io.flush().unwrap();
        match step {
            Step::Compress => io.start(server.upgrade()),
            Step::Closed => return server.closed().unwrap(),
            Step::NeedInput => {
                let mut octets = [0; 1000];
                match io.read(&mut octets).unwrap() {
                    0 => server.recv_eof(),
                    n => assert_eq!(server.recv().push(&octets[..n]), n),
                }
            }
            _ => {}
        }
    }
}

#[test]
fn a_session_goes_on_compressed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let io = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    let io = Deflate::new(Counted { io, read: 0 });
    let mut driver = blocking::Driver::new(Client::over_tls(Config::default()), io);
    driver.machine.login("tim", &"secret".into()).unwrap();
    let (mut octets, mut answers, mut compressions) = (0, vec![], 0);
    let closed = loop {
        match driver.next().unwrap() {
            Some(Event::Done { tag, status, .. }) => answers.push(format!("{tag} {status:?}")),
            Some(Event::Data(Response::Fetch(_, items))) => {
                for item in items {
                    if let FetchData::Section { octets: Some(text), .. } = item {
                        assert_eq!(text, MESSAGE);
                        octets += text.len();
                    }
                }
            }
            Some(_) => {}
            None => match driver.stop() {
                Stop::Compress => {
                    compressions += 1;
                    driver.compress();
                }
                Stop::YourTurn => {
                    let client = &mut driver.machine;
                    client.compress().unwrap();
                    // Given at once, and sent when the answer is there.
                    client.select(&Mailbox::INBOX, false).unwrap();
                    let whole = FetchItem::Section(BodySection::peek(Section::default()));
                    let items = FetchItems::new(OneOrMore::one(whole));
                    client.fetch(true, &SequenceSet::all(), &items).unwrap();
                    client.logout();
                }
                Stop::Closed(why) => break why,
                other => panic!("{other:?}"),
            },
        }
    };
    assert_eq!(closed, mailwire::Close::Done);
    assert_eq!(server.join().unwrap(), mailwire::Close::Done);
    assert_eq!(answers, ["A1 Ok", "A2 Ok", "A3 Ok", "A4 Ok", "A5 Ok"]);
    assert_eq!((compressions, octets), (1, 200 * MESSAGE.len()));
    assert!(driver.machine.is_compressed());
    let (_, io) = driver.into_parts();
    assert!(io.inner().read < octets / 10, "{} octets for {octets}", io.inner().read);
}
