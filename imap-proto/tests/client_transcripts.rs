//! Sessions, written down: each file of `tests/transcripts/client` against the client machine,
//! whole, octet by octet and in random cuts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use imap_proto::{
    client::{Client, Config, Event},
    command::{Append, AppendMessage, MessageLiteral},
    types::{Flag, Mailbox, SearchKey, SearchQuery},
};
use mailwire::{
    Machine,
    sasl::client::Credentials,
    test::{Host, Log, Transcript},
};

struct Actions;

impl Host<Client> for Actions {
    fn event(&mut self, machine: &mut Client, log: &mut Log) {
        match machine.event() {
            Event::Upload(_) => machine.send(Bytes::from_static(b"Hello")).unwrap(),
            Event::Chunk(octets) => log.payload(octets),
            event => log.event(format!("{event:?}")),
        }
    }

    fn action(&mut self, machine: &mut Client, action: &str) {
        match action {
            "authenticate" => {
                machine.authenticate(Credentials::password("tim", "secret")).unwrap();
            }
            "append" => {
                let mut message = AppendMessage::new(MessageLiteral::to_come(5));
                message.flags.push(Flag::Seen);
                let mailbox = Mailbox::new("Old mail").unwrap();
                machine.append(&Append::message(mailbox, message)).unwrap();
            }
            "noop" => {
                machine.noop();
            }
            "search" => {
                let key = SearchKey::Body(b"\xc3\xa9t\xc3"[..].into());
                let mut query = SearchQuery::new(key);
                query.charset = Some("UTF-8".into());
                machine.search(true, &query).unwrap();
            }
            "idle" => {
                machine.idle().unwrap();
            }
            "done" => machine.done().unwrap(),
            "logout" => {
                machine.logout();
            }
            other => panic!("unknown action {other:?}"),
        }
    }
}

fn check(text: &str) {
    let transcript = Transcript::parse(text).unwrap();
    let run = transcript.run_client(|| (Client::over_tls(Config::default()), Actions));
    run.unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_server_without_extensions_is_asked_before_each_literal() {
    check(include_str!("transcripts/client/no_extensions.txt"));
}

#[test]
fn refusals_hold_up_nothing() {
    check(include_str!("transcripts/client/refusals.txt"));
}
