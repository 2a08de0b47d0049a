//! A client's host: it sends what it is told to.

use std::collections::VecDeque;

use mailwire::{
    Instant, Machine,
    sasl::client::Credentials,
    test::{Host, Log},
};
use smtp_proto::{
    Body, Command, ForwardPath, Leniency, Mailbox, ReversePath,
    client::{self, Client, Envelope, Event},
    parse,
};

/// A configuration, and whether the connection is under TLS from the start.
pub(crate) type ClientConfig = super::Setup<client::Config>;

pub(crate) fn client_config() -> ClientConfig {
    client::Config::new("client.example").into()
}

pub(crate) fn client(config: &ClientConfig) -> Client {
    let machine = (**config).clone();
    if config.implicit_tls { Client::over_tls(machine) } else { Client::new(machine) }
}

/// An envelope from addresses as text; an empty sender is the null reverse-path, and `postmaster`
/// alone is `<Postmaster>`.
pub(crate) fn envelope(from: &str, to: &[&str]) -> Envelope {
    let mailbox = |text: &str| Mailbox::parse(text).unwrap().into_owned();
    let from =
        if from.is_empty() { ReversePath::Null } else { ReversePath::Mailbox(mailbox(from)) };
    let forward = |text: &&str| match *text {
        "postmaster" => ForwardPath::Postmaster,
        text => ForwardPath::Mailbox(mailbox(text)),
    };
    Envelope::new(from, to.iter().map(forward))
}

/// Does what `A:` lines of a transcript say, or what was queued in [`Sender::todo`]:
///
/// ```text
/// starttls
/// auth NAME PASSWORD
/// send FROM TO,TO [size=N] [8bit] [body=TEXT]     FROM may be <>
/// cannot …                                        like send, and the client refuses
/// letter MAIL …; RCPT …; RCPT …[; URL]            a message, its envelope in full; its text is at URL
/// refuses REASON MAIL …; RCPT …                   the same, and the client refuses for this reason
/// say COMMAND                                     a command that is no part of a transaction
/// quit
/// ```
///
/// The body is sent in pieces of a few octets, so that no piece is a whole line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    pub(crate) todo: VecDeque<String>,
    /// Commands that the client refuses are passed over.
    pub(crate) lenient: bool,
    body: Vec<u8>,
    body_due: bool,
    url: Option<String>,
}

impl Sender {
    pub(crate) fn new(todo: &[&str]) -> Self {
        Self { todo: todo.iter().map(|&action| action.to_owned()).collect(), ..Self::default() }
    }

    /// An envelope from the commands that carry it.
    fn letter(&mut self, commands: &str) -> Envelope {
        let mut letter = envelope("", &[]);
        self.body = b"Hello\r\n".to_vec();
        for text in commands.split("; ") {
            match parse::command(text.as_bytes(), Leniency::default()) {
                Ok(Command::Mail(mail)) => letter.mail = mail.into_owned(),
                Ok(Command::Rcpt(rcpt)) => letter.rcpts.push(rcpt.into_owned()),
                _ => self.url = Some(text.to_owned()),
            }
        }
        letter
    }

    fn envelope(&mut self, words: &str) -> Envelope {
        let mut words = words.split(' ');
        let from = words.next().unwrap().trim_matches(['<', '>']);
        let to: Vec<&str> = words.next().unwrap().split(',').collect();
        let mut envelope = envelope(from, &to);
        self.body = b"Hello\r\n".to_vec();
        for word in words {
            if let Some(size) = word.strip_prefix("size=") {
                envelope.mail.params.size = Some(size.parse().unwrap());
            } else if let Some(body) = word.strip_prefix("body=") {
                self.body =
                    body.replace("\\r", "\r").replace("\\n", "\n").replace("\\s", " ").into_bytes();
            } else {
                assert_eq!(word, "8bit");
                envelope.mail.params.body = Some(Body::EightBitMime);
            }
        }
        envelope
    }
}

impl Host<Client> for Sender {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::Ready(offered) => log.event(format!("Ready {}", offered.lines().join(", "))),
            Event::Refused { stage, reply } => {
                log.event(format!("Refused {stage:?} {}", reply.to_string().trim_end()));
            }
            Event::Authenticated => log.event("Authenticated"),
            Event::Body => {
                log.event("Body");
                self.body_due = true;
            }
            Event::Recipient { index, stage, reply } => {
                log.event(format!("{index} {stage:?} {}", reply.to_string().trim_end()));
            }
            Event::Done => log.event("Done"),
            Event::Answered(reply) => {
                log.event(format!("Answered {}", reply.to_string().trim_end()));
            }
            other => panic!("{other:?} was not announced"),
        }
    }

    fn turn(&mut self, client: &mut Client) -> bool {
        if core::mem::take(&mut self.body_due) {
            for piece in self.body.chunks(5) {
                client.body(piece).unwrap();
            }
            let fetched = self.url.take().is_some_and(|url| client.burl(&url).is_ok());
            if !fetched {
                client.body_end().unwrap();
            }
            return true;
        }
        let Some(action) = self.todo.pop_front() else { return false };
        self.action(client, &action);
        true
    }

    fn action(&mut self, client: &mut Client, action: &str) {
        let (verb, rest) = action.split_once(' ').unwrap_or((action, ""));
        let done = match verb {
            "starttls" => client.starttls().is_ok(),
            "auth" => {
                let (name, password) = rest.split_once(' ').unwrap();
                client.auth(Credentials::password(name, password)).is_ok()
            }
            "send" => client.send(self.envelope(rest)).is_ok(),
            "cannot" => client.send(self.envelope(rest)).is_err(),
            "letter" => client.send(self.letter(rest)).is_ok(),
            "refuses" => {
                let (reason, rest) = rest.split_once(' ').unwrap();
                let refused = client.send(self.letter(rest)).unwrap_err();
                assert_eq!(format!("{refused:?}"), reason);
                true
            }
            "say" => {
                let command = parse::command(rest.as_bytes(), Leniency::default()).unwrap();
                client.command(&command).is_ok()
            }
            "quit" => client.quit().is_ok(),
            other => panic!("no such action: {other}"),
        };
        assert!(done || self.lenient, "{action}: refused by the client");
    }
}
