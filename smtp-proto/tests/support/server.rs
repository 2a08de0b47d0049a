//! A server's host: it knows three users, one password, and refuses to relay.

use mailwire::{
    Instant, Machine,
    sasl::{Claim, Mechanism, Verdict},
    test::{Host, Log},
};
use smtp_proto::{
    ForwardPath, Reply,
    server::{Config, Event, Role, Server},
};

/// A relay for `example.org` with small limits.
pub(crate) fn relay_config() -> Config {
    let mut config = Config::new("mx.example.org", Role::Relay);
    config.limits.message = 1000;
    config.limits.recipients = 3;
    config
}

/// A submission server with STARTTLS, PLAIN and LOGIN.
pub(crate) fn submission_config() -> Config {
    let mut config = Config::new("mx.example.org", Role::Submission);
    config.limits.message = 1000;
    config.limits.recipients = 3;
    config.starttls = true;
    config.auth = vec![Mechanism::Plain, Mechanism::Login];
    config
}

pub(crate) fn server(config: &Config) -> Server {
    Server::new(config.clone(), Instant::default())
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

enum Answer {
    None,
    Reply(Reply),
    Recipient(ForwardPath<'static>),
    Verdict(Verdict),
}

impl Host<Server> for Mx {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        let answer = match server.event() {
            Event::Auth(claim) => {
                let Claim::Password { authzid, username, password } = claim else {
                    panic!("no other claim is known");
                };
                log.event(format!("Auth {authzid:?} {username:?}"));
                let known = matches!(username, "alice" | "bob" | "carol");
                Answer::Verdict(match password.expose() {
                    "outage" => Verdict::Unavailable,
                    "secret" if known => Verdict::Accept,
                    _ => Verdict::Refuse,
                })
            }
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
