//! QUOTA (RFC 9208) and METADATA (RFC 5464): what is kept beside the mail.

use alloc::{borrow::Cow, format, string::String, vec::Vec};

use mailwire::Misuse;

use super::{
    Server,
    core::Core,
    event::Event,
    work::{Begin, Phase, Work},
};
use crate::{
    command::{Depth, EntryName, MetadataOptions},
    response::Response,
    types::{Atom, Mailbox, OneOrMore},
};

/// What GETMETADATA asks for, and what was found.
#[derive(Debug)]
pub(super) struct Asked {
    mailbox: Mailbox<'static>,
    options: MetadataOptions,
    entries: OneOrMore<EntryName<'static>>,
    found: Vec<(String, Option<Vec<u8>>)>,
    /// The longest value left out for its length.
    longest: Option<u64>,
}

/// `GETMETADATA`
pub(super) fn get_metadata(
    mailbox: Mailbox<'_>,
    options: MetadataOptions,
    entries: OneOrMore<EntryName<'_>>,
) -> Begin {
    let asked = Asked {
        mailbox: mailbox.clone().into_owned(),
        options,
        entries: entries.map(EntryName::into_owned),
        found: Vec::new(),
        longest: None,
    };
    Begin::new(Event::GetMetadata(known(mailbox)), Work::Metadata(asked))
}

/// `SETMETADATA`
pub(super) fn set_metadata(
    mailbox: Mailbox<'_>,
    entries: OneOrMore<(EntryName<'_>, Option<Cow<'_, [u8]>>)>,
) -> Begin {
    let entries = entries.map(|(name, value)| (name.into_owned(), value.map(Cow::into_owned)));
    Begin::plain(Event::SetMetadata { mailbox: known(mailbox), entries })
}

/// The empty name is the server (RFC 5464 §4.2).
fn known(mailbox: Mailbox<'_>) -> Option<Mailbox<'static>> {
    (!mailbox.as_str().is_empty()).then(|| mailbox.into_owned())
}

impl Core {
    /// What was found, and the code that says what was left out (RFC 5464 §4.2.1).
    pub(super) fn print_metadata(&mut self) -> Option<String> {
        let Work::Metadata(asked) = &mut self.work else { return None };
        let mut found = core::mem::take(&mut asked.found);
        // RFC 5464 §4.2: a response is required; an entry that has no value has NIL.
        for entry in &asked.entries {
            let told = |(name, _): &(String, _)| name.eq_ignore_ascii_case(entry.as_str());
            let deep = !matches!(asked.options.depth, None | Some(Depth::Entry));
            if !deep && asked.longest.is_none() && !found.iter().any(told) {
                found.push((String::from(entry.as_str()), None));
            }
        }
        let longest = asked.longest;
        let mailbox = asked.mailbox.clone();
        if let Some(found) = OneOrMore::new(found) {
            let text = |octets: Vec<u8>| Cow::Owned(octets);
            let values = found.map(|(name, value)| (text(name.into_bytes()), value.map(text)));
            let names = self.names();
            self.send.put(&Response::Metadata(mailbox, values).print_in(names));
        }
        longest.map(|octets| format!("[METADATA LONGENTRIES {octets}] "))
    }
}

impl Asked {
    /// Whether this entry is asked for: itself, or as one below another (RFC 5464 §4.2.2).
    fn names(&self, entry: &str) -> bool {
        self.entries.iter().any(|asked| {
            let Some((head, below)) = entry.split_at_checked(asked.as_str().len()) else {
                return false;
            };
            if !head.eq_ignore_ascii_case(asked.as_str()) {
                return false;
            }
            match (below.strip_prefix('/'), self.options.depth.unwrap_or_default()) {
                (None, _) => below.is_empty(),
                (Some(_), Depth::Infinity) => true,
                (Some(child), Depth::Children) => !child.contains('/'),
                (Some(_), Depth::Entry) => false,
            }
        })
    }
}

impl Server {
    /// The quota roots of a mailbox, for [`Event::GetQuotaRoot`]; then [`quota`](Self::quota) for each.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no command about quotas waits.
    pub fn quota_roots(&mut self, mailbox: &Mailbox<'_>, roots: &[&[u8]]) -> Result<(), Misuse> {
        let roots = roots.iter().map(|root| Cow::Borrowed(*root)).collect();
        self.quota_response(&Response::QuotaRoot(mailbox.clone(), roots))
    }

    /// What a quota root's resources (`STORAGE` in units of 1,024 octets, `MESSAGE` …) are used and limited to, for
    /// [`Event::GetQuota`] and [`Event::GetQuotaRoot`] (RFC 9208 §5).
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no command about quotas waits.
    pub fn quota(&mut self, root: &[u8], resources: &[(Atom<'_>, u64, u64)]) -> Result<(), Misuse> {
        let resources = resources.to_vec();
        self.quota_response(&Response::Quota { root: Cow::Borrowed(root), resources })
    }

    fn quota_response(&mut self, response: &Response<'_>) -> Result<(), Misuse> {
        let core = &mut self.core;
        match (&core.phase, &core.work) {
            (Phase::Answer, Work::Quota) => {
                let names = core.names();
                core.send.put(&response.print_in(names));
                Ok(())
            }
            _ => Err(Misuse::new("no command about quotas waits")),
        }
    }

    /// The annotations of a mailbox of the list, where the query of [`Event::List`] asks for some (RFC 9590 §3): a value for
    /// each entry it names, `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no LIST waits.
    pub fn list_metadata(
        &mut self,
        mailbox: &Mailbox<'_>,
        entries: &[(&str, Option<&[u8]>)],
    ) -> Result<(), Misuse> {
        let core = &mut self.core;
        let (Phase::Answer, Work::List { .. }) = (&core.phase, &core.work) else {
            return Err(Misuse::new("list_metadata answers Event::List"));
        };
        let values = entries
            .iter()
            .map(|(name, value)| (Cow::Borrowed(name.as_bytes()), value.map(Cow::Borrowed)));
        if let Some(values) = OneOrMore::new(values.collect()) {
            let names = core.names();
            core.send.put(&Response::Metadata(mailbox.clone(), values).print_in(names));
        }
        Ok(())
    }

    /// An entry of the mailbox or the server that [`Event::GetMetadata`] names, and its value. All that there are may be
    /// given: those that were not asked for are left out.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when no GETMETADATA waits.
    pub fn metadata(&mut self, entry: &str, value: &[u8]) -> Result<(), Misuse> {
        let core = &mut self.core;
        let (Phase::Answer, Work::Metadata(asked)) = (&core.phase, &mut core.work) else {
            return Err(Misuse::new("metadata answers Event::GetMetadata"));
        };
        if !asked.names(entry) || EntryName::new(entry).is_none() {
            return Ok(());
        }
        let len = value.len() as u64;
        match asked.options.max_size {
            Some(most) if len > u64::from(most) => {
                asked.longest = Some(asked.longest.map_or(len, |longest| longest.max(len)));
            }
            _ => asked.found.push((String::from(entry), Some(value.to_vec()))),
        }
        Ok(())
    }
}
