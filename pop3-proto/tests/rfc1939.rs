//! RFC 1939: the protocol.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use core::time::Duration;

use common::{Maildrop, client_says, message, open_client, open_server, server_says};

#[test]
fn the_example_session_of_section_10_on_the_server() {
    let log = server_says("rfc1939_session", &open_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().last(), Some("update [0, 1]"));
}

#[test]
fn the_example_session_of_section_10_on_the_client() {
    let log = client_says("rfc1939_client", &open_client());
    let events: Vec<_> = log.events().collect();
    assert!(events[0].contains("<1896.697170952@dbc.mtview.ca.us>"), "{events:?}");
    assert_eq!(events[1], "Done(LoggedIn)");
    assert_eq!(events[2], "Done(Stat(Stat { messages: 2, octets: 320 }))");
    assert_eq!(events[4], "Scan(Scan { message: 2, octets: 200 })");
    assert_eq!(events[6], "Done(Retr { message: 1, octets: 26 })");
    assert_eq!(log.all_payload(), b"Subject: one\r\n\r\n.stuffed\r\n");
    assert_eq!(events.last(), Some(&"Done(Quit)"));
}

#[test]
fn commands_are_valid_in_their_state_only_and_name_living_messages_only() {
    let log = server_says("rfc1939_commands", &open_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().last(), Some("update [1]"));
}

#[test]
fn a_number_is_digits_without_sign_or_leading_zero() {
    server_says("numbers", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn a_line_that_is_no_command_gets_an_error_and_the_session_lives() {
    server_says("bad_lines", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn too_many_bad_commands_end_the_session() {
    let mut config = open_server();
    config.limits.bad_commands = 3;
    server_says("too_many_bad_commands", &config, &Maildrop::rfc1939());
}

#[test]
fn pass_keeps_its_spaces() {
    let log = server_says("pass_keeps_its_spaces", &open_server(), &Maildrop::rfc1939());
    assert_eq!(log.events().next(), Some("login |mrose| two  words "));
}

#[test]
fn a_wrong_password_is_answered_later_and_the_third_ends_the_session() {
    let mut config = open_server();
    config.timeouts.wrong_password = Duration::from_secs(1);
    config.limits.wrong_passwords = 3;
    server_says("wrong_passwords", &config, &Maildrop::rfc1939());
}

#[test]
fn removal_that_fails_is_told() {
    let mut maildrop = Maildrop::rfc1939();
    maildrop.keeps = true;
    server_says("update_failed", &open_server(), &maildrop);
}

#[test]
fn nothing_is_removed_when_the_connection_breaks() {
    let log = server_says("connection_lost", &open_server(), &Maildrop::rfc1939());
    assert!(log.events().all(|event| !event.starts_with("update")));
}

#[test]
fn autologout_comes_after_ten_minutes_without_a_word_and_removes_nothing() {
    let log = server_says("autologout", &open_server(), &Maildrop::rfc1939());
    assert!(log.events().all(|event| !event.starts_with("update")));
}

#[test]
fn a_line_that_trickles_in_does_not_keep_the_session() {
    server_says("slow_line", &open_server(), &Maildrop::rfc1939());
}

#[test]
fn shutdown_says_so_and_removes_nothing() {
    let log = server_says("shutdown", &open_server(), &Maildrop::rfc1939());
    assert!(log.events().all(|event| !event.starts_with("update")));
}

#[test]
fn a_message_that_cannot_be_read_is_an_error_and_the_session_lives() {
    let mut maildrop = Maildrop::rfc1939();
    maildrop.unreadable = true;
    server_says("unreadable", &open_server(), &maildrop);
}

#[test]
fn an_empty_maildrop_and_an_empty_message_are_fine() {
    server_says("empty", &open_server(), &Maildrop::new([]));
    server_says("empty_message", &open_server(), &Maildrop::new([vec![]]));
}

#[test]
fn dots_are_stuffed_and_bare_line_ends_become_crlf() {
    let text = b".\r\n..\r\na: b\n\n.c\rd\n.e";
    server_says("stuffing", &open_server(), &Maildrop::new([text.to_vec()]));
}

#[test]
fn a_client_understands_what_real_servers_say() {
    let log = client_says("tolerant_client", &open_client());
    let events: Vec<_> = log.events().collect();
    let at = |event: &str| {
        assert!(events.contains(&event), "{event} not in {events:#?}");
    };
    at("Done(Stat(Stat { messages: 2, octets: 320 }))");
    at("Scan(Scan { message: 2, octets: 200 })");
    at("Done(List { malformed: 2 })");
    at("UniqueId(UniqueId { message: 2, uidl: \"QhdPYR:00WBw1Ph7x7\" })");
    at("Done(Uidl { malformed: 1 })");
    at("Done(UniqueId(UniqueId { message: 1, uidl: \"whqtswO00WBw418f9t5JxYwZ\" }))");
    at("Done(Retr { message: 1, octets: 22 })");
    at("Done(Top { message: 1, octets: 0 })");
    at(
        "Failed { request: Rset, failure: Refused { code: Some(Other(\"XYZ/1\")), text: \"why\" } }",
    );
    at("Failed { request: Stat, failure: Malformed(\"not a drop listing\") }");
    assert_eq!(log.all_payload(), b"a\r\n.\r\n..\r\nb\r\nbare\nlf\r\n");
}

#[test]
fn a_greeting_with_err_is_told_and_ends_the_session() {
    let log = client_says("greeting_refused_client", &open_client());
    let event = log.events().next().unwrap();
    assert!(event.contains("Connect") && event.contains("SysTemp"), "{event}");
}

#[test]
fn a_server_of_another_protocol_ends_the_session() {
    let log = client_says("not_pop3_client", &open_client());
    assert!(log.entries().is_empty());
}

#[test]
fn a_message_cut_by_the_end_of_the_connection_is_never_reported_whole() {
    let log = client_says("eof_in_body_client", &open_client());
    assert!(log.events().all(|event| !event.starts_with("Done")));
    assert_eq!(log.all_payload(), b"half a line");
}

#[test]
fn a_client_does_not_wait_for_ever() {
    client_says("silent_client", &open_client());
}

#[test]
fn top_cuts_after_the_header_and_the_lines_asked_for() {
    let with_body = b"a: b\r\nc: d\r\n\r\none\r\n.two\r\nthree\r\n".to_vec();
    let header_only = b"a: b\r\n\r\n".to_vec();
    let no_blank_line = b"a: b\r\nc: d\r\n".to_vec();
    let no_header = b"\r\none\r\ntwo\r\n".to_vec();
    let bare_lf = b"a: b\n\none\n\ntwo\nthree".to_vec();
    let bare_cr = b"a: b\r\rone\rtwo".to_vec();
    let messages = [with_body, header_only, no_blank_line, no_header, bare_lf, bare_cr];
    for part in [1, 2, 3, 50] {
        let mut maildrop = Maildrop::new(messages.clone());
        maildrop.part = part;
        server_says("top", &open_server(), &maildrop);
    }
    // The runs above differ in how the message is cut, and must not differ in what is sent.
    assert_eq!(message(120).len(), 120);
}

#[test]
fn the_examples_of_each_command_on_the_client() {
    let log = client_says("rfc1939_examples_client", &open_client());
    let events: Vec<_> = log.events().collect();
    let refused = events.iter().filter(|event| event.contains("Refused")).count();
    assert_eq!(refused, 6, "{events:#?}");
    for event in [
        "Done(Scan(Scan { message: 2, octets: 200 }))",
        "UniqueId(UniqueId { message: 1, uidl: \"whqtswO00WBw418f9t5JxYwZ\" })",
        "Done(UniqueId(UniqueId { message: 2, uidl: \"QhdPYR:00WBw1Ph7x7\" }))",
        "Done(Dele { message: 1 })",
        "Done(Rset)",
        "Done(Quit)",
    ] {
        assert!(events.contains(&event), "{event} not in {events:#?}");
    }
    client_says("rfc1939_quit_client", &open_client());
}

#[test]
fn the_end_of_the_connection_ends_a_client_wherever_it_comes() {
    for (place, done) in [
        ("greeting", 0),
        ("answer", 1),
        ("listing", 2), // and the line that was whole
        ("capabilities", 1),
        ("challenge", 1),
    ] {
        let log = client_says(&format!("eof_in_{place}_client"), &open_client());
        assert_eq!(log.events().count(), done, "{place}: {log:?}");
        assert!(log.events().all(|event| !event.starts_with("Done")), "{place}: {log:?}");
    }
}

#[test]
fn sizes_that_lie_do_not_matter_to_a_client() {
    let log = client_says("lying_sizes_client", &open_client());
    assert_eq!(log.all_payload(), b"a\r\nb\r\n");
    for event in ["Done(Retr { message: 1, octets: 3 })", "Done(Retr { message: 2, octets: 3 })"] {
        assert!(log.events().any(|e| e == event), "{log:?}");
    }
}
