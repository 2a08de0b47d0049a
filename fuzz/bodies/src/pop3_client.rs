//! A whole session of the POP3 client machine, and the responses it reads.

use std::collections::VecDeque;

use mailwire::{
    Machine, SendBuf, Step,
    sasl::{Mechanism, client::Credentials},
    test::{Cuts, Host, Log, run},
};
use pop3_proto::{
    client::{Client, Config, Event, Pipelining},
    parse, print,
};

use crate::drive::{laws, polite, seed};

/// The first line says what the client does (see `Script::turn`), the rest is what a server says.
pub fn check(octets: &[u8]) {
    let at = octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |at| at + 1);
    let (script, input) = octets.split_at(at);
    if script.contains(&b't') {
        // Whether octets after the answer to STLS are seen by the client, and are fatal, or by the
        // TLS handshake depends on the cuts.
        for cuts in [Cuts::Whole, Cuts::Random(seed(octets))] {
            let (mut client, mut host) = make(script);
            let outcome = run(&mut client, &mut host, input, cuts);
            // After the upgrade commands are sent that waited for it, or fail.
            let over = outcome.upgrade.is_some()
                || client.poll(mailwire::Instant::default()) != Step::Event;
            assert!(over, "an event was left");
        }
        let [one, other] = [usize::MAX, 1].map(|most| {
            let (mut client, mut host) = make(script);
            polite(&mut client, &mut host, input, most)
        });
        assert_eq!(one, other, "law 4");
    } else {
        laws(|| make(script), input);
    }
    input.split(|&octet| octet == b'\n').for_each(response);
}

/// What is read prints as a line that reads the same, where it is ASCII and short enough to be kept
/// whole.
fn response(line: &[u8]) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let greeting = parse::timestamp(line);
    assert!(greeting.is_none_or(|stamp| stamp.starts_with('<') && stamp.ends_with('>')));
    let _ = parse::continuation(line);
    if let Ok(text) = core::str::from_utf8(line) {
        let mut out = SendBuf::new();
        if let Some(id) = parse::unique_id(text)
            && id.uidl.bytes().all(|octet| (0x20..0x7F).contains(&octet))
        {
            print::unique_id(id, &mut out);
            assert_eq!(parse::unique_id(&line_of(&mut out)), Some(id));
        }
        if let Some(scan) = parse::scan(text) {
            print::scan(scan, &mut out);
            assert_eq!(parse::scan(&line_of(&mut out)), Some(scan));
        }
        if let Some(stat) = parse::stat(text) {
            print::stat(stat, &mut out);
            let line = line_of(&mut out);
            assert_eq!(parse::stat(line.strip_prefix("+OK ").expect("a status")), Some(stat));
        }
    }
    let printable = line.len() < 200 && line.iter().all(|octet| (0x20..0x7F).contains(octet));
    if let Ok(response) = parse::response(line)
        && printable
    {
        let mut out = SendBuf::new();
        print::response(&response, &mut out);
        let printed = line_of(&mut out);
        let again = parse::response(printed.as_bytes()).expect("a response");
        assert_eq!(again.status, response.status);
        assert_eq!(again.code.is_some(), response.code.is_some(), "{printed:?}");
    }
}

fn line_of(out: &mut SendBuf) -> String {
    let octets = out.take_all();
    let line = String::from_utf8(octets.to_vec()).expect("ASCII");
    line.strip_suffix("\r\n").expect("a line").to_owned()
}

fn make(script: &[u8]) -> (Client, Script) {
    let mut config = Config::default();
    config.plain_text_auth = true;
    config.limits.line = 100;
    config.limits.buffer = 100;
    config.limits.capabilities = 3;
    config.limits.pipeline = 4;
    if script.first() == Some(&b'P') {
        config.pipelining = Pipelining::Always;
    }
    (Client::new(config), Script(script.iter().copied().collect()))
}

/// With a nonce, so that SCRAM is chosen where it is offered.
fn scram() -> Credentials {
    let mut credentials = Credentials::password("mrose", "secret");
    credentials.nonce = vec![7; 18];
    credentials
}

struct Script(VecDeque<u8>);

impl Host<Client> for Script {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::None => panic!("no event was announced"),
            Event::Body(octets) => {
                assert!(!octets.is_empty(), "a piece has octets");
                log.payload(octets);
            }
            other => log.event(format!("{other:?}")),
        }
    }

    /// `P` at the start: pipeline at once. `c` CAPA, `t` STLS, `l` log in, `a` AUTH PLAIN, `A` AUTH
    /// LOGIN, `b` the best log-in, `x` OAUTHBEARER, `p` APOP, `8` UTF8, `g` LANG, `G` LANG en, `s` STAT, `i` LIST, `I` LIST 1, `u` UIDL, `U` UIDL 1, `r` RETR, `o` TOP, `d` DELE, `n`
    /// NOOP, `z` RSET, `q` QUIT; up to a `,` or the end they are given at once.
    fn turn(&mut self, client: &mut Client) -> bool {
        let mut given = false;
        while let Some(action) = self.0.pop_front() {
            let credentials = Credentials::password("mrose", "secret");
            let done = match action {
                b'c' => client.capa(),
                b't' => client.stls(),
                b'l' => client.login("mrose", "secret"),
                b'a' => client.auth_by(Mechanism::Plain, credentials),
                b'A' => client.auth_by(Mechanism::Login, credentials),
                b'b' => client.auth(scram()),
                b'x' => client.auth(Credentials::token("mrose", "token")),
                b'p' => client.apop("mrose", "tanstaaf"),
                b'8' => client.utf8(),
                b'g' => client.languages(),
                b'G' => client.lang("en"),
                b's' => client.stat(),
                b'i' => client.list(),
                b'I' => client.list_one(1),
                b'u' => client.uidl(),
                b'U' => client.uidl_one(1),
                b'r' => client.retr(1),
                b'o' => client.top(1, 2),
                b'd' => client.dele(1),
                b'n' => client.noop(),
                b'z' => client.rset(),
                b'q' => client.quit(),
                b',' if given => return true,
                _ => continue,
            };
            given |= done.is_ok(); // nothing may be given after QUIT
        }
        given
    }
}
