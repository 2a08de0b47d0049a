//! Tables of values and their octets: parsed, printed, parsed again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use mailwire::SendBuf;
use pop3_proto::{
    Code, Command, CommandError, Response, Scan, Stat, Status, UniqueId, parse, print,
};
use proptest::prelude::*;

fn printed(print: impl FnOnce(&mut SendBuf)) -> Vec<u8> {
    let mut out = SendBuf::new();
    print(&mut out);
    out.take_all().to_vec()
}

#[test]
fn commands_both_ways() {
    let table = [
        (Command::User("bob+tag@d.org"), "USER bob+tag@d.org"),
        (Command::User("a b"), "USER a b"),
        (Command::Pass("secret"), "PASS secret"),
        (Command::Pass(" two  words "), "PASS  two  words "),
        (Command::Auth { mechanism: None, initial: None }, "AUTH"),
        (Command::Auth { mechanism: Some("PLAIN"), initial: None }, "AUTH PLAIN"),
        (Command::Auth { mechanism: Some("PLAIN"), initial: Some("=") }, "AUTH PLAIN ="),
        (Command::Capa, "CAPA"),
        (Command::Stls, "STLS"),
        (Command::Stat, "STAT"),
        (Command::List(None), "LIST"),
        (Command::List(Some(1)), "LIST 1"),
        (Command::Uidl(None), "UIDL"),
        (Command::Uidl(Some(u32::MAX)), "UIDL 4294967295"),
        (Command::Retr(10), "RETR 10"),
        (Command::Top { message: 1, lines: 0 }, "TOP 1 0"),
        (Command::Top { message: 2, lines: u64::MAX }, "TOP 2 18446744073709551615"),
        (Command::Dele(3), "DELE 3"),
        (Command::Noop, "NOOP"),
        (Command::Rset, "RSET"),
        (Command::Quit, "QUIT"),
    ];
    for (command, line) in table {
        assert_eq!(parse::command(line.as_bytes()), Ok(command));
        let wire = printed(|out| print::command(&command, out));
        assert_eq!(wire, [line.as_bytes(), b"\r\n"].concat());
    }
}

#[test]
fn lines_that_are_no_commands() {
    let syntax = |form| Err(CommandError::Syntax(form));
    let table: [(&[u8], Result<Command<'_>, CommandError>); 12] = [
        (b"", Err(CommandError::Unknown)),
        (b"QUITNOW", Err(CommandError::Unknown)),
        (b"QUIT now", syntax("QUIT")),
        (b"RETR", syntax("RETR msg")),
        (b"RETR ", syntax("RETR msg")),
        (b"RETR 0", syntax("RETR msg")),
        (b"LIST 007", syntax("LIST [msg]")),
        (b"TOP 1", syntax("TOP msg n")),
        (b"PASS ", syntax("PASS string")),
        (b"AUTH A-MECHANISM-OF-MANY-LETTERS", syntax("AUTH mechanism [initial-response]")),
        (b"NOOP\0", Err(CommandError::NotPrintable)),
        (b"NOOP \xe9", Err(CommandError::NotPrintable)),
    ];
    for (line, expected) in table {
        assert_eq!(parse::command(line), expected, "{}", line.escape_ascii());
    }
}

#[test]
fn responses_both_ways() {
    let table = [
        (Response::new(Status::Ok, None, ""), "+OK"),
        (Response::new(Status::Ok, None, "2 320"), "+OK 2 320"),
        (Response::new(Status::Err, None, "no such message"), "-ERR no such message"),
        (Response::new(Status::Err, Some(Code::InUse), "busy"), "-ERR [IN-USE] busy"),
        (Response::new(Status::Err, Some(Code::Auth), ""), "-ERR [AUTH]"),
        (Response::new(Status::Err, Some(Code::SysTemp), "disk"), "-ERR [SYS/TEMP] disk"),
        (Response::new(Status::Err, Some(Code::SysPerm), "disk"), "-ERR [SYS/PERM] disk"),
        (Response::new(Status::Err, Some(Code::LoginDelay), "x"), "-ERR [LOGIN-DELAY] x"),
        (Response::new(Status::Ok, Some(Code::Other("X/1")), "x"), "+OK [X/1] x"),
    ];
    for (response, line) in table {
        assert_eq!(parse::response(line.as_bytes()), Ok(response.clone()));
        let wire = printed(|out| print::response(&response, out));
        assert_eq!(wire, [line.as_bytes(), b"\r\n"].concat());
    }
}

#[test]
fn responses_that_are_only_understood() {
    let table: [(&[u8], Response<'_>); 6] = [
        (b"+ok   hello", Response::new(Status::Ok, None, "hello")),
        (b"-err", Response::new(Status::Err, None, "")),
        (b"-ERR [sys/temp/disk]full", Response::new(Status::Err, Some(Code::SysTemp), "full")),
        (b"-ERR [SYS]", Response::new(Status::Err, Some(Code::Other("SYS")), "")),
        (b"-ERR [half", Response::new(Status::Err, None, "[half")),
        (b"+OK caf\xe9", Response::new(Status::Ok, None, "caf\u{fffd}")),
    ];
    for (line, expected) in table {
        assert_eq!(parse::response(line), Ok(expected), "{}", line.escape_ascii());
    }
    assert!(parse::response(b"* OK imap").is_err());
}

#[test]
fn listings_both_ways() {
    assert_eq!(printed(|out| print::scan(Scan::new(1, 120), out)), b"1 120\r\n");
    assert_eq!(parse::scan("1 120"), Some(Scan::new(1, 120)));
    assert_eq!(printed(|out| print::stat(Stat::new(2, 320), out)), b"+OK 2 320\r\n");
    assert_eq!(parse::stat("2 320"), Some(Stat::new(2, 320)));
    let id = UniqueId::new(2, "QhdPYR:00WBw1Ph7x7");
    assert_eq!(printed(|out| print::unique_id(id, out)), b"2 QhdPYR:00WBw1Ph7x7\r\n");
    assert_eq!(parse::unique_id("2 QhdPYR:00WBw1Ph7x7"), Some(id));
    for bad in ["", "1", "x 1", "0 1", "-1 1", "1,2"] {
        assert_eq!(parse::scan(bad), None);
        assert_eq!(parse::unique_id(bad), None);
    }
}

#[test]
fn a_response_is_one_line_whatever_the_text() {
    let text = "a\r\n+OK injected\0".repeat(100);
    let response = Response::new(Status::Err, Some(Code::Other("X\r\nY")), text);
    let wire = printed(|out| print::response(&response, out));
    assert!(wire.len() <= 512, "RFC 2449 §3");
    assert_eq!(wire.iter().filter(|octet| **octet == b'\n').count(), 1);
    let response = Response::new(Status::Ok, None, "[not a code]");
    assert_eq!(printed(|out| print::response(&response, out)), b"+OK (not a code]\r\n");
}

#[test]
fn challenges_both_ways() {
    assert_eq!(printed(|out| print::continuation(b"", out)), b"+ \r\n");
    assert_eq!(parse::continuation(b"+ "), Some(&b""[..]));
    assert_eq!(parse::continuation(b"+"), Some(&b""[..]));
    assert_eq!(parse::continuation(b"+ VXNlcjo="), Some(&b"VXNlcjo="[..]));
    assert_eq!(parse::continuation(b"+OK"), None);
}

#[test]
fn a_timestamp_is_a_message_id() {
    let found = parse::timestamp(b"+OK ready <1896.697170952@dbc.mtview.ca.us> x");
    assert_eq!(found, Some("<1896.697170952@dbc.mtview.ca.us>"));
    for greeting in [&b"+OK"[..], b"+OK <no at sign>", b"+OK <a@b", b"+OK >a@b<", b"+OK <\xe9@b>"] {
        assert_eq!(parse::timestamp(greeting), None, "{}", greeting.escape_ascii());
    }
}

#[test]
fn secrets_do_not_print() {
    let pass = parse::command(b"PASS hunter2").unwrap();
    let auth = parse::command(b"AUTH PLAIN aHVudGVyMg==").unwrap();
    assert_eq!(format!("{pass:?} {auth:?}"), "PASS *** AUTH PLAIN ***");
}

proptest! {
    #[test]
    fn no_line_makes_a_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(command) = parse::command(&line) {
            let wire = printed(|out| print::command(&command, out));
            prop_assert_eq!(parse::command(&wire[..wire.len() - 2]), Ok(command));
        }
        if let Ok(response) = parse::response(&line) {
            let wire = printed(|out| print::response(&response, out));
            prop_assert!(parse::response(&wire[..wire.len() - 2]).is_ok());
        }
        let text = String::from_utf8_lossy(&line);
        let _ = (parse::scan(&text), parse::stat(&text), parse::unique_id(&text));
        let _ = (parse::continuation(&line), parse::timestamp(&line));
    }
}

#[test]
fn a_code_is_read_before_text_in_an_unknown_character_set() {
    let response = parse::response(b"-ERR [IN-USE] gesch\xfctzt").unwrap();
    assert_eq!(response.code, Some(Code::InUse));
    assert_eq!(response.text, "gesch\u{fffd}tzt");
    let response = parse::response(b"-ERR gesch\xfctzt [IN-USE]").unwrap();
    assert_eq!(response.code, None);
}
