//! What IMAP shows of a message: whatever the message is, it is well formed and within the message.

use imap_proto::{
    mime::{MAX_PARTS, Plan, Structure, Summary, decode_body, decode_text, fields, summarize},
    types::{BodySection, OneOrMore, Part, Partial, Section, SectionText},
};

/// The octets are a raw message, a header, and a stored blob.
pub fn check(raw: &[u8]) {
    let blob = summarize(raw);
    let summary = Summary::decode(&blob).expect("a blob that was just made");
    assert_eq!(summary.size(), raw.len() as u64);
    for printed in [summary.envelope(), summary.body(), summary.body_structure()] {
        well_formed(printed);
    }
    let structure = Structure::of(raw);
    assert_eq!(structure, summary.structure(), "the blob holds the structure");
    assert!((1..=MAX_PARTS).contains(&structure.parts().len()));
    for part in structure.parts() {
        assert!(part.header.start <= part.header.end && part.header.end <= part.body.start);
        assert!(part.body.start <= part.body.end && part.body.end <= raw.len());
    }
    sections(raw, &summary);

    let whole: usize = fields(raw).map(|field| field.raw.len()).sum();
    assert!(whole <= raw.len());
    let _ = decode_text(raw);
    decode_body(raw, |_| true);

    // A blob from a damaged disk.
    if let Some(summary) = Summary::decode(raw) {
        let _ = (summary.header(), summary.sent_date(), summary.structure());
        let section = Section::new(Part::new([1]).unwrap(), SectionText::Mime).unwrap();
        let _ = summary.plan(&BodySection::new(section));
    }
}

fn sections(raw: &[u8], summary: &Summary<'_>) {
    let names = OneOrMore::of(["Subject".into(), "X-None".into()]);
    let texts = [
        SectionText::Full,
        SectionText::Header,
        SectionText::HeaderFields(names.clone()),
        SectionText::HeaderFieldsNot(names),
        SectionText::Text,
        SectionText::Mime,
    ];
    let parts: [&[u32]; 7] = [&[], &[1], &[2], &[1, 1], &[2, 1], &[2, 2, 1], &[u32::MAX]];
    let octets = |range: core::ops::Range<u64>| -> &[u8] {
        assert!(range.start <= range.end && range.end <= raw.len() as u64, "{range:?}");
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        &raw[range]
    };
    for part in parts {
        for text in &texts {
            let part = Part::new(part).unwrap();
            let Some(section) = Section::new(part, text.clone()) else { continue };
            let whole = match summary.plan(&BodySection::new(section.clone())) {
                Plan::Octets(range) => octets(range).to_vec(),
                Plan::Fields(range, filter) => filter.apply(octets(range)),
                _ => continue,
            };
            // A partial is that part of the whole.
            let partial = BodySection::new(section).with_partial(Partial::new(3, 5).unwrap());
            let some = match summary.plan(&partial) {
                Plan::Octets(range) => octets(range).to_vec(),
                Plan::Fields(range, filter) => filter.apply(octets(range)),
                _ => panic!("a section is there whole, and not in part"),
            };
            assert_eq!(some, whole.iter().copied().skip(3).take(5).collect::<Vec<_>>());
        }
    }
}

/// One parenthesized list of lists, strings, numbers and NIL (RFC 3501 §4), each set off from the
/// next; strings hold no NUL.
fn well_formed(printed: &[u8]) {
    let rest = value(printed).unwrap_or_else(|| panic!("{}", printed.escape_ascii()));
    assert!(rest.is_empty() && printed.starts_with(b"("), "{}", printed.escape_ascii());
}

fn value(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'(', rest @ ..] => {
            let mut rest = rest;
            loop {
                rest = value(rest)?;
                rest = match rest {
                    [b')', rest @ ..] => return Some(rest),
                    [b' ', rest @ ..] => rest,
                    [b'(', ..] => rest, // bodies of a multipart, addresses of a list
                    _ => return None,
                };
            }
        }
        [b'"', rest @ ..] => {
            let mut rest = rest;
            loop {
                rest = match rest {
                    [b'"', rest @ ..] => return Some(rest),
                    [b'\\', b'"' | b'\\', rest @ ..] => rest,
                    [b'\\' | b'\r' | b'\n' | 0 | 0x80.., ..] | [] => return None,
                    [_, rest @ ..] => rest,
                };
            }
        }
        [b'{', rest @ ..] => {
            let end = rest.windows(3).position(|w| w == b"}\r\n")?;
            let len: usize = core::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
            let (literal, rest) = rest[end + 3..].split_at_checked(len)?;
            (!literal.contains(&0)).then_some(rest)
        }
        [b'N', b'I', b'L', rest @ ..] => Some(rest),
        [b'0'..=b'9', ..] => {
            let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
            Some(&text[digits..])
        }
        _ => None,
    }
}
