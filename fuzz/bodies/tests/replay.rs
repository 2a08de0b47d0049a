//! Every fuzz body over its corpus, and over 2,000 mutations of it: on stable, without a fuzzer, the
//! same on every machine.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use fuzz_bodies::{ALL, Body, mutate::Mutator};

/// Mutations of each corpus.
const MUTATIONS: usize = 2000;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort(); // a folder has no order of its own
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

/// Runs a body, and says which input it failed on.
fn run(name: &str, body: Body, input: &[u8]) {
    let caught = std::panic::catch_unwind(|| body(input));
    assert!(caught.is_ok(), "{name} failed on b\"{}\"", input.escape_ascii());
}

fn replay(name: &str) {
    let (_, body) = ALL.iter().find(|(known, _)| *known == name).expect("a body of this name");
    let seeds = corpus(name);
    assert!(seeds.len() >= 5, "{name} has a corpus");
    run(name, *body, b"");
    seeds.iter().for_each(|seed| run(name, *body, seed));
    let mut mutator = Mutator::new(0x6D61_696C);
    (0..MUTATIONS).for_each(|_| run(name, *body, &mutator.next(&seeds)));
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn no_body_is_left_out() {
            let replayed = [$(stringify!($name)),*];
            assert!(ALL.iter().map(|(name, _)| *name).eq(replayed));
        }
    };
}

replays! {
    data_framing header_filter imap_body imap_client imap_command imap_mailbox imap_mime
    imap_response imap_search imap_server pop3_client pop3_server proxy_header sasl smtp_address smtp_client smtp_command smtp_reply
    smtp_server
}
