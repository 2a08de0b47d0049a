//! Responses as a server sends them.

use alloc::{borrow::Cow, format, vec::Vec};

use super::{Out, nstring, response_section, section::origin_section, string};
use crate::{
    response::{
        Address, BodyStructure, Envelope, Extension, FetchData, ListItem, Params, Response,
    },
    types::{Flag, Mailbox, StatusItem},
};

impl Response<'_> {
    /// Prints the response, its CRLF included.
    ///
    /// ```
    /// use imap_proto::response::Response;
    ///
    /// assert_eq!(Response::Exists(23).print(), b"* 23 EXISTS\r\n");
    /// ```
    pub fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Unknown(raw) => {
                out.put(raw);
                return out;
            }
            Self::Continue(text) => text_line(&mut out, format!("+ {text}")),
            Self::Tagged { tag, status, text } => {
                text_line(&mut out, format!("{tag} {} {text}", status.as_str()));
            }
            Self::Status { status, text } => {
                text_line(&mut out, format!("* {} {text}", status.as_str()));
            }
            Self::Capability(words) => {
                text_line(&mut out, format!("* CAPABILITY {}", words.join(" ")));
            }
            Self::Enabled(words) => {
                let blank = if words.is_empty() { "" } else { " " };
                text_line(&mut out, format!("* ENABLED{blank}{}", words.join(" ")));
            }
            Self::Id(pairs) if pairs.is_empty() => out.put(b"* ID NIL"),
            Self::Id(pairs) => {
                out.put(b"* ID ");
                list(&mut out, pairs, |out, (name, value)| {
                    string(out, name);
                    out.put(b" ");
                    nstring(out, value.as_deref());
                });
            }
            Self::Flags(all) => {
                out.put(b"* FLAGS ");
                flags(&mut out, all);
            }
            Self::List(item) => list_item(&mut out, "LIST", item),
            Self::Lsub(item) => list_item(&mut out, "LSUB", item),
            Self::MailboxStatus(name, data) => {
                out.put(b"* STATUS ");
                mailbox(&mut out, name);
                out.put(b" ");
                let known = |(name, item): &(&'static str, StatusItem)| {
                    data.value(*item).map(|value| (*name, value))
                };
                let values: Vec<_> = StatusItem::NAMES.iter().filter_map(known).collect();
                list(&mut out, &values, |out, (name, value)| {
                    text_line(out, format!("{name} {value}"));
                });
            }
            Self::Search(numbers) => {
                out.put(b"* SEARCH");
                for number in numbers {
                    text_line(&mut out, format!(" {number}"));
                }
            }
            Self::ESearch(result) => e_search(&mut out, result),
            Self::Exists(n) => text_line(&mut out, format!("* {n} EXISTS")),
            Self::Recent(n) => text_line(&mut out, format!("* {n} RECENT")),
            Self::Expunge(n) => text_line(&mut out, format!("* {n} EXPUNGE")),
            Self::Fetch(n, items) => {
                text_line(&mut out, format!("* {n} FETCH "));
                list(&mut out, items, fetch_data);
            }
        }
        out.put(b"\r\n");
        out
    }
}

fn text_line(out: &mut Vec<u8>, text: alloc::string::String) {
    out.put(text.as_bytes());
}

fn list<T>(out: &mut Vec<u8>, items: &[T], print: impl Fn(&mut Vec<u8>, &T)) {
    out.put(b"(");
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.put(b" ");
        }
        print(out, item);
    }
    out.put(b")");
}

fn flags(out: &mut Vec<u8>, all: &[Flag<'_>]) {
    list(out, all, |out, flag| text_line(out, format!("{flag}")));
}

fn mailbox(out: &mut Vec<u8>, name: &Mailbox<'_>) {
    string(out, name.to_wire().as_bytes());
}

fn list_item(out: &mut Vec<u8>, word: &str, item: &ListItem<'_>) {
    text_line(out, format!("* {word} "));
    flags(out, &item.attributes);
    out.put(b" ");
    let mut buffer = [0; 4];
    let delimiter = item.delimiter.map(|c| c.encode_utf8(&mut buffer).as_bytes().to_vec());
    nstring(out, delimiter.as_deref());
    out.put(b" ");
    mailbox(out, &item.mailbox);
}

fn e_search(out: &mut Vec<u8>, result: &crate::response::ESearch<'_>) {
    out.put(b"* ESEARCH");
    if let Some(tag) = &result.tag {
        out.put(b" (TAG ");
        string(out, tag);
        out.put(b")");
    }
    out.put(if result.uid { b" UID" } else { b"" });
    for (name, value) in [("MIN", result.min), ("MAX", result.max)] {
        if let Some(value) = value {
            text_line(out, format!(" {name} {value}"));
        }
    }
    if let Some(all) = &result.all {
        text_line(out, format!(" ALL {all}"));
    }
    if let Some(count) = result.count {
        text_line(out, format!(" COUNT {count}"));
    }
}

fn fetch_data(out: &mut Vec<u8>, item: &FetchData<'_>) {
    match item {
        FetchData::Flags(all) => {
            out.put(b"FLAGS ");
            flags(out, all);
        }
        FetchData::Uid(n) => text_line(out, format!("UID {n}")),
        FetchData::InternalDate(date) => text_line(out, format!("INTERNALDATE \"{date}\"")),
        FetchData::Size(n) => text_line(out, format!("RFC822.SIZE {n}")),
        FetchData::ModSeq(n) => text_line(out, format!("MODSEQ ({n})")),
        FetchData::Envelope(envelope) => {
            out.put(b"ENVELOPE ");
            print_envelope(out, envelope);
        }
        FetchData::Body(body) => {
            out.put(b"BODY ");
            print_body(out, body, false);
        }
        FetchData::BodyStructure(body) => {
            out.put(b"BODYSTRUCTURE ");
            print_body(out, body, true);
        }
        FetchData::Section { section, origin, octets } => {
            origin_section(out, section, *origin);
            out.put(b" ");
            nstring(out, octets.as_deref());
        }
        FetchData::Streamed { section, len, .. } => {
            response_section(out, section);
            text_line(out, format!(" {{{len}}}"));
        }
        FetchData::Unknown(raw) => out.put(raw),
    }
}

fn print_envelope(out: &mut Vec<u8>, e: &Envelope<'_>) {
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

fn address_list(out: &mut Vec<u8>, addresses: &[Address<'_>]) {
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

fn print_body(out: &mut Vec<u8>, body: &BodyStructure<'_>, extended: bool) {
    out.put(b"(");
    match body {
        BodyStructure::Multi { parts, subtype, params, extension } => {
            for part in parts {
                print_body(out, part, extended);
            }
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
            for text in [id, description, &Some(Cow::Borrowed(&**encoding))] {
                out.put(b" ");
                nstring(out, text.as_deref());
            }
            text_line(out, format!(" {size}"));
            if let Some((envelope, inner)) = message {
                out.put(b" ");
                print_envelope(out, envelope);
                out.put(b" ");
                print_body(out, inner, extended);
            }
            if let Some(lines) = lines {
                text_line(out, format!(" {lines}"));
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

fn print_extension(out: &mut Vec<u8>, extension: &Extension<'_>) {
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

fn print_params(out: &mut Vec<u8>, params: &Params<'_>) {
    if params.is_empty() {
        return out.put(b"NIL");
    }
    list(out, params, |out, (name, value)| {
        string(out, name);
        out.put(b" ");
        string(out, value);
    });
}
