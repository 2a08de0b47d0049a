use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
};
use core::{mem, time::Duration};

use bytes::Bytes;
use mailwire::{
    Close, Instant, Misuse, RecvBuf, SendBuf, Step,
    frame::{BareEolFound, DataEncoder},
    sasl::{
        self, Mechanism, Response,
        client::{Credentials, Exchange},
    },
};

use super::{
    BodyError, CannotSend, Config, Envelope, Event, Protocol, Stage,
    envelope::Circumstances,
    replies::{Received, Replies},
    transaction::{Chunks, Transaction, Way},
};
use crate::{Body, Command, Extensions, Reply};

/// The longest command line that any server takes (RFC 5321 §4.5.3.1.4), its CRLF included.
const COMMAND_LINE: usize = 512;

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) announced: Announced,
    pub(super) out: SendBuf,
    pub(super) closed: Option<Close>,
    pub(super) eof: bool,
    pub(super) extensions: Extensions,
    pub(super) last_reply: Reply,
    /// Messages begun in this session.
    mails: u32,
    /// Domains of their recipients, if the server limits them (RFC 9422).
    domains: BTreeSet<String>,
    /// XCLIENT was given: a positive reply is a greeting.
    xclient: bool,
    /// CHUNKING was offered, and BDAT is not known.
    pub(super) bdat_unknown: bool,
    /// EHLO or HELO was taken, over this transport.
    ready: bool,
    tls: bool,
    replies: Replies,
    /// When the reply that is waited for must have come.
    until: Option<Instant>,
}

#[derive(Debug)]
pub(super) enum State {
    /// A reply to this is due.
    Waiting(Stage),
    /// HELO was tried after EHLO was refused.
    Helo,
    /// In the middle of AUTH.
    Auth(Exchange),
    /// A transaction is underway.
    Transaction(Transaction),
    /// The user's turn.
    Rest,
    /// The server agreed to TLS.
    Upgrade,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Announced {
    #[default]
    Nothing,
    Ready,
    Refused(Stage),
    Authenticated,
    Body,
    Recipient(usize, Stage),
    Done,
    Answered,
}

impl Core {
    pub(super) fn new(config: Config, tls: bool) -> Self {
        Self {
            replies: Replies::new(config.limits.line, config.limits.reply),
            tls,
            config,
            state: State::Waiting(Stage::Greeting),
            announced: Announced::Nothing,
            out: SendBuf::new(),
            closed: None,
            eof: false,
            extensions: Extensions::default(),
            last_reply: Reply::new(220, ""),
            mails: 0,
            domains: BTreeSet::new(),
            xclient: false,
            bdat_unknown: false,
            ready: false,
            until: None,
        }
    }

    pub(super) fn poll(&mut self, recv: &mut RecvBuf, now: Instant) -> Step {
        loop {
            if !matches!(self.announced, Announced::Nothing) {
                return Step::Event;
            }
            if let State::Transaction(transaction) = &mut self.state {
                if let Some(announced) = transaction.report(self.closed.is_some()) {
                    self.announced = announced;
                    continue;
                }
                if transaction.is_over() {
                    self.state = State::Rest;
                    self.announced = Announced::Done;
                    continue;
                }
            }
            if self.closed.is_some() {
                let held = recv.len();
                recv.consume(held);
                recv.close();
                return Step::Closed;
            }
            match &mut self.state {
                State::Upgrade if self.out.is_empty() => return Step::Upgrade,
                State::Upgrade => return Step::NeedFlush,
                // What a server says unasked is not looked at: it answers the next command, so that
                // it does not matter when it came. Replies and commands are counted (RFC 2920 §3.1).
                State::Rest if !self.eof => return Step::YourTurn,
                State::Rest => {
                    self.close(Close::Eof);
                    continue;
                }
                State::Transaction(transaction) => {
                    transaction.write(&self.extensions, &self.config, &mut self.out);
                    if transaction.is_over() {
                        continue; // nothing had to be said after a refused MAIL
                    }
                }
                _ => {}
            }
            if self.out.len() > self.config.limits.output {
                return Step::NeedFlush;
            }
            if matches!(&self.state, State::Transaction(transaction) if transaction.wants_body()) {
                return Step::YourTurn;
            }
            let received = self.replies.next(recv);
            match (received, &self.state) {
                (Received::Broken, _) => self.close(Close::Protocol),
                (Received::Reply(reply), _) => {
                    self.until = None;
                    self.reply(reply, recv);
                }
                (Received::NeedInput, _) if self.eof => {
                    let done = matches!(self.state, State::Waiting(Stage::Quit));
                    self.close(if done { Close::Done } else { Close::Eof });
                }
                (Received::NeedInput, _) => {
                    let limit = self.patience();
                    let until = *self.until.get_or_insert(now + limit);
                    if now < until {
                        return Step::NeedInput;
                    }
                    self.close(Close::Timeout);
                }
            }
        }
    }

    /// How long to wait for the reply that is due.
    fn patience(&self) -> Duration {
        let timeouts = &self.config.timeouts;
        match &self.state {
            State::Transaction(transaction) => match transaction.due() {
                Stage::Mail | Stage::Recipient => timeouts.envelope,
                Stage::Data => timeouts.data,
                _ => timeouts.message,
            },
            _ => timeouts.command,
        }
    }

    fn reply(&mut self, reply: Reply, recv: &mut RecvBuf) {
        let code = reply.code();
        match &mut self.state {
            State::Transaction(transaction) => {
                if code == 421 {
                    // RFC 5321 §3.8: the server is going away; this is its answer to all that is
                    // still open.
                    transaction.break_off(reply);
                    self.close(Close::Eof);
                } else if transaction.due() == Stage::Data && reply.is_positive() {
                    // Neither a refusal nor a go-ahead. To pass it on would tell the user that the
                    // message, of which nothing was sent, has been accepted.
                    self.close(Close::Protocol);
                } else if transaction.awaits_first_bdat() && is_unknown_command(&reply) {
                    // The message is not refused: the command was not understood, so that the
                    // octets behind it were read as commands. Nothing that is said from now on can
                    // be believed, and no recipient is lost for it.
                    self.bdat_unknown = true;
                    self.close(Close::Protocol);
                } else {
                    transaction.reply(reply);
                }
                return;
            }
            State::Auth(_) if code == 334 => return self.challenge(&reply),
            _ => {}
        }
        self.last_reply = reply;
        let positive = self.last_reply.is_positive();
        match mem::replace(&mut self.state, State::Rest) {
            State::Waiting(Stage::Greeting) if positive => self.hello(),
            State::Waiting(Stage::Hello) if positive => self.ready(true),
            State::Helo if positive => self.ready(false),
            // RFC 5321 §3.2: a server that does not know EHLO knows HELO.
            State::Waiting(Stage::Hello)
                if self.last_reply.is_permanent() && self.config.protocol == Protocol::Smtp =>
            {
                self.say(&Command::Helo(&self.config.hostname.clone()));
                self.state = State::Helo;
            }
            State::Waiting(Stage::StartTls) if code == 220 => {
                if recv.is_empty() {
                    recv.close();
                    self.state = State::Upgrade;
                } else {
                    self.close(Close::Injection);
                }
            }
            State::Waiting(Stage::Command) if positive && mem::take(&mut self.xclient) => {
                self.hello();
            }
            State::Waiting(Stage::Command) => self.announced = Announced::Answered,
            State::Waiting(Stage::Quit) => self.close(Close::Done),
            State::Auth(exchange) if positive && exchange.is_trusted() => {
                self.announced = Announced::Authenticated;
            }
            // Whoever cannot prove to know the password is not the server (RFC 5802 §5).
            State::Auth(_) if positive => self.close(Close::Protocol),
            // The exchange was cancelled (RFC 4954 §4 has 501 now), and the server still asks.
            State::Waiting(Stage::Auth) if self.last_reply.is_intermediate() => {
                self.close(Close::Protocol);
            }
            State::Auth(_) => self.announced = Announced::Refused(Stage::Auth),
            State::Helo => self.announced = Announced::Refused(Stage::Hello),
            State::Waiting(stage) => self.announced = Announced::Refused(stage),
            _ => {}
        }
        if code == 421 {
            self.close(Close::Eof);
        }
    }

    /// EHLO, after which nothing counts that was offered before.
    fn hello(&mut self) {
        self.extensions = Extensions::default();
        self.ready = false;
        let hostname = self.config.hostname.clone();
        self.say(&match self.config.protocol {
            Protocol::Smtp => Command::Ehlo(&hostname),
            Protocol::Lmtp => Command::Lhlo(&hostname),
        });
        self.state = State::Waiting(Stage::Hello);
    }

    fn ready(&mut self, extended: bool) {
        self.extensions = Extensions::from_reply(&self.last_reply);
        if !extended {
            let hostname = mem::take(&mut self.extensions.hostname);
            self.extensions = Extensions::default();
            self.extensions.hostname = hostname;
        }
        self.ready = true;
        self.announced = Announced::Ready;
    }

    fn challenge(&mut self, reply: &Reply) {
        let State::Auth(exchange) = &mut self.state else { return };
        let answer = match sasl::decode_response(reply.text().trim().as_bytes()) {
            Response::Data(challenge) => exchange.respond(&challenge).ok(),
            _ => exchange.respond(&[]).ok(), // servers put human text where base64 belongs
        };
        if let Some(answer) = answer {
            self.out.put(sasl::encode(&answer).as_bytes());
            self.out.put(b"\r\n");
        } else {
            self.out.put(b"*\r\n");
            self.state = State::Waiting(Stage::Auth);
        }
    }

    fn at_rest(&self) -> Result<(), Misuse> {
        let ready = matches!(self.state, State::Rest)
            && matches!(self.announced, Announced::Nothing)
            && self.closed.is_none();
        if ready { Ok(()) } else { Err(Misuse::new("the client is not at rest: poll first")) }
    }

    pub(super) fn hello_again(&mut self) -> Result<(), Misuse> {
        self.at_rest()?;
        if !self.ready {
            return Err(Misuse::new("hello: EHLO and HELO were refused"));
        }
        self.hello();
        Ok(())
    }

    pub(super) fn starttls(&mut self) -> Result<(), Misuse> {
        self.at_rest()?;
        if self.tls || !self.extensions.starttls {
            return Err(Misuse::new("starttls: not offered, or TLS is active"));
        }
        self.say(&Command::StartTls);
        self.state = State::Waiting(Stage::StartTls);
        Ok(())
    }

    pub(super) fn auth(&mut self, credentials: Credentials) -> Result<Mechanism, Misuse> {
        self.at_rest()?;
        let safe = self.tls || self.config.plain_text_auth;
        let mechanism = credentials
            .choose(self.extensions.auth.iter().copied(), safe)
            .ok_or(Misuse::new("auth: no mechanism offered may be used"))?;
        let mut exchange = Exchange::new(mechanism, credentials.clone(), &self.extensions.auth);
        let initial = exchange.initial().map(|initial| match initial.as_slice() {
            [] => "=".to_string(),
            initial => sasl::encode(initial),
        });
        let mut command =
            Command::Auth { mechanism: mechanism.name(), initial: initial.as_deref() };
        // RFC 4954 §4: an initial response that makes the line too long waits for the challenge.
        if command.to_string().len() + 2 > COMMAND_LINE {
            exchange = Exchange::new(mechanism, credentials, &self.extensions.auth);
            command = Command::Auth { mechanism: mechanism.name(), initial: None };
        }
        self.say(&command);
        self.state = State::Auth(exchange);
        Ok(mechanism)
    }

    pub(super) fn send(&mut self, envelope: Envelope) -> Result<(), CannotSend> {
        self.at_rest()?;
        if !self.ready {
            return Err(Misuse::new("send: EHLO and HELO were refused").into());
        }
        // RFC 3030 §4.2: chunks are sent one after the other without waiting.
        let bdat = self.config.chunking && self.extensions.chunking && self.extensions.pipelining;
        let here = Circumstances { tls: self.tls, mails: self.mails, domains: &self.domains, bdat };
        envelope.check(&self.extensions, here)?;
        let binary = envelope.mail.params.body == Some(Body::BinaryMime);
        let way = if bdat {
            let lines = (!binary).then(|| DataEncoder::counted(self.config.bare_eol));
            Way::Bdat(Chunks::new(lines))
        } else {
            Way::Data(DataEncoder::new(self.config.bare_eol))
        };
        self.mails = self.mails.saturating_add(1);
        if self.extensions.limits.recipient_domains.is_some() {
            self.domains.extend(envelope.domains());
        }
        self.state = State::Transaction(Transaction::new(envelope, self.config.protocol, way));
        Ok(())
    }

    /// The transaction that waits for its message.
    fn writing(&mut self) -> Result<&mut Transaction, Misuse> {
        match &mut self.state {
            State::Transaction(transaction)
                if self.closed.is_none() && transaction.wants_body() =>
            {
                Ok(transaction)
            }
            _ => Err(Misuse::new("body: no message is asked for")),
        }
    }

    pub(super) fn body(
        &mut self,
        encode: impl FnOnce(Option<&mut DataEncoder>, &mut SendBuf) -> Result<(), BareEolFound>,
    ) -> Result<(), BodyError> {
        let mut out = mem::take(&mut self.out);
        let chunk = self.config.limits.chunk.max(1);
        let encoded = match self.writing().map(|transaction| &mut transaction.way) {
            Err(misuse) => Err(BodyError::Misuse(misuse)),
            Ok(Way::Data(encoder)) => encode(Some(encoder), &mut out).map_err(BodyError::BareEol),
            Ok(Way::Bdat(chunks)) => {
                let encoded = encode(chunks.encoder.as_mut(), &mut chunks.next);
                if encoded.is_ok() && chunks.next.len() >= chunk {
                    chunks.send(false, &mut out);
                }
                encoded.map_err(BodyError::BareEol)
            }
        };
        self.out = out;
        if let Err(BodyError::BareEol(_)) = encoded {
            // What was sent cannot be taken back, and must not be completed.
            self.out = SendBuf::new();
            self.close(Close::Shutdown);
        }
        encoded
    }

    pub(super) fn body_end(&mut self) -> Result<(), BodyError> {
        self.body(|encoder, out| match encoder {
            Some(encoder) => encoder.finish(out),
            None => Ok(()),
        })?;
        let mut out = mem::take(&mut self.out);
        if let Ok(transaction) = self.writing() {
            if let Way::Bdat(chunks) = &mut transaction.way {
                chunks.send(true, &mut out);
            }
            transaction.body_sent();
        }
        self.out = out;
        Ok(())
    }

    pub(super) fn burl(&mut self, url: &str) -> Result<(), Misuse> {
        let offered = self.extensions.burl;
        let mut out = mem::take(&mut self.out);
        let begun = self.writing().and_then(|transaction| match &mut transaction.way {
            Way::Bdat(chunks) if offered => {
                if !chunks.next.is_empty() {
                    chunks.send(false, &mut out);
                }
                chunks.burl = true;
                transaction.body_sent();
                Ok(())
            }
            _ => Err(Misuse::new("burl: BURL or BDAT was not offered")),
        });
        self.out = out;
        begun?;
        self.say(&Command::Burl { url, last: true });
        Ok(())
    }

    pub(super) fn command(&mut self, command: &Command<'_>) -> Result<(), Misuse> {
        self.at_rest()?;
        let plain = matches!(
            command,
            Command::Vrfy(_)
                | Command::Expn(_)
                | Command::Help(_)
                | Command::Noop
                | Command::Rset
                | Command::Etrn(_)
                | Command::Xclient(_)
                | Command::Xforward(_)
        );
        if !plain {
            return Err(Misuse::new("command: there is a method for that one"));
        }
        self.say(command);
        self.xclient = matches!(command, Command::Xclient(_));
        self.state = State::Waiting(Stage::Command);
        Ok(())
    }

    pub(super) fn quit(&mut self) -> Result<(), Misuse> {
        self.at_rest()?;
        self.say(&Command::Quit);
        self.state = State::Waiting(Stage::Quit);
        Ok(())
    }

    pub(super) fn outcome(&self, index: usize, stage: Stage) -> Event<'_> {
        match &self.state {
            State::Transaction(transaction) => transaction
                .reply_of(index)
                .map_or(Event::Nothing, |reply| Event::Recipient { index, stage, reply }),
            _ => Event::Nothing,
        }
    }

    pub(super) fn upgrade(&mut self, recv: &mut RecvBuf) -> Bytes {
        if !matches!(self.state, State::Upgrade) || !self.out.is_empty() {
            return Bytes::new();
        }
        let held = recv.len();
        let early = recv.take(held);
        recv.open();
        self.tls = true;
        self.hello(); // RFC 3207 §4.2
        early
    }

    fn say(&mut self, command: &Command<'_>) {
        // Writing to a SendBuf cannot fail.
        let _ = core::fmt::Write::write_fmt(&mut self.out, format_args!("{command}\r\n"));
    }

    fn close(&mut self, why: Close) {
        self.closed.get_or_insert(why);
        self.until = None;
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.until
    }

    pub(super) const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    pub(super) const fn is_tls(&self) -> bool {
        self.tls
    }
}

/// Whether a server says by this that it does not know the command. 500 with a status of another
/// subject (`5.7.1`, for one) is what some filters say to a message.
fn is_unknown_command(reply: &Reply) -> bool {
    matches!(reply.code(), 500 | 502) && reply.enhanced().is_none_or(|status| status.subject == 5)
}
