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

pub(crate) fn server(config: &Config) -> Server {
    let machine = (**config).clone();
    if config.implicit_tls { Server::over_tls(machine) } else { Server::new(machine) }
}

/// Users are `alice`, `bob` and `carol` at `example.org`, their password is `secret`.
///
/// Some names stand for mishaps: the sender `blocked@…` is refused, `nodata@…` gets no 354,
/// `broken@…` gets 451 for the message; the recipient `full@…` gets 452; the password `outage`
/// finds the database down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mx {
    sender: String,
}

impl Mx {
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
    Recipient(ForwardPath<'static>),
    Verdict(Verdict),
}

impl Host<Server> for Mx {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answer = match server.event() {
            Event::Auth(claim) => Answer::Verdict(judge(claim, log)),
            Event::Mail(mail) => {
                log.event(mail.to_string());
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
                Answer::Reply(match self.sender.as_str() {
                    "broken" => Reply::new(451, "4.3.1 Disk full"),
                    _ => Reply::new(250, "2.0.0 Stored"),
                })
            }
            Event::Reset(why) => {
                log.event(format!("Reset {why:?}"));
                Answer::None
            }
            Event::Verify { text, expand } => {
                log.event(format!("{} {text}", if expand { "EXPN" } else { "VRFY" }));
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
            Answer::Recipient(to) => {
                let reply = self.recipient(server, &to);
                server.reply(reply).unwrap();
            }
            Answer::Verdict(verdict) => server.verdict(verdict).unwrap(),
        }
    }

    fn action(&mut self, server: &mut Server, action: &str) {
        match action {
            "shutdown" => server.shutdown(),
            other => panic!("no such action: {other}"),
        }
    }
}
