//! `client::sync` against a naive server: random histories, the connection cut anywhere, and at the end the list is the mailbox.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::cast_possible_truncation
)]

mod sync_model;

use imap_proto::{
    client::{Client, Config, sync::Mirror},
    types::{Mailbox, ModSeq},
};
use mailwire::{Instant, Machine, Step};
use proptest::prelude::*;
use sync_model::{Kind, Model, Random};

const START: Instant = Instant::from_micros(0);

/// UID and flags of all messages.
type List = Vec<(u32, Vec<String>)>;

fn list(mirror: &Mirror) -> List {
    let flags = |message: &imap_proto::client::sync::Message| {
        let mut flags: Vec<String> = message.flags.iter().map(ToString::to_string).collect();
        flags.sort();
        flags
    };
    mirror.messages().map(|(uid, message)| (uid, flags(message))).collect()
}

/// The list as another process would find it.
fn kept(mirror: &Mirror) -> Mirror {
    let messages = mirror.messages().map(|(uid, message)| (uid, message.clone()));
    let mod_seq = mirror.mod_seq();
    Mirror::restore(mirror.mailbox().clone(), mirror.uid_validity(), mod_seq, messages)
}

/// One session. It ends after `patience` octets of the server, or once the list is current and nothing more happens.
/// Says whether it went to that end.
fn session(
    mirror: &mut Mirror,
    model: &mut Model,
    random: &mut Random,
    mut patience: usize,
    changes: u32,
) -> bool {
    let mut client = Client::over_tls(Config::default());
    let mut server = model.connect();
    let mut changes = changes;
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 5_000, "no end\n{}", server.wire);
        let said = server.take(random.below(40) + 1);
        let said = &said[..said.len().min(patience)];
        patience -= said.len();
        client.recv().push(said);
        while client.poll(START) == Step::Event {
            mirror.see(&client.event());
            mirror.advance(&mut client).unwrap();
            assert!(!mirror.is_stuck(), "stuck\n{}", server.wire);
        }
        assert_eq!(client.closed(), None, "{}", server.wire);
        let line = client.transmit().take_all();
        if patience == 0 || server.is_over(model) {
            return false;
        }
        // The world goes on, before the server has read the command and behind it.
        for _ in 0..2 {
            if changes > 0 && random.below(4) == 0 {
                changes -= 1;
                model.change(random);
            }
        }
        server.read(&line, model, random);
        if line.is_empty() && server.is_silent() && mirror.is_current() {
            if changes == 0 {
                // What the server had not told yet it tells now.
                if !server.is_told(model) {
                    client.noop();
                    continue;
                }
                assert_eq!(list(mirror), model.list(), "{}", server.wire);
                return true;
            }
            if random.below(3) == 0 {
                changes -= 1;
                model.change(random);
            }
            client.noop();
        }
    }
}

fn history(seed: u64, kind: Kind) {
    let mut random = Random(seed | 1);
    let mut model = Model::new(kind);
    (0..random.below(12)).for_each(|_| model.change(&mut random));
    let mut mirror = Mirror::new(Mailbox::INBOX);
    for _ in 0..random.below(6) + 1 {
        let patience = 1 + random.below(1500) as usize;
        let changes = random.below(6);
        session(&mut mirror, &mut model, &mut random, patience, changes);
        // What is claimed is there: no message that has not changed since is missing or other.
        if let Some(mod_seq) = mirror.mod_seq() {
            let have = list(&mirror);
            for (uid, flags) in
                model.unchanged_since(mirror.uid_validity().unwrap().get(), mod_seq.get())
            {
                assert!(have.contains(&(uid, flags)), "{uid} at {mod_seq}, seed {seed} {kind:?}");
            }
        }
        mirror = kept(&mirror);
        (0..random.below(5)).for_each(|_| model.change(&mut random));
    }
    while !session(&mut mirror, &mut model, &mut random, usize::MAX, 0) {
        mirror = kept(&mirror);
    }
    assert_eq!(list(&mirror), model.list(), "seed {seed} {kind:?}");
    assert_eq!(mirror.uid_validity().unwrap().get(), model.validity);
    let mod_seqs = mirror.mod_seq().map_or(0, ModSeq::get);
    assert_eq!(mod_seqs > 0, kind != Kind::Plain);
    // A session in which nothing happens makes all of it sure; the next asks for nothing that is there, where the server can
    // tell.
    model.visit(&mut mirror);
    mirror = kept(&mirror);
    let rows = model.visit(&mut mirror);
    assert_eq!(list(&mirror), model.list(), "seed {seed} {kind:?}");
    if kind != Kind::Plain {
        assert_eq!(rows, 0, "seed {seed} {kind:?}");
    }
}

/// A server that says these lines, an answer for each command.
fn against(mirror: &mut Mirror, answers: &[&str]) -> (Client, String) {
    let mut client = Client::over_tls(Config::default());
    let mut said = String::new();
    for answer in answers {
        client.recv().push(answer.as_bytes());
        while client.poll(START) == Step::Event {
            mirror.see(&client.event());
            mirror.advance(&mut client).unwrap();
        }
        said += core::str::from_utf8(&client.transmit().take_all()).unwrap();
    }
    (client, said)
}

const CONDSTORE: &str = "* PREAUTH [CAPABILITY IMAP4rev1 CONDSTORE ESEARCH] hello\r\n";

#[test]
fn what_a_server_merely_claims_costs_nothing() {
    let known = [(5, Default::default())];
    let mod_seq = ModSeq::new(3);
    let mut mirror = Mirror::restore(Mailbox::INBOX, 7.try_into().ok(), mod_seq, known);
    let all = "* ESEARCH (TAG \"A2\") UID ALL 1:4294967295\r\nA2 OK x\r\n";
    let (_, said) = against(
        &mut mirror,
        &[
            CONDSTORE,
            "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [HIGHESTMODSEQ 9] x\r\nA1 OK x\r\n",
            all,
            "* 4294967295 EXPUNGE\r\n* 2147483648 FETCH (FLAGS (\\Seen))\r\n* VANISHED 9:4294967290\r\nA3 OK x\r\n",
            "A4 OK x\r\n",
        ],
    );
    assert!(said.contains(
        "A2 UID SEARCH RETURN (ALL) ALL\r\nA3 UID FETCH 1:* (FLAGS MODSEQ) (CHANGEDSINCE 3)"
    ));
    assert!(said.contains("A4 UID FETCH "), "{said}");
    assert!(!mirror.is_current() && mirror.messages().len() <= 2);
}

#[test]
fn the_mod_sequence_is_not_taken_before_the_list_is_whole() {
    let mut mirror = Mirror::new(Mailbox::INBOX);
    let open = "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [HIGHESTMODSEQ 9] x\r\nA1 OK x\r\n";
    against(&mut mirror, &[CONDSTORE, open, "* 1 FETCH (UID 3 FLAGS () MODSEQ (12))\r\n"]);
    assert_eq!((mirror.mod_seq(), mirror.messages().len()), (None, 1));
    // The connection is lost; in the next session all goes well.
    mirror.interrupted();
    let rows = "* 1 FETCH (UID 3 FLAGS () MODSEQ (12))\r\n* 2 FETCH (UID 4 FLAGS () MODSEQ (8))\r\nA2 OK x\r\n";
    against(&mut mirror, &[CONDSTORE, open, rows]);
    assert!(mirror.is_current());
    // SELECT's, not that of a row, which may have come before others with less (RFC 7162 §6).
    assert_eq!(mirror.mod_seq(), ModSeq::new(9));
}

#[test]
fn a_flag_change_is_taken_note_of_with_the_next_answer_unless_the_server_says_less() {
    let open = "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [HIGHESTMODSEQ 99] x\r\nA1 OK x\r\n";
    let row = "* 1 FETCH (UID 3 FLAGS () MODSEQ (8))\r\nA2 OK x\r\n";
    for (answer, expected) in [("A3 OK x\r\n", 104), ("A3 OK [HIGHESTMODSEQ 99] delayed\r\n", 99)] {
        let mut mirror = Mirror::new(Mailbox::INBOX);
        let (mut client, _) = against(&mut mirror, &[CONDSTORE, open, row]);
        client.noop();
        for octets in ["* 1 FETCH (FLAGS (\\Seen) MODSEQ (104))\r\n", answer] {
            assert_eq!(mirror.mod_seq(), ModSeq::new(99));
            client.recv().push(octets.as_bytes());
            while client.poll(START) == Step::Event {
                mirror.see(&client.event());
            }
        }
        assert_eq!(mirror.mod_seq(), ModSeq::new(expected));
        assert_eq!(list(&mirror), [(3, vec!["\\Seen".to_owned()])]);
    }
}

#[test]
fn while_the_server_idles_new_messages_are_fetched_by_ending_it() {
    let hello = "* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hello\r\n";
    let open = "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA1 OK x\r\n";
    let mut mirror = Mirror::new(Mailbox::INBOX);
    let (mut client, _) = against(&mut mirror, &[hello, open]);
    assert!(mirror.is_current());
    client.idle().unwrap();
    let mut said = String::new();
    for octets in [
        "",
        "+ idling\r\n",
        "* 1 EXISTS\r\n",
        "A2 OK x\r\n",
        "* 1 FETCH (UID 3 FLAGS (\\Recent a))\r\nA3 OK x\r\n",
    ] {
        client.recv().push(octets.as_bytes());
        while client.poll(START) == Step::Event {
            mirror.see(&client.event());
            mirror.advance(&mut client).unwrap();
        }
        said += core::str::from_utf8(&client.transmit().take_all()).unwrap();
    }
    assert_eq!(said, "A2 IDLE\r\nDONE\r\nA3 UID FETCH 1:* (FLAGS)\r\n");
    assert_eq!(list(&mirror), [(3, vec!["a".to_owned()])]);
    assert!(mirror.is_current());
}

#[test]
fn a_mailbox_that_cannot_be_opened_is_stuck_and_a_way_that_is_refused_is_left() {
    let mut mirror = Mirror::new(Mailbox::INBOX);
    let (_, said) = against(&mut mirror, &[CONDSTORE, "A1 NO [NONEXISTENT] x\r\n"]);
    assert!(mirror.is_stuck(), "{said}");
    mirror.interrupted();
    let plain = "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA2 OK x\r\n";
    let row = "* 1 FETCH (UID 3 FLAGS ())\r\nA3 OK x\r\n";
    let (_, said) = against(&mut mirror, &[CONDSTORE, "A1 BAD what?\r\n", plain, row]);
    assert_eq!(
        said,
        "A1 SELECT INBOX (CONDSTORE)\r\nA2 SELECT INBOX\r\nA3 UID FETCH 1:* (FLAGS)\r\n"
    );
    assert!(mirror.is_current());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn the_list_is_the_mailbox_whatever_has_happened_and_wherever_it_was_cut(
        seed in any::<u64>(), kind in prop_oneof![Just(Kind::Plain), Just(Kind::CondStore), Just(Kind::QResync)],
    ) {
        history(seed, kind);
    }
}
