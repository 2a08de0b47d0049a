use super::{Out, decimal, string};
use crate::types::{
    BodySection, Section, SectionName, SectionSpelling, SectionText, is_astring, number64,
};

/// `section`: what stands between the brackets, and the brackets.
fn section(out: &mut impl Out, section: &Section<'_>) {
    section_with(
        out,
        section,
        |out, name| {
            if is_astring(name) { out.put(name) } else { string(out, name) }
        },
    );
}

/// The same; names of header fields are printed as the caller says.
pub(crate) fn section_with<O: Out>(
    out: &mut O,
    section: &Section<'_>,
    mut print_name: impl FnMut(&mut O, &[u8]),
) {
    out.put(b"[");
    for (i, number) in section.part().as_slice().iter().enumerate() {
        if i > 0 {
            out.put(b".");
        }
        decimal(out, u64::from(*number));
    }
    let (text, names) = match section.text() {
        SectionText::Full => ("", None),
        SectionText::Header => ("HEADER", None),
        SectionText::HeaderFields(names) => ("HEADER.FIELDS", Some(names)),
        SectionText::HeaderFieldsNot(names) => ("HEADER.FIELDS.NOT", Some(names)),
        SectionText::Text => ("TEXT", None),
        SectionText::Mime => ("MIME", None),
    };
    if !section.part().is_message() && !text.is_empty() {
        out.put(b".");
    }
    out.put(text.as_bytes());
    if let Some(names) = names {
        for (i, name) in names.iter().enumerate() {
            out.put(if i == 0 { b" (" } else { b" " });
            print_name(out, name.as_bytes());
        }
        out.put(b")");
    }
    out.put(b"]");
}

/// A section as a response names it: the client's spelling, without PEEK, the partial's first octet.
pub(crate) fn response_section(out: &mut impl Out, item: &BodySection<'_>) {
    origin_section(out, &item.name, item.partial.map(|partial| partial.offset));
}

/// A section as a response names it, with its first octet where it is only a part.
pub(super) fn origin_section(out: &mut impl Out, item: &SectionName<'_>, origin: Option<u64>) {
    match item.spelling {
        SectionSpelling::Rfc822 => out.put(b"RFC822"),
        SectionSpelling::Rfc822Header => out.put(b"RFC822.HEADER"),
        SectionSpelling::Rfc822Text => out.put(b"RFC822.TEXT"),
        SectionSpelling::Body => {
            out.put(b"BODY");
            section(out, &item.section);
            if let Some(origin) = origin {
                out.put(b"<");
                decimal(out, number64(origin));
                out.put(b">");
            }
        }
    }
}
