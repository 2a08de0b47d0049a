//! The laws of `mailwire::Machine`, over random sessions of both machines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use core::time::Duration;

use bytes::Bytes;
use mailwire::{
    Instant, Machine, Step,
    frame::{BareEol, OutEol},
    sasl::{Mechanism, Verdict, client::Credentials},
    test::{Host, Log, assert_laws},
};
use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::{
    Command, Reply,
    client::{BodyError, CannotSend, Protocol},
};
use support::{
    Mx, Sender, client, client_config, envelope, lmtp_config, offering, relay_config, server,
    submission_config,
};

/// A piece of what a client may send: real, broken and absurd.
fn client_piece() -> impl Strategy<Value = Vec<u8>> {
    let line = |lines: &'static [&'static str]| {
        select(lines).prop_map(|line| [line.as_bytes(), b"\r\n"].concat())
    };
    prop_oneof![
        8 => line(&[
            "EHLO client.example", "HELO c", "MAIL FROM:<a@b.example>", "MAIL FROM:<>",
            "MAIL FROM:<blocked@b.example>", "MAIL FROM:<nodata@b.example> SIZE=10",
            "MAIL FROM:<broken@b.example> BODY=8BITMIME", "RCPT TO:<alice@example.org>",
            "RCPT TO:<bob@example.org>", "RCPT TO:<nobody@example.org>", "RCPT TO:<Postmaster>",
            "RCPT TO:<x@elsewhere.example>", "RSET", "NOOP", "HELP", "VRFY alice", "EXPN list",
        ]),
        4 => Just(b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n".to_vec()),
        4 => line(&["DATA", ".", "..", ".x", "Subject: x", "", "text", "text\r\n."]),
        2 => line(&[
            "AUTH PLAIN AGFsaWNlAHNlY3JldA==", "AUTH PLAIN", "AGFsaWNlAHNlY3JldA==", "AUTH LOGIN",
            "AUTH LOGIN YWxpY2U=", "YWxpY2U=", "c2VjcmV0", "d3Jvbmc=", "b3V0YWdl", "*", "=", "AUTH FOO",
            "AUTH PLAIN =", "AUTH PLAIN ?", "AUTH CRAM-MD5", "AUTH SCRAM-SHA-256",
            "AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiY2RlZmdo", "Yz1iaXdzLHI9eCxwPXg=",
        ]),
        2 => line(&[
            "MAIL FROM:a@b", "MAIL FROM:<a@b>>", "RCPT TO:<>", "EHLO", "DATA x", "WHAT", " ",
            "MAIL FROM:<a@b.example> FOO=1", "MAIL FROM:<a@b.example> SIZE=99999999999999999999",
            "RCPT TO:<@a,@b:alice@example.org>",
        ]),
        4 => select(vec![
            &b"BDAT 5\r\nhello"[..], b"BDAT 7 LAST\r\nQUIT\r\nx", b"BDAT 2 LAST\r\n\r\n", b"BDAT 1\r\n\r",
            b"BDAT 1\r\n\n", b"BDAT 0\r\n", b"BDAT 0 LAST\r\n", b"BDAT 3000 LAST\r\n", b"BDAT 9\n", b"BDAT x\r\n",
            b"LHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<carol@example.org>\r\nRCPT TO:<bob@example.org>\r\n",
        ]).prop_map(<[u8]>::to_vec),
        3 => line(&[
            "LHLO c", "MAIL FROM:<a@b.example> BODY=BINARYMIME", "MAIL FROM:<\u{fc}@b.example> SMTPUTF8 RET=HDRS ENVID=x+2B",
            "MAIL FROM:<a@b.example> REQUIRETLS MT-PRIORITY=-3 HOLDFOR=60 BY=120;RT", "MAIL FROM:<> BY=0;N",
            "RCPT TO:<bob@example.org> NOTIFY=NEVER ORCPT=rfc822;b", "RCPT TO:<carol@example.org> RRVS=2014-04-03T23:01:00Z;C",
            "RCPT TO:<bob@example.org> ORCPT=utf-8;\u{fc}", "BURL imap:x", "BURL imap:x LAST", "BURL imap:gone LAST",
            "ETRN uu.net", "ETRN no.example", "XCLIENT NAME=x", "XCLIENT NAME=liar ADDR=y", "XFORWARD NAME=x", "XFORWARD",
        ]),
        1 => line(&["QUIT", "STARTTLS", "GET / HTTP/1.1"]),
        2 => select(vec![&b"\r"[..], b"\n", b"\r\n", b".", b".\r\n", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\0", b"\xff",
            b"\x16\x03\x01", b" ", b"\r\n.", b"\n.\r\n",
        ]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..40),
        1 => (1usize..4000).prop_map(|n| vec![b'x'; n]),
    ]
}

fn server_configs() -> impl Strategy<Value = support::Config> {
    let eol = select(&[BareEol::Refuse, BareEol::Keep, BareEol::Normalise][..]);
    let extensions = (any::<bool>(), 0..6, 0..8);
    (0..5, eol, select(&[20u64, 1000, 100_000][..]), any::<bool>(), any::<bool>(), extensions)
        .prop_map(|(role, bare_eol, message, small, slow, (all, chunking, late))| {
            let mut config = match role {
                0 => relay_config(),
                4 => lmtp_config(),
                _ => submission_config(),
            };
            config.implicit_tls = role == 2;
            config.auth.extend([Mechanism::CramMd5, Mechanism::ScramSha256]);
            config.plain_text_auth = role == 3;
            if all {
                config = offering(config);
                config.limits.mails = Some(4);
            }
            config.offer.chunking = chunking > 0;
            config.greeting_delay = Duration::from_secs(u64::from(late == 0));
            config.bare_eol = bare_eol;
            config.limits.message = message;
            config.auth_delay = Duration::from_secs(u64::from(slow));
            if small {
                config.limits.line = 100;
                config.limits.auth_line = 50;
                config.limits.input = 1;
                config.limits.output = 40;
                config.limits.bad_commands = 5;
            }
            config
        })
}

/// A piece of what a server may answer.
fn server_piece() -> impl Strategy<Value = Vec<u8>> {
    let line = |lines: &'static [&'static str]| {
        select(lines).prop_map(|line| [line.as_bytes(), b"\r\n"].concat())
    };
    prop_oneof![
        8 => line(&["250 Ok", "250 2.1.0 Ok", "250-two\r\n250 lines", "354 Go", "250"]),
        2 => line(&["550 5.1.1 No", "450 4.2.1 Later", "500 What", "554", "334 VXNlcm5hbWU6", "334 ", "235 Hi"]),
        1 => line(&["250-mx\r\n250-PIPELINING\r\n250-SIZE 100\r\n250 AUTH PLAIN LOGIN", "251 x", "299 x", "399 x"]),
        1 => line(&["421 bye", "221 bye", "250-half", "hello", "", "999 x", "1"]),
        1 => select(vec![&b"250 Ok\n"[..], b"250 \xff\r\n", b"\r", b"\n", b"2", b"250-", b"\0"])
            .prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn client_configs() -> impl Strategy<Value = support::ClientConfig> {
    let chunk = select(&[1usize, 5, 100_000][..]);
    (any::<bool>(), select(&[1usize, 2, 100][..]), 0..5, chunk).prop_map(
        |(small, pipeline, way, chunk)| {
            let mut config = client_config();
            config.chunking = way > 0;
            if way == 4 {
                config.protocol = Protocol::Lmtp;
            }
            config.limits.chunk = chunk;
            config.plain_text_auth = true;
            config.limits.pipeline = pipeline;
            if small {
                config.limits.line = 40;
                config.limits.reply = 60;
                config.limits.output = 40;
            }
            config
        },
    )
}

fn client_actions() -> impl Strategy<Value = Vec<&'static str>> {
    let action = select(
        &[
            "send <> x@example.org",
            "send a@b.example x@example.org,y@example.org,postmaster size=50",
            "send a@b.example x@example.org 8bit body=.a\\n..\\r\\n.",
            "auth alice secret",
            "letter MAIL FROM:<a@b.example> RET=HDRS ENVID=x BY=60;N; RCPT TO:<x@example.org> NOTIFY=DELAY; RCPT TO:<y@example.org>",
            "letter MAIL FROM:<> BODY=BINARYMIME; RCPT TO:<x@example.org>; imap:x",
            "letter MAIL FROM:<> SMTPUTF8; RCPT TO:<x@example.org>; RCPT TO:<y@example.org>; imap:x",
            "say VRFY alice",
            "say NOOP",
            "say XCLIENT NAME=x",
            "say ETRN b.example",
        ][..],
    );
    vec(action, 0..5).prop_map(|mut actions| {
        actions.push("quit");
        actions
    })
}

/// The offers a session begins with: often nothing can be learned from pure chance.
fn hello() -> impl Strategy<Value = &'static [u8]> {
    select(vec![
        &b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n"[..],
        b"220 hi\r\n250-mx\r\n250-SIZE 40\r\n250 8BITMIME\r\n",
        b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=2 MAILMAX=2\r\n",
        b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-DELIVERBY\r\n250 BURL imap\r\n",
        b"220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n250 Ok\r\n",
        b"220 hi\r\n500 no\r\n250 mx\r\n",
        b"",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_server_keeps_the_laws(
        config in server_configs(), pieces in vec(client_piece(), 0..40), seed: u64
    ) {
        let input = pieces.concat();
        assert_laws(|| (server(&config), Mx::of(&config)), &input, seed);
    }

    #[test]
    fn the_client_keeps_the_laws(
        config in client_configs(), actions in client_actions(), hello in hello(),
        pieces in vec(server_piece(), 0..30), seed: u64
    ) {
        let input = [hello, &pieces.concat()].concat();
        let make = || {
            let mut sender = Sender::new(&actions);
            sender.lenient = true;
            (client(&config), sender)
        };
        assert_laws(make, &input, seed);
    }
}

/// Lets time pass until the machine has closed: while it waits for input there is a deadline, and
/// when that has come something happens.
fn outwait<M: Machine>(machine: &mut M, host: &mut impl Host<M>) {
    let (mut now, mut log) = (Instant::default(), Log::default());
    for _ in 0..100_000 {
        match machine.poll(now) {
            Step::Event => host.event(machine, &mut log),
            Step::NeedFlush => drop(machine.transmit().take_all()),
            Step::NeedInput => {
                let deadline = machine.deadline().unwrap();
                assert!(deadline > now, "the deadline has passed, and nothing happened");
                now = deadline;
            }
            Step::YourTurn if host.turn(machine) => {}
            Step::YourTurn | Step::Upgrade | Step::Compress => return,
            Step::Closed => {
                assert_eq!(machine.deadline(), None);
                return;
            }
        }
    }
    panic!("it never ends");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_server_waits_for_no_client_for_ever(
        config in server_configs(), pieces in vec(client_piece(), 0..20)
    ) {
        let mut server = server(&config);
        server.recv().push(&pieces.concat());
        outwait(&mut server, &mut Mx::of(&config));
    }

    #[test]
    fn a_client_waits_for_no_server_for_ever(
        config in client_configs(), actions in client_actions(), hello in hello(),
        pieces in vec(server_piece(), 0..20)
    ) {
        let mut client = client(&config);
        client.recv().push(&[hello, &pieces.concat()].concat());
        let mut sender = Sender::new(&actions);
        sender.lenient = true;
        outwait(&mut client, &mut sender);
    }
}

/// What anybody may do to a machine at any time.
#[derive(Clone, Debug)]
enum Act {
    Poll,
    Event,
    Push(Vec<u8>),
    Eof,
    Drain,
    Upgrade,
    Wait(u64),
    Answer(u8),
}

fn acts(piece: impl Strategy<Value = Vec<u8>> + 'static) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => Just(Act::Poll),
        6 => Just(Act::Event),
        6 => piece.prop_map(Act::Push),
        1 => Just(Act::Eof),
        3 => Just(Act::Drain),
        1 => Just(Act::Upgrade),
        1 => (0u64..500).prop_map(Act::Wait),
        8 => any::<u8>().prop_map(Act::Answer),
    ];
    vec(act, 0..120)
}

/// A bare line end in the body closes the client, and is no misuse.
fn taken(sent: Result<(), BodyError>) -> bool {
    !matches!(sent, Err(BodyError::Misuse(_)))
}

/// Does all of it. What `answer` returns says whether the machine took it; one that it did not take
/// must have changed nothing that can be seen.
fn misuse<M: Machine>(machine: &mut M, acts: &[Act], mut answer: impl FnMut(&mut M, u8) -> bool) {
    let mut now = Instant::default();
    let mut last = machine.poll(now);
    for act in acts {
        let was_closed = last == Step::Closed;
        match act {
            Act::Event => drop(machine.event()),
            Act::Push(octets) => {
                let room = machine.recv().room();
                assert_eq!(machine.recv().push(octets), octets.len().min(room));
            }
            Act::Eof => machine.recv_eof(),
            Act::Drain => drop(machine.transmit().take_all()),
            Act::Upgrade => drop(machine.upgrade()),
            Act::Wait(seconds) => now = now + Duration::from_secs(*seconds),
            Act::Poll => last = machine.poll(now),
            Act::Answer(which) => {
                let waiting = machine.transmit().len();
                let before = machine.poll(now);
                let waiting = machine.transmit().len().max(waiting);
                if !answer(machine, *which) {
                    assert_eq!(machine.transmit().len(), waiting, "misuse said something");
                    assert_eq!(machine.poll(now), before, "misuse moved the machine");
                }
                last = machine.poll(now);
            }
        }
        assert!(machine.recv().len() <= machine.recv().limit());
        assert!(!was_closed || machine.poll(now) == Step::Closed, "law 6");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_use_of_the_server_panics(config in server_configs(), acts in acts(client_piece())) {
        let mut server = server(&config);
        misuse(&mut server, &acts, |server, which| match which % 11 {
            0 => server.reply(Reply::new(250, "2.0.0 Ok")).is_ok(),
            1 => server.reply(Reply::go_ahead()).is_ok(),
            2 => server.reply(Reply::new(550, "5.0.0 No")).is_ok(),
            3 if which == 3 => server.reply(Reply::new(421, "4.0.0 Bye")).is_ok(),
            4 => server.verdict(Verdict::Accept).is_ok(),
            5 => server.verdict(Verdict::Refuse).is_ok(),
            6 => server.verdict(Verdict::Unavailable).is_ok(),
            7 if which == 7 => { server.shutdown(); true }
            8 => server.turn_away(Reply::new(554, "5.7.1 Not you")).is_ok(),
            9 => server.reply(Reply::new(452, "4.2.2 Full")).is_ok(),
            10 => server.reply(Reply::new(220, "again")).is_ok(),
            _ => server.reply(Reply::sender_ok()).is_ok() || server.reply(Reply::go_ahead()).is_ok(),
        });
    }

    #[test]
    fn no_use_of_the_client_panics(
        config in client_configs(), refuse: bool, acts in acts(server_piece())
    ) {
        let mut config = config;
        if refuse {
            config.bare_eol = OutEol::Refuse;
        }
        let mut client = client(&config);
        misuse(&mut client, &acts, |client, which| match which % 11 {
            0 | 1 => client.send(envelope("a@b.example", &["x@example.org", "y@example.org"])).is_ok(),
            2 => taken(client.body(b".a\n..\r\n")),
            3 => taken(client.body_bytes(&Bytes::from_static(b"x\r"))),
            4 => taken(client.body_end()),
            5 if which < 64 => client.quit().is_ok(),
            6 if which < 64 => client.starttls().is_ok(),
            7 => client.auth(Credentials::password("alice", "secret")).is_ok(),
            8 => client.burl("imap:x").is_ok(),
            9 => client.command(&Command::Vrfy("x")).is_ok(),
            10 => client.command(&Command::Data).is_ok(),
            _ => !matches!(client.send(envelope("", &[])), Err(CannotSend::Misuse(_))),
        });
    }
}
