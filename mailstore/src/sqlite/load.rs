//! Reading the tables when a store is opened.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Row as Line, Transaction};

use super::tables::{NAME, failed, position};
use crate::model::codec;
use crate::model::wire::Reader;
use crate::model::{Change, Counters, Object, Place};
use crate::rows::Standing;
use crate::{
    AccountId, Credential, EnvelopeId, Error, Flags, Limits, MailboxId, MessageId, ModSeq,
    OwnFlags, Result, Rights, Row, SpecialUse, ThreadId, Timestamp, Uid, UidValidity,
};

/// Everything the tables hold, as changes that make it so, and the log position they stand at.
pub(super) fn load(step: &Transaction<'_>) -> Result<(Vec<Change>, u64)> {
    let changes = all(step).map_err(failed)?;
    let changes = changes.ok_or_else(|| Error::corrupt(NAME, 0, "a value that cannot be"))?;
    Ok((changes, position(step)?))
}

fn lines<T>(
    step: &Transaction<'_>,
    sql: &str,
    mut read: impl FnMut(&Line<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut query = step.prepare(sql)?;
    query.query_map([], |line| read(line))?.collect()
}

fn id(line: &Line<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(line.get::<_, i64>(at)?.cast_unsigned())
}

fn uid(line: &Line<'_>, at: usize) -> rusqlite::Result<Uid> {
    Ok(Uid::new(line.get(at)?).unwrap_or(Uid::FIRST))
}

fn all(step: &Transaction<'_>) -> rusqlite::Result<Option<Vec<Change>>> {
    let numbers = lines(step, "SELECT name, value FROM numbers", |line| {
        Ok((line.get::<_, String>(0)?, id(line, 1)?))
    })?;
    let numbers: HashMap<String, u64> = numbers.into_iter().collect();
    let last = |name: &str| numbers.get(name).copied().unwrap_or(0);
    let mut changes = vec![Change::Counters(Counters {
        account: last("account"),
        mailbox: last("mailbox"),
        message: last("message"),
        envelope: last("envelope"),
        uid_validity: u32::try_from(last("uid_validity")).unwrap_or(u32::MAX),
    })];
    let mut credentials: HashMap<u64, Vec<Credential>> = HashMap::new();
    let sql = "SELECT account, kind, value FROM credentials ORDER BY rowid";
    for (account, credential) in lines(step, sql, |line| {
        Ok((id(line, 0)?, Credential::new(line.get::<_, String>(1)?, line.get::<_, String>(2)?)))
    })? {
        credentials.entry(account).or_default().push(credential);
    }
    let sql = "SELECT id, login, octet_limit, message_limit FROM accounts";
    for (account, login, octets, messages) in lines(step, sql, |line| {
        let limits: (Option<i64>, Option<i64>) = (line.get(2)?, line.get(3)?);
        let (octets, messages) = (limits.0.map(i64::cast_unsigned), limits.1);
        Ok((id(line, 0)?, line.get(1)?, octets, messages.map(i64::cast_unsigned)))
    })? {
        let credentials = credentials.remove(&account).unwrap_or_default();
        let account = AccountId::new(account);
        changes.push(Change::Account { id: account, login, credentials });
        changes.push(Change::Limited { account, limits: Limits::new(octets, messages) });
    }
    changes.extend(lines(step, "SELECT account, name FROM subscriptions", |line| {
        Ok(Change::Subscribed { account: AccountId::new(id(line, 0)?), name: line.get(1)? })
    })?);
    let mut gone: HashMap<u64, Vec<(ModSeq, Uid)>> = HashMap::new();
    let sql = "SELECT mailbox, modseq, uid FROM expunged ORDER BY mailbox, modseq, uid";
    for (mailbox, grave) in
        lines(step, sql, |line| Ok((id(line, 0)?, (ModSeq::new(id(line, 1)?), uid(line, 2)?))))?
    {
        gone.entry(mailbox).or_default().push(grave);
    }
    let mut standings = Vec::new();
    let sql = "SELECT id, account, name, special_use, uid_validity, uid_next, highest_modseq, forgotten FROM mailboxes";
    for (mailbox, account, name, special_use, uid_validity, uid_next, modseq, forgotten) in
        lines(step, sql, |line| {
            let special_use: Option<String> = line.get(3)?;
            let validity: u32 = line.get(4)?;
            let modseq = ModSeq::new(id(line, 6)?);
            Ok((
                id(line, 0)?,
                id(line, 1)?,
                line.get(2)?,
                special_use,
                validity,
                uid(line, 5)?,
                modseq,
                ModSeq::new(id(line, 7)?),
            ))
        })?
    {
        let special_use =
            SpecialUse::ALL.into_iter().find(|u| Some(u.name()) == special_use.as_deref());
        let Some(uid_validity) = UidValidity::new(uid_validity) else { return Ok(None) };
        let gone = gone.remove(&mailbox).unwrap_or_default();
        let (id, account) = (MailboxId::new(mailbox), AccountId::new(account));
        changes.push(Change::Mailbox { id, account, name, special_use, uid_validity });
        let standing = Standing { uid_next, highest_modseq: modseq, forgotten, gone };
        standings.push(Change::Stands { mailbox: id, standing });
    }
    changes.extend(standings);
    let sql = "SELECT id, size, crc32c, thread, needed, facts_at, facts_length, body_at, body_length, body_file FROM messages";
    changes.extend(lines(step, sql, message)?);
    rows(step, &mut changes)?;
    let sql = "SELECT scope, of, key, value FROM metadata";
    for (scope, key, value) in lines(step, sql, |line| {
        Ok((codec::scope(line.get(0)?, id(line, 1)?), line.get(2)?, line.get::<_, Vec<u8>>(3)?))
    })? {
        let Some(scope) = scope else { return Ok(None) };
        changes.push(Change::Metadata { scope, key, value: Some(Bytes::from(value)) });
    }
    changes.extend(lines(step, "SELECT mailbox, identifier, rights FROM rights", |line| {
        let rights = Rights::new(&line.get::<_, String>(2)?);
        let mailbox = MailboxId::new(id(line, 0)?);
        Ok(Change::Granted { mailbox, identifier: line.get(1)?, rights })
    })?);
    for (number, octets) in lines(step, "SELECT id, octets FROM envelopes", |line| {
        Ok((id(line, 0)?, line.get::<_, Vec<u8>>(1)?))
    })? {
        let envelope = codec::envelope(EnvelopeId::new(number), &mut Reader(&octets));
        let Some(envelope) = envelope.map(Arc::new) else { return Ok(None) };
        changes.push(Change::Envelope { envelope, new: false });
    }
    Ok(Some(changes))
}

fn message(line: &Line<'_>) -> rusqlite::Result<Change> {
    let place = |at: usize| -> rusqlite::Result<Place> {
        let (from, length): (Option<i64>, Option<u32>) = (line.get(at)?, line.get(at + 1)?);
        Ok(match from.zip(length) {
            Some((at, length)) => Place::Log { at: at.cast_unsigned(), length },
            None => Place::Damaged,
        })
    };
    let body = match line.get::<_, Option<i64>>(9)? {
        Some(number) => Place::File(number.cast_unsigned()),
        None => place(7)?,
    };
    let thread = line.get::<_, Option<i64>>(3)?.map(|id| ThreadId::new(id.cast_unsigned()));
    let (size, crc) = (id(line, 1)?, line.get(2)?);
    let object = Object { size, crc, thread, facts: place(5)?, body };
    Ok(Change::Moved { id: MessageId::new(id(line, 0)?), object, needed: line.get(4)? })
}

fn rows(step: &Transaction<'_>, changes: &mut Vec<Change>) -> rusqlite::Result<()> {
    let mut keywords: HashMap<(u64, Uid, u64), Vec<String>> = HashMap::new();
    let sql = "SELECT mailbox, uid, reader, keyword FROM keywords";
    for (key, word) in
        lines(step, sql, |line| Ok(((id(line, 0)?, uid(line, 1)?, id(line, 2)?), line.get(3)?)))?
    {
        keywords.entry(key).or_default().push(word);
    }
    let mut flags = |bits: u8, key: (u64, Uid, u64)| match keywords.remove(&key) {
        Some(words) => Flags::from_bits(bits).with_keywords(words.iter().map(String::as_str)),
        None => Flags::from_bits(bits),
    };
    let sql = "SELECT mailbox, uid, message, modseq, size, internal_date, save_date, flags FROM rows ORDER BY mailbox, uid";
    for (mailbox, row) in lines(step, sql, |line| {
        let (mailbox, uid) = (id(line, 0)?, uid(line, 1)?);
        let (message, modseq) = (MessageId::new(id(line, 2)?), ModSeq::new(id(line, 3)?));
        let mut row = Row::new(uid, message, id(line, 4)?, modseq);
        row.internal_date = Timestamp::from_millis(line.get(5)?);
        row.save_date = Timestamp::from_millis(line.get(6)?);
        row.flags = flags(line.get(7)?, (mailbox, uid, 0));
        Ok((MailboxId::new(mailbox), row))
    })? {
        match changes.last_mut() {
            Some(Change::Restored { mailbox: of, rows }) if *of == mailbox => rows.push(row),
            _ => changes.push(Change::Restored { mailbox, rows: vec![row] }),
        }
    }
    let sql =
        "SELECT mailbox, reader, uid, modseq, flags FROM own_flags ORDER BY mailbox, reader, uid";
    for (mailbox, reader, own) in lines(step, sql, |line| {
        let (mailbox, reader, uid) = (id(line, 0)?, id(line, 1)?, uid(line, 2)?);
        let flags = flags(line.get(4)?, (mailbox, uid, reader));
        let own = OwnFlags::new(uid, flags, ModSeq::new(id(line, 3)?));
        Ok((MailboxId::new(mailbox), AccountId::new(reader), own))
    })? {
        match changes.last_mut() {
            Some(Change::Own { mailbox: of, reader: by, flags })
                if *of == mailbox && *by == reader =>
            {
                flags.push(own);
            }
            _ => changes.push(Change::Own { mailbox, reader, flags: vec![own] }),
        }
    }
    Ok(())
}
