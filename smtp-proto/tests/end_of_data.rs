//! RFC 5321 §4.1.1.4: only CRLF "." CRLF ends a message, in and out, whatever stands around the dot
//! and wherever the octets are cut. Every combination, against the definition.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use mailwire::{
    Close, Instant, Machine, Step,
    frame::{BareEol, OutEol},
    test::{Host, Log},
};
use smtp_proto::{
    client::{BodyError, Client, Event},
    server::Server,
};
use support::{Mx, client, client_config, envelope, relay_config, server};

const AROUND: [&[u8]; 6] = [b"", b"\r", b"\n", b"\r\n", b"\r\r\n", b"\0"];
/// What the message begins with: the dot stands at its start, in a line, and after one.
const LEADS: [&[u8]; 4] = [b"", b"text", b"text\r\n", b"text\r\n.."];

/// What follows: a command, in case somebody takes this for an end; the true end; a command.
const GOES_ON: &[u8] = b"VRFY evil\r\n\r\n.\r\nNOOP\r\n";

/// All that may stand there, and what is left after the message.
fn matrix() -> impl Iterator<Item = Vec<u8>> {
    LEADS.into_iter().flat_map(|lead| {
        AROUND.into_iter().flat_map(move |before| {
            AROUND.into_iter().flat_map(move |after| {
                [GOES_ON, b""].map(|tail| [lead, before, b".", after, tail].concat())
            })
        })
    })
}

/// Where data ends: the octets of the message, and the length of all up to the end.
fn end(wire: &[u8]) -> Option<(&[u8], usize)> {
    if wire.starts_with(b".\r\n") {
        return Some((&wire[..0], 3));
    }
    let at = wire.windows(5).position(|five| five == b"\r\n.\r\n")?;
    Some((&wire[..at + 2], at + 5))
}

/// Lines, their CRLF with them.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        lines.push(&rest[..at + 2]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    lines
}

fn unstuffed(message: &[u8]) -> Vec<u8> {
    lines(message)
        .into_iter()
        .flat_map(|line| line.strip_prefix(b".").unwrap_or(line))
        .copied()
        .collect()
}

fn stuffed(message: &[u8]) -> Vec<u8> {
    let stuff =
        |line: &[u8]| if line.starts_with(b".") { [b".", line].concat() } else { line.to_vec() };
    lines(message).into_iter().flat_map(stuff).collect()
}

/// The first octet that is a NUL or a line end by itself, with NUL or not.
fn defect(message: &[u8], nul: bool) -> Option<usize> {
    (0..message.len()).find(|&i| match message[i] {
        b'\r' => message.get(i + 1) != Some(&b'\n'),
        b'\n' => i == 0 || message[i - 1] != b'\r',
        octet => nul && octet == 0,
    })
}

fn normalised(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, &octet) in message.iter().enumerate() {
        match octet {
            b'\r' => out.extend_from_slice(b"\r\n"),
            b'\n' if i > 0 && message[i - 1] == b'\r' => {}
            b'\n' => out.extend_from_slice(b"\r\n"),
            octet => out.push(octet),
        }
    }
    out
}

// In

fn settle(server: &mut Server, host: &mut Mx, log: &mut Log, output: &mut Vec<u8>) {
    loop {
        let step = server.poll(Instant::default());
        output.extend_from_slice(&server.transmit().take_all());
        match step {
            Step::Event => host.event(server, log),
            Step::NeedFlush => {}
            _ => return,
        }
    }
}

/// The server's side of a message that comes in these pieces, and then no more.
fn receive(policy: BareEol, pieces: &[&[u8]]) -> (Log, String) {
    let mut config = relay_config();
    config.bare_eol = policy;
    let mut server = server(&config);
    let (mut host, mut log, mut output) = (Mx::default(), Log::default(), Vec::new());
    let begin = b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n";
    for piece in [&[&begin[..]], pieces].concat() {
        assert_eq!(server.recv().push(piece), piece.len());
        settle(&mut server, &mut host, &mut log, &mut output);
    }
    server.recv_eof();
    settle(&mut server, &mut host, &mut log, &mut output);
    (log, String::from_utf8(output).unwrap())
}

/// What a server has to say to `wire`, and what its host has to hear.
fn expected(policy: BareEol, wire: &[u8]) -> (Vec<u8>, Vec<String>, String) {
    let mut events = Vec::new();
    let mut output = String::new();
    // Of a message that never ends, what came of it is not specified here.
    let (message, len) = end(wire).unwrap_or((b"", wire.len()));
    let body = unstuffed(message);
    let body = match (policy, defect(&body, true)) {
        (BareEol::Refuse, Some(at)) => {
            events.push("Reset Malformed".to_owned());
            let lone = defect(&body, false).is_some();
            output.push_str(match lone {
                true => "550 5.6.11 Message holds a bare CR or LF\r\n",
                false => "550 5.6.0 Message holds a NUL octet\r\n",
            });
            body[..at].to_vec()
        }
        (BareEol::Normalise, _) => normalised(&body),
        _ => body,
    };
    if events.is_empty() {
        events.push(format!("Message of {}", body.len()));
        output.push_str("250 2.0.0 Stored\r\n");
    }
    for line in wire[len..].split_inclusive(|&octet| octet == b'\n') {
        match line {
            b"VRFY evil\r\n" => {
                events.push("VRFY evil".to_owned());
                output.push_str("252 2.5.0 Send some mail, I'll try my best\r\n");
            }
            b"NOOP\r\n" => output.push_str("250 2.0.0 Ok\r\n"),
            line => {
                assert!(line == b"\r\n" || line == b".\r\n", "{:?}", line.escape_ascii());
                events.push("Rejected 500".to_owned());
                output.push_str("500 5.5.1 Command not recognised\r\n");
            }
        }
    }
    (body, events, output)
}

#[test]
fn a_message_comes_in_to_its_end_and_no_further_wherever_it_is_cut() {
    let (mut ended, mut open) = (0, 0);
    for wire in matrix() {
        for policy in [BareEol::Refuse, BareEol::Keep, BareEol::Normalise] {
            let each: Vec<&[u8]> = wire.chunks(1).collect();
            let cuts = (0..=wire.len()).map(|at| vec![&wire[..at], &wire[at..]]);
            for pieces in cuts.chain([each]) {
                let (log, output) = receive(policy, &pieces);
                let shown = format!(
                    "{policy:?} {:?}",
                    pieces.iter().map(|p| p.escape_ascii().to_string()).collect::<Vec<_>>()
                );
                let events: Vec<_> = log.events().skip(3).collect();
                let said = output.split_once("<CR><LF>.<CR><LF>\r\n").unwrap().1;
                if end(&wire).is_none() {
                    assert_eq!(events, ["Reset Closed"], "{shown}");
                    assert_eq!(said, "", "{shown}");
                    open += 1;
                    continue;
                }
                let (body, heard, answers) = expected(policy, &wire);
                assert_eq!(events, heard, "{shown}");
                assert_eq!(said, answers, "{shown}");
                assert_eq!(
                    log.all_payload().escape_ascii().to_string(),
                    body.escape_ascii().to_string(),
                    "{shown}"
                );
                ended += 1;
            }
        }
    }
    assert!(ended > 10_000 && open > 1_000, "{ended} {open}");
}

// Out

/// A client that is asked for its message, to be sent by DATA.
fn asked(policy: OutEol) -> Client {
    let mut config = client_config();
    config.bare_eol = policy;
    let mut client = client(&config);
    let now = Instant::default();
    client.recv().push(b"220 hi\r\n250-mx\r\n250 PIPELINING\r\n");
    assert_eq!(client.poll(now), Step::Event);
    client.event();
    client.send(envelope("", &["x@y.example"])).unwrap();
    client.recv().push(b"250 Ok\r\n250 Ok\r\n354 Go\r\n");
    assert_eq!(client.poll(now), Step::Event);
    assert!(matches!(client.event(), Event::Body));
    assert!(client.transmit().take_all().ends_with(b"DATA\r\n"));
    client
}

fn send(client: &mut Client, pieces: &[&[u8]]) -> Result<(), BodyError> {
    for (i, piece) in pieces.iter().enumerate() {
        match i % 2 {
            0 => client.body(piece)?,
            _ => client.body_bytes(&bytes::Bytes::copy_from_slice(piece))?,
        }
    }
    client.body_end()
}

#[test]
fn a_message_goes_out_with_one_end_and_comes_back_as_it_was_wherever_it_is_cut() {
    let (mut sent, mut refused) = (0, 0);
    for message in matrix() {
        let mut whole = normalised(&message);
        if !whole.is_empty() && !whole.ends_with(b"\r\n") {
            whole.extend_from_slice(b"\r\n");
        }
        let wire = [&stuffed(&whole)[..], b".\r\n"].concat();
        assert_eq!(end(&wire).map(|(_, len)| len), Some(wire.len()), "one end, and it is the last");
        for policy in [OutEol::Normalise, OutEol::Refuse] {
            let each: Vec<&[u8]> = message.chunks(1).collect();
            let cuts = (0..=message.len()).map(|at| vec![&message[..at], &message[at..]]);
            for pieces in cuts.chain([each]) {
                let mut client = asked(policy);
                let result = send(&mut client, &pieces);
                if policy == OutEol::Refuse && defect(&message, false).is_some() {
                    assert!(matches!(result, Err(BodyError::BareEol(_))), "{result:?}");
                    assert_eq!(client.closed(), Some(Close::Shutdown));
                    assert!(client.transmit().is_empty(), "nothing completes it");
                    refused += 1;
                } else {
                    result.unwrap();
                    let out = client.transmit().take_all();
                    assert_eq!(out.escape_ascii().to_string(), wire.escape_ascii().to_string());
                    sent += 1;
                }
            }
        }
        // And back: no policy finds anything else in it.
        let policies = match message.contains(&0) {
            true => vec![BareEol::Keep, BareEol::Normalise],
            false => vec![BareEol::Refuse, BareEol::Keep, BareEol::Normalise],
        };
        for policy in policies {
            let (log, _) = receive(policy, &[&wire]);
            assert_eq!(log.all_payload(), whole);
            assert_eq!(log.events().nth(3), Some(&*format!("Message of {}", whole.len())));
            assert_eq!(log.events().count(), 4, "nothing of it is a command");
        }
    }
    assert!(sent > 5_000 && refused > 2_000, "{sent} {refused}");
}
