//! Things as the log and the index write them, each without what it is found by.

#[cfg(feature = "embedded")]
use crate::Status;
use crate::model::codec::Data;
use crate::model::wire::{Reader, put, put_len, put_signed, put_str};
use crate::model::{Change, Object, Place};
#[cfg(feature = "embedded")]
use crate::rows::Rows;
use crate::{
    AccountId, Credential, Envelope, EnvelopeId, Flags, Limits, MailboxId, MessageId, ModSeq,
    NewEnvelope, Recipient, RecipientState, Row, Scope, SpecialUse, ThreadId, Timestamp, Uid,
    UidValidity,
};

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

pub(super) fn put_flags(out: &mut Vec<u8>, flags: &Flags) {
    out.push(flags.bits());
    put_len(out, flags.keywords().count());
    flags.keywords().for_each(|name| put_str(out, name));
}

pub(super) fn flags(r: &mut Reader<'_>) -> Option<Flags> {
    let system = Flags::from_bits(r.byte()?);
    let count = r.count()?;
    if count == 0 {
        return Some(system);
    }
    let names = (0..count).map(|_| r.str()).collect::<Option<Vec<_>>>()?;
    Some(system.with_keywords(names))
}

pub(super) fn uid(r: &mut Reader<'_>) -> Option<Uid> {
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
