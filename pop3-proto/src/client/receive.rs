//! What comes from the server, and what it means for the command at hand.

use core::ops::Range;

use alloc::borrow::ToOwned;

use mailwire::{
    Close, RecvBuf,
    frame::{DataDecoder, Line, Piece, strip_eol},
    sasl::{Response as SaslResponse, Secret, decode_response, encode},
};

use super::{
    Failure, Request,
    core::{Core, Done, Pending, Stage},
    queue::Login,
};
use crate::{Capabilities, Command, Status, parse, print, top::Top};

impl Core {
    /// Reads the next line or piece. Returns whether there was one.
    pub(super) fn receive(&mut self, recv: &mut RecvBuf) -> bool {
        if let Stage::Body { .. } = self.stage {
            return self.body(recv);
        }
        let (len, whole) = match self.lines.find(recv) {
            Line::Partial => return false,
            Line::TooLong => (0, false),
            Line::Complete { len, .. } => (len, true),
        };
        self.lent = len;
        self.progress();
        let unread = recv.unread();
        let early = unread.len() > len;
        let line = whole.then(|| strip_eol(unread.get(..len).unwrap_or_default()));
        match (&mut self.stage, line) {
            (Stage::Listing { malformed }, None) => *malformed = malformed.saturating_add(1),
            (Stage::Capabilities(_), None) => {}
            (_, None) => self.closed = Some(Close::Protocol),
            (Stage::Listing { .. } | Stage::Capabilities(_), Some(line)) => self.listing(line),
            (Stage::Greeting, Some(line)) => self.greeting(line),
            (Stage::Pass, Some(line)) => match parse::response(line) {
                Ok(response) if response.status == Status::Ok => self.done(Done::LoggedIn),
                Ok(_) => self.failed(None),
                Err(_) => self.closed = Some(Close::Protocol),
            },
            (_, Some(line)) => self.first_line(line, early),
        }
        true
    }

    /// RFC 1939 §4: any positive response.
    fn greeting(&mut self, line: &[u8]) {
        match parse::response(line) {
            Err(_) => self.closed = Some(Close::Protocol),
            Ok(response) if response.status == Status::Ok => {
                self.timestamp = parse::timestamp(line).map(ToOwned::to_owned);
                self.pending = Some(Pending::Greeting);
                self.stage = Stage::Line;
            }
            Ok(_) => {
                self.pending = Some(Pending::Failed(Request::Connect, None));
                self.closing = Some(Close::Done);
            }
        }
    }

    /// The first line of an answer.
    fn first_line(&mut self, line: &[u8], early: bool) {
        let Some(job) = self.sent.front() else { return };
        let request = job.request;
        if let (Some(Login::Sasl { .. }), Some(challenge)) = (&job.login, parse::continuation(line))
        {
            return self.challenge(challenge);
        }
        let Ok(response) = parse::response(line) else {
            self.closed = Some(Close::Protocol);
            return;
        };
        if response.status == Status::Err {
            if self.top_again(request) {
                return;
            }
            return self.failed(None);
        }
        let text = response.text.as_ref();
        match request {
            Request::Capa => self.stage = Stage::Capabilities(Capabilities::default()),
            Request::List(None) | Request::Uidl(None) | Request::Languages => {
                self.stage = Stage::Listing { malformed: 0 };
            }
            Request::Retr(_) | Request::Top { .. } => {
                let decoder = DataDecoder::new(self.config.bare_eol);
                let top = match (request, self.sent.front()) {
                    (Request::Top { lines, .. }, Some(job)) if job.by_retr => Some(Top::new(lines)),
                    _ => None,
                };
                self.stage = Stage::Body { decoder, octets: 0, top };
            }
            Request::Login | Request::Apop | Request::Auth | Request::AuthBy(_) => self.accepted(),
            Request::Utf8 => self.done(Done::Utf8),
            // RFC 6856 §3.2: the tag follows. Its text is not worth a failure.
            Request::Lang => self.done(Done::Language),
            // RFC 2595 §4: TLS begins right after this line, and so does what belongs to it.
            // Plain text after it was put there by somebody else.
            Request::Stls if early => self.closed = Some(Close::Injection),
            Request::Stls => {
                self.done(Done::StartTls);
                self.stage = Stage::Upgrade;
            }
            Request::Stat => match parse::stat(text) {
                Some(stat) => self.done(Done::Stat(stat)),
                None => self.failed(Some("not a drop listing")),
            },
            Request::List(Some(_)) => match parse::scan(text) {
                Some(scan) => self.done(Done::Scan(scan)),
                None => self.failed(Some("not a scan listing")),
            },
            Request::Uidl(Some(_)) => {
                let listing = core::str::from_utf8(line).ok().and_then(|line| {
                    let id = parse::unique_id(line.get("+OK".len()..)?)?;
                    Some(Done::UniqueId(id.message, place(line, id.uidl)))
                });
                match listing {
                    Some(done) => self.done(done),
                    None => self.failed(Some("not a unique-id listing")),
                }
            }
            Request::Dele(message) => self.done(Done::Dele(message)),
            Request::Noop => self.done(Done::Noop),
            Request::Rset => self.done(Done::Rset),
            Request::Quit | Request::Connect => self.done(Done::Quit),
        }
    }

    /// A line of a listing, or its end.
    fn listing(&mut self, line: &[u8]) {
        if line == b"." {
            return self.listing_end();
        }
        // RFC 1939 §3: a line that begins with the termination octet is stuffed.
        let text = line.strip_prefix(b".").unwrap_or(line);
        let text = core::str::from_utf8(text).ok();
        let request = self.sent.front().map(|job| job.request);
        match (&mut self.stage, request) {
            (Stage::Capabilities(capabilities), _) => {
                let room = capabilities.len() < self.config.limits.capabilities;
                if let Some(text) = text.filter(|_| room) {
                    capabilities.push(text.to_owned());
                }
            }
            (Stage::Listing { malformed }, Some(Request::List(_))) => {
                match text.and_then(parse::scan) {
                    Some(scan) => self.pending = Some(Pending::Scan(scan)),
                    None => *malformed = malformed.saturating_add(1),
                }
            }
            (Stage::Listing { malformed }, Some(Request::Languages)) => {
                match core::str::from_utf8(line).ok().and_then(parse::language) {
                    Some(_) => self.pending = Some(Pending::Language),
                    None => *malformed = malformed.saturating_add(1),
                }
            }
            (Stage::Listing { malformed }, _) => {
                let listing = core::str::from_utf8(line).ok().and_then(|line| {
                    let id = parse::unique_id(line)?;
                    Some(Pending::UniqueId(id.message, place(line, id.uidl)))
                });
                match listing {
                    Some(listing) => self.pending = Some(listing),
                    None => *malformed = malformed.saturating_add(1),
                }
            }
            _ => {}
        }
    }

    fn listing_end(&mut self) {
        match core::mem::replace(&mut self.stage, Stage::Line) {
            Stage::Capabilities(capabilities) => {
                self.capabilities = Some(capabilities);
                self.done(Done::Capabilities);
            }
            Stage::Listing { malformed } => {
                let request = self.sent.front().map(|job| job.request);
                self.done(match request {
                    Some(Request::List(_)) => Done::List { malformed },
                    Some(Request::Languages) => Done::Languages { malformed },
                    _ => Done::Uidl { malformed },
                });
            }
            stage => self.stage = stage,
        }
    }

    /// The next piece of a message.
    fn body(&mut self, recv: &mut RecvBuf) -> bool {
        let Stage::Body { decoder, octets, top } = &mut self.stage else { return false };
        let unread = recv.unread();
        match decoder.next(unread) {
            Piece::Partial => return false,
            Piece::Skip(n) => self.lent = n,
            Piece::Payload(n) => {
                let piece = unread.get(..n).unwrap_or_default();
                let wanted = top.as_mut().map_or(n, |top| top.wanted(piece));
                *octets = octets.saturating_add(wanted as u64);
                self.lent = n;
                self.pending = (wanted > 0).then_some(Pending::Body(wanted));
            }
            Piece::Crlf(n) => {
                self.lent = n;
                if top.as_mut().is_none_or(|top| top.wanted(b"\r\n") > 0) {
                    *octets = octets.saturating_add(2);
                    self.pending = Some(Pending::Crlf);
                }
            }
            Piece::End(n) => {
                self.lent = n;
                let (refused, octets) = (decoder.refused(), *octets);
                match self.sent.front().map(|job| job.request) {
                    _ if refused => self.failed(Some("bare CR, bare LF or NUL in the message")),
                    Some(Request::Top { message, .. }) => self.done(Done::Top { message, octets }),
                    Some(Request::Retr(message)) => self.done(Done::Retr { message, octets }),
                    _ => {}
                }
            }
        }
        true
    }

    /// TOP was refused by a server of which it is not known whether it has TOP: RETR is tried, where
    /// the answer to it is the next to come.
    fn top_again(&mut self, request: Request) -> bool {
        let again = self.config.top_by_retr && self.capabilities.is_none() && self.sent.len() == 1;
        match (request, self.sent.front_mut()) {
            (Request::Top { message, .. }, Some(job)) if again && !job.by_retr => {
                job.by_retr = true;
                print::command(&Command::Retr(message), &mut self.out);
                true
            }
            _ => false,
        }
    }

    /// `+OK` to a log-in. To USER it says that the name was accepted (RFC 1939 §7).
    fn accepted(&mut self) {
        match self.sent.front().and_then(|job| job.login.as_ref()) {
            Some(Login::Password(credentials)) => {
                let password = credentials.secret().map(Secret::expose).unwrap_or_default();
                print::command(&Command::Pass(password), &mut self.out);
                self.stage = Stage::Pass;
            }
            Some(Login::Sasl { cancelled: true, .. }) => {
                self.failed(Some("an exchange that was given up was accepted"));
            }
            // RFC 5802 §5: it did not prove that it knows the password. Nothing more is said to it.
            Some(Login::Sasl { exchange, .. }) if !exchange.is_trusted() => {
                self.failed(Some("the server did not prove who it is"));
                self.closing = Some(Close::Protocol);
            }
            _ => self.done(Done::LoggedIn),
        }
    }

    /// RFC 5034 §4. A challenge that cannot be answered is answered with `*`.
    fn challenge(&mut self, challenge: &[u8]) {
        let login = self.sent.front_mut().and_then(|job| job.login.as_mut());
        let Some(Login::Sasl { exchange, initial, cancelled }) = login else { return };
        let answer = match (initial.take(), decode_response(challenge)) {
            (Some(initial), _) => Some(initial),
            (None, SaslResponse::Data(challenge)) => exchange.respond(&challenge).ok(),
            (None, _) => None,
        };
        match answer.filter(|_| !*cancelled) {
            Some(answer) => self.out.put(encode(&answer).as_bytes()),
            None => {
                if core::mem::replace(cancelled, true) {
                    self.closed = Some(Close::Protocol);
                }
                self.out.put(b"*");
            }
        }
        self.out.put(b"\r\n");
    }

    /// The command at hand has succeeded.
    fn done(&mut self, done: Done) {
        if matches!(done, Done::Quit) {
            self.closing = Some(Close::Done);
        }
        self.sent.pop_front();
        self.progress();
        self.stage = Stage::Line;
        self.pending = Some(Pending::Done(done));
    }

    /// The command at hand has failed; without a reason of ours, the line says why.
    fn failed(&mut self, malformed: Option<&'static str>) {
        self.progress();
        self.stage = Stage::Line;
        let Some(job) = self.sent.pop_front() else { return };
        if job.request == Request::Quit {
            self.closing = Some(Close::Done);
        }
        self.pending = Some(Pending::Failed(job.request, malformed.map(Failure::Malformed)));
    }
}

/// Where the unique id stands, which ends its line.
fn place(line: &str, uidl: &str) -> Range<usize> {
    let end = line.trim_end().len();
    end.saturating_sub(uidl.len())..end
}
