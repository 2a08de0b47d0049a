//! What ours does.

use benches::work;
use mailwire::{
    Instant, Machine, Step,
    frame::{Line, LineFramer, strip_eol},
};
use pop3_proto::{
    Command,
    client::{Client, Config, Event},
    parse,
};

/// Frames and parses commands; how many, and the sum of their message numbers.
pub fn commands(wire: &[u8]) -> (usize, usize) {
    let (mut commands, mut numbers) = (0, 0);
    lines(wire, |line| {
        match parse::command(line).expect("a command") {
            Command::Uidl(Some(n)) | Command::Retr(n) | Command::Dele(n) => numbers += n as usize,
            Command::Top { message, .. } => numbers += message as usize,
            _ => {}
        }
        commands += 1;
    });
    (commands, numbers)
}

/// Each line, found by the framer that the machines use.
fn lines(mut wire: &[u8], mut take: impl FnMut(&[u8])) {
    let mut recv = mailwire::RecvBuf::new(64 * 1024);
    let mut framer = LineFramer::new(8192);
    loop {
        let taken = recv.push(wire);
        wire = &wire[taken..];
        loop {
            match framer.find(&mut recv) {
                Line::Complete { len, .. } => {
                    take(strip_eol(&recv.unread()[..len]));
                    recv.consume(len);
                }
                _ => break,
            }
        }
        if wire.is_empty() {
            return;
        }
    }
}

/// Parses a listing into a vector, as the peer does; how many, and their octets.
pub fn list(wire: &[u8]) -> (usize, usize) {
    let mut scans = Vec::new();
    lines(wire, |line| {
        if line != b"." && line != b"+OK" {
            scans.push(parse::scan(str::from_utf8(line).expect("ASCII")).expect("a listing"));
        }
    });
    (scans.len(), scans.iter().map(|scan| scan.octets as usize).sum())
}

/// The same with unique ids, each kept as a string; how many, and their letters.
pub fn uidl(wire: &[u8]) -> (usize, usize) {
    let mut ids = Vec::new();
    lines(wire, |line| {
        if line != b"." && line != b"+OK" {
            let id = parse::unique_id(str::from_utf8(line).expect("ASCII")).expect("a listing");
            ids.push((id.message, id.uidl.to_owned()));
        }
    });
    (ids.len(), ids.iter().map(|(_, uidl)| uidl.len()).sum())
}

pub fn list_session(wire: &[u8]) -> (usize, usize) {
    let mut found = (0, 0);
    session(wire, Client::list, |event| {
        if let Event::Scan(scan) = event {
            found = (found.0 + 1, found.1 + scan.octets as usize);
        }
    });
    found
}

pub fn uidl_session(wire: &[u8]) -> (usize, usize) {
    let mut ids: Vec<String> = Vec::new();
    session(wire, Client::uidl, |event| {
        if let Event::UniqueId(id) = event {
            ids.push(id.uidl.to_owned());
        }
    });
    (ids.len(), ids.iter().map(String::len).sum())
}

pub fn message(wire: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    session(
        wire,
        |client| client.retr(1),
        |event| {
            if let Event::Body(octets) = event {
                message.extend_from_slice(octets);
            }
        },
    );
    message
}

/// Greeting, log-in, one command.
fn session(
    wire: &[u8],
    give: impl FnOnce(&mut Client) -> Result<(), mailwire::Misuse>,
    mut take: impl FnMut(Event<'_>),
) {
    let mut client = Client::over_tls(Config::default());
    client.recv().push(b"+OK ready\r\n+OK\r\n+OK\r\n");
    client.login("mrose", "secret").expect("a command");
    give(&mut client).expect("a command");
    let mut wire = wire;
    loop {
        match client.poll(Instant::default()) {
            Step::Event => take(client.event()),
            Step::NeedInput => {
                work::sent(client.transmit());
                let taken = client.recv().push(wire);
                wire = &wire[taken..];
            }
            Step::YourTurn => return,
            step => panic!("{step:?}"),
        }
    }
}
