//! A server's host: it knows three users, one password, and refuses to relay.

use mailwire::{
    Instant, Machine,
    sasl::{Claim, Keys, Mechanism, Verdict},
    test::{Host, Log},
};
use smtp_proto::{
    ForwardPath, Reply,
    server::{self, Event, Role, Server},
};

/// A configuration, and whether the connection is under TLS from the start.
pub(crate) type Config = super::Setup<server::Config>;

/// A relay for `example.org` with small limits.
pub(crate) fn relay_config() -> Config {
    let mut config = Config::from(server::Config::new("mx.example.org", Role::Relay));
    config.limits.message = 1000;
    config.limits.recipients = 3;
    config
}

/// A submission server with STARTTLS, PLAIN and LOGIN.
pub(crate) fn submission_config() -> Config {
    let mut config = Config::from(server::Config::new("mx.example.org", Role::Submission));
    config.limits.message = 1000;
    config.limits.recipients = 3;
    config.starttls = true;
    config.auth = vec![Mechanism::Plain, Mechanism::Login];
    config
}

/// The same with everything offered that can be.
pub(crate) fn offering(mut config: Config) -> Config {
    let offer = &mut config.offer;
    offer.binary_mime = true;
    offer.smtp_utf8 = true;
    offer.dsn = true;
    offer.require_tls = true;
    offer.mt_priority = Some("MIXER".to_owned());
    offer.future_release = Some((3600, "2030-01-01T00:00:00Z".to_owned()));
    offer.deliver_by = Some(60);
    offer.rrvs = true;
    offer.burl = Some("imap".to_owned());
    offer.etrn = true;
    offer.limits = true;
    offer.xclient = Some("NAME ADDR LOGIN".to_owned());
    offer.xforward = Some("NAME ADDR".to_owned());
    config
}

/// [`relay_config`] with one thing more.
pub(crate) fn relay_with(offer: impl FnOnce(&mut server::Offer)) -> Config {
    let mut config = relay_config();
    offer(&mut config.offer);
    config
}

/// An LMTP server for `example.org`.
pub(crate) fn lmtp_config() -> Config {
    let mut config = relay_config();
    config.role = Role::Lmtp;
    config
}

pub(crate) fn server(config: &Config) -> Server {
    let machine = (**config).clone();
    if config.implicit_tls { Server::over_tls(machine) } else { Server::new(machine) }
}

/// Users are `alice`, `bob` and `carol` at `example.org`, their password is `secret`.
///
/// Some names stand for mishaps: the sender `blocked@…` is refused, `nodata@…` gets no 354,
/// `broken@…` gets 451 for the message; the recipient `full@…` gets 452; the password `outage`
/// finds the database down. Under LMTP the mailbox of `carol` is full once the message is there.
/// What hides behind a URL with `gone` in it cannot be fetched, mail for domains that begin with
/// `no` is not queued, and nobody may speak for a client of the name `liar`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mx {
    lmtp: bool,
    sender: String,
    /// Local parts of the recipients that were accepted.
    accepted: Vec<String>,
}

impl Mx {
    /// A host for a server of this configuration.
    pub(crate) fn of(config: &Config) -> Self {
        Self { lmtp: config.role == Role::Lmtp, ..Self::default() }
    }

    /// Under LMTP each recipient gets an answer.
    fn message(&self) -> Vec<Reply> {
        let stored = |local: &str| match local {
            "carol" if self.lmtp => Reply::new(452, "4.2.2 Mailbox full"),
            _ if self.sender == "broken" => Reply::new(451, "4.3.1 Disk full"),
            _ => Reply::new(250, "2.0.0 Stored"),
        };
        let count = if self.lmtp { self.accepted.len() } else { 1 };
        self.accepted.iter().take(count).map(|local| stored(local)).collect()
    }

    fn recipient(&self, server: &Server, to: &ForwardPath<'_>) -> Reply {
        let Some(mailbox) = to.mailbox() else { return Reply::recipient_ok() };
        let local = mailbox.domain().as_str().eq_ignore_ascii_case("example.org");
        match mailbox.local().as_ref() {
            "full" if local => Reply::new(452, "4.2.2 Mailbox full"),
            "alice" | "bob" | "carol" | "two words" if local => Reply::recipient_ok(),
            _ if local => Reply::new(550, "5.1.1 No such user"),
            _ if server.user().is_some() => Reply::recipient_ok(),
            _ => Reply::new(550, "5.7.1 Relaying denied"),
        }
    }
}

/// Judges a claim. The password is `secret`, and the token, too.
fn judge(claim: Claim<'_>, log: &mut Log) -> Verdict {
    let known = |username: &str| matches!(username, "alice" | "bob" | "carol");
    let accept_if = |right: bool| if right { Verdict::Accept } else { Verdict::Refuse };
    match claim {
        Claim::Password { authzid, username, password } => {
            log.event(format!("Auth {authzid:?} {username:?}"));
            match password.expose() {
                "outage" => Verdict::Unavailable,
                password => accept_if(password == "secret" && known(username)),
            }
        }
        Claim::Keys { username, hash } => {
            log.event(format!("Keys {username:?}"));
            let keys = Keys::derive(hash, &"secret".into(), b"salt", 4096).unwrap();
            Verdict::Keys(Box::new(keys), vec![9; 18])
        }
        Claim::Nonce => Verdict::Nonce(vec![9; 18]),
        Claim::Proved { username, .. } => accept_if(known(username)),
        Claim::Digest(digest) => accept_if(digest.matches(&"secret".into())),
        Claim::Token { token, .. } => accept_if(token.expose() == "secret"),
        other => panic!("{other:?}"),
    }
}

enum Answer {
    None,
    Reply(Reply),
    Replies(Vec<Reply>),
    Recipient(ForwardPath<'static>),
    Verdict(Verdict),
}

impl Host<Server> for Mx {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answer = match server.event() {
            Event::Auth(claim) => Answer::Verdict(judge(claim, log)),
            Event::Mail(mail) => {
                log.event(mail.to_string());
                self.accepted.clear();
                self.sender =
                    mail.from.mailbox().map(|m| m.local().into_owned()).unwrap_or_default();
                Answer::Reply(match self.sender.as_str() {
                    "blocked" => Reply::new(550, "5.7.1 Not you"),
                    _ => Reply::sender_ok(),
                })
            }
            Event::Rcpt(rcpt) => {
                log.event(rcpt.to_string());
                Answer::Recipient(rcpt.to.into_owned())
            }
            Event::Data => {
                log.event("DATA");
                Answer::Reply(match self.sender.as_str() {
                    "nodata" => Reply::new(451, "4.3.0 Not now"),
                    _ => Reply::go_ahead(),
                })
            }
            Event::Chunk(octets) => {
                log.payload(octets);
                Answer::None
            }
            Event::Message { size } => {
                log.event(format!("Message of {size}"));
                Answer::Replies(self.message())
            }
            Event::Burl { url, last } => {
                log.event(format!("BURL {url}{}", if last { " LAST" } else { "" }));
                Answer::Reply(match url {
                    url if url.contains("gone") => Reply::new(554, "5.6.6 No such thing there"),
                    _ => Reply::new(250, "2.5.0 Fetched"),
                })
            }
            Event::Etrn { node } => {
                log.event(format!("ETRN {node}"));
                Answer::Reply(match node {
                    node if node.starts_with("no") => Reply::new(459, "4.7.0 Not allowed"),
                    _ => Reply::new(250, "2.0.0 Queuing started"),
                })
            }
            Event::Xclient(attributes) => {
                let words: Vec<_> = attributes
                    .iter()
                    .map(|(name, value)| format!(" {name}={:?}", value.decode()))
                    .collect();
                log.event(format!("XCLIENT{}", words.concat()));
                Answer::Reply(match attributes.value("NAME") {
                    Some(name) if name.as_str() == "liar" => Reply::new(550, "5.7.0 Not so"),
                    _ => Reply::new(220, "mx.example.org ESMTP again"),
                })
            }
            Event::Xforward(attributes) => {
                let count = attributes.iter().count();
                log.event(format!("XFORWARD of {count}"));
                Answer::Reply(Reply::new(250, "2.0.0 Noted"))
            }
            Event::EarlyTalk => {
                log.event("Early talk");
                Answer::None
            }
            Event::Reset(why) => {
                log.event(format!("Reset {why:?}"));
                Answer::None
            }
            Event::Verify { text, expand, smtp_utf8 } => {
                let utf8 = if smtp_utf8 { ", replies in UTF-8" } else { "" };
                log.event(format!("{} {text}{utf8}", if expand { "EXPN" } else { "VRFY" }));
                Answer::Reply(Reply::new(252, "2.5.0 Send some mail, I'll try my best"))
            }
            Event::Rejected(reply) => {
                log.event(format!("Rejected {}", reply.code()));
                Answer::None
            }
            other => panic!("{other:?} was not announced"),
        };
        match answer {
            Answer::None => {}
            Answer::Reply(reply) => server.reply(reply).unwrap(),
            Answer::Replies(replies) => {
                replies.into_iter().for_each(|reply| server.reply(reply).unwrap());
            }
            Answer::Recipient(to) => {
                let reply = self.recipient(server, &to);
                if reply.is_positive() {
                    self.accepted
                        .push(to.mailbox().map(|m| m.local().into_owned()).unwrap_or_default());
                }
                server.reply(reply).unwrap();
            }
            Answer::Verdict(verdict) => server.verdict(verdict).unwrap(),
        }
    }

    fn action(&mut self, server: &mut Server, action: &str) {
        match action {
            "shutdown" => server.shutdown(),
            "turn away" => server.turn_away(Reply::new(554, "5.7.1 Wait your turn")).unwrap(),
            other => panic!("no such action: {other}"),
        }
    }
}
