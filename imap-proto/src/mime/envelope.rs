//! ENVELOPE (RFC 3501 §7.4.2), header text undecoded.

use alloc::vec::Vec;

use super::{
    address::{Address, addresses},
    header::fields,
};
use crate::print::nstring;

/// Appends the ENVELOPE of the message with this header.
pub(super) fn envelope(header: &[u8], out: &mut Vec<u8>) {
    const TEXTS: [&str; 4] = ["Date", "Subject", "In-Reply-To", "Message-ID"];
    const LISTS: [&str; 6] = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"];
    let mut texts: [Option<Vec<u8>>; 4] = Default::default();
    let mut lists: [Option<Vec<Address>>; 6] = Default::default();
    for field in fields(header) {
        for (name, slot) in TEXTS.iter().zip(&mut texts) {
            if slot.is_none() && field.is(name) {
                *slot = Some(field.unfolded());
            }
        }
        for (name, slot) in LISTS.iter().zip(&mut lists) {
            if field.is(name) {
                slot.get_or_insert_default().extend(addresses(&field.unfolded()));
            }
        }
    }
    let [date, subject, in_reply_to, message_id] = texts.map(|t| t.filter(|t| !t.is_empty()));
    let [from, sender, reply_to, to, cc, bcc] = lists.map(|l| l.filter(|l| !l.is_empty()));
    out.push(b'(');
    nstring(out, date.as_deref());
    out.push(b' ');
    // A subject that is there and empty is "", not NIL.
    let empty = fields(header).any(|f| f.is("Subject")).then_some(b"".as_slice());
    nstring(out, subject.as_deref().or(empty));
    // RFC 3501 §7.4.2: sender and reply-to default to from.
    let lists = [&from, sender.as_ref().map_or(&from, |_| &sender)];
    let reply_to = reply_to.as_ref().map_or(&from, |_| &reply_to);
    for list in lists.into_iter().chain([reply_to, &to, &cc, &bcc]) {
        out.push(b' ');
        address_list(out, list.as_deref());
    }
    for text in [in_reply_to, message_id] {
        out.push(b' ');
        nstring(out, text.as_deref());
    }
    out.push(b')');
}

fn address_list(out: &mut Vec<u8>, list: Option<&[Address]>) {
    let Some(list) = list else { return out.extend_from_slice(b"NIL") };
    out.push(b'(');
    for address in list {
        let [name, route, local, host] = match address {
            Address::Mailbox { name, route, local, host } => {
                [name.as_deref(), route.as_deref(), Some(local.as_slice()), Some(host.as_slice())]
            }
            Address::GroupStart(name) => [None, None, Some(name.as_slice()), None],
            Address::GroupEnd => [None; 4],
        };
        out.push(b'(');
        nstring(out, name);
        for text in [route, local, host] {
            out.push(b' ');
            nstring(out, text);
        }
        out.push(b')');
    }
    out.push(b')');
}
