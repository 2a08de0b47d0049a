//! LIST and LSUB: the names there are, the names subscribed to, and the levels between them.

use super::{Done, Session, mailboxes::use_in_imap};
use imap_proto::{
    command::EntryName,
    server::ListEntry,
    types::{ListQuery, Mailbox},
};
use mailstore::{Scope, Store};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

pub(super) const DELIMITER: char = '/';

impl<S: Store> Session<S> {
    /// Names are kept in order, so that what is below one is found where it begins: the cost is
    /// linear in the number of names, matching aside.
    pub(super) async fn list(&mut self, query: &ListQuery<'_>, lsub: bool) -> Done {
        let account = self.account()?;
        let mailboxes = self.app.store.mailboxes(account).await?;
        let subscribed: BTreeSet<String> =
            self.app.store.subscriptions(account).await?.into_iter().collect();
        let mailboxes: BTreeMap<&str, &mailstore::Mailbox> =
            mailboxes.iter().map(|mailbox| (mailbox.name.as_str(), mailbox)).collect();
        let mut names: BTreeSet<&str> = mailboxes.keys().copied().collect();
        names.extend(subscribed.iter().map(String::as_str));
        let levels: Vec<&str> = names.iter().flat_map(|name| above(name)).collect();
        names.extend(levels);
        for name in names.iter().copied().filter(|name| query.matches(name, DELIMITER)) {
            let mailbox = mailboxes.get(name);
            let Ok(shown) = Mailbox::new(name) else { continue };
            let mut entry = ListEntry::new(shown);
            let first_below = &*format!("{name}{DELIMITER}");
            let next = mailboxes.range(first_below..).next();
            let children = next.is_some_and(|(next, _)| next.starts_with(first_below));
            entry.subscribed = subscribed.contains(name);
            entry.selectable = mailbox.is_some();
            // A level without a mailbox of its own is there as long as something is below it.
            entry.exists = mailbox.is_some() || children;
            entry.children = Some(children);
            entry.special_use = mailbox.and_then(|mailbox| use_in_imap(mailbox.special_use?));
            let listed = if lsub || query.select.subscribed {
                let mut below = subscribed
                    .range::<str, _>((Bound::Included(first_below), Bound::Unbounded))
                    .take_while(|other| other.starts_with(first_below));
                // RFC 3501 §6.3.9: a name is also there for what is subscribed below it, where the
                // pattern leaves that out; RFC 5258 §3.5 has it if it is asked for.
                let for_others = if lsub {
                    below.any(|other| !query.matches(other, DELIMITER))
                } else {
                    query.select.recursive_match() && below.next().is_some()
                };
                entry.child_subscribed = for_others && !lsub;
                entry.selectable &= entry.subscribed || !lsub;
                entry.subscribed || for_others
            } else {
                entry.exists
            };
            if !listed || (query.select.special_use && entry.special_use.is_none()) {
                continue;
            }
            self.driver.machine.list(&entry)?;
            if let (Some(mailbox), false) = (mailbox, query.returns.status.is_empty()) {
                match self.status_of(mailbox.id).await {
                    Ok(data) => self.driver.machine.status(&entry.mailbox, &data)?,
                    // Deleted a moment ago (RFC 5819 §2).
                    Err(mailstore::Error::NotFound { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if let (Some(mailbox), false) = (mailbox, query.returns.metadata.is_empty()) {
                let kept = self.app.store.metadata(Scope::Mailbox(mailbox.id)).await?;
                let value = |name: &str| {
                    let found = kept.iter().find(|(entry, _)| entry.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| &**value)
                };
                let names = query.returns.metadata.iter().map(EntryName::as_str);
                let entries: Vec<_> = names.map(|name| (name, value(name))).collect();
                self.driver.machine.list_metadata(&entry.mailbox, &entries)?;
            }
        }
        Ok(self.driver.machine.ok("Done")?)
    }
}

/// The levels above a name, the next one first.
fn above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.rsplit_once(DELIMITER), |(above, _)| above.rsplit_once(DELIMITER))
        .map(|(above, _)| above)
}
