//! Hosts for both machines, and maildrops to test with.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;

use mailwire::{
    Machine,
    sasl::{
        ChannelBinding, Claim, Keys, Mechanism, Verdict,
        client::{Credentials, Proof},
    },
    test::{Host, Log, Transcript},
};
use pop3_proto::{
    Code,
    client::{self, Client},
    server::{self, Entry, Server},
};

/// A message of exactly so many octets.
pub(crate) fn message(octets: usize) -> Vec<u8> {
    let head = b"Subject: test\r\n\r\n";
    let mut message = head.to_vec();
    message.extend(core::iter::repeat_n(b'x', octets - head.len() - 2));
    message.extend_from_slice(b"\r\n");
    message
}

/// The server's application: one user, one maildrop in memory.
#[derive(Clone)]
pub(crate) struct Maildrop {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) in_use: bool,
    pub(crate) out_of_order: bool,
    pub(crate) unreadable: bool,
    pub(crate) keeps: bool,
    pub(crate) part: usize,
    /// The user's own EXPIRE and LOGIN-DELAY.
    pub(crate) own: Option<(Option<u32>, u32)>,
}

impl Maildrop {
    pub(crate) fn new(messages: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            messages: messages.into_iter().collect(),
            in_use: false,
            out_of_order: false,
            unreadable: false,
            keeps: false,
            part: 50,
            own: None,
        }
    }

    /// The maildrop of RFC 1939's examples: messages of 120 and 200 octets.
    pub(crate) fn rfc1939() -> Self {
        Self::new([message(120), message(200)])
    }

    fn uidl(index: usize) -> &'static str {
        ["whqtswO00WBw418f9t5JxYwZ", "QhdPYR:00WBw1Ph7x7", "3", "4", "5", "6"][index]
    }

    fn send(&self, server: &mut Server, index: usize) {
        if self.unreadable {
            return server.fail(Code::SysTemp, "message cannot be read").unwrap();
        }
        for part in self.messages[index].chunks(self.part) {
            server.body(part).unwrap();
            if !server.body_wanted() {
                break;
            }
        }
        server.body_end().unwrap();
    }
}

enum Answer {
    None,
    Verdict(Verdict),
    Open,
    Send(usize),
    Update,
}

impl Host<Server> for Maildrop {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answer = match server.event() {
            server::Event::Login { claim: Claim::Password { authzid, username, password } } => {
                log.event(format!("login {authzid}|{username}|{}", password.expose()));
                let known = [("mrose", "secret"), ("test", "test"), ("mrose", " two  words ")];
                let right = known.contains(&(username, password.expose()));
                let verdict = if right { Verdict::Accept } else { Verdict::Refuse };
                Answer::Verdict(if self.out_of_order { Verdict::Unavailable } else { verdict })
            }
            server::Event::Login { claim: Claim::Digest(digest) } => {
                log.event(format!("digest {}", digest.username()));
                let right = digest.matches(&"tanstaaf".into());
                Answer::Verdict(if right { Verdict::Accept } else { Verdict::Refuse })
            }
            server::Event::Login { claim: Claim::Keys { username, hash } } => {
                log.event(format!("keys {username}"));
                let keys = Keys::derive(hash, &"secret".into(), b"salty salty salt", 4096);
                Answer::Verdict(Verdict::Keys(Box::new(keys.unwrap()), vec![9; 18]))
            }
            server::Event::Login { claim: Claim::Proved { username, .. } } => {
                log.event(format!("proved {username}"));
                Answer::Verdict(Verdict::Accept)
            }
            server::Event::Login { claim: Claim::Token { authzid, token, .. } } => {
                log.event(format!("token {authzid} {}", token.expose()));
                let right = token.expose() == "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg";
                Answer::Verdict(if right { Verdict::Accept } else { Verdict::Refuse })
            }
            server::Event::Login { claim: Claim::Nonce } => {
                log.event("nonce");
                Answer::Verdict(Verdict::Nonce(b"<1896.697170952@dbc.mtview.ca.us>".to_vec()))
            }
            server::Event::Login { claim: Claim::External { authzid } } => {
                log.event(format!("external {authzid}"));
                Answer::Verdict(Verdict::Accept)
            }
            server::Event::Login { claim: Claim::Anonymous { trace } } => {
                log.event(format!("anonymous {trace}"));
                Answer::Verdict(Verdict::Accept)
            }
            server::Event::Open { username } => {
                log.event(format!("open {username}"));
                Answer::Open
            }
            server::Event::Retr { index, entry } => {
                log.event(format!("retr {index} {}", entry.uidl()));
                Answer::Send(index)
            }
            server::Event::Top { index, entry, lines } => {
                log.event(format!("top {index} {} {lines}", entry.uidl()));
                Answer::Send(index)
            }
            server::Event::Update { deleted } => {
                let deleted: Vec<_> = deleted.map(|(index, _)| index).collect();
                log.event(format!("update {deleted:?}"));
                Answer::Update
            }
            server::Event::Rejected(why) => {
                log.event(format!("rejected {why:?}"));
                Answer::None
            }
            other => panic!("{other:?}"),
        };
        match answer {
            Answer::None => {}
            Answer::Verdict(verdict) => server.verdict(verdict).unwrap(),
            Answer::Open if self.in_use => {
                let text = "Do you have another POP session running?";
                server.refuse_maildrop(Code::InUse, text).unwrap();
            }
            Answer::Open => {
                if let Some((days, seconds)) = self.own {
                    server.set_expire(days);
                    server.set_login_delay(seconds);
                }
                let entries = self.messages.iter().enumerate().map(|(index, message)| {
                    let entry =
                        Entry::new(Entry::octets_sent([&message[..]]), Self::uidl(index)).unwrap();
                    let utf8 = !message.is_ascii() && core::str::from_utf8(message).is_ok();
                    if utf8 { entry.needs_utf8() } else { entry }
                });
                server.open_maildrop(entries.collect()).unwrap();
            }
            Answer::Send(index) => self.send(server, index),
            Answer::Update if self.keeps => {
                server.update_failed(Code::SysTemp, "some deleted messages not removed").unwrap();
            }
            Answer::Update => server.updated().unwrap(),
        }
    }

    fn action(&mut self, server: &mut Server, action: &str) {
        match action {
            "shutdown" => server.shutdown(),
            other => panic!("{other}"),
        }
    }
}

/// The client's application: notes all, and gives the commands of a script when it is its turn.
#[derive(Clone, Default)]
pub(crate) struct Script(pub(crate) VecDeque<&'static str>);

impl Script {
    pub(crate) fn new(commands: impl IntoIterator<Item = &'static str>) -> Self {
        Self(commands.into_iter().collect())
    }

    pub(crate) fn give(client: &mut Client, command: &str) {
        let mut words = command.split(' ');
        let verb = words.next().unwrap();
        let words: Vec<_> = words.collect();
        let number = |i: usize| words[i].parse().unwrap();
        match (verb, words.len()) {
            ("capa", 0) => client.capa(),
            ("stls", 0) => client.stls(),
            ("login", 2) => client.login(words[0], words[1]),
            ("auth", 3) => {
                let mechanism = Mechanism::from_name(words[0].as_bytes()).unwrap();
                client.auth_by(mechanism, credentials(words[1], words[2]))
            }
            ("best", 2) => client.auth(credentials(words[0], words[1])),
            ("bound", 2) => {
                let mut credentials = credentials(words[0], words[1]);
                credentials.binding = binding();
                client.auth(credentials)
            }
            ("external", 0) => client.auth(proof(Proof::External)),
            ("anonymous", 1) => {
                let mut credentials = proof(Proof::Anonymous);
                credentials.username = words[0].into();
                client.auth(credentials)
            }
            ("token", 2) => client.auth(Credentials::token(words[0], words[1])),
            ("apop", 2) => client.apop(words[0], words[1]),
            ("utf8", 0) => client.utf8(),
            ("lang", 0) => client.languages(),
            ("lang", 1) => client.lang(words[0]),
            ("stat", 0) => client.stat(),
            ("list", 0) => client.list(),
            ("list", 1) => client.list_one(number(0)),
            ("uidl", 0) => client.uidl(),
            ("uidl", 1) => client.uidl_one(number(0)),
            ("retr", 1) => client.retr(number(0)),
            ("top", 2) => client.top(number(0), u64::from(number(1))),
            ("dele", 1) => client.dele(number(0)),
            ("noop", 0) => client.noop(),
            ("rset", 0) => client.rset(),
            ("quit", 0) => client.quit(),
            _ => panic!("{command}"),
        }
        .unwrap();
    }
}

impl Host<Client> for Script {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            client::Event::Body(octets) => log.payload(octets),
            other => log.event(format!("{other:?}")),
        }
    }

    fn turn(&mut self, client: &mut Client) -> bool {
        let Some(commands) = self.0.pop_front() else { return false };
        commands.split("; ").for_each(|command| Self::give(client, command));
        true
    }

    fn action(&mut self, client: &mut Client, action: &str) {
        action.split("; ").for_each(|command| Self::give(client, command));
    }
}

/// A name and a password, with a nonce that is always the same.
fn credentials(name: &str, password: &str) -> Credentials {
    let mut credentials = Credentials::password(name, password);
    credentials.nonce = vec![7; 18];
    credentials
}

fn proof(proof: Proof) -> Credentials {
    let mut credentials = Credentials::default();
    credentials.proof = proof;
    credentials
}

/// A server that takes passwords in the clear and answers wrong ones at once.
pub(crate) fn open_server() -> server::Config {
    let mut config = server::Config::default();
    config.name = "dewey POP3 server".into();
    config.plain_text_auth = true;
    config.timeouts.wrong_password = core::time::Duration::ZERO;
    config
}

/// The same, with STLS and nothing in the clear.
pub(crate) fn stls_server() -> server::Config {
    let mut config = open_server();
    config.starttls = true;
    config.plain_text_auth = false;
    config
}

/// A client that sends passwords in the clear.
pub(crate) fn open_client() -> client::Config {
    let mut config = client::Config::default();
    config.plain_text_auth = true;
    config
}

/// The data of the TLS connection in transcripts of the -PLUS mechanisms.
pub(crate) fn binding() -> ChannelBinding {
    let mut binding = ChannelBinding::default();
    binding.exporter = Some(bytes::Bytes::from_static(&[1; 32]));
    binding
}

/// Runs a transcript against a server. With `UPDATE=1` it is rewritten instead, with what the
/// server really says.
#[track_caller]
pub(crate) fn server_says(name: &str, config: &server::Config, maildrop: &Maildrop) -> Log {
    let path = format!("{}/tests/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let read = || Transcript::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let make = || (Server::new(config.clone()), maildrop.clone());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, read().rewrite_server(make)).unwrap();
    }
    match read().run_server(make) {
        Ok(log) => log,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Runs a transcript against a client.
#[track_caller]
pub(crate) fn client_says(name: &str, config: &client::Config) -> Log {
    let path = format!("{}/tests/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let transcript = Transcript::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    match transcript.run_client(|| (Client::new(config.clone()), Script::default())) {
        Ok(log) => log,
        Err(error) => panic!("{name}: {error}"),
    }
}
