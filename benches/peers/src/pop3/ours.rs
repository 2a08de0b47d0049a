//! What ours does.

use benches::work;
use mailwire::{Instant, Machine, Step, frame::strip_eol};
use pop3_proto::{
    Command,
    client::{Client, Config, Event},
    parse,
};

/// Finds the lines of commands and parses them; how many, and the sum of their message numbers.
pub fn commands(wire: &[u8]) -> (usize, usize) {
    let (mut commands, mut numbers, mut start) = (0, 0, 0);
    for end in memchr::memchr_iter(b'\n', wire) {
        match parse::command(strip_eol(&wire[start..=end])).expect("a command") {
            Command::Uidl(Some(n)) | Command::Retr(n) | Command::Dele(n) => numbers += n as usize,
            Command::Top { message, .. } => numbers += message as usize,
            _ => {}
        }
        commands += 1;
        start = end + 1;
    }
    (commands, numbers)
}

/// The lines of a listing, which is looked at once to see that it is text.
fn lines(wire: &[u8]) -> impl Iterator<Item = &str> {
    let text = str::from_utf8(wire).expect("ASCII");
    let mut start = 0;
    memchr::memchr_iter(b'\n', wire).map(move |end| {
        let line = &text[start..end - 1];
        start = end + 1;
        line
    })
}

/// Parses a listing into a vector, as the peer does; how many, and their octets.
pub fn list(wire: &[u8]) -> (usize, usize) {
    let scans: Vec<_> = lines(wire).filter_map(parse::scan).collect();
    (scans.len(), scans.iter().map(|scan| scan.octets as usize).sum())
}

/// The same with unique ids, which stay where they are; how many, and their letters.
pub fn uidl(wire: &[u8]) -> (usize, usize) {
    let ids: Vec<_> = lines(wire).filter_map(parse::unique_id).collect();
    (ids.len(), ids.iter().map(|id| id.uidl.len()).sum())
}

/// The same, each copied as the peer does.
pub fn uidl_copied(wire: &[u8]) -> (usize, usize) {
    let ids = lines(wire).filter_map(parse::unique_id);
    let ids: Vec<_> = ids.map(|id| (id.message, id.uidl.to_owned())).collect();
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
