//! A whole session of the SMTP client machine.

use std::collections::VecDeque;

use mailwire::{
    Machine,
    sasl::client::Credentials,
    test::{Cuts, Host, Log, run},
};
use smtp_proto::{
    Body, Command, ForwardPath, Leniency, Mailbox, ReversePath,
    client::{Client, Config, Envelope, Event, Protocol},
    parse,
};

use crate::drive::{polite, seed};

/// The first line says what the client does (see `Sender::turn`), the rest is what a server says.
pub fn check(octets: &[u8]) {
    let at = octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |at| at + 1);
    let (script, input) = octets.split_at(at);
    // Reads that go beyond the end of a line: a server that answers before it is asked. What comes
    // of that depends on when it is seen; that nothing panics and no law is broken does not.
    for cuts in [Cuts::Whole, Cuts::Random(seed(octets))] {
        let (mut client, mut sender) = make(script);
        let outcome = run(&mut client, &mut sender, input, cuts);
        assert!(outcome.upgrade.is_none_or(|_| outcome.closed.is_none()));
    }
    let whole = {
        let (mut client, mut sender) = make(script);
        polite(&mut client, &mut sender, input, usize::MAX)
    };
    for most in [1, 7] {
        let (mut client, mut sender) = make(script);
        let cut = polite(&mut client, &mut sender, input, most);
        assert_eq!(whole, cut, "law 4: reads of at most {most}");
        let examined = client.recv().examined();
        let bound = 2 * input.len() as u64 + 1024;
        assert!(examined <= bound, "law 5: {examined} octets examined of {}", input.len());
    }
    let output = String::from_utf8(whole.output).expect("commands are text");
    assert!(!output.contains(['\0', '\u{7F}']));
}

/// Among the script's letters, `L` has the client speak LMTP, `D` keeps it from BDAT, and `C` has it
/// send chunks of two octets.
fn make(script: &[u8]) -> (Client, Sender) {
    let mut config = Config::new("client.example");
    config.plain_text_auth = true;
    config.limits.line = 200;
    config.limits.reply = 1000;
    config.limits.pipeline = 5;
    if script.contains(&b'L') {
        config.protocol = Protocol::Lmtp;
    }
    config.chunking = !script.contains(&b'D');
    if script.contains(&b'C') {
        config.limits.chunk = 2;
    }
    let sender = Sender { todo: script.iter().copied().collect(), ..Sender::default() };
    (Client::new(config), sender)
}

#[derive(Default)]
struct Sender {
    todo: VecDeque<u8>,
    body_due: bool,
    /// Recipients of the message underway that have no result yet.
    waiting: VecDeque<usize>,
    /// The message underway is behind a URL.
    url: bool,
}

impl Sender {
    fn envelope(recipients: usize) -> Envelope {
        let mailbox = |n: usize| Mailbox::new(&format!("r{n}"), "example.net").expect("an address");
        let to = (0..recipients).map(|n| ForwardPath::Mailbox(mailbox(n)));
        Envelope::new(ReversePath::Null, to)
    }

    /// Two recipients, and every parameter there is.
    fn all_parameters() -> Envelope {
        let mut envelope = Self::envelope(1);
        let mail = b"MAIL FROM:<a@b.example> AUTH=<> RET=HDRS ENVID=x+2B MT-PRIORITY=3 BY=99;N";
        let rcpt = b"RCPT TO:<c@d.example> NOTIFY=DELAY ORCPT=rfc822;c RRVS=2014-04-03T23:01:00Z;C";
        let read = |line: &'static [u8]| parse::command(line, Leniency::default());
        if let (Ok(Command::Mail(mail)), Ok(Command::Rcpt(rcpt))) = (read(mail), read(rcpt)) {
            envelope.mail = mail;
            envelope.rcpts.push(rcpt);
        }
        envelope
    }

    fn send(&mut self, client: &mut Client, envelope: Envelope) -> bool {
        let count = envelope.rcpts.len();
        let sent = client.send(envelope).is_ok();
        if sent {
            self.waiting = (0..count).collect();
        }
        sent
    }
}

impl Host<Client> for Sender {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::Ready(offered) => log.event(format!("Ready {:?}", offered.lines())),
            Event::Refused { stage, reply } => log.event(format!("Refused {stage:?} {reply}")),
            Event::Authenticated => log.event("Authenticated"),
            Event::Body => {
                log.event("Body");
                self.body_due = true;
            }
            Event::Recipient { index, stage, reply } => {
                let due = self.waiting.iter().position(|&waiting| waiting == index);
                self.waiting.remove(due.expect("one result for each recipient"));
                log.event(format!("{index} {stage:?} {reply}"));
            }
            Event::Answered(reply) => log.event(format!("Answered {reply}")),
            Event::Done => {
                assert!(self.waiting.is_empty(), "Done comes after all results");
                log.event("Done");
            }
            other => panic!("{other:?} was not announced"),
        }
    }

    /// `1` to `9`: a message to so many recipients; `8` of 8-bit octets. `a`: log in. `t`: TLS.
    /// `q`: QUIT. `p`: a message with all parameters. `b`: a binary one. `u`: one behind a URL. `v`:
    /// VRFY. `x`: XCLIENT. Anything else: nothing.
    fn turn(&mut self, client: &mut Client) -> bool {
        if core::mem::take(&mut self.body_due) {
            client.body(b".Hi\n").expect("a body is asked for");
            let fetched = core::mem::take(&mut self.url) && client.burl("imap:x").is_ok();
            if !fetched {
                client.body_end().expect("a body is asked for");
            }
            return true;
        }
        // What does not fit (TLS that was not offered, a size too large) is refused without a word.
        while let Some(action) = self.todo.pop_front() {
            let done = match action {
                b'1'..=b'9' => {
                    let count = usize::from(action - b'0');
                    let mut envelope = Self::envelope(count);
                    envelope.mail.params.size = Some(200);
                    if action == b'8' {
                        envelope.mail.params.body = Some(Body::EightBitMime);
                    }
                    self.send(client, envelope)
                }
                b'p' => self.send(client, Self::all_parameters()),
                b'b' => {
                    let mut envelope = Self::envelope(2);
                    envelope.mail.params.body = Some(Body::BinaryMime);
                    self.send(client, envelope)
                }
                b'u' => {
                    self.url = self.send(client, Self::envelope(2));
                    self.url
                }
                b'v' => client.command(&Command::Vrfy("x")).is_ok(),
                b'x' => {
                    let read = parse::command(b"XCLIENT NAME=x", Leniency::default());
                    read.is_ok_and(|command| client.command(&command).is_ok())
                }
                b'a' => client.auth(Credentials::password("alice", "secret")).is_ok(),
                b't' => client.starttls().is_ok(),
                b'q' => client.quit().is_ok(),
                _ => false,
            };
            if done {
                return true;
            }
        }
        false
    }
}
