//! Changes as the log writes them. The index uses the same forms for its values.

use std::sync::Arc;

use bytes::Bytes;

#[cfg(feature = "embedded")]
use crate::Status;
use crate::model::wire::{Reader, put, put_len, put_octets, put_signed, put_str};
use crate::model::{Change, Counters, Object, Place};
#[cfg(feature = "embedded")]
use crate::rows::Rows;
use crate::rows::Standing;
use crate::{
    AccountId, Credential, Envelope, EnvelopeId, Flags, Limits, MailboxId, MessageId, ModSeq,
    NewEnvelope, OwnFlags, Recipient, RecipientState, Rights, Row, Scope, SpecialUse, ThreadId,
    Timestamp, Uid, UidValidity,
};

/// Message data a frame carries, gathered while its changes are written.
#[derive(Default)]
pub(crate) struct Data {
    pub(crate) parts: Vec<Bytes>,
    pub(crate) length: u64,
}

impl Data {
    fn add(&mut self, octets: &Bytes) -> u64 {
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

/// A scope as two numbers: what it is, and which.
pub(crate) const fn scope_numbers(scope: Scope) -> (u8, u64) {
    match scope {
        Scope::Store => (0, 0),
        Scope::Account(account) => (1, account.value()),
        Scope::Mailbox(mailbox) => (2, mailbox.value()),
    }
}

pub(crate) const fn scope(kind: u8, id: u64) -> Option<Scope> {
    match kind {
        0 => Some(Scope::Store),
        1 => Some(Scope::Account(AccountId::new(id))),
        2 => Some(Scope::Mailbox(MailboxId::new(id))),
        _ => None,
    }
}

pub(crate) fn put_limits(out: &mut Vec<u8>, limits: Limits) {
    for limit in [limits.octets, limits.messages] {
        out.push(u8::from(limit.is_some()));
        put(out, limit.unwrap_or_default());
    }
}

pub(crate) fn limits(r: &mut Reader<'_>) -> Option<Limits> {
    let mut limit = || Some((r.byte()? == 1, r.number()?));
    let (octets, messages) = (limit()?, limit()?);
    let known = |(set, value): (bool, u64)| set.then_some(value);
    Some(Limits::new(known(octets), known(messages)))
}

pub(crate) fn put_account(out: &mut Vec<u8>, login: &str, credentials: &[Credential]) {
    put_str(out, login);
    put_len(out, credentials.len());
    for credential in credentials {
        put_str(out, &credential.kind);
        put_str(out, &credential.value);
    }
}

pub(crate) fn account(r: &mut Reader<'_>) -> Option<(String, Vec<Credential>)> {
    let login = r.string()?;
    let mut credentials = Vec::new();
    for _ in 0..r.count()? {
        credentials.push(Credential::new(r.string()?, r.string()?));
    }
    Some((login, credentials))
}

pub(crate) fn put_mailbox(
    out: &mut Vec<u8>,
    account: AccountId,
    name: &str,
    special_use: Option<SpecialUse>,
    uid_validity: UidValidity,
) {
    put(out, account.value());
    put_str(out, name);
    let place = special_use.and_then(|own| SpecialUse::ALL.iter().position(|any| *any == own));
    put_len(out, place.map_or(0, |place| place + 1));
    put(out, uid_validity.value().into());
}

pub(crate) fn mailbox(id: u64, r: &mut Reader<'_>) -> Option<Change> {
    let account = AccountId::new(r.number()?);
    let name = r.string()?;
    let special_use = match usize::try_from(r.number()?).ok()?.checked_sub(1) {
        None => None,
        Some(place) => Some(*SpecialUse::ALL.get(place)?),
    };
    let uid_validity = UidValidity::new(r.number32()?)?;
    Some(Change::Mailbox { id: MailboxId::new(id), account, name, special_use, uid_validity })
}

pub(crate) fn put_object(out: &mut Vec<u8>, object: &Object, data: &mut Data) {
    put(out, object.size);
    put(out, object.crc.into());
    put_place(out, &object.facts, data);
    put_place(out, &object.body, data);
    if let Some(thread) = object.thread {
        put(out, thread.value());
    }
}

pub(crate) fn object(r: &mut Reader<'_>, data_at: u64, threaded: bool) -> Option<Object> {
    let (size, crc) = (r.number()?, r.number32()?);
    let (facts, body) = (place(r, data_at)?, place(r, data_at)?);
    let thread = if threaded { Some(ThreadId::new(r.number()?)) } else { None };
    Some(Object { size, crc, thread, facts, body })
}

fn put_place(out: &mut Vec<u8>, place: &Place, data: &mut Data) {
    match place {
        Place::Memory(octets) => {
            out.push(0);
            put(out, data.add(octets));
            put_len(out, octets.len());
        }
        Place::Log { at, length } => {
            out.push(1);
            put(out, *at);
            put(out, (*length).into());
        }
        Place::Spooled(file) => {
            out.push(2);
            put(out, file.number());
        }
        Place::File(number) => {
            out.push(2);
            put(out, *number);
        }
        Place::Damaged => out.push(3),
    }
}

fn place(r: &mut Reader<'_>, data_at: u64) -> Option<Place> {
    Some(match r.byte()? {
        0 => Place::Log { at: data_at.checked_add(r.number()?)?, length: r.number32()? },
        1 => Place::Log { at: r.number()?, length: r.number32()? },
        2 => Place::File(r.number()?),
        3 => Place::Damaged,
        _ => return None,
    })
}

/// Everything of a row but its UID.
pub(crate) fn put_row(out: &mut Vec<u8>, row: &Row) {
    put(out, row.message.value());
    put(out, row.modseq.value());
    put(out, row.size);
    put_signed(out, row.internal_date.millis());
    put_signed(out, row.save_date.millis());
    put_flags(out, &row.flags);
}

pub(crate) fn row(uid: Uid, r: &mut Reader<'_>) -> Option<Row> {
    let message = MessageId::new(r.number()?);
    let modseq = ModSeq::new(r.number()?);
    let mut row = Row::new(uid, message, r.number()?, modseq);
    row.internal_date = Timestamp::from_millis(r.signed()?);
    row.save_date = Timestamp::from_millis(r.signed()?);
    row.flags = flags(r)?;
    Some(row)
}

/// What the index keeps of a mailbox beside its blocks and tombstones.
#[cfg(feature = "embedded")]
pub(crate) fn put_standing(out: &mut Vec<u8>, rows: &Rows) {
    let status = rows.status();
    put(out, status.uid_next.value().into());
    put(out, status.highest_modseq.value());
    put(out, rows.forgotten().value());
    for number in [status.messages, status.unseen, status.deleted] {
        put(out, number.into());
    }
    put(out, status.size);
    put_len(out, rows.keyword_sets().len());
    rows.keyword_sets().iter().for_each(|set| put_flags(out, set));
}

#[cfg(feature = "embedded")]
pub(crate) fn standing(
    uid_validity: UidValidity,
    r: &mut Reader<'_>,
) -> Option<(Status, ModSeq, Vec<Flags>)> {
    let mut status = Status::empty(uid_validity);
    status.uid_next = uid(r)?;
    status.highest_modseq = ModSeq::new(r.number()?);
    let forgotten = ModSeq::new(r.number()?);
    status.messages = r.number32()?;
    status.unseen = r.number32()?;
    status.deleted = r.number32()?;
    status.size = r.number()?;
    let keywords = (0..r.count()?).map(|_| flags(r)).collect::<Option<_>>()?;
    Some((status, forgotten, keywords))
}

/// What a reader has of a message.
pub(crate) fn put_own(out: &mut Vec<u8>, flags: &Flags, modseq: ModSeq) {
    put(out, modseq.value());
    put_flags(out, flags);
}

pub(crate) fn own(r: &mut Reader<'_>) -> Option<(Flags, ModSeq)> {
    let modseq = ModSeq::new(r.number()?);
    Some((flags(r)?, modseq))
}

fn put_flags(out: &mut Vec<u8>, flags: &Flags) {
    out.push(flags.bits());
    put_len(out, flags.keywords().count());
    flags.keywords().for_each(|name| put_str(out, name));
}

fn flags(r: &mut Reader<'_>) -> Option<Flags> {
    let system = Flags::from_bits(r.byte()?);
    let count = r.count()?;
    if count == 0 {
        return Some(system);
    }
    let names = (0..count).map(|_| r.str()).collect::<Option<Vec<_>>>()?;
    Some(system.with_keywords(names))
}

fn uid(r: &mut Reader<'_>) -> Option<Uid> {
    Uid::new(r.number32()?)
}

/// Everything of an envelope but its identifier.
pub(crate) fn put_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    put(out, envelope.message.value());
    put(out, envelope.size);
    put_str(out, &envelope.reverse_path);
    put_str(out, &envelope.params);
    put_signed(out, envelope.created.millis());
    out.push(u8::from(envelope.expires.is_some()));
    put_signed(out, envelope.expires.unwrap_or_default().millis());
    out.push(u8::from(envelope.held));
    put_len(out, envelope.recipients.len());
    for recipient in &envelope.recipients {
        put_str(out, &recipient.address);
        put_str(out, &recipient.params);
        put_str(out, &recipient.note);
        out.push(match recipient.state {
            RecipientState::Pending => 0,
            RecipientState::Done => 1,
            RecipientState::Failed => 2,
        });
        put(out, recipient.attempts.into());
        out.push(u8::from(recipient.last_error.is_some()));
        put_str(out, recipient.last_error.as_deref().unwrap_or_default());
        put_signed(out, recipient.due.millis());
    }
}

pub(crate) fn envelope(id: EnvelopeId, r: &mut Reader<'_>) -> Option<Envelope> {
    let (message, size) = (MessageId::new(r.number()?), r.number()?);
    let mut new = NewEnvelope::new(r.str()?, Vec::new());
    new.params = r.string()?;
    let created = Timestamp::from_millis(r.signed()?);
    let expires = r.byte()? == 1;
    let at = Timestamp::from_millis(r.signed()?);
    new.expires = expires.then_some(at);
    new.held = r.byte()? == 1;
    let mut envelope = Envelope::new(id, message, size, created, new);
    for _ in 0..r.count()? {
        let mut recipient = Recipient::new(r.str()?, created);
        recipient.params = r.string()?;
        recipient.note = r.string()?;
        recipient.state = match r.byte()? {
            0 => RecipientState::Pending,
            1 => RecipientState::Done,
            2 => RecipientState::Failed,
            _ => return None,
        };
        recipient.attempts = r.number32()?;
        let failed = r.byte()? == 1;
        let error = r.string()?;
        recipient.last_error = failed.then_some(error);
        recipient.due = Timestamp::from_millis(r.signed()?);
        envelope.recipients.push(recipient);
    }
    Some(envelope)
}
