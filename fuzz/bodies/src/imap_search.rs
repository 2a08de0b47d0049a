//! Search keys: read, printed, and what a message is to them.

use imap_proto::{
    command::{Command, Literals, PrintOptions, Tagged},
    parse,
    search::{Answer, Facts, Matcher},
    types::{DateTime, SearchKey, SearchQuery},
};

/// The octets are what follows the word SEARCH.
pub fn check(octets: &[u8]) {
    let frame = [b"t SEARCH ", octets, b"\r\n"].concat();
    let Ok(tagged) = parse::command(&frame) else { return };
    let Command::Search { query, .. } = &tagged.command else { return };
    let owned = query.clone().into_owned();
    assert_eq!(&owned, query);
    for command in [
        Command::Search { uid: true, query: owned.clone() },
        Command::ESearch { uid: false, sources: vec![], query: owned },
    ] {
        let again = Tagged::new(tagged.tag.clone(), command);
        let printed = again.print(PrintOptions::new(Literals::Plus)).octets;
        assert_eq!(parse::command(&printed).as_ref(), Ok(&again), "{}", printed.escape_ascii());
    }
    matching(&query.key);
}

/// With all of a message at hand there is an answer; NOT turns it round, and less at hand never leads to another.
fn matching(key: &SearchKey<'_>) {
    let answer = |key: SearchKey<'_>, header, body| {
        Matcher::new(&SearchQuery::new(key), 1_000_000).test(&Message { header, body })
    };
    let whole = answer(key.clone(), true, true);
    let not = answer(SearchKey::Not(Box::new(key.clone())), true, true);
    assert!(matches!((whole, not), (Answer::Yes, Answer::No) | (Answer::No, Answer::Yes)));
    for header in [false, true] {
        match answer(key.clone(), header, false) {
            Answer::NeedsHeader => assert!(!header),
            Answer::NeedsMessage => {}
            decided => assert_eq!(decided, whole),
        }
    }
}

struct Message {
    header: bool,
    body: bool,
}

const HEADER: &[u8] =
    b"From: Ann <ann@a.test>\r\nTo: bob@b.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= a b\r\n\
    Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nX-a: b\r\n\r\n";
const MESSAGE: &[u8] =
    b"From: Ann <ann@a.test>\r\nTo: bob@b.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= a b\r\n\
    Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nX-a: b\r\n\r\na body, seen\r\n";

impl Facts for Message {
    fn uid(&self) -> u32 {
        3
    }
    fn has_flag(&self, flag: &str) -> bool {
        matches!(flag, "\\Seen" | "a")
    }
    fn internal_date(&self) -> DateTime {
        DateTime::utc(760_000_000)
    }
    fn size(&self) -> u64 {
        MESSAGE.len() as u64
    }
    fn mod_seq(&self) -> u64 {
        7
    }
    fn header(&self) -> Option<&[u8]> {
        self.header.then_some(HEADER)
    }
    fn message(&self) -> Option<&[u8]> {
        self.body.then_some(MESSAGE)
    }
}
