//! Names as Maildir++ and Dovecot write them: of folders, of files, of flags.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

use crate::Flags;

/// The letters of the system flags, in the order they stand in (Maildir, "info").
const LETTERS: [(char, Flags); 5] = [
    ('D', Flags::DRAFT),
    ('F', Flags::FLAGGED),
    ('R', Flags::ANSWERED),
    ('S', Flags::SEEN),
    ('T', Flags::DELETED),
];

/// Keywords that have a letter of their own: Dovecot knows `a` to `z`.
pub const MAX_KEYWORDS: usize = 26;

const UTF7: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// The folder of a mailbox below the Maildir; empty for INBOX, which is the Maildir itself.
///
/// ```
/// use mailstore::maildir::{folder_name, mailbox_of_folder};
///
/// assert_eq!(folder_name("Lists/R&D"), ".Lists.R&-D");
/// assert_eq!(mailbox_of_folder(".Entw&APw-rfe").as_deref(), Some("Entwürfe"));
/// assert_eq!(folder_name("INBOX"), "");
/// ```
#[must_use]
pub fn folder_name(mailbox: &str) -> String {
    if mailbox == "INBOX" {
        return String::new();
    }
    let levels = mailbox.split('/').map(|level| format!(".{}", encode(level)));
    levels.collect()
}

/// The mailbox a folder is; `None` when it is no mailbox's folder.
#[must_use]
pub fn mailbox_of_folder(folder: &str) -> Option<String> {
    if folder.is_empty() {
        return Some("INBOX".to_owned());
    }
    let levels = folder.strip_prefix('.')?.split('.').map(decode);
    let name = levels.collect::<Option<Vec<String>>>()?.join("/");
    crate::mailbox_name(&name).ok().filter(|known| *known == name && name != "INBOX")
}

/// Modified UTF-7 (RFC 3501 §5.1.3); a dot, which would separate levels, and a slash are encoded too.
fn encode(level: &str) -> String {
    let plain = |c: char| (' '..='~').contains(&c) && c != '&' && c != '.' && c != '/';
    let mut out = String::new();
    let mut rest = level;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| plain(c) != plain(first) || (c == '&') != (first == '&'));
        let (run, left) = rest.split_at(end.unwrap_or(rest.len()));
        if plain(first) {
            out.push_str(run);
        } else if first == '&' {
            out.push_str(&"&-".repeat(run.len()));
        } else {
            let octets: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            out.push_str(&format!("&{}-", UTF7.encode(octets)));
        }
        rest = left;
    }
    out
}

fn decode(level: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = level;
    while let Some((plain, encoded)) = rest.split_once('&') {
        out.push_str(plain);
        let (encoded, left) = encoded.split_once('-')?;
        if encoded.is_empty() {
            out.push('&');
        } else {
            let octets = UTF7.decode(encoded).ok()?;
            let (pairs, []) = octets.as_chunks::<2>() else { return None };
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
            out.push_str(&text);
        }
        rest = left;
    }
    out.push_str(rest);
    (!out.is_empty()).then_some(out)
}

/// The flags as the letters after `:2,`; keywords by their place in `keywords`, those beyond
/// [`MAX_KEYWORDS`] left out.
#[must_use]
pub fn flag_letters(flags: &Flags, keywords: &[String]) -> String {
    let system = LETTERS.into_iter().filter(|(_, flag)| flags.contains(flag)).map(|(l, _)| l);
    let own = ('a'..='z').zip(keywords).filter(|(_, name)| flags.has_keyword(name));
    system.chain(own.map(|(letter, _)| letter)).collect()
}

/// The flags that letters stand for.
#[must_use]
pub fn flags_of_letters(letters: &str, keywords: &[String]) -> Flags {
    let mut flags = Flags::NONE;
    for letter in letters.chars() {
        if let Some((_, flag)) = LETTERS.iter().find(|(known, _)| *known == letter) {
            flags = flags.union(flag);
        }
        if let Some((_, name)) = ('a'..='z').zip(keywords).find(|(known, _)| *known == letter) {
            flags = flags.union(&Flags::keyword(name));
        }
    }
    flags
}

/// A file name without and after `:2,`.
#[must_use]
pub fn split_info(name: &str) -> (&str, &str) {
    let (base, info) = name.split_once(':').unwrap_or((name, ""));
    (base, info.strip_prefix("2,").unwrap_or_default())
}

/// A number a file name carries, such as the size after `,S=`.
#[must_use]
pub fn number_in_name(base: &str, letter: char) -> Option<u64> {
    base.split(',')
        .skip(1)
        .find_map(|part| part.strip_prefix(letter)?.strip_prefix('=')?.parse().ok())
}

/// The lines of a `dovecot-keywords` file: a place and a name.
#[must_use]
pub fn keywords_of_file(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines() {
        let Some((place, name)) = line.split_once(' ') else { continue };
        let Some(place) = place.parse::<usize>().ok().filter(|place| *place < MAX_KEYWORDS) else {
            continue;
        };
        if names.len() <= place {
            names.resize(place + 1, String::new());
        }
        if let Some(slot) = names.get_mut(place) {
            name.clone_into(slot);
        }
    }
    names
}

/// A `dovecot-keywords` file.
#[must_use]
pub fn keywords_file(names: &[String]) -> String {
    names.iter().enumerate().map(|(place, name)| format!("{place} {name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_mailboxes_name_each_other() {
        for (mailbox, folder) in [
            ("INBOX", ""),
            ("Sent", ".Sent"),
            ("a/b/c", ".a.b.c"),
            ("INBOX/x", ".INBOX.x"),
            ("R&D", ".R&-D"),
            ("&&", ".&-&-"),
            ("Entwürfe", ".Entw&APw-rfe"),
            ("台北/日本語", ".&U,BTFw-.&ZeVnLIqe-"),
            ("v1.2", ".v1&AC4-2"),
            ("😀", ".&2D3eAA-"),
        ] {
            assert_eq!(folder_name(mailbox), folder);
            assert_eq!(mailbox_of_folder(folder).as_deref(), Some(mailbox));
        }
        for bad in ["x", ".", "..", ".a..b", ".&A-", ".&", ".&2D0-", ".INBOX", ".inbox"] {
            assert_eq!(mailbox_of_folder(bad), None, "{bad}");
        }
    }

    #[test]
    fn flags_and_letters_name_each_other() {
        let names = vec!["$Forwarded".to_owned(), "work".to_owned()];
        let flags = Flags::SEEN.union(&Flags::DELETED).with_keywords(["WORK", "unknown"]);
        assert_eq!(flag_letters(&flags, &names), "STb");
        let back = flags_of_letters("STbz", &names);
        assert_eq!(back, Flags::SEEN.union(&Flags::DELETED).with_keywords(["work"]));
        assert_eq!(split_info("1.M2P3.host,S=10,W=11:2,FS"), ("1.M2P3.host,S=10,W=11", "FS"));
        assert_eq!(split_info("1.M2P3.host"), ("1.M2P3.host", ""));
        assert_eq!(number_in_name("1.host,S=10,W=11", 'W'), Some(11));
        assert_eq!(number_in_name("1.host,S=x", 'S'), None);
    }

    #[test]
    fn the_keywords_file_is_read_as_it_is_written() {
        let names = vec!["a".to_owned(), "b c".to_owned()];
        assert_eq!(keywords_of_file(&keywords_file(&names)), names);
        assert_eq!(keywords_of_file("2 x\njunk\n99 y\n"), ["", "", "x"]);
    }
}
