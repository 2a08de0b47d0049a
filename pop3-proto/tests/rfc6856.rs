//! RFC 6856: UTF8 and LANG.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Maildrop, client_says, open_client, open_server, server_says, stls_server};
use pop3_proto::server::Language;

fn maildrop() -> Maildrop {
    let one = "Subject: Grüße\r\n\r\nHallo\r\n".as_bytes().to_vec();
    Maildrop::new([one, b"Subject: two\r\n\r\n".to_vec()])
}

#[test]
fn a_language_is_listed_chosen_and_refused() {
    let mut config = open_server();
    config.languages = vec![
        Language::new("es", "Español")
            .text("invalid language {}", "es Idioma <<{}>> no es conocido"),
        Language::english(),
        Language::new("en-boont", "English Boontling dialect"),
        Language::german(),
        Language::new("sv", "Svenska").text("language changed", "Kommandot \"LANG\" lyckades"),
    ];
    server_says("rfc6856_lang", &config, &Maildrop::rfc1939());
}

#[test]
fn a_message_in_utf8_is_for_utf8_mode_only() {
    server_says("rfc6856_utf8", &open_server(), &maildrop());
}

#[test]
fn utf8_mode_comes_before_login_and_after_stls() {
    let mut config = stls_server();
    config.plain_text_auth = true;
    server_says("rfc6856_utf8_mode", &config, &maildrop());
}

#[test]
fn names_and_passwords_in_utf8_are_prepared_or_refused() {
    let mut config = open_server();
    config.utf8_user = true;
    let log = server_says("rfc6856_user", &config, &maildrop());
    assert_eq!(log.events().next(), Some("login |Jürgen|Straße"));
}

#[test]
fn a_client_asks_for_utf8_and_for_a_language() {
    let log = client_says("rfc6856_client", &open_client());
    let events: Vec<_> = log.events().collect();
    let at = |event: &str| assert!(events.contains(&event), "{event} not in {events:#?}");
    at("Done(Utf8)");
    at("Done(LoggedIn)");
    at("Language { tag: \"en-boont\", description: \"English Boontling dialect\" }");
    at("Language { tag: \"sv\", description: \"\" }");
    at("Done(Languages { malformed: 0 })");
    at("Done(Language { tag: \"es\" })");
    at("Failed { request: Retr(1), failure: Refused { code: Some(Utf8), text: \"no\" } }");
}

#[test]
fn a_client_sends_no_utf8_to_a_server_that_does_not_take_it() {
    let log = client_says("rfc6856_ascii_client", &open_client());
    let last = log.events().last().unwrap();
    assert!(last.contains("Login") && last.contains("NotSent"), "{last}");
}

#[test]
fn the_examples_of_lang_on_the_client() {
    let log = client_says("rfc6856_examples_client", &open_client());
    let events: Vec<_> = log.events().collect();
    let languages = events.iter().filter(|event| event.starts_with("Language")).count();
    let refused = events.iter().filter(|event| event.contains("Refused")).count();
    assert_eq!((languages, refused), (6, 3), "{events:#?}");
    assert!(events.contains(&"Done(Language { tag: \"sv\" })"), "{events:#?}");
}
