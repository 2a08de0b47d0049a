//! A whole session of the IMAP client machine.

use imap_proto::{
    client::{Client, Config, Event},
    command::Append,
    types::{
        FetchItem, FetchItems, Flag, ListQuery, Mailbox, OneOrMore, SearchKey, SearchQuery,
        SequenceSet, StoreAction,
    },
};
use mailwire::{
    Close, Machine,
    sasl::{Secret, client::Credentials},
    test::{Cuts, Host, Log, run},
};

use crate::drive::{polite, seed};

/// The first line says what the client does (see `make`), the rest is what a server says.
pub fn check(octets: &[u8]) {
    let at = octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |at| at + 1);
    let (script, input) = octets.split_at(at);
    // Reads that go beyond what the client waits for: a server that answers before it is asked. What
    // comes of that depends on when it is seen; that nothing panics and no law is broken does not.
    for cuts in [Cuts::Whole, Cuts::Random(seed(octets))] {
        let (mut client, mut host) = make(script);
        let outcome = run(&mut client, &mut host, input, cuts);
        assert!(outcome.upgrade.is_none() || outcome.closed != Some(Close::Injection));
    }
    let [whole, one, seven] = [usize::MAX, 1, 7].map(|most| {
        let (mut client, mut host) = make(script);
        let outcome = polite(&mut client, &mut host, input, most);
        let examined = client.recv().examined();
        let bound = 2 * input.len() as u64 + 1024;
        assert!(examined <= bound, "law 5: {examined} octets examined of {}", input.len());
        outcome
    });
    assert_eq!(whole, one, "law 4: octet by octet");
    assert_eq!(whole, seven, "law 4: reads of at most 7");
}

/// Commands are all given at the start: `t` STARTTLS, `l` LOGIN, `c` CAPABILITY, `n` NOOP, `s`
/// SELECT, `i` LIST, `f` FETCH, `r` STORE, `h` SEARCH, `x` EXPUNGE, `p` APPEND, `e` APPEND of
/// nothing, `d` IDLE, `a` AUTHENTICATE, `o` LOGOUT. `P` at the start: without TLS.
fn make(script: &[u8]) -> (Client, Notes) {
    let mut config = Config::default();
    config.limits.inline = 100;
    config.limits.response = 2000;
    config.limits.output = 64;
    config.plain_text_auth = true;
    let without_tls = script.iter().any(|&action| matches!(action, b'P' | b't'));
    let mut client = if without_tls { Client::new(config) } else { Client::over_tls(config) };
    let set = SequenceSet::all();
    for action in script.iter().take(40) {
        // What is refused (a command before login, what is not offered) is not sent.
        let _ = match action {
            b't' => client.starttls().is_ok(),
            b'l' => client.login("tim", &Secret::new("se\u{E9}cret")).is_ok(),
            b'a' => client.authenticate(Credentials::password("tim", "secret")).is_ok(),
            b'c' => Some(client.capability()).is_some(),
            b'n' => Some(client.noop()).is_some(),
            b's' => client.select(&Mailbox::INBOX, false).is_ok(),
            b'i' => client.list(&ListQuery::basic("", "*")).is_ok(),
            b'f' => {
                client.fetch(true, &set, &FetchItems::new(OneOrMore::one(FetchItem::Uid))).is_ok()
            }
            b'r' => client.store(true, &set, StoreAction::Add, &[Flag::Seen], false).is_ok(),
            b'h' => client.search(true, &SearchQuery::new(SearchKey::All)).is_ok(),
            b'x' => client.expunge(None).is_ok(),
            b'p' => client.append(&Append::new(Mailbox::INBOX, 5)).is_ok(),
            b'e' => client.append(&Append::new(Mailbox::INBOX, 0)).is_ok(),
            b'd' => client.idle().is_ok(),
            b'o' => Some(client.logout()).is_some(),
            _ => false,
        };
    }
    (client, Notes)
}

struct Notes;

impl Host<Client> for Notes {
    fn event(&mut self, client: &mut Client, log: &mut Log) {
        match client.event() {
            Event::Chunk(octets) => {
                assert!(!octets.is_empty(), "a chunk has octets");
                log.payload(octets);
            }
            Event::Upload(tag) => {
                let left = client.upload_left().unwrap_or(0);
                log.event(format!("upload {tag} {left}"));
                let octets = vec![b'm'; usize::try_from(left).expect("a small message")];
                client.send(octets.into()).expect("a message is asked for");
            }
            Event::Idling(_) => client.done().expect("the server idles"),
            Event::Nothing => panic!("poll announced an event, and there is none"),
            event => log.event(format!("{event:?}")),
        }
    }
}
