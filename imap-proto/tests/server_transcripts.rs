//! Sessions, written down: each file of `tests/transcripts` against the server machine, whole, octet
//! by octet and in random cuts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Store, TestHost};
use imap_proto::server::Server;
use mailwire::test::Transcript;

fn check(name: &str, tls: bool, messages: u32) {
    let path = format!("{}/tests/transcripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let transcript = Transcript::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let make = || {
        let mut config = common::config();
        config.starttls = true;
        let server = if tls { Server::over_tls(config) } else { Server::new(config) };
        (server, TestHost::new(Store::with(messages)))
    };
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, transcript.rewrite_server(make).replace("S: +\n", "S| + \\r\\n\n"))
            .unwrap();
        return;
    }
    transcript.run_server(make).unwrap_or_else(|e| panic!("{name}: {e}"));
}

macro_rules! transcripts {
    ($($test:ident: $file:literal, tls $tls:literal, $messages:literal messages;)*) => {
        $(#[test] fn $test() { check($file, $tls, $messages); })*
    };
}

transcripts! {
    a_session_of_rfc_3501_section_8_runs: "rfc3501_8", tls true, 18 messages;
    login_needs_tls_and_starttls_gives_it: "starttls", tls false, 0 messages;
    wrong_passwords_are_delayed_and_sasl_can_be_cancelled: "auth", tls true, 0 messages;
    mailboxes_are_made_listed_and_removed: "mailboxes", tls true, 1 messages;
    append_streams_and_can_be_refused: "append", tls true, 0 messages;
    literals_follow_rfc_7888: "literals", tls true, 0 messages;
    flags_copies_moves_and_expunges: "store_copy_move", tls true, 4 messages;
    search_by_numbers_uids_and_extended: "search", tls true, 3 messages;
    sections_and_structures_are_fetched: "fetch", tls true, 1 messages;
    expunge_by_another_session_waits_for_its_moment: "two_sessions", tls true, 4 messages;
    idle_tells_as_it_happens: "idle", tls true, 2 messages;
    bad_input_is_answered_and_the_session_goes_on: "bad_input", tls true, 1 messages;
    messages_are_appended_together_and_from_pieces: "append_pieces", tls true, 2 messages;
    a_message_is_replaced: "replace", tls true, 3 messages;
    rev2_is_what_is_enabled: "rev2", tls true, 2 messages;
    utf8_is_what_is_enabled: "utf8", tls true, 1 messages;
    parts_are_decoded_and_previewed: "binary", tls true, 1 messages;
    another_user_logs_in: "unauthenticate", tls true, 1 messages;
    no_number_is_said_or_taken_once_uids_alone_are: "uidonly", tls true, 4 messages;
    several_mailboxes_are_searched_at_once: "multi_search", tls true, 3 messages;
    texts_are_in_english: "language", tls true, 1 messages;
    what_everyday_clients_say: "clients", tls true, 1 messages;
}
