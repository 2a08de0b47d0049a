//! A whole session of the POP3 server machine, and the commands it reads.

use core::time::Duration;
use std::sync::OnceLock;

use mailwire::{
    Machine, SendBuf,
    sasl::{Claim, Hash, Keys, Mechanism, Verdict},
    test::{Cuts, Host, Log, run},
};
use pop3_proto::{
    Code, parse, print,
    server::{Config, Entry, Event, Server},
};

use crate::drive::{laws, seed};

/// The first octet chooses a configuration (see `config`), the rest is what a client sends.
pub fn check(octets: &[u8]) {
    let Some((&choice, input)) = octets.split_first() else { return };
    laws(|| (server(choice), Maildrop), input);
    let mut server = server(choice);
    let outcome = run(&mut server, &mut Maildrop, input, Cuts::Random(!seed(input)));
    for line in outcome.output.split_inclusive(|&octet| octet == b'\n') {
        assert!(line.ends_with(b"\r\n"), "lines end in CRLF");
    }
    input.split(|&octet| octet == b'\n').for_each(command);
}

/// A command that is read prints as a line that reads the same.
fn command(line: &[u8]) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Ok(command) = parse::command(line) else { return };
    let mut out = SendBuf::new();
    print::command(&command, &mut out);
    let printed = out.take_all();
    let printed = printed.strip_suffix(b"\r\n").expect("a line");
    assert_eq!(parse::command(printed), Ok(command), "{}", printed.escape_ascii());
}

/// `p`: passwords in the clear. `a`: the same with APOP, every mechanism, UTF-8 names and all that
/// CAPA can say. `t`: STLS first. `l`: small limits. `h`: the answer to a wrong password is held back.
/// Anything else: TLS from the start.
fn server(choice: u8) -> Server {
    let mut config = Config::default();
    config.timeouts.wrong_password = Duration::ZERO;
    match choice {
        b'p' => config.plain_text_auth = true,
        b'a' => {
            config.plain_text_auth = true;
            config.mechanisms = Mechanism::ALL.into();
            config.utf8 = true;
            config.utf8_user = true;
            config.implementation = Some("fuzz".into());
            let mut server = Server::new(config);
            server.offer_apop("<1896.697170952@dbc.mtview.ca.us>").expect("a timestamp");
            return server;
        }
        b't' => config.starttls = true,
        b'l' => {
            config.plain_text_auth = true;
            config.limits.line = 32;
            config.limits.sasl_line = 40;
            config.limits.output = 16;
            config.limits.bad_commands = 8;
        }
        b'h' => {
            config.plain_text_auth = true;
            config.timeouts.wrong_password = Duration::from_secs(1);
        }
        _ => return Server::over_tls(config),
    }
    Server::new(config)
}

const MESSAGES: [&[u8]; 3] =
    [b"Subject: one\r\n\r\n.dot\r\n..\r\nend\r\n", b"a: b\n\n.dot\n..\nend", b"\r\rx\r"];

/// Those of the password `secret`; deriving them takes long, so once.
fn keys(hash: Hash) -> Option<Keys> {
    static KEYS: OnceLock<[Option<Keys>; 2]> = OnceLock::new();
    let derive = |hash| Keys::derive(hash, &"secret".into(), b"salty salty salt", 4096).ok();
    let [sha1, sha256] = KEYS.get_or_init(|| [Hash::Sha1, Hash::Sha256].map(derive));
    if hash == Hash::Sha1 { sha1.clone() } else { sha256.clone() }
}

struct Maildrop;

enum Answer {
    None,
    Verdict(Verdict),
    Open,
    Send(usize),
    Unreadable,
    Update,
}

impl Host<Server> for Maildrop {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answer = match server.event() {
            Event::Login { claim: Claim::Password { authzid, username, password } } => {
                log.event(format!("login {authzid:?} {username:?} {:?}", password.expose()));
                Answer::Verdict(match password.expose() {
                    "secret" => Verdict::Accept,
                    "outage" => Verdict::Unavailable,
                    _ => Verdict::Refuse,
                })
            }
            Event::Login { claim: Claim::Digest(digest) } => {
                log.event(format!("digest {:?}", digest.username()));
                let right = digest.matches(&"tanstaaf".into());
                Answer::Verdict(if right { Verdict::Accept } else { Verdict::Refuse })
            }
            Event::Login { claim: Claim::Keys { username, hash } } => {
                log.event(format!("keys {username:?}"));
                Answer::Verdict(match keys(hash) {
                    Some(keys) => Verdict::Keys(Box::new(keys), vec![9; 18]),
                    None => Verdict::Unavailable,
                })
            }
            Event::Login { claim } => {
                log.event(format!("{claim:?}"));
                Answer::Verdict(Verdict::Accept)
            }
            Event::Open { username } => {
                log.event(format!("open {username:?}"));
                Answer::Open
            }
            Event::Retr { index: 2, .. } => Answer::Unreadable,
            Event::Retr { index, entry } => {
                log.event(format!("retr {index} {}", entry.uidl()));
                Answer::Send(index)
            }
            Event::Top { index, lines, .. } => {
                log.event(format!("top {index} {lines}"));
                Answer::Send(index)
            }
            Event::Update { deleted } => {
                let deleted: Vec<_> = deleted.map(|(index, _)| index).collect();
                log.event(format!("update {deleted:?}"));
                Answer::Update
            }
            Event::Rejected(why) => {
                log.event(format!("rejected {why:?}"));
                Answer::None
            }
            other => panic!("{other:?} was not announced"),
        };
        let answered = match answer {
            Answer::None => Ok(()),
            Answer::Verdict(verdict) => server.verdict(verdict),
            Answer::Open => {
                let entry = |(i, m): (usize, &&[u8])| {
                    let entry =
                        Entry::new(m.len() as u64, format!("uid-{i}")).expect("a unique id");
                    if i == 1 { entry.needs_utf8() } else { entry }
                };
                server.open_maildrop(MESSAGES.iter().enumerate().map(entry).collect())
            }
            Answer::Send(index) => {
                for part in MESSAGES[index].chunks(5) {
                    server.body(part).expect("a message is asked for");
                    if !server.body_wanted() {
                        break;
                    }
                }
                server.body_end()
            }
            Answer::Unreadable => server.fail(Code::SysTemp, "cannot be read"),
            Answer::Update => server.updated(),
        };
        answered.expect("an answer is waited for");
    }
}
