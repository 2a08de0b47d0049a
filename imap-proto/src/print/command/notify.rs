use alloc::format;

use super::Printer;
use crate::{
    command::{EventGroup, MailboxFilter, Notify, NotifyEvent},
    print::Out,
    types::{Mailbox, SearchQuery},
};

impl Printer {
    /// `notify` (RFC 5465 §8)
    pub(super) fn notify(&mut self, notify: &Notify<'_>) {
        match notify {
            Notify::None => self.put(b"NOTIFY NONE"),
            Notify::Set { status, groups } => {
                self.put(if *status { b"NOTIFY SET STATUS" } else { b"NOTIFY SET" });
                for group in groups {
                    self.put(b" ");
                    self.event_group(group);
                }
            }
        }
    }

    fn event_group(&mut self, group: &EventGroup<'_>) {
        self.put(b"(");
        match group.is_delayed() {
            true => self.put(b"SELECTED-DELAYED"),
            false => self.mailbox_filter(group.mailboxes()),
        }
        self.put(b" ");
        match group.events() {
            [] => self.put(b"NONE"),
            events => self.list(events, |p, event| p.event(event)),
        }
        self.put(b")");
    }

    fn mailbox_filter(&mut self, filter: &MailboxFilter<'_>) {
        let (word, names): (&str, &[Mailbox<'_>]) = match filter {
            MailboxFilter::Selected => ("SELECTED", &[]),
            MailboxFilter::Inboxes => ("INBOXES", &[]),
            MailboxFilter::Personal => ("PERSONAL", &[]),
            MailboxFilter::Subscribed => ("SUBSCRIBED", &[]),
            MailboxFilter::Subtree(names) => ("SUBTREE", names),
            MailboxFilter::SubtreeOne(names) => ("SUBTREE-ONE", names),
            MailboxFilter::Mailboxes(names) => ("MAILBOXES", names),
        };
        self.text(word);
        match names {
            [] => {}
            [one] => self.named(" ", one),
            all => {
                self.put(b" ");
                self.list(all, |p, name| p.mailbox(name));
            }
        }
    }

    fn event(&mut self, event: &NotifyEvent<'_>) {
        match event {
            NotifyEvent::MessageNew(items) if items.is_empty() => self.put(b"MessageNew"),
            NotifyEvent::MessageNew(items) => {
                self.put(b"MessageNew ");
                self.fetch_items(items);
            }
            NotifyEvent::Other(name) => self.text(name.as_str()),
            plain => {
                let known = NotifyEvent::PLAIN.iter().find(|(_, event)| event == plain);
                self.text(known.map_or("", |(name, _)| name));
            }
        }
    }

    /// `esearch` (RFC 7377 §4)
    pub(super) fn e_search(
        &mut self,
        uid: bool,
        sources: &[MailboxFilter<'_>],
        query: &SearchQuery<'_>,
    ) {
        self.text(format!("{}ESEARCH", if uid { "UID " } else { "" }));
        if let [first, more @ ..] = sources {
            self.put(b" IN (");
            self.mailbox_filter(first);
            for one in more {
                self.put(b" ");
                self.mailbox_filter(one);
            }
            self.put(b")");
        }
        self.search(query);
    }
}
