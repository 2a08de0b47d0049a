//! What is measured.

use bytes::{Buf, Bytes};
use imap_proto::{
    command::Command as ImapCommand,
    mime::{Summary, summarize},
    response::{FetchData, Response},
    server::{Event as ImapEvent, SelectData, Server as ImapServer},
    types::{DateTime, UidSet},
};
use mailwire::{
    Instant, Machine, RecvBuf, SendBuf, Step,
    frame::{BareEol, DataDecoder, DataEncoder, Line, LineFramer, OutEol, Piece, strip_eol},
    sasl::{Claim, Verdict},
};
use pop3_proto::{
    client::{Client as Pop3Client, Event as Pop3ClientEvent},
    server::{Entry, Event as Pop3Event, Server as Pop3Server},
};
use smtp_proto::{
    Command, Extensions, ForwardPath, Leniency, Mailbox, Reply, ReversePath,
    client::{Client as SmtpClient, Config as ClientConfig, Envelope, Event as SmtpClientEvent},
    parse,
    server::{Event as SmtpEvent, Server as SmtpServer},
};

const NOW: Instant = Instant::from_micros(0);

/// Finds the lines of `wire` and parses each as an SMTP command. Returns how many recipients there
/// were, and how many commands.
pub fn smtp_commands(wire: &[u8], buf: &mut RecvBuf) -> (usize, usize) {
    let mut lines = LineFramer::new(2048);
    let (mut recipients, mut commands) = (0, 0);
    assert_eq!(buf.push(wire), wire.len());
    while let Line::Complete { len, .. } = lines.find(buf) {
        let line = strip_eol(&buf.unread()[..len]);
        match parse::command(line, Leniency::default()).expect("a command") {
            Command::Rcpt(rcpt) => recipients += usize::from(rcpt.to.mailbox().is_some()),
            Command::Mail(_) | Command::Data => {}
            other => panic!("{other}"),
        }
        commands += 1;
        buf.consume(len);
    }
    (recipients, commands)
}

/// The same without a buffer: for a fair comparison with parsers that have none.
pub fn smtp_commands_in_place(mut wire: &[u8]) -> (usize, usize) {
    let (mut recipients, mut commands) = (0, 0);
    while let Some((line, rest)) = line(wire) {
        match parse::command(line, Leniency::default()).expect("a command") {
            Command::Rcpt(rcpt) => recipients += usize::from(rcpt.to.mailbox().is_some()),
            Command::Mail(_) | Command::Data => {}
            other => panic!("{other}"),
        }
        commands += 1;
        wire = rest;
    }
    (recipients, commands)
}

/// The first line of `wire` without its line end, and what follows.
fn line(wire: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', wire)?;
    Some((strip_eol(&wire[..=end]), &wire[end + 1..]))
}

/// Parses one MAIL command; returns its SIZE.
pub fn smtp_mail(wire: &[u8]) -> Option<u64> {
    let command = parse::command(strip_eol(wire), Leniency::default()).expect("a command");
    let Command::Mail(mail) = command else { panic!("{command}") };
    mail.params.size
}

/// Takes dot-stuffed data apart and hands out slices. Returns how many octets were payload.
pub fn data_slices(mut wire: &[u8]) -> usize {
    let mut decoder = DataDecoder::new(BareEol::Refuse);
    let mut payload = 0;
    loop {
        let (n, end) = match decoder.next(wire) {
            Piece::Payload(n) => {
                payload += std::hint::black_box(&wire[..n]).len();
                (n, false)
            }
            Piece::Crlf(n) | Piece::Skip(n) => (n, false),
            Piece::End(n) => (n, true),
            Piece::Partial => panic!("all of it is here"),
        };
        wire = &wire[n..];
        if end {
            return payload;
        }
    }
}

/// The same, copied out.
pub fn data_copied(mut wire: &[u8], body: &mut Vec<u8>) {
    let mut decoder = DataDecoder::new(BareEol::Refuse);
    loop {
        match decoder.next(wire) {
            Piece::Payload(n) => {
                body.extend_from_slice(&wire[..n]);
                wire = &wire[n..];
            }
            Piece::Crlf(n) => {
                body.extend_from_slice(b"\r\n");
                wire = &wire[n..];
            }
            Piece::Skip(n) => wire = &wire[n..],
            Piece::End(_) => return,
            Piece::Partial => panic!("all of it is here"),
        }
    }
}

/// Octets given to an encoder at once, before what came of them is sent.
pub const PIECE: usize = 64 * 1024;

/// Dot-stuffs a message, piece by piece, each sent before the next. Returns how many octets went
/// over the wire.
pub fn data_out(body: &[u8], mut send: impl FnMut(&mut SendBuf)) -> usize {
    let mut out = SendBuf::new();
    let mut encoder = DataEncoder::new(OutEol::Normalise);
    let mut octets = 0;
    for piece in body.chunks(PIECE) {
        encoder.encode(piece, &mut out).expect("nothing is refused");
        octets += out.len();
        send(&mut out);
    }
    encoder.finish(&mut out).expect("nothing is refused");
    octets += out.len();
    send(&mut out);
    octets
}

/// The same, long runs linked instead of copied.
pub fn data_out_linked(body: &Bytes, mut send: impl FnMut(&mut SendBuf)) -> usize {
    let mut out = SendBuf::new();
    let mut encoder = DataEncoder::new(OutEol::Normalise);
    let mut octets = 0;
    for from in (0..body.len()).step_by(PIECE) {
        let piece = body.slice(from..(from + PIECE).min(body.len()));
        encoder.encode_bytes(&piece, &mut out).expect("nothing is refused");
        octets += out.len();
        send(&mut out);
    }
    encoder.finish(&mut out).expect("nothing is refused");
    octets += out.len();
    send(&mut out);
    octets
}

/// Drops what waits in `out`, as a driver does after a write.
pub fn sent(out: &mut SendBuf) {
    std::hint::black_box(out.chunk());
    out.advance(out.len());
}

/// Runs a client's octets through a server machine. Returns messages, recipients and octets of
/// payload.
pub fn smtp_session(mut server: SmtpServer, mut wire: &[u8]) -> (usize, usize, usize) {
    let (mut messages, mut recipients, mut payload) = (0, 0, 0);
    loop {
        match server.poll(NOW) {
            Step::Event => {
                let reply = match server.event() {
                    SmtpEvent::Mail(_) => Reply::sender_ok(),
                    SmtpEvent::Rcpt(_) => {
                        recipients += 1;
                        Reply::recipient_ok()
                    }
                    SmtpEvent::Data => Reply::go_ahead(),
                    SmtpEvent::Chunk(octets) => {
                        payload += octets.len();
                        continue;
                    }
                    SmtpEvent::Message { .. } => {
                        messages += 1;
                        Reply::new(250, "2.0.0 queued")
                    }
                    other => panic!("{other:?}"),
                };
                server.reply(reply).expect("a reply is waited for");
            }
            Step::NeedInput if wire.is_empty() => return (messages, recipients, payload),
            Step::NeedInput => {
                sent(server.transmit());
                let n = server.recv().push(wire);
                wire = &wire[n..];
            }
            Step::NeedFlush => sent(server.transmit()),
            step => panic!("{step:?}"),
        }
    }
}

/// Parses a reply to EHLO; returns how many extensions that both sides of the comparison know it
/// offers.
pub fn smtp_ehlo_parsed(wire: &[u8]) -> usize {
    let (reply, _) = parse::reply(wire).expect("a reply");
    let known = std::hint::black_box(Extensions::known(reply));
    let flags = [
        known.pipelining,
        known.size.is_some(),
        known.eight_bit_mime,
        known.enhanced_status_codes,
        known.starttls,
        known.chunking,
        known.smtp_utf8,
        !known.auth.is_empty(),
    ];
    flags.into_iter().filter(|&offered| offered).count()
}

/// Parses positive replies of one line with their enhanced status codes; returns how many there
/// were.
pub fn smtp_replies_parsed(mut wire: &[u8]) -> usize {
    let mut replies = 0;
    while let Some((reply, rest)) = parse::reply(wire) {
        assert!(reply.code() == 250 && reply.enhanced().is_some_and(|code| code.class == 2));
        std::hint::black_box(reply.lines().next());
        replies += 1;
        wire = rest;
    }
    replies
}

/// A client machine takes the greeting and the reply to EHLO. Returns how many extensions it saw.
pub fn smtp_ehlo(mut client: SmtpClient, reply: &[u8]) -> usize {
    smtp_hello(&mut client, reply)
}

fn smtp_hello(client: &mut SmtpClient, reply: &[u8]) -> usize {
    client.recv().push(b"220 mx.example.org ESMTP\r\n");
    assert_eq!(client.poll(NOW), Step::NeedInput);
    client.recv().push(reply);
    assert_eq!(client.poll(NOW), Step::Event);
    let SmtpClientEvent::Ready(offered) = client.event() else { panic!("no Ready") };
    offered.lines().len()
}

/// A client that has sent a message's envelope to `recipients`, and waits for the replies.
pub fn smtp_waiting(recipients: usize) -> SmtpClient {
    let mut client = SmtpClient::new(ClientConfig::new("client.example.org"));
    assert_eq!(smtp_hello(&mut client, crate::input::EHLO_REPLY), 8);
    let to = (0..recipients).map(|i| {
        let mailbox = Mailbox::new(&format!("recipient.{i}"), "mx.example.net");
        ForwardPath::Mailbox(mailbox.expect("an address"))
    });
    let envelope = Envelope::new(ReversePath::Null, to);
    client.send(envelope).expect("the server takes it");
    client
}

/// A waiting client takes replies to MAIL and its recipients, and asks for the message; returns how
/// many octets it has sent.
pub fn smtp_replies(mut client: SmtpClient, mut replies: &[u8]) -> usize {
    let mut octets = 0;
    loop {
        let step = client.poll(NOW);
        octets += client.transmit().len();
        sent(client.transmit());
        if replies.is_empty() {
            assert_eq!(step, Step::Event);
            assert!(matches!(client.event(), SmtpClientEvent::Body), "no Body");
            return octets;
        }
        let n = client.recv().push(replies);
        replies = &replies[n..];
    }
}

/// Parses IMAP commands; returns how many of them are of a kind that names messages.
pub fn imap_commands(frames: &[&[u8]]) -> usize {
    let names_messages = |frame: &&&[u8]| {
        let read = imap_proto::parse::command(frame).expect("a command");
        matches!(
            std::hint::black_box(read).command,
            ImapCommand::Fetch { .. }
                | ImapCommand::Store { .. }
                | ImapCommand::Copy { .. }
                | ImapCommand::Move { .. }
                | ImapCommand::Expunge(Some(_))
        )
    };
    frames.iter().filter(names_messages).count()
}

/// Parses a sequence set; returns how many numbers it holds.
pub fn imap_set(text: &[u8]) -> u64 {
    imap_proto::parse::sequence_set(text).expect("a set").numbers().len()
}

/// A message of everyday mail.
const MESSAGE: &[u8] = b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
    From: Terry Gray <gray@cac.washington.edu>\r\n\
    Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
    To: imap@cac.washington.edu\r\n\
    cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
    Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nHi\r\n\
    --b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n\
    Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\nAAAA\r\n--b--\r\n";

/// An IMAP server in the middle of a FETCH of messages 1 to n.
pub struct Fetch {
    server: ImapServer,
    blob: Vec<u8>,
    messages: u32,
}

impl Fetch {
    /// A mailbox of `messages` messages, selected, and a FETCH of all of them to be answered.
    pub fn of(messages: u32) -> Self {
        let mut server = ImapServer::over_tls(imap_proto::server::Config::default());
        let wire = b"a LOGIN alice secret\r\nb SELECT INBOX\r\n\
            c UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)\r\n";
        assert_eq!(server.recv().push(wire), wire.len());
        loop {
            match server.poll(NOW) {
                Step::Event => match server.event() {
                    ImapEvent::Authenticate(_) => {
                        server.verdict(Verdict::Accept).expect("a verdict is waited for");
                    }
                    ImapEvent::Select { .. } => {
                        let uids = UidSet::range(1, messages);
                        let data = SelectData::new(1, messages + 1, uids);
                        server.selected(data).expect("an answer is waited for");
                    }
                    ImapEvent::Fetch { uids, .. } => {
                        assert_eq!(uids.len(), u64::from(messages));
                        sent(server.transmit());
                        return Self { server, blob: summarize(MESSAGE), messages };
                    }
                    other => panic!("{other:?}"),
                },
                step => panic!("{step:?}"),
            }
        }
    }

    /// Writes a row for each message; returns how many octets wait.
    pub fn rows(&mut self) -> usize {
        let summary = Summary::decode(&self.blob).expect("a blob that was just made");
        for uid in 1..=self.messages {
            let row = self.server.row(uid).expect("FETCH waits");
            let mut row = row.expect("a message in the view");
            let written = row.flags(["\\Seen", "$Forwarded"]);
            let written = written.and_then(|row| row.internal_date(DateTime::utc(837_596_665)));
            let written = written.and_then(|row| row.size(4286));
            let written = written.and_then(|row| row.envelope(summary.envelope()));
            written
                .and_then(|row| row.body_structure(summary.body_structure()))
                .expect("no literal is open");
        }
        self.server.transmit().len()
    }

    /// What was written.
    pub fn taken(&mut self) -> Bytes {
        self.server.transmit().take_all()
    }

    /// Drops it.
    pub fn sent(&mut self) {
        sent(self.server.transmit());
    }
}

/// Parses FETCH responses, each a line; returns how many items they had that are envelopes.
pub fn imap_fetch_responses(mut wire: &[u8]) -> usize {
    let mut envelopes = 0;
    while let Some(end) = memchr::memmem::find(wire, b"\r\n") {
        let (frame, rest) = wire.split_at(end + 2);
        let Ok(Response::Fetch(_, items)) = imap_proto::parse::response(frame) else {
            panic!("{}", frame.escape_ascii())
        };
        envelopes += items.iter().filter(|item| matches!(item, FetchData::Envelope(_))).count();
        wire = rest;
    }
    envelopes
}

/// A POP3 server that is logged in, over a maildrop of `messages` messages.
pub fn pop3_server(messages: usize) -> Pop3Server {
    let mut server = Pop3Server::over_tls(pop3_proto::server::Config::default());
    server.recv().push(b"USER tim\r\nPASS secret\r\n");
    loop {
        match server.poll(NOW) {
            Step::Event => match server.event() {
                Pop3Event::Login { claim: Claim::Password { .. } } => {
                    server.verdict(Verdict::Accept).expect("a verdict is waited for");
                }
                Pop3Event::Open { .. } => {
                    let entry = |i: usize| Entry::new(1000 + i as u64, format!("uid-{i}"));
                    let entries: Result<_, _> = (0..messages).map(entry).collect();
                    server.open_maildrop(entries.expect("unique ids")).expect("it is asked for");
                }
                other => panic!("{other:?}"),
            },
            _ => {
                sent(server.transmit());
                return server;
            }
        }
    }
}

/// Gives a command and its answer; returns the octets of the answer.
pub fn pop3_answer(server: &mut Pop3Server, command: &[u8], message: &Bytes) -> usize {
    server.recv().push(command);
    let mut octets = 0;
    loop {
        match server.poll(NOW) {
            Step::Event => match server.event() {
                Pop3Event::Retr { .. } => {
                    server.body_bytes(message).expect("a message is asked for");
                    server.body_end().expect("a message is asked for");
                }
                other => panic!("{other:?}"),
            },
            Step::NeedFlush => {
                octets += server.transmit().len();
                sent(server.transmit());
            }
            _ => {
                octets += server.transmit().len();
                sent(server.transmit());
                return octets;
            }
        }
    }
}

/// A POP3 client reads the answer to one command; returns lines of a listing and octets of a
/// message.
pub fn pop3_read(give: impl FnOnce(&mut Pop3Client), mut wire: &[u8]) -> (usize, usize) {
    let mut client = Pop3Client::over_tls(pop3_proto::client::Config::default());
    client.recv().push(b"+OK ready\r\n");
    give(&mut client);
    let (mut lines, mut octets) = (0, 0);
    loop {
        match client.poll(NOW) {
            Step::Event => match client.event() {
                Pop3ClientEvent::Scan(_) | Pop3ClientEvent::UniqueId(_) => lines += 1,
                Pop3ClientEvent::Body(piece) => octets += piece.len(),
                Pop3ClientEvent::Done(_) => return (lines, octets),
                Pop3ClientEvent::Greeting { .. } => {}
                other => panic!("{other:?}"),
            },
            Step::NeedInput => {
                sent(client.transmit());
                let n = client.recv().push(wire);
                wire = &wire[n..];
            }
            step => panic!("{step:?}"),
        }
    }
}
