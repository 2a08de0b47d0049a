use alloc::vec::Vec;

use crate::types::{Atom, FetchItem, Mailbox, OneOrMore, Unlisted};

/// What NOTIFY asks for (RFC 5465 §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notify<'a> {
    /// `NONE`: no events at all, not even of the selected mailbox.
    None,
    /// `SET`: these events, instead of those asked for before.
    Set {
        /// `STATUS`: a STATUS response for each of the mailboxes at once.
        status: bool,
        /// Where, and which events there.
        groups: OneOrMore<EventGroup<'a>>,
    },
}

impl Notify<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Notify<'static> {
        match self {
            Self::None => Notify::None,
            Self::Set { status, groups } => {
                Notify::Set { status, groups: groups.map(EventGroup::into_owned) }
            }
        }
    }
}

/// Mailboxes and the events that NOTIFY tells of them (RFC 5465 §8 `event-group`).
///
/// ```
/// use imap_proto::command::{EventGroup, MailboxFilter, NotifyEvent};
/// use imap_proto::types::FetchItem;
///
/// let new = NotifyEvent::MessageNew(vec![FetchItem::Uid]);
/// assert!(EventGroup::new(MailboxFilter::Selected, vec![new.clone()]).is_some());
/// // Only of the selected mailbox can more be told of a message than that it is there.
/// assert!(EventGroup::new(MailboxFilter::Inboxes, vec![new]).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventGroup<'a> {
    mailboxes: MailboxFilter<'a>,
    delayed: bool,
    events: Vec<NotifyEvent<'a>>,
}

impl<'a> EventGroup<'a> {
    /// These events of these mailboxes; without events, `NONE` of them. `None` if FETCH items are asked for of other
    /// mailboxes than the selected one (RFC 5465 §5.2).
    pub fn new(mailboxes: MailboxFilter<'a>, events: Vec<NotifyEvent<'a>>) -> Option<Self> {
        let items = |event: &NotifyEvent<'_>| matches!(event, NotifyEvent::MessageNew(items) if !items.is_empty());
        let fits = mailboxes == MailboxFilter::Selected || !events.iter().any(items);
        fits.then_some(Self { mailboxes, delayed: false, events })
    }

    /// `selected-delayed`: these events of the selected mailbox, removals only where a sequence number cannot be taken
    /// for another's (RFC 5465 §6.1).
    pub fn selected_delayed(events: Vec<NotifyEvent<'a>>) -> Self {
        Self { mailboxes: MailboxFilter::Selected, delayed: true, events }
    }

    /// Which mailboxes.
    pub fn mailboxes(&self) -> &MailboxFilter<'a> {
        &self.mailboxes
    }

    /// Whether this is `selected-delayed`.
    pub fn is_delayed(&self) -> bool {
        self.delayed
    }

    /// Which events; none for `NONE`.
    pub fn events(&self) -> &[NotifyEvent<'a>] {
        &self.events
    }

    /// The same, owned.
    pub fn into_owned(self) -> EventGroup<'static> {
        EventGroup {
            mailboxes: self.mailboxes.into_owned(),
            delayed: self.delayed,
            events: self.events.into_iter().map(NotifyEvent::into_owned).collect(),
        }
    }
}

/// Mailboxes by what they are: where NOTIFY watches and ESEARCH looks (RFC 5465 §6, RFC 7377 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailboxFilter<'a> {
    /// The selected mailbox, whichever that is.
    Selected,
    /// All that mail may be delivered to.
    Inboxes,
    /// All in the personal namespace.
    Personal,
    /// All subscribed ones.
    Subscribed,
    /// These and all below them.
    Subtree(OneOrMore<Mailbox<'a>>),
    /// These and those right below them (RFC 7377 §2.2).
    SubtreeOne(OneOrMore<Mailbox<'a>>),
    /// These.
    Mailboxes(OneOrMore<Mailbox<'a>>),
}

impl MailboxFilter<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> MailboxFilter<'static> {
        let own = |names: OneOrMore<Mailbox<'_>>| names.map(Mailbox::into_owned);
        match self {
            Self::Selected => MailboxFilter::Selected,
            Self::Inboxes => MailboxFilter::Inboxes,
            Self::Personal => MailboxFilter::Personal,
            Self::Subscribed => MailboxFilter::Subscribed,
            Self::Subtree(names) => MailboxFilter::Subtree(own(names)),
            Self::SubtreeOne(names) => MailboxFilter::SubtreeOne(own(names)),
            Self::Mailboxes(names) => MailboxFilter::Mailboxes(own(names)),
        }
    }
}

/// Something that happens to a mailbox (RFC 5465 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotifyEvent<'a> {
    /// `MessageNew`: a message has come. In the selected mailbox, these items of it are told.
    MessageNew(Vec<FetchItem<'a>>),
    /// `MessageExpunge`
    MessageExpunge,
    /// `FlagChange`
    FlagChange,
    /// `AnnotationChange`
    AnnotationChange,
    /// `MailboxName`: made, renamed, deleted.
    MailboxName,
    /// `SubscriptionChange`
    SubscriptionChange,
    /// `MailboxMetadataChange`
    MailboxMetadataChange,
    /// `ServerMetadataChange`
    ServerMetadataChange,
    /// Any other; from [`NotifyEvent::new`].
    Other(Unlisted<'a>),
}

impl<'a> NotifyEvent<'a> {
    /// The event of this name, in any case, one that is not known included. `MessageNew` is that of no items.
    ///
    /// ```
    /// use imap_proto::{command::NotifyEvent, types::Atom};
    ///
    /// let event = |name| NotifyEvent::new(Atom::new(name).unwrap());
    /// assert_eq!(event("flagchange"), NotifyEvent::FlagChange);
    /// assert!(matches!(event("Vendor"), NotifyEvent::Other(name) if name.as_str() == "Vendor"));
    /// ```
    pub fn new(name: Atom<'a>) -> Self {
        let known = |known: &str| known.eq_ignore_ascii_case(&name);
        if known("MessageNew") {
            return Self::MessageNew(Vec::new());
        }
        let plain = Self::PLAIN.into_iter().find(|(spelling, _)| known(spelling));
        plain.map_or(Self::Other(Unlisted::new(name)), |(_, event)| event)
    }

    /// The names of events without arguments.
    pub(crate) const PLAIN: [(&'static str, NotifyEvent<'static>); 7] = [
        ("MessageExpunge", NotifyEvent::MessageExpunge),
        ("FlagChange", NotifyEvent::FlagChange),
        ("AnnotationChange", NotifyEvent::AnnotationChange),
        ("MailboxName", NotifyEvent::MailboxName),
        ("SubscriptionChange", NotifyEvent::SubscriptionChange),
        ("MailboxMetadataChange", NotifyEvent::MailboxMetadataChange),
        ("ServerMetadataChange", NotifyEvent::ServerMetadataChange),
    ];

    /// The same, owned.
    pub fn into_owned(self) -> NotifyEvent<'static> {
        match self {
            Self::MessageNew(items) => {
                NotifyEvent::MessageNew(items.into_iter().map(FetchItem::into_owned).collect())
            }
            Self::MessageExpunge => NotifyEvent::MessageExpunge,
            Self::FlagChange => NotifyEvent::FlagChange,
            Self::AnnotationChange => NotifyEvent::AnnotationChange,
            Self::MailboxName => NotifyEvent::MailboxName,
            Self::SubscriptionChange => NotifyEvent::SubscriptionChange,
            Self::MailboxMetadataChange => NotifyEvent::MailboxMetadataChange,
            Self::ServerMetadataChange => NotifyEvent::ServerMetadataChange,
            Self::Other(name) => NotifyEvent::Other(name.into_owned()),
        }
    }
}
