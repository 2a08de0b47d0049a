//! BODY and BODYSTRUCTURE (RFC 3501 §7.4.2).

use alloc::vec::Vec;

use super::{
    content::{Content, languages},
    envelope::envelope,
    header::find,
    structure::{PartKind, Structure, content_type, encoding},
};
use crate::print::{decimal, nstring, string};

/// Stands for the children of a multipart that has none: the grammar asks for at least one body, and
/// this is what Dovecot says. The extension data and the bracket follow.
const EMPTY_BODY: &[u8] = b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0";

/// Appends BODYSTRUCTURE, or BODY if not `extended`.
pub(super) fn body_structure(raw: &[u8], structure: &Structure, extended: bool, out: &mut Vec<u8>) {
    Renderer { raw, structure, extended }.part(0, false, out);
}

struct Renderer<'a> {
    raw: &'a [u8],
    structure: &'a Structure,
    extended: bool,
}

impl Renderer<'_> {
    fn part(&self, index: usize, digest: bool, out: &mut Vec<u8>) {
        let Some(part) = self.structure.parts.get(index) else {
            return self.empty_body(out);
        };
        let header = self.raw.get(part.header.clone()).unwrap_or_default();
        let content = content_type(header, digest);
        out.push(b'(');
        if part.kind == PartKind::Multipart {
            self.multipart(index, &content, out);
        } else {
            self.leaf(index, &content, header, out);
        }
        if self.extended {
            self.extension(part.kind, header, out);
        }
        out.push(b')');
    }

    fn empty_body(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(EMPTY_BODY);
        out.extend_from_slice(if self.extended { b" NIL NIL NIL NIL)" } else { b")" });
    }

    /// `body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]`
    fn multipart(&self, index: usize, content: &Content, out: &mut Vec<u8>) {
        let digest = content.subtype.eq_ignore_ascii_case(b"digest");
        let before = out.len();
        for child in self.structure.children(index) {
            self.part(child, digest, out);
        }
        if out.len() == before {
            self.empty_body(out);
        }
        out.push(b' ');
        string(out, &content.subtype);
        if self.extended {
            out.push(b' ');
            params(out, &content.params);
        }
    }

    /// `body-type-basic / body-type-msg / body-type-text`
    fn leaf(&self, index: usize, content: &Content, header: &[u8], out: &mut Vec<u8>) {
        let Some(part) = self.structure.parts.get(index) else { return };
        let body = self.raw.get(part.body.clone()).unwrap_or_default();
        string(out, &content.kind);
        out.push(b' ');
        string(out, &content.subtype);
        out.push(b' ');
        if content.kind.eq_ignore_ascii_case(b"text") && content.param("charset").is_none() {
            // The default is said, as Dovecot and Cyrus do (RFC 2046 §4.1.2).
            let charset = (b"charset".to_vec(), b"us-ascii".to_vec());
            params(out, &[content.params.as_slice(), &[charset]].concat());
        } else {
            params(out, &content.params);
        }
        let text = |name: &str| find(header, name).map(|field| field.unfolded());
        out.push(b' ');
        nstring(out, text("Content-ID").filter(|t| !t.is_empty()).as_deref());
        out.push(b' ');
        nstring(out, text("Content-Description").as_deref());
        out.push(b' ');
        string(out, &encoding(header));
        out.push(b' ');
        decimal(out, body.len() as u64);
        if part.kind == PartKind::Message {
            let child = self.structure.parts.get(index.saturating_add(1));
            let inner = child.and_then(|child| self.raw.get(child.header.clone()));
            out.push(b' ');
            envelope(inner.unwrap_or_default(), out);
            out.push(b' ');
            self.part(index.saturating_add(1), false, out);
        }
        // A message/rfc822 too deep to be looked into has the shape of one all the same.
        if part.kind == PartKind::Leaf && content.is("message", "rfc822") {
            out.push(b' ');
            envelope(b"", out);
            out.push(b' ');
            self.empty_body(out);
        }
        if content.kind.eq_ignore_ascii_case(b"text")
            || part.kind == PartKind::Message
            || content.is("message", "rfc822")
        {
            out.push(b' ');
            decimal(out, memchr::memchr_iter(b'\n', body).count() as u64);
        }
    }

    /// `body-fld-md5` (not of a multipart), disposition, language, location.
    fn extension(&self, kind: PartKind, header: &[u8], out: &mut Vec<u8>) {
        let text = |name: &str| find(header, name).map(|f| f.unfolded()).filter(|t| !t.is_empty());
        if kind != PartKind::Multipart {
            out.push(b' ');
            nstring(out, text("Content-MD5").as_deref());
        }
        out.push(b' ');
        let disposition = find(header, "Content-Disposition");
        match disposition.and_then(|field| Content::disposition(&field)) {
            None => out.extend_from_slice(b"NIL"),
            Some(disposition) => {
                out.push(b'(');
                string(out, &disposition.kind);
                out.push(b' ');
                params(out, &disposition.params);
                out.push(b')');
            }
        }
        out.push(b' ');
        let tags = find(header, "Content-Language").map(|f| languages(&f)).unwrap_or_default();
        match tags.as_slice() {
            [] => out.extend_from_slice(b"NIL"),
            tags => {
                out.push(b'(');
                for (i, tag) in tags.iter().enumerate() {
                    if i > 0 {
                        out.push(b' ');
                    }
                    string(out, tag);
                }
                out.push(b')');
            }
        }
        out.push(b' ');
        nstring(out, text("Content-Location").as_deref());
    }
}

/// `body-fld-param = "(" string SP string *(SP string SP string) ")" / nil`
fn params(out: &mut Vec<u8>, params: &[(Vec<u8>, Vec<u8>)]) {
    if params.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for (i, (name, value)) in params.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        string(out, name);
        out.push(b' ');
        string(out, value);
    }
    out.push(b')');
}
