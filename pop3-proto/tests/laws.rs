//! The laws of `mailwire::Machine`, for both machines, over valid, broken and random input.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, Script, message, open_client, open_server, stls_server};
use mailwire::test::assert_laws;
use pop3_proto::{client::Client, server::Server};
use proptest::prelude::*;

/// Lines a client may send, and what it should not.
fn client_line() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "USER mrose",
        "PASS secret",
        "PASS wrong",
        "USER mrose\r\nPASS secret",
        "STAT",
        "LIST",
        "LIST 1",
        "LIST 9",
        "LIST x",
        "UIDL",
        "uidl 2",
        "RETR 1",
        "RETR 2",
        "RETR 1 2",
        "RETR -1",
        "TOP 1 0",
        "TOP 2 1",
        "TOP 3 99999999999999999999",
        "DELE 1",
        "DELE 2",
        "NOOP",
        "RSET",
        "CAPA",
        "AUTH",
        "AUTH PLAIN",
        "AUTH PLAIN AG1yb3NlAHNlY3JldA==",
        "AUTH LOGIN",
        "*",
        "=",
        "bXJvc2U=",
        "c2VjcmV0",
        "AUTH NTLM",
        "QUITNOW",
        "",
        "GET / HTTP/1.1",
        "STLS",
    ];
    prop_oneof![
        20 => proptest::sample::select(known.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        1 => Just(b"QUIT".to_vec()),
        2 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (0..3000usize).prop_map(|n| vec![b'A'; n]),
    ]
}

fn eol() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![9 => Just(&b"\r\n"[..]), 1 => Just(&b"\n"[..])]
}

fn lines(line: impl Strategy<Value = Vec<u8>>, most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec((line, eol()), 0..most).prop_map(|lines| {
        lines.into_iter().flat_map(|(line, eol)| [&line[..], eol].concat()).collect()
    })
}

fn server_line() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "+OK",
        "+OK hello <1@x>",
        "+ok lower",
        "-ERR",
        "-ERR [IN-USE] no",
        "-ERR [",
        "+ ",
        "+",
        "+ VXNlcm5hbWU6",
        "+ ???",
        "+OK 2 320",
        "+OK  2  320 more",
        "+OK 1 a",
        "+OK x",
        "+OK 99999999999999999999999 1",
        "1 120",
        " 2  200 ",
        "0 1",
        "1 whqtswO00WBw418f9t5JxYwZ",
        ".",
        "..",
        "..stuffed",
        "text",
        "",
        "PIPELINING",
        "SASL PLAIN LOGIN",
        "TOP",
    ];
    prop_oneof![
        20 => proptest::sample::select(known.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        10 => Just(b"+OK".to_vec()),
        5 => Just(b".".to_vec()),
        2 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (0..20_000usize).prop_map(|n| vec![b'A'; n]),
    ]
}

/// STLS is not among these: whether plain text after its answer is seen by the client (and is
/// fatal) or by the TLS handshake depends on how it was cut. `rfc2595.rs` looks at both.
fn script() -> impl Strategy<Value = Vec<&'static str>> {
    let commands = [
        "capa",
        "login mrose secret",
        "auth PLAIN mrose secret",
        "auth LOGIN mrose secret",
        "stat",
        "list",
        "list 1",
        "uidl",
        "uidl 2",
        "retr 1",
        "top 1 5",
        "dele 1",
        "noop",
        "rset",
        "quit",
        "capa; stat; list; uidl; retr 1; dele 1; top 2 0; noop",
    ];
    proptest::collection::vec(proptest::sample::select(commands.to_vec()), 0..12)
        // Nothing may be given after QUIT.
        .prop_map(|commands| {
            let end =
                commands.iter().position(|c| *c == "quit").map_or(commands.len(), |at| at + 1);
            commands[..end].to_vec()
        })
}

fn maildrop() -> Maildrop {
    Maildrop::new([message(120), b"a: b\n\n.dot\n..\nend".to_vec(), b"\r\rx\r".to_vec()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_server_keeps_the_laws(input in lines(client_line(), 40), seed: u64) {
        assert_laws(|| (Server::new(open_server()), maildrop()), &input, seed);
    }

    #[test]
    fn a_server_with_small_limits_keeps_the_laws(input in lines(client_line(), 40), seed: u64) {
        let make = || {
            let mut config = stls_server();
            config.limits.line = 32;
            config.limits.sasl_line = 40;
            config.limits.output = 16;
            config.limits.bad_commands = 8;
            (Server::new(config), maildrop())
        };
        assert_laws(make, &input, seed);
    }

    #[test]
    fn a_server_that_holds_an_answer_back_keeps_the_laws(
        input in lines(client_line(), 40), seed: u64
    ) {
        let make = || {
            let mut config = open_server();
            config.timeouts.wrong_password = core::time::Duration::from_secs(1);
            (Server::new(config), maildrop())
        };
        assert_laws(make, &[b"USER mrose\r\nPASS wrong\r\n", &input[..]].concat(), seed);
    }

    #[test]
    fn a_logged_in_server_keeps_the_laws(input in lines(client_line(), 60), seed: u64) {
        let input = [b"USER mrose\r\nPASS secret\r\n", &input[..]].concat();
        assert_laws(|| (Server::new(open_server()), maildrop()), &input, seed);
    }

    #[test]
    fn a_server_keeps_the_laws_under_noise(
        input in proptest::collection::vec(any::<u8>(), 0..600), seed: u64
    ) {
        assert_laws(|| (Server::new(open_server()), maildrop()), &input, seed);
    }

    #[test]
    fn a_client_keeps_the_laws(
        input in lines(server_line(), 60), commands in script(), seed: u64
    ) {
        let make = || (Client::new(open_client()), Script::new(commands.clone()));
        assert_laws(make, &input, seed);
    }

    #[test]
    fn a_client_with_small_limits_keeps_the_laws(
        input in lines(server_line(), 60), commands in script(), seed: u64
    ) {
        let make = || {
            let mut config = open_client();
            config.pipelining = pop3_proto::client::Pipelining::Always;
            config.limits.line = 24;
            config.limits.buffer = 24;
            config.limits.output = 8;
            config.limits.pipeline = 2;
            config.limits.capabilities = 1;
            (Client::new(config), Script::new(commands.clone()))
        };
        assert_laws(make, &input, seed);
    }

    #[test]
    fn a_client_keeps_the_laws_under_noise(
        input in proptest::collection::vec(any::<u8>(), 0..600), commands in script(), seed: u64
    ) {
        let input = [b"+OK\r\n", &input[..]].concat();
        let make = || (Client::new(open_client()), Script::new(commands.clone()));
        assert_laws(make, &input, seed);
    }
}
