//! How a message begins, for people to see in a list (RFC 8970).

use alloc::string::String;

use super::{
    decode::{decode_part, to_utf8},
    structure::{PartKind, Structure, content_type},
};

/// RFC 8970 §3: "limited to 200 preview characters".
const LONGEST: usize = 200;
/// More of a part is not looked at: markup may stand before the first word.
const LOOK: usize = 64 << 10;

/// The first words of a message's first text part, plain text rather than HTML: at most 200 characters, blanks as one,
/// markup left out. `None` if it has no text.
///
/// ```
/// use imap_proto::mime::preview;
///
/// let message = b"Content-Type: text/html\r\n\r\n<style>p { }</style><p>Tom &amp;\r\n  Jerry</p>";
/// assert_eq!(preview(message).as_deref(), Some("Tom & Jerry"));
/// ```
pub fn preview(raw: &[u8]) -> Option<String> {
    let structure = Structure::of(raw);
    let leaves = structure.parts().iter().filter(|part| part.kind == PartKind::Leaf);
    let slice = |range: &core::ops::Range<usize>| raw.get(range.clone()).unwrap_or_default();
    let mut html = None;
    for part in leaves {
        let header = slice(&part.header);
        let content = content_type(header, false);
        let (plain, marked) = (content.is("text", "plain"), content.is("text", "html"));
        if !(plain || (marked && html.is_none())) {
            continue;
        }
        let body = slice(&part.body);
        let body = body.get(..body.len().min(LOOK)).unwrap_or_default();
        let Ok(octets) = decode_part(header, body) else { continue };
        let charset = content.param("charset").and_then(|c| core::str::from_utf8(c).ok());
        let text = to_utf8(&octets, charset.unwrap_or("utf-8"));
        if plain {
            return Some(first_words(text.chars()));
        }
        html = Some(first_words(without_markup(&text).chars()));
    }
    html
}

/// Blanks are one, those at the ends are none.
fn first_words(text: impl Iterator<Item = char>) -> String {
    let (mut out, mut len, mut blank) = (String::new(), 0usize, false);
    for c in text {
        if c.is_whitespace() || c.is_control() {
            blank = len > 0;
            continue;
        }
        let more = if blank { 2 } else { 1 };
        if len.saturating_add(more) > LONGEST {
            break;
        }
        if core::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(c);
        len = len.saturating_add(more);
    }
    out
}

/// Text of HTML: tags are blanks, comments, styles and scripts are nothing, the usual entities are characters.
fn without_markup(html: &str) -> String {
    let mut out = String::with_capacity(html.len().min(1024));
    let mut rest = html;
    // Twice what is needed: blanks are taken out later.
    while let Some(c) = rest.chars().next().filter(|_| out.len() < LONGEST.saturating_mul(16)) {
        match c {
            '<' => {
                let hidden = [
                    ("<!--", "-->"),
                    ("<style", "</style"),
                    ("<script", "</script"),
                    ("<head", "</head"),
                ];
                let begins = |word: &str| {
                    rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
                };
                let end = hidden.iter().find(|(word, _)| begins(word)).map(|(_, end)| *end);
                let after = end.and_then(|end| find(rest, end));
                let from = rest.get(after.unwrap_or(0)..).unwrap_or_default();
                let close = from.find('>').map_or(from.len(), |at| at.saturating_add(1));
                rest = from.get(close..).unwrap_or_default();
                out.push(' ');
            }
            '&' => {
                let entity = [
                    ("&amp;", '&'),
                    ("&lt;", '<'),
                    ("&gt;", '>'),
                    ("&quot;", '"'),
                    ("&nbsp;", ' '),
                    ("&#39;", '\''),
                ];
                let known = entity.iter().find(|(name, _)| rest.starts_with(name));
                let (len, c) = known.map_or((1, '&'), |(name, c)| (name.len(), *c));
                out.push(c);
                rest = rest.get(len..).unwrap_or_default();
            }
            c => {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}

/// Where a word stands, in any case.
fn find(text: &str, word: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(word.len());
    windows.enumerate().find(|(_, w)| w.eq_ignore_ascii_case(word.as_bytes())).map(|(at, _)| at)
}
