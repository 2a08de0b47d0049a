//! Items of FETCH responses.

use super::{Out, list, nstring, nstring8, response::flags, section::origin_section, show, string};
use crate::{
    response::{Address, BodyStructure, Envelope, Extension, FetchData, Params},
    types::{Part, number64},
};

/// Stands for the children of a multipart that has none: the grammar asks for at least one body.
const EMPTY_BODY: &[u8] = b"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";

pub(crate) fn fetch_data(out: &mut impl Out, item: &FetchData<'_>) {
    match item {
        FetchData::Flags(all) => {
            out.put(b"FLAGS ");
            flags(out, all);
        }
        FetchData::Uid(n) => show(out, format_args!("UID {n}")),
        FetchData::InternalDate(date) => show(out, format_args!("INTERNALDATE \"{date}\"")),
        FetchData::Size(n) => show(out, format_args!("RFC822.SIZE {}", number64(*n))),
        FetchData::ModSeq(n) => show(out, format_args!("MODSEQ ({n})")),
        FetchData::Envelope(envelope) => {
            out.put(b"ENVELOPE ");
            out.put(envelope.as_wire());
        }
        FetchData::Body(body) => {
            out.put(b"BODY ");
            out.put(body.as_wire());
        }
        FetchData::BodyStructure(body) => {
            out.put(b"BODYSTRUCTURE ");
            out.put(body.as_wire());
        }
        FetchData::Section { section, origin, octets } => {
            origin_section(out, section, *origin);
            out.put(b" ");
            nstring(out, octets.as_deref());
        }
        FetchData::Streamed { section, origin, len } => {
            origin_section(out, section, *origin);
            show(out, format_args!(" {{{len}}}"));
        }
        FetchData::Binary { part, origin, octets } => {
            part_name(out, "BINARY", part);
            if let Some(origin) = origin {
                show(out, format_args!("<{}>", number64(*origin)));
            }
            out.put(b" ");
            nstring8(out, octets.as_deref());
        }
        FetchData::BinarySize(part, n) => {
            part_name(out, "BINARY.SIZE", part);
            show(out, format_args!(" {}", number64(*n)));
        }
        FetchData::Preview(text) => {
            out.put(b"PREVIEW ");
            nstring(out, text.as_deref());
        }
        FetchData::SaveDate(None) => out.put(b"SAVEDATE NIL"),
        FetchData::SaveDate(Some(date)) => show(out, format_args!("SAVEDATE \"{date}\"")),
        FetchData::EmailId(id) => show(out, format_args!("EMAILID ({id})")),
        FetchData::ThreadId(None) => out.put(b"THREADID NIL"),
        FetchData::ThreadId(Some(id)) => show(out, format_args!("THREADID ({id})")),
        FetchData::GmailMessageId(n) => show(out, format_args!("X-GM-MSGID {n}")),
        FetchData::GmailThreadId(n) => show(out, format_args!("X-GM-THRID {n}")),
        FetchData::GmailLabels(labels) => {
            out.put(b"X-GM-LABELS ");
            list(out, labels, |out, label| string(out, label));
        }
        FetchData::Unknown(raw) => out.put(raw.as_bytes()),
    }
}

pub(crate) fn print_envelope(out: &mut impl Out, e: &Envelope<'_>) {
    out.put(b"(");
    nstring(out, e.date.as_deref());
    out.put(b" ");
    nstring(out, e.subject.as_deref());
    for addresses in [&e.from, &e.sender, &e.reply_to, &e.to, &e.cc, &e.bcc] {
        out.put(b" ");
        address_list(out, addresses);
    }
    for text in [&e.in_reply_to, &e.message_id] {
        out.put(b" ");
        nstring(out, text.as_deref());
    }
    out.put(b")");
}

fn address_list(out: &mut impl Out, addresses: &[Address<'_>]) {
    if addresses.is_empty() {
        return out.put(b"NIL");
    }
    out.put(b"(");
    for address in addresses {
        let parts = [&address.name, &address.route, &address.mailbox, &address.host];
        list(out, &parts, |out, text| nstring(out, text.as_deref()));
    }
    out.put(b")");
}

pub(crate) fn print_body(out: &mut impl Out, body: &BodyStructure<'_>, extended: bool) {
    out.put(b"(");
    match body {
        BodyStructure::Multi { parts, subtype, params, extension } => {
            for part in parts {
                print_body(out, part, extended);
            }
            out.put(if parts.is_empty() { EMPTY_BODY } else { b"" });
            out.put(b" ");
            string(out, subtype);
            if extended {
                out.put(b" ");
                print_params(out, params);
                print_extension(out, extension);
            }
        }
        BodyStructure::Single {
            kind,
            subtype,
            params,
            id,
            description,
            encoding,
            size,
            message,
            lines,
            md5,
            extension,
        } => {
            string(out, kind);
            out.put(b" ");
            string(out, subtype);
            out.put(b" ");
            print_params(out, params);
            for text in [id, description] {
                out.put(b" ");
                nstring(out, text.as_deref());
            }
            out.put(b" ");
            string(out, encoding);
            show(out, format_args!(" {}", number64(*size)));
            if let Some((envelope, inner)) = message {
                out.put(b" ");
                print_envelope(out, envelope);
                out.put(b" ");
                print_body(out, inner, extended);
            }
            let counted = message.is_some() || kind.eq_ignore_ascii_case(b"text");
            if counted {
                show(out, format_args!(" {}", number64(lines.unwrap_or(0))));
            }
            if extended {
                out.put(b" ");
                nstring(out, md5.as_deref());
                print_extension(out, extension);
            }
        }
    }
    out.put(b")");
}

fn print_extension(out: &mut impl Out, extension: &Extension<'_>) {
    out.put(b" ");
    match &extension.disposition {
        None => out.put(b"NIL"),
        Some((kind, params)) => {
            out.put(b"(");
            string(out, kind);
            out.put(b" ");
            print_params(out, params);
            out.put(b")");
        }
    }
    out.put(b" ");
    if extension.language.is_empty() {
        out.put(b"NIL");
    } else {
        list(out, &extension.language, |out, tag| string(out, tag));
    }
    out.put(b" ");
    nstring(out, extension.location.as_deref());
}

fn print_params(out: &mut impl Out, params: &Params<'_>) {
    if params.is_empty() {
        return out.put(b"NIL");
    }
    list(out, params, |out, (name, value)| {
        string(out, name);
        out.put(b" ");
        string(out, value);
    });
}

fn part_name(out: &mut impl Out, word: &str, part: &Part) {
    show(out, format_args!("{word}[{part}]"));
}
