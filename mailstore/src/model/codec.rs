//! Changes as the log writes them. The index uses the same forms for its values.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::wire::{Reader, put, put_len, put_octets, put_str};
use crate::model::{Change, Counters};

pub(crate) use crate::model::values::*;
use crate::rows::Standing;
use crate::{AccountId, EnvelopeId, MailboxId, MessageId, ModSeq, OwnFlags, Rights, Row};

/// Message data a frame carries, gathered while its changes are written.
#[derive(Default)]
pub(crate) struct Data {
    pub(crate) parts: Vec<Bytes>,
    pub(crate) length: u64,
}

impl Data {
    pub(super) fn add(&mut self, octets: &Bytes) -> u64 {
        let at = self.length;
        self.length += u64::try_from(octets.len()).unwrap_or(0);
        if !octets.is_empty() {
            self.parts.push(octets.clone());
        }
        at
    }
}

/// Writes a change; octets in memory go to `data` and are referred to by their place in it.
pub(crate) fn put_change(out: &mut Vec<u8>, change: &Change, data: &mut Data) {
    match change {
        Change::Account { id, login, credentials } => {
            out.push(1);
            put(out, id.value());
            put_account(out, login, credentials);
        }
        Change::AccountGone { id } => {
            out.push(2);
            put(out, id.value());
        }
        Change::Subscribed { account, name } => {
            out.push(3);
            put(out, account.value());
            put_str(out, name);
        }
        Change::Unsubscribed { account, name } => {
            out.push(4);
            put(out, account.value());
            put_str(out, name);
        }
        Change::Mailbox { id, account, name, special_use, uid_validity } => {
            out.push(5);
            put(out, id.value());
            put_mailbox(out, *account, name, *special_use, *uid_validity);
        }
        Change::MailboxGone { id } => {
            out.push(6);
            put(out, id.value());
        }
        Change::Object { id, object } => {
            out.push(if object.thread.is_none() { 7 } else { 13 });
            put(out, id.value());
            put_object(out, object, data);
        }
        Change::Rows { mailbox, rows } => {
            out.push(8);
            put(out, mailbox.value());
            put_rows(out, rows);
        }
        Change::Flagged { mailbox, modseq, flags, uids } => {
            out.push(9);
            put(out, mailbox.value());
            put(out, modseq.value());
            put_flags(out, flags);
            put_len(out, uids.len());
            uids.iter().for_each(|uid| put(out, uid.value().into()));
        }
        Change::Expunged { mailbox, modseq, gone } => {
            out.push(10);
            put(out, mailbox.value());
            put(out, modseq.value());
            put_len(out, gone.len());
            for (uid, message) in gone {
                put(out, uid.value().into());
                put(out, message.value());
            }
        }
        Change::Envelope { envelope, new } => {
            out.push(11);
            out.push(u8::from(*new));
            put(out, envelope.id.value());
            put_envelope(out, envelope);
        }
        Change::EnvelopeGone { id, message } => {
            out.push(12);
            put(out, id.value());
            put(out, message.value());
        }
        Change::Metadata { scope, key, value } => {
            out.push(14);
            let (kind, id) = scope_numbers(*scope);
            out.push(kind);
            put(out, id);
            put_str(out, key);
            out.push(u8::from(value.is_some()));
            put_octets(out, value.as_deref().unwrap_or_default());
        }
        Change::Granted { mailbox, identifier, rights } => {
            out.push(15);
            put(out, mailbox.value());
            put_str(out, identifier);
            put_str(out, rights.as_str());
        }
        Change::Limited { account, limits } => {
            out.push(16);
            put(out, account.value());
            put_limits(out, *limits);
        }
        Change::Moved { id, object, needed } => {
            out.push(17);
            put(out, id.value());
            put(out, (*needed).into());
            out.push(u8::from(object.thread.is_some()));
            put_object(out, object, data);
        }
        Change::Restored { mailbox, rows } => {
            out.push(18);
            put(out, mailbox.value());
            put_rows(out, rows);
        }
        Change::Stands { mailbox, standing } => {
            out.push(19);
            put(out, mailbox.value());
            put(out, standing.uid_next.value().into());
            put(out, standing.highest_modseq.value());
            put(out, standing.forgotten.value());
            put_len(out, standing.gone.len());
            for (modseq, uid) in &standing.gone {
                put(out, modseq.value());
                put(out, uid.value().into());
            }
        }
        Change::Counters(counters) => {
            out.push(20);
            put_counters(out, *counters);
        }
        Change::Own { mailbox, reader, flags } => {
            out.push(21);
            put(out, mailbox.value());
            put(out, reader.value());
            put_len(out, flags.len());
            for own in flags {
                put(out, own.uid.value().into());
                put_own(out, &own.flags, own.modseq);
            }
        }
        Change::OwnGone { mailbox, reader } => {
            out.push(22);
            put(out, mailbox.value());
            put(out, reader.value());
        }
    }
}

pub(crate) fn put_counters(out: &mut Vec<u8>, counters: Counters) {
    let Counters { account, mailbox, message, envelope, uid_validity } = counters;
    [account, mailbox, message, envelope, uid_validity.into()].iter().for_each(|n| put(out, *n));
}

pub(crate) fn counters(r: &mut Reader<'_>) -> Option<Counters> {
    Some(Counters {
        account: r.number()?,
        mailbox: r.number()?,
        message: r.number()?,
        envelope: r.number()?,
        uid_validity: r.number32()?,
    })
}

fn put_rows(out: &mut Vec<u8>, rows: &[Row]) {
    put_len(out, rows.len());
    for row in rows {
        put(out, row.uid.value().into());
        put_row(out, row);
    }
}

fn rows(r: &mut Reader<'_>) -> Option<Vec<Row>> {
    (0..r.count()?).map(|_| row(uid(r)?, r)).collect()
}

/// Reads a change. `data_at` is the log position of the frame's message data.
pub(crate) fn change(r: &mut Reader<'_>, data_at: u64) -> Option<Change> {
    Some(match r.byte()? {
        1 => {
            let id = AccountId::new(r.number()?);
            let (login, credentials) = account(r)?;
            Change::Account { id, login, credentials }
        }
        2 => Change::AccountGone { id: AccountId::new(r.number()?) },
        3 => Change::Subscribed { account: AccountId::new(r.number()?), name: r.string()? },
        4 => Change::Unsubscribed { account: AccountId::new(r.number()?), name: r.string()? },
        5 => mailbox(r.number()?, r)?,
        6 => Change::MailboxGone { id: MailboxId::new(r.number()?) },
        tag @ (7 | 13) => {
            let id = MessageId::new(r.number()?);
            Change::Object { id, object: object(r, data_at, tag == 13)? }
        }
        8 => {
            let mailbox = MailboxId::new(r.number()?);
            Change::Rows { mailbox, rows: rows(r)? }
        }
        9 => {
            let mailbox = MailboxId::new(r.number()?);
            let modseq = ModSeq::new(r.number()?);
            let flags = flags(r)?;
            let uids = (0..r.count()?).map(|_| uid(r)).collect::<Option<_>>()?;
            Change::Flagged { mailbox, modseq, flags, uids }
        }
        10 => {
            let mailbox = MailboxId::new(r.number()?);
            let modseq = ModSeq::new(r.number()?);
            let mut gone = Vec::new();
            for _ in 0..r.count()? {
                gone.push((uid(r)?, MessageId::new(r.number()?)));
            }
            Change::Expunged { mailbox, modseq, gone }
        }
        11 => {
            let new = r.byte()? == 1;
            let envelope = Arc::new(envelope(EnvelopeId::new(r.number()?), r)?);
            Change::Envelope { envelope, new }
        }
        12 => {
            let id = EnvelopeId::new(r.number()?);
            Change::EnvelopeGone { id, message: MessageId::new(r.number()?) }
        }
        14 => {
            let scope = scope(r.byte()?, r.number()?)?;
            let key = r.string()?;
            let set = r.byte()? == 1;
            let value = r.octets()?;
            Change::Metadata { scope, key, value: set.then(|| Bytes::copy_from_slice(value)) }
        }
        15 => {
            let mailbox = MailboxId::new(r.number()?);
            Change::Granted { mailbox, identifier: r.string()?, rights: Rights::new(r.str()?) }
        }
        16 => Change::Limited { account: AccountId::new(r.number()?), limits: limits(r)? },
        17 => {
            let (id, needed) = (MessageId::new(r.number()?), r.number32()?);
            let threaded = r.byte()? == 1;
            Change::Moved { id, object: object(r, data_at, threaded)?, needed }
        }
        18 => {
            let mailbox = MailboxId::new(r.number()?);
            Change::Restored { mailbox, rows: rows(r)? }
        }
        19 => {
            let mailbox = MailboxId::new(r.number()?);
            let (uid_next, highest_modseq) = (uid(r)?, ModSeq::new(r.number()?));
            let forgotten = ModSeq::new(r.number()?);
            let mut gone = Vec::new();
            for _ in 0..r.count()? {
                gone.push((ModSeq::new(r.number()?), uid(r)?));
            }
            let standing = Standing { uid_next, highest_modseq, forgotten, gone };
            Change::Stands { mailbox, standing }
        }
        20 => Change::Counters(counters(r)?),
        21 => {
            let (mailbox, reader) = (MailboxId::new(r.number()?), AccountId::new(r.number()?));
            let mut all = Vec::new();
            for _ in 0..r.count()? {
                let uid = uid(r)?;
                let (flags, modseq) = own(r)?;
                all.push(OwnFlags::new(uid, flags, modseq));
            }
            Change::Own { mailbox, reader, flags: all }
        }
        22 => {
            let (mailbox, reader) = (MailboxId::new(r.number()?), AccountId::new(r.number()?));
            Change::OwnGone { mailbox, reader }
        }
        _ => return None,
    })
}
