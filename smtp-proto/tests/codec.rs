//! The codecs (feature `codec`): frames without a session, the same under any cuts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bytes::{Bytes, BytesMut};
use mailwire::{
    RecvBuf,
    frame::{BareEol, Defects, Line, LineFramer, OutEol, strip_eol},
    sasl,
};
use proptest::prelude::*;
use smtp_proto::{
    Command, Leniency, Reply,
    codec::{
        Bdat, ClientCodec, CodecError, CommandCodec, CommandFrame, CommandLine, Data, Fault,
        ReplyCodec, ServerCodec,
    },
};
use tokio_util::codec::{Decoder, Encoder};

/// What the next lines of a session lead to: DATA to a message, BDAT to its octets.
fn follow(codec: &mut CommandCodec, frame: &CommandFrame) {
    let CommandFrame::Line(line) = frame else { return };
    match line.command(Leniency::default()) {
        Ok(Command::Data) => codec.begin_data(BareEol::Refuse),
        Ok(Command::Bdat { size, .. }) => codec.begin_bdat(size),
        _ => {}
    }
}

/// Decodes `wire`, shown in pieces of these lengths and then the rest, adjacent chunks joined.
fn frames(mut codec: CommandCodec, wire: &[u8], cuts: &[usize]) -> Vec<CommandFrame> {
    let (mut src, mut frames, mut rest) = (BytesMut::new(), Vec::new(), wire);
    for cut in cuts.iter().copied().chain([usize::MAX]) {
        let (piece, behind) = rest.split_at(cut.min(rest.len()));
        src.extend_from_slice(piece);
        rest = behind;
        while let Some(frame) = codec.decode(&mut src).unwrap() {
            follow(&mut codec, &frame);
            match (frames.last_mut(), frame) {
                (Some(CommandFrame::Chunk(last)), CommandFrame::Chunk(chunk)) => {
                    *last = Bytes::from([&last[..], &chunk].concat());
                }
                (_, frame) => frames.push(frame),
            }
        }
    }
    frames
}

fn line(text: &'static str) -> CommandFrame {
    CommandFrame::Line(CommandLine::new(text))
}

fn chunk(text: &'static [u8]) -> CommandFrame {
    CommandFrame::Chunk(Bytes::from_static(text))
}

const END: fn() -> CommandFrame =
    || CommandFrame::End { refused: false, defects: Defects::default() };

const LIMIT: usize = 24;

/// What comes over the wire, and the frames of it. Lines have at most 24 octets.
fn sessions() -> Vec<(&'static [u8], Vec<CommandFrame>)> {
    let mut bare_lf = Defects::default();
    bare_lf.bare_lf = true;
    vec![
        (b"EHLO a\r\nNOOP\r\nQU", vec![line("EHLO a"), line("NOOP")]),
        (b"\r\n", vec![line("")]),
        (b"NOOP\nQUIT\r\n", vec![CommandFrame::Fault(Fault::BareLf), line("QUIT")]),
        (
            b"VRFY 45678901234567890\r\n\r\nVRFY 456789012345678901\r\nNOOP\r\n",
            vec![
                line("VRFY 45678901234567890"),
                line(""),
                CommandFrame::Fault(Fault::TooLong),
                line("NOOP"),
            ],
        ),
        (
            b"VRFY an endless name DATA and still more of it\r\nQUIT\r\n",
            vec![CommandFrame::Fault(Fault::TooLong), line("QUIT")],
        ),
        (
            b"DATA\r\nSubject: x\r\n\r\n..stuffed\r\n...\r\n.\r\nQUIT\r\n",
            vec![line("DATA"), chunk(b"Subject: x\r\n\r\n.stuffed\r\n..\r\n"), END(), line("QUIT")],
        ),
        (b"DATA\r\n.\r\nQUIT\r\n", vec![line("DATA"), END(), line("QUIT")]),
        (
            b"DATA\r\na\n.\nQUIT\n.\r\n\r\n.\r\nNOOP\r\n",
            vec![
                line("DATA"),
                chunk(b"a"),
                CommandFrame::End { refused: true, defects: bare_lf },
                line("NOOP"),
            ],
        ),
        (
            b"BDAT 9\r\nQUIT\r\n.\n\0BDAT 0 LAST\r\nNOOP\r\n",
            vec![
                line("BDAT 9"),
                chunk(b"QUIT\r\n.\n\0"),
                END(),
                line("BDAT 0 LAST"),
                END(),
                line("NOOP"),
            ],
        ),
    ]
}

#[test]
fn commands_and_messages_come_apart_at_every_pair_of_cuts() {
    for (wire, expected) in sessions() {
        for first in 0..=wire.len() {
            for second in 0..=wire.len() - first {
                let found = frames(CommandCodec::new(LIMIT), wire, &[first, second]);
                assert_eq!(found, expected, "b\"{}\" at {first}, {second}", wire.escape_ascii());
            }
        }
        let found = frames(CommandCodec::new(LIMIT), wire, &vec![1; wire.len()]);
        assert_eq!(found, expected, "octet by octet");
    }
}

#[test]
fn a_line_owns_its_octets_and_lends_its_command() {
    let mut src = BytesMut::from(&b"RCPT TO: <bob@example.org>\r\n"[..]);
    let Some(CommandFrame::Line(line)) = CommandCodec::default().decode(&mut src).unwrap() else {
        panic!("a line")
    };
    let mut leniency = Leniency::default();
    assert!(line.command(leniency).is_err());
    leniency.space_after_colon = true;
    let Ok(Command::Rcpt(rcpt)) = line.command(leniency) else { panic!("{line:?}") };
    assert_eq!(rcpt.to.to_string(), "<bob@example.org>");
    assert_eq!(&line.into_bytes()[..], b"RCPT TO: <bob@example.org>");
}

#[test]
fn debug_shows_no_password() {
    for secret in ["AUTH PLAIN AHRpbQB0YW5zdGFhZg==", "AHRpbQB0YW5zdGFhZg=="] {
        let shown = format!("{:?}", CommandFrame::Line(CommandLine::new(secret)));
        assert!(!shown.contains("AHRpbQ"), "{shown}");
    }
}

#[test]
fn an_over_long_line_is_not_held() {
    let mut codec = CommandCodec::new(LIMIT);
    let mut src = BytesMut::new();
    for _ in 0..1000 {
        src.extend_from_slice(&[b'x'; 100]);
        assert_eq!(codec.decode(&mut src).unwrap(), None);
        assert!(src.len() < LIMIT);
    }
    src.extend_from_slice(b"\r\n");
    assert_eq!(codec.decode(&mut src).unwrap(), Some(CommandFrame::Fault(Fault::TooLong)));
}

#[test]
fn the_limit_can_be_raised_for_auth() {
    let mut codec = CommandCodec::new(LIMIT);
    codec.set_line_limit(12_288);
    let mut src = BytesMut::new();
    let message = vec![7; 5000];
    codec.encode(sasl::Response::Data(message.clone()), &mut src).unwrap();
    let Some(CommandFrame::Line(line)) = codec.decode(&mut src).unwrap() else { panic!("a line") };
    assert_eq!(sasl::decode_response(line.as_bytes()), sasl::Response::Data(message));
    codec.encode(sasl::Response::Cancel, &mut src).unwrap();
    assert_eq!(&src[..], b"*\r\n");
}

fn unexpected_eof(error: &CodecError) -> bool {
    matches!(error, CodecError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

#[test]
fn an_end_within_a_frame_is_an_error_and_between_frames_is_none() {
    for (wire, whole) in [
        (&b""[..], true),
        (b"NOOP\r\n", true),
        (b"NOOP", false),
        (b"VRFY a name that is too long", false),
        (b"DATA\r\n", false),
        (b"DATA\r\nHello\r\n", false),
        (b"DATA\r\nHello\r\n.\r\n", true),
        (b"BDAT 5\r\n1234", false),
        (b"BDAT 5\r\n12345", true),
    ] {
        let mut codec = CommandCodec::new(LIMIT);
        let mut src = BytesMut::from(wire);
        let last = loop {
            match codec.decode_eof(&mut src) {
                Ok(Some(frame)) => follow(&mut codec, &frame),
                last => break last,
            }
        };
        match last {
            Err(error) => assert!(!whole && unexpected_eof(&error), "{}", wire.escape_ascii()),
            Ok(_) => assert!(whole, "{}", wire.escape_ascii()),
        }
    }
}

#[test]
fn commands_are_written_with_their_line_end() {
    let mut codec = CommandCodec::default();
    let mut out = BytesMut::new();
    codec.encode(Command::Ehlo("client.example"), &mut out).unwrap();
    codec.encode(&Command::Vrfy("a\r\nQUIT"), &mut out).unwrap();
    codec.encode(Bdat { octets: b"a\n.", last: false }, &mut out).unwrap();
    codec.encode(Bdat { octets: b"", last: true }, &mut out).unwrap();
    assert_eq!(&out[..], b"EHLO client.example\r\nVRFY a??QUIT\r\nBDAT 3\r\na\n.BDAT 0 LAST\r\n");
}

#[test]
fn a_bare_line_end_in_a_message_is_never_sent() {
    let mut codec = CommandCodec::default();
    let mut out = BytesMut::new();
    codec.encode(Data::Chunk(b"a\n.\nb\r"), &mut out).unwrap();
    codec.encode(Data::End, &mut out).unwrap();
    assert_eq!(&out[..], b"a\r\n..\r\nb\r\n.\r\n");
    codec.set_bare_eol(OutEol::Refuse);
    let refused = codec.encode(Data::Chunk(b"a\n"), &mut out);
    assert!(matches!(refused, Err(CodecError::BareEol(found)) if found.offset == 1));
}

#[test]
fn each_message_begins_at_a_line_start() {
    let mut codec = ClientCodec::default();
    let mut out = BytesMut::new();
    for _ in 0..2 {
        codec.encode(Data::Chunk(b".x\r\n"), &mut out).unwrap();
        codec.encode(Data::End, &mut out).unwrap();
    }
    codec.encode(Data::End, &mut out).unwrap();
    assert_eq!(&out[..], b"..x\r\n.\r\n..x\r\n.\r\n.\r\n");
}

/// Decodes replies shown in two pieces; the error, if there is one, last.
fn replies(wire: &[u8], cut: usize) -> (Vec<String>, Option<String>) {
    let mut codec = ReplyCodec::new(40, 50);
    let (mut src, mut found) = (BytesMut::new(), Vec::new());
    for piece in [&wire[..cut], &wire[cut..]] {
        src.extend_from_slice(piece);
        loop {
            match codec.decode(&mut src) {
                Ok(Some(reply)) => found.push(reply.to_string()),
                Ok(None) => break,
                Err(error) => return (found, Some(error.to_string())),
            }
        }
    }
    (found, None)
}

#[test]
fn replies_come_apart_at_every_cut() {
    let broken = CodecError::NotReply.to_string();
    let long = CodecError::TooLong.to_string();
    let cases: [(&[u8], &[&str], Option<&String>); 10] = [
        (b"250 ok\r\n354 go\r\n", &["250 ok\r\n", "354 go\r\n"], None),
        (b"250-a\r\n250-b\r\n250 c\r\n", &["250-a\r\n250-b\r\n250 c\r\n"], None),
        (b"250\r\n", &["250 \r\n"], None),
        (b"250 bare\n250-x\n250 y\n", &["250 bare\r\n", "250-x\r\n250 y\r\n"], None),
        (b"250-a\r\n550 b\r\n", &["250-a\r\n250 b\r\n"], None),
        (b"250 \xFF\r\n", &["250 \u{FFFD}\r\n"], None),
        (b"250 ok\r\nHTTP/1.1 400\r\n", &["250 ok\r\n"], Some(&broken)),
        (b"250x\r\n", &[], Some(&broken)),
        (b"250 a line of more than forty octets is not taken\r\n", &[], Some(&long)),
        (
            b"250-twenty-five octets of it\r\n250-twenty-five octets of it\r\n250-twenty\r\n",
            &[],
            Some(&long),
        ),
    ];
    for (wire, expected, error) in cases {
        for cut in 0..=wire.len() {
            let (found, why) = replies(wire, cut);
            assert_eq!(
                (&found[..], why.as_ref()),
                (&expected.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()[..], error),
                "{}",
                wire.escape_ascii()
            );
        }
    }
}

#[test]
fn a_reply_cut_off_by_the_end_is_an_error() {
    for (wire, whole) in [(&b""[..], true), (b"250", false), (b"250-a\r\n", false)] {
        let last = ReplyCodec::default().decode_eof(&mut BytesMut::from(wire));
        assert_eq!(last.is_ok(), whole, "{}", wire.escape_ascii());
        assert!(last.map_or_else(|error| unexpected_eof(&error), |reply| reply.is_none()));
    }
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), Just(0), Just(b'a'), any::<u8>()],
        0..80,
    )
}

proptest! {
    #[test]
    fn lines_are_those_of_the_machines_framer(wire in octets(), cuts in prop::collection::vec(0_usize..9, 0..20)) {
        let found = frames(CommandCodec::new(10), &wire, &cuts);
        let mut buf = RecvBuf::new(100);
        buf.push(&wire);
        let mut framer = LineFramer::new(10);
        let mut expected = Vec::new();
        loop {
            match framer.find(&mut buf) {
                Line::Partial => break,
                Line::TooLong => expected.push(CommandFrame::Fault(Fault::TooLong)),
                Line::Complete { len, crlf } => {
                    let line = buf.take(len);
                    expected.push(if crlf {
                        CommandFrame::Line(CommandLine::new(strip_eol(&line).to_vec()))
                    } else {
                        CommandFrame::Fault(Fault::BareLf)
                    });
                }
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_message_comes_through_whatever_it_holds(
        message in octets(), cuts in prop::collection::vec(0_usize..9, 0..20),
        pieces in 1_usize..20,
    ) {
        let mut encoder = CommandCodec::default();
        let mut wire = BytesMut::new();
        encoder.encode(Command::Data, &mut wire).unwrap();
        for piece in message.chunks(pieces) {
            encoder.encode(Data::Chunk(piece), &mut wire).unwrap();
        }
        encoder.encode(Data::End, &mut wire).unwrap();
        encoder.encode(Bdat { octets: &message, last: true }, &mut wire).unwrap();
        encoder.encode(Command::Quit, &mut wire).unwrap();
        let found = frames(CommandCodec::default(), &wire, &cuts);
        prop_assert_eq!(&found[0], &line("DATA"));
        prop_assert_eq!(&found[found.len() - 1], &line("QUIT"));
        if message.contains(&0) {
            return Ok(()); // held back from the first NUL on
        }
        let body = match &found[1] {
            CommandFrame::Chunk(body) => &body[..],
            _ => b"",
        };
        let mut lines = message.clone();
        if !lines.is_empty() && !lines.ends_with(b"\n") && !lines.ends_with(b"\r") {
            lines.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!(body, &normalised(&lines)[..]);
        if !message.is_empty() {
            prop_assert!(found.contains(&CommandFrame::Chunk(Bytes::from(message))));
        }
    }
}

/// Every CR, LF and CRLF as CRLF.
fn normalised(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = text.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(octet),
        }
    }
    out
}

mod framed {
    use futures_util::{SinkExt, StreamExt};
    use tokio::io::DuplexStream;
    use tokio_util::codec::Framed;

    use super::*;

    const MESSAGE: &[u8] = b"Subject: dots\r\n\r\n.\r\n..\r\nDATA\r\nlast\r\n";

    /// Takes one message by DATA and one by BDAT.
    async fn serve(socket: DuplexStream) -> Vec<Vec<u8>> {
        let mut session = Framed::new(socket, ServerCodec::default());
        let (mut messages, mut message) = (Vec::new(), Vec::new());
        session.send(Reply::new(220, "mx.example.org")).await.unwrap();
        while let Some(frame) = session.next().await {
            let frame = frame.unwrap();
            follow(&mut session.codec_mut().decoder, &frame);
            let reply = match frame {
                CommandFrame::Line(line) => match line.command(Leniency::default()) {
                    Ok(Command::Data) => Reply::go_ahead(),
                    Ok(Command::Bdat { .. }) => continue,
                    Ok(Command::Quit) => {
                        session.send(&Reply::new(221, "bye")).await.unwrap();
                        break;
                    }
                    Ok(_) => Reply::new(250, "ok"),
                    Err(error) => Reply::new(501, error.to_string()),
                },
                CommandFrame::Chunk(octets) => {
                    message.extend_from_slice(&octets);
                    continue;
                }
                CommandFrame::End { refused: false, .. } => {
                    messages.push(core::mem::take(&mut message));
                    Reply::new(250, "2.0.0 stored")
                }
                other => panic!("{other:?}"),
            };
            session.send(&reply).await.unwrap();
        }
        messages
    }

    /// Sends the same; `ahead`: several commands before their replies (RFC 2920).
    async fn talk(socket: DuplexStream, ahead: bool) -> Vec<u16> {
        let mut session = Framed::new(socket, ClientCodec::default());
        let mut codes = vec![code(&mut session).await];
        for command in [Command::Ehlo("client.example"), Command::Noop, Command::Data] {
            session.send(command).await.unwrap();
            if !ahead {
                codes.push(code(&mut session).await);
            }
        }
        while codes.len() < 4 {
            codes.push(code(&mut session).await);
        }
        for piece in MESSAGE.chunks(5) {
            session.feed(Data::Chunk(piece)).await.unwrap();
        }
        session.send(Data::End).await.unwrap();
        codes.push(code(&mut session).await);
        session.send(Bdat { octets: MESSAGE, last: true }).await.unwrap();
        if !ahead {
            codes.push(code(&mut session).await);
        }
        session.send(&Command::Quit).await.unwrap();
        while let Some(reply) = session.next().await {
            codes.push(reply.unwrap().code());
        }
        codes
    }

    async fn code(session: &mut Framed<DuplexStream, ClientCodec>) -> u16 {
        session.next().await.unwrap().unwrap().code()
    }

    #[test]
    fn two_ends_of_a_pipe_understand_each_other_whatever_its_size() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for size in [1, 2, 3, 7, 64, 4096] {
            let (client, server) = tokio::io::duplex(size);
            let (codes, messages) =
                runtime.block_on(async { tokio::join!(talk(client, size >= 64), serve(server)) });
            assert_eq!(codes, [220, 250, 250, 354, 250, 250, 221], "a pipe of {size}");
            assert_eq!(messages, [MESSAGE, MESSAGE], "a pipe of {size}");
        }
    }
}
