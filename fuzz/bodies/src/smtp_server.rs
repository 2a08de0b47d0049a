//! A whole session of the SMTP server machine.

use core::time::Duration;

use mailwire::{
    Machine,
    frame::BareEol,
    sasl::{Claim, Mechanism, Verdict},
    test::{Host, Log, run},
};
use smtp_proto::{
    Reply,
    server::{Config, Event, Role, Server},
};

use crate::drive::{laws, seed};

/// The first octet chooses a configuration (see `config`), the rest is what a client sends.
pub fn check(octets: &[u8]) {
    let Some((&choice, input)) = octets.split_first() else { return };
    laws(|| (server(choice), Mx::default()), input);
    let (mut machine, mut host) = (server(choice), Mx::default());
    let cuts = mailwire::test::Cuts::Random(!seed(input));
    let outcome = run(&mut machine, &mut host, input, cuts);
    replies_are_well_formed(&outcome.output);
    assert!(host.payload <= host.limit, "no more of a message than the limit");
}

/// `r`: relay. `s`: submission under TLS. `t`: submission with STARTTLS. `l`: small limits. `h`: the
/// answer to a wrong password is held back. `k`, `n`: bare line ends are kept, or normalised. `m`:
/// LMTP. `e`: everything that can be is offered to a relay under TLS, `u`: to a user. `d`: no BDAT.
/// `g`: the greeting is late.
fn config(choice: u8) -> Config {
    let role = match choice {
        b's' | b't' | b'h' | b'u' => Role::Submission,
        b'm' => Role::Lmtp,
        _ => Role::Relay,
    };
    let mut config = Config::new("mx.example.org", role);
    config.limits.message = 1000;
    config.limits.recipients = 3;
    config.auth_delay = Duration::ZERO;
    match choice {
        b't' => config.starttls = true,
        b'l' => {
            config.limits.line = 40;
            config.limits.auth_line = 48;
            config.limits.input = 64;
            config.limits.output = 16;
            config.limits.message = 50;
            config.limits.bad_commands = 4;
            config.plain_text_auth = true;
        }
        b'k' => config.bare_eol = BareEol::Keep,
        b'n' => config.bare_eol = BareEol::Normalise,
        b'd' => config.offer.chunking = false,
        b'g' => config.greeting_delay = Duration::from_secs(1),
        b'e' | b'u' => {
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
            offer.xclient = Some("NAME ADDR".to_owned());
            offer.xforward = Some("NAME ADDR".to_owned());
            config.limits.mails = Some(5);
        }
        _ => {}
    }
    if matches!(choice, b's' | b't' | b'h' | b'l' | b'u') {
        config.auth = vec![Mechanism::Plain, Mechanism::Login];
    }
    if choice == b'h' {
        config.auth_delay = Duration::from_secs(1);
    }
    config
}

fn server(choice: u8) -> Server {
    let config = config(choice);
    if matches!(choice, b's' | b'h' | b'e' | b'u') {
        Server::over_tls(config)
    } else {
        Server::new(config)
    }
}

/// RFC 5321 §4.2: each line is a code, a mark, a text; lines of one reply have one code.
fn replies_are_well_formed(output: &[u8]) {
    let output = core::str::from_utf8(output).expect("replies are text");
    let mut open = None;
    for line in output.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n").expect("lines end in CRLF");
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        let (code, mark) = (line.get(..3).expect("a code"), line.as_bytes().get(3));
        assert!(code.bytes().all(|octet| octet.is_ascii_digit()), "{line:?}");
        assert!(matches!(mark, Some(b' ' | b'-')), "{line:?}");
        assert_eq!(open.unwrap_or(code), code, "one code for all lines");
        open = (mark == Some(&b'-')).then_some(code);
    }
    assert_eq!(open, None, "the last reply is whole");
}

/// The application: some names are refused, some are broken.
#[derive(Default)]
struct Mx {
    payload: u64,
    limit: u64,
    /// Recipients that were accepted.
    accepted: usize,
}

enum Answer {
    None,
    Reply(Reply),
    Each(Reply, usize),
    Verdict(Verdict),
}

impl Host<Server> for Mx {
    fn event(&mut self, server: &mut Server, log: &mut Log) {
        self.limit = 1000;
        let answer = match server.event() {
            Event::Auth(Claim::Password { authzid, username, password }) => {
                log.event(format!("Auth {authzid:?} {username:?} {:?}", password.expose()));
                Answer::Verdict(match password.expose() {
                    "secret" => Verdict::Accept,
                    "outage" => Verdict::Unavailable,
                    _ => Verdict::Refuse,
                })
            }
            Event::Mail(mail) => {
                log.event(mail.to_string());
                (self.payload, self.accepted) = (0, 0);
                let blocked = mail.from.mailbox().is_some_and(|m| m.local() == "blocked");
                Answer::Reply(match blocked {
                    true => Reply::new(550, "5.7.1 Not you"),
                    false => Reply::sender_ok(),
                })
            }
            Event::Rcpt(rcpt) => {
                log.event(rcpt.to_string());
                let full = rcpt.to.mailbox().is_some_and(|m| m.local() == "full");
                self.accepted += usize::from(!full);
                Answer::Reply(match full {
                    true => Reply::new(452, "4.2.2 Mailbox full"),
                    false => Reply::recipient_ok(),
                })
            }
            Event::Data => Answer::Reply(Reply::go_ahead()),
            Event::Chunk(octets) => {
                assert!(!octets.is_empty(), "a chunk has octets");
                self.payload += octets.len() as u64;
                log.payload(octets);
                Answer::None
            }
            Event::Message { size } => {
                assert_eq!(size, self.payload, "the size is that of the chunks");
                assert!(self.accepted > 0, "a message has recipients");
                log.event(format!("Message of {size}"));
                Answer::Each(Reply::new(250, "2.0.0 Stored"), self.accepted)
            }
            Event::Reset(why) => {
                self.payload = 0;
                log.event(format!("Reset {why:?}"));
                Answer::None
            }
            Event::Verify { text, expand, smtp_utf8 } => {
                log.event(format!("{expand} {smtp_utf8} {text}"));
                Answer::Reply(Reply::new(252, text.to_owned()))
            }
            Event::Burl { url, last } => {
                log.event(format!("BURL {url} {last}"));
                Answer::Reply(match url.contains("gone") {
                    true => Reply::new(554, "5.6.6 Not there"),
                    false => Reply::new(250, "2.5.0 Fetched"),
                })
            }
            Event::Etrn { node } => {
                log.event(format!("ETRN {node}"));
                Answer::Reply(Reply::new(250, "2.0.0 Queued"))
            }
            Event::Xclient(attributes) => {
                for (name, value) in attributes.iter() {
                    log.event(format!("XCLIENT {name} {}", value.decode()));
                }
                Answer::Reply(match attributes.value("NAME") {
                    Some(_) => Reply::new(220, "mx.example.org again"),
                    None => Reply::new(550, "5.7.0 No"),
                })
            }
            Event::Xforward(attributes) => {
                log.event(format!("XFORWARD {}", attributes.iter().count()));
                Answer::Reply(Reply::new(250, "2.0.0 Noted"))
            }
            Event::EarlyTalk => {
                log.event("Early talk");
                server.turn_away(Reply::new(554, "5.7.1 Wait your turn")).expect("in time");
                Answer::None
            }
            Event::Rejected(reply) => {
                log.event(format!("Rejected {}", reply.code()));
                Answer::None
            }
            other => panic!("{other:?} was not announced"),
        };
        match answer {
            Answer::None => {}
            Answer::Reply(reply) => server.reply(reply).expect("a reply is waited for"),
            Answer::Each(reply, count) => {
                server.reply(reply.clone()).expect("a reply is waited for");
                // Under LMTP each recipient gets one, and no more than that.
                let more = (0..count).take_while(|_| server.reply(reply.clone()).is_ok()).count();
                assert!(more == 0 || more + 1 == count, "{more} of {count}");
            }
            Answer::Verdict(verdict) => server.verdict(verdict).expect("a verdict is waited for"),
        }
    }
}
