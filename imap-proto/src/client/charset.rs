//! CHARSET: said only where a text is not ASCII, and not at all in a session that is UTF-8.

use alloc::borrow::Cow;

use mailwire::Misuse;

use crate::{
    command::Command,
    types::{OneOrMore, SearchKey},
};

/// The search of a command and the charset it names, empty for none.
fn search<'c, 'a>(command: &'c Command<'a>) -> Option<(&'c SearchKey<'a>, &'c str)> {
    match command {
        Command::Search { query, .. } | Command::ESearch { query, .. } => {
            Some((&query.key, query.charset.as_deref().unwrap_or_default()))
        }
        Command::Sort { key, charset, .. } | Command::Thread { key, charset, .. } => {
            Some((key, charset))
        }
        _ => None,
    }
}

/// Whether the texts of a search can be said, with the charset it names.
pub(super) fn check(command: &Command<'_>, utf8: bool) -> Result<(), Misuse> {
    let Some((key, charset)) = search(command) else { return Ok(()) };
    let (ascii, unicode) = texts(key);
    let named_utf8 = charset.is_empty() || charset.eq_ignore_ascii_case("UTF-8");
    match () {
        () if ascii => Ok(()),
        () if charset.is_empty() && !unicode => {
            Err(Misuse::new("a search text is not UTF-8: name its charset"))
        }
        // RFC 6855 §3
        () if utf8 && !(named_utf8 && unicode) => {
            Err(Misuse::new("the session is UTF-8: give search texts as UTF-8"))
        }
        () => Ok(()),
    }
}

/// Gives a search the charset that its texts need.
pub(super) fn fit(command: &mut Command<'_>, utf8: bool) {
    let Some((key, _)) = search(command) else { return };
    let (ascii, _) = texts(key);
    match command {
        Command::Search { query, .. } | Command::ESearch { query, .. } => {
            if ascii || utf8 {
                query.charset = None;
            } else {
                query.charset.get_or_insert(Cow::Borrowed("UTF-8"));
            }
        }
        // RFC 5256 §3: here one is always said.
        Command::Sort { charset, .. } | Command::Thread { charset, .. } => {
            if ascii {
                *charset = Cow::Borrowed("US-ASCII");
            } else if utf8 || charset.is_empty() {
                *charset = Cow::Borrowed("UTF-8");
            }
        }
        _ => {}
    }
}

/// Whether all texts are ASCII, and whether all are UTF-8.
fn texts(key: &SearchKey<'_>) -> (bool, bool) {
    let (mut ascii, mut unicode) = (true, true);
    each(key, &mut |key| {
        let (name, text): (&str, &[u8]) = match key {
            SearchKey::Header(name, text) => (name, text),
            SearchKey::Body(text)
            | SearchKey::Text(text)
            | SearchKey::GmailRaw(text)
            | SearchKey::GmailLabel(text) => ("", text),
            _ => return,
        };
        ascii &= name.is_ascii() && text.is_ascii();
        unicode &= core::str::from_utf8(text).is_ok();
    });
    (ascii, unicode)
}

/// Shows a key and all within it.
pub(super) fn each<'a>(key: &SearchKey<'a>, look: &mut impl FnMut(&SearchKey<'a>)) {
    look(key);
    match key {
        SearchKey::And(keys) => OneOrMore::as_slice(keys).iter().for_each(|key| each(key, look)),
        SearchKey::Or(a, b) => {
            each(a, look);
            each(b, look);
        }
        SearchKey::Not(key) | SearchKey::Fuzzy(key) => each(key, look),
        _ => {}
    }
}
