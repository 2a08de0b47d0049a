//! A list of a mailbox's messages, kept current across sessions: UIDs, flags, mod-sequences.
//!
//! [`Mirror`] says which command comes next and is shown each event. It uses QRESYNC where the server has it, else CONDSTORE,
//! else plain UIDs (RFC 7162 §6, RFC 4549). A session may end at any moment: what the list holds then is where the next one
//! goes on, and its [`mod_seq`](Mirror::mod_seq) never claims more than it holds.
//!
//! ```
//! use imap_proto::{
//!     client::{Client, Config, sync::Mirror},
//!     types::Mailbox,
//! };
//! use mailwire::{Instant, Machine, Step};
//!
//! let mut client = Client::over_tls(Config::default());
//! let mut mirror = Mirror::new(Mailbox::INBOX);
//! # let mut said = Vec::new();
//! # for octets in [
//! #     &b"* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n"[..],
//! #     b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA1 OK [READ-WRITE] x\r\n",
//! #     b"* 1 FETCH (UID 4 FLAGS ())\r\n* 2 FETCH (UID 9 FLAGS (\\Seen))\r\nA2 OK x\r\n",
//! # ] {
//! # client.recv().push(octets);
//! // In the loop of the session:
//! while client.poll(Instant::from_micros(0)) == Step::Event {
//!     mirror.see(&client.event());
//!     mirror.advance(&mut client)?;
//! }
//! # let _ = client.poll(Instant::from_micros(0));
//! # said.extend_from_slice(&client.transmit().take_all());
//! # }
//! # assert_eq!(said, b"A1 SELECT INBOX\r\nA2 UID FETCH 1:* (FLAGS)\r\n");
//! assert!(mirror.is_current());
//! assert_eq!(mirror.messages().map(|(uid, _)| uid).collect::<Vec<_>>(), [4, 9]);
//! # Ok::<(), mailwire::Misuse>(())
//! ```

mod data;
mod next;
mod view;

use alloc::{collections::BTreeMap, vec::Vec};
use core::num::NonZeroU32;

use mailwire::Misuse;

use self::{next::Ask, view::View};
use super::{Client, Event, Tag};
use crate::types::{Flag, Mailbox, ModSeq, UidSet};

/// What is known of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its flags as the server has them, without `\Recent`, which belongs to a session.
    pub flags: Vec<Flag<'static>>,
    /// Its mod-sequence, where the server keeps them.
    pub mod_seq: Option<ModSeq>,
}

impl Message {
    /// A message as it was kept.
    pub fn new(flags: Vec<Flag<'static>>, mod_seq: Option<ModSeq>) -> Self {
        Self { flags, mod_seq }
    }
}

/// A list of a mailbox's messages.
///
/// It may be kept at any moment: [`uid_validity`](Self::uid_validity), [`mod_seq`](Self::mod_seq) and
/// [`messages`](Self::messages) together, as one [`restore`](Self::restore) takes.
///
/// Flags that this session changes itself come as data too, unless they are stored silently: then the list has them with the
/// next session.
#[derive(Clone, Debug)]
pub struct Mirror {
    mailbox: Mailbox<'static>,
    read_only: bool,
    uid_validity: Option<NonZeroU32>,
    mod_seq: Option<ModSeq>,
    messages: BTreeMap<u32, Message>,
    session: Session,
}

/// What a session needs beside the list.
#[derive(Clone, Debug, Default)]
struct Session {
    /// The command that is not answered.
    asked: Option<(Tag, Ask)>,
    open: bool,
    stuck: bool,
    /// Asked once, whatever came of it.
    offers_asked: bool,
    enable_asked: bool,
    /// Ways that the server has offered and then refused.
    no_qresync: bool,
    no_condstore: bool,
    view: View,
    /// UIDs of the view that the list does not have.
    missing: UidSet,
    all_due: bool,
    map_due: bool,
    changes_due: Option<ModSeq>,
    /// The view contradicts itself.
    lost: bool,
    /// A number has changed its meaning since the last command.
    disturbed: bool,
    /// What SELECT has told.
    validity: Option<NonZeroU32>,
    highest: Option<ModSeq>,
    held: Vec<(u32, Message)>,
    gone: UidSet,
    found: UidSet,
    /// The list was whole, once.
    settled: bool,
    /// The mod-sequence to take when the list is whole.
    candidate: Option<ModSeq>,
    /// The greatest of a FETCH, and what HIGHESTMODSEQ said, since the last answer.
    heard: Option<ModSeq>,
    told: Option<ModSeq>,
    /// What was missing when it was least, and answers since that brought nothing.
    gap: Option<u64>,
    tries: u8,
    restarts: u8,
}

impl Mirror {
    /// A mailbox of which nothing is known.
    pub fn new(mailbox: Mailbox<'static>) -> Self {
        Self {
            mailbox,
            read_only: false,
            uid_validity: None,
            mod_seq: None,
            messages: BTreeMap::new(),
            session: Session::default(),
        }
    }

    /// A list that was kept.
    pub fn restore(
        mailbox: Mailbox<'static>,
        uid_validity: Option<NonZeroU32>,
        mod_seq: Option<ModSeq>,
        messages: impl IntoIterator<Item = (u32, Message)>,
    ) -> Self {
        let messages = messages.into_iter().collect();
        Self { uid_validity, mod_seq, messages, ..Self::new(mailbox) }
    }

    /// With EXAMINE instead of SELECT.
    #[must_use]
    pub fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    /// The mailbox.
    pub fn mailbox(&self) -> &Mailbox<'static> {
        &self.mailbox
    }

    /// The UIDVALIDITY that the UIDs belong to; `None` as long as none is known.
    pub fn uid_validity(&self) -> Option<NonZeroU32> {
        self.uid_validity
    }

    /// All changes up to this mod-sequence are in the list; `None` if the server keeps none, or the list was never whole.
    pub fn mod_seq(&self) -> Option<ModSeq> {
        self.mod_seq
    }

    /// UIDs and messages, ascending. Until [`is_current`](Self::is_current) some may be missing, and some may be gone.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = (u32, &Message)> {
        self.messages.iter().map(|(uid, message)| (*uid, message))
    }

    /// A message by its UID.
    pub fn get(&self, uid: u32) -> Option<&Message> {
        self.messages.get(&uid)
    }

    /// Whether the list is all that the server has told of the mailbox.
    pub fn is_current(&self) -> bool {
        let session = &self.session;
        session.open && session.asked.is_none() && !session.stuck && session.is_whole()
    }

    /// Whether the server does not let the mailbox be opened, or contradicts itself: in this session nothing more comes of
    /// it.
    pub fn is_stuck(&self) -> bool {
        self.session.stuck
    }

    /// The session is over, or has another mailbox: the next [`advance`](Self::advance) selects anew.
    pub fn interrupted(&mut self) {
        self.session = Session::default();
    }

    /// Shows an event of the session.
    pub fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Data(data) => self.data(data),
            Event::Done { tag, status, text } => self.done(*tag, *status, text),
            _ => {}
        }
    }

    /// Gives the next command, if one is due: to be called after each event. Before login none is; IDLE is ended for one.
    ///
    /// While the list is not [current](Self::is_current) no other SEARCH should be given, and none after another mailbox was
    /// selected.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the session refuses the command; not known to happen.
    pub fn advance(&mut self, client: &mut Client) -> Result<Option<Tag>, Misuse> {
        let session = &self.session;
        let waits = session.asked.is_some() || session.stuck;
        if waits || !client.is_logged_in() || client.is_closing() {
            return Ok(None);
        }
        let Some(ask) = self.next(client) else { return Ok(None) };
        if client.is_idling() {
            client.done()?;
        }
        let tag = self.give(ask, client)?;
        self.session.asked = Some((tag, ask));
        Ok(Some(tag))
    }
}
