//! The commands, as calls.

use alloc::{borrow::Cow, vec::Vec};

use mailwire::{
    Misuse,
    sasl::{
        Mechanism, Secret,
        client::{Credentials, Exchange},
    },
};

use super::{
    Client,
    core::{Core, Kind, Queued, Then},
    event::Tag,
};
use crate::{
    command::{
        Append, AppendBody, AppendData, AppendMessage, Command, Literals, PrintOptions, SecretText,
        Tagged,
    },
    types::{
        Atom, FetchItems, Flag, ListQuery, Mailbox, OneOrMore, SearchQuery, SequenceSet,
        StatusItem, StoreAction, Tag as TagText,
    },
};

const ONE_TO_COME: Misuse = Misuse::new("append: one message, whose octets come later");
const LOG_IN: Misuse = Misuse::new("log in first");

impl Core {
    fn push(&mut self, command: &Command<'_>, kind: Kind, then: Then) -> Tag {
        let tag = self.new_tag();
        let text = Self::tag_text(tag);
        let options = PrintOptions::new(self.literals());
        let mut printed = Tagged::new(TagText::checked(&text), command.clone()).print(options);
        // The octets of a message are sent as they come, and the line's end behind them.
        if let Some(gap) = printed.gaps.first() {
            printed.octets.truncate(gap.at);
            printed.waits.retain(|wait| *wait < gap.at);
        }
        self.queue.push_back(Queued {
            tag,
            kind,
            octets: printed.octets,
            waits: printed.waits.into(),
            then,
        });
        tag
    }

    fn literals(&self) -> Literals {
        match () {
            () if self.has("LITERAL+") => Literals::Plus,
            () if self.has("LITERAL-") => Literals::Minus,
            () => Literals::Sync,
        }
    }

    fn may_send_passwords(&self) -> Result<(), Misuse> {
        if self.tls || self.config.plain_text_auth {
            return Ok(());
        }
        Err(Misuse::new("no password without TLS: starttls first, or allow plain_text_auth"))
    }

    /// Commands after login may be pipelined behind it.
    fn may_use_mailboxes(&self) -> bool {
        self.logged_in
            || self.inflight.iter().any(|(_, kind)| matches!(kind, Kind::Login))
            || self.queue.iter().any(|queued| matches!(queued.kind, Kind::Login))
    }
}

/// Commands. Each is queued, sent as soon as the server lets it go, and answered by
/// [`Event::Done`](super::Event::Done) under its tag.
///
/// The calls that return an error do so when the session is in no state for them; nothing is sent
/// then.
impl Client {
    /// Any command without a body, password or continuation.
    ///
    /// # Errors
    ///
    /// [`Misuse`] for a command that has its own call: LOGIN, AUTHENTICATE, STARTTLS, APPEND, REPLACE, IDLE
    /// and LOGOUT; and before login for one that needs it.
    pub fn command(&mut self, command: &Command<'_>) -> Result<Tag, Misuse> {
        match command {
            Command::Login { .. }
            | Command::Authenticate { .. }
            | Command::StartTls
            | Command::Append(_)
            | Command::Replace(_)
            | Command::Idle
            | Command::Logout => Err(Misuse::new("this command has its own call")),
            Command::Capability | Command::Noop | Command::Id(_) => {
                Ok(self.core.push(command, Kind::Plain, Then::Nothing))
            }
            _ if self.core.may_use_mailboxes() => {
                Ok(self.core.push(command, Kind::Plain, Then::Nothing))
            }
            _ => Err(LOG_IN),
        }
    }

    /// CAPABILITY: then [`has`](Self::has) knows.
    pub fn capability(&mut self) -> Tag {
        self.core.push(&Command::Capability, Kind::Plain, Then::Nothing)
    }

    /// NOOP.
    pub fn noop(&mut self) -> Tag {
        self.core.push(&Command::Noop, Kind::Plain, Then::Nothing)
    }

    /// LOGOUT: the session is over with its answer.
    pub fn logout(&mut self) -> Tag {
        self.core.push(&Command::Logout, Kind::Logout, Then::Nothing)
    }

    /// STARTTLS: with its answer the driver replaces the transport. Commands given after it are sent
    /// under TLS. Octets that the server sends before the handshake end the session.
    ///
    /// # Errors
    ///
    /// [`Misuse`] under TLS, and after login.
    pub fn starttls(&mut self) -> Result<Tag, Misuse> {
        if self.core.tls || self.core.may_use_mailboxes() {
            return Err(Misuse::new("STARTTLS comes first"));
        }
        Ok(self.core.push(&Command::StartTls, Kind::StartTls, Then::Upgrade))
    }

    /// LOGIN.
    ///
    /// # Errors
    ///
    /// [`Misuse`] without TLS, unless the configuration allows it.
    pub fn login(&mut self, user: &str, password: &Secret) -> Result<Tag, Misuse> {
        self.core.may_send_passwords()?;
        let command = Command::Login {
            user: Cow::Borrowed(user.as_bytes()),
            password: SecretText::new(password.expose().as_bytes()),
        };
        Ok(self.core.push(&command, Kind::Login, Then::Nothing))
    }

    /// AUTHENTICATE, by the best mechanism that the server offers and the credentials serve.
    ///
    /// # Errors
    ///
    /// [`Misuse`] if there is none that may be used here: [`login`](Self::login) may be left.
    pub fn authenticate(&mut self, credentials: Credentials) -> Result<Tag, Misuse> {
        let tls = self.core.may_send_passwords().is_ok();
        let offered = self.core.capabilities.iter().filter_map(|word| {
            let (name, mechanism) = word.split_once('=')?;
            name.eq_ignore_ascii_case("AUTH").then(|| Mechanism::from_name(mechanism.as_bytes()))?
        });
        let offered: Vec<Mechanism> = offered.collect();
        let mechanism = credentials
            .choose(offered.iter().copied(), tls)
            .ok_or(Misuse::new("authenticate: no mechanism offered may be used"))?;
        let mut exchange = Exchange::new(mechanism, credentials, &offered);
        let at_once = self.core.has("SASL-IR") && !self.core.config.no_initial_response;
        let initial = if at_once { exchange.initial() } else { None };
        let initial = initial.map(SecretText::new);
        let command = Command::Authenticate { mechanism: Atom::checked(mechanism.name()), initial };
        Ok(self.core.push(&command, Kind::Login, Then::Sasl(exchange)))
    }

    /// SELECT; EXAMINE if `read_only`.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login; so do all that follow.
    pub fn select(&mut self, mailbox: &Mailbox<'_>, read_only: bool) -> Result<Tag, Misuse> {
        let mailbox = mailbox.clone();
        self.command(&Command::Select { mailbox, read_only, condstore: false, qresync: None })
    }

    /// LIST.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for an extended query where the server does not offer
    /// LIST-EXTENDED.
    pub fn list(&mut self, query: &ListQuery<'_>) -> Result<Tag, Misuse> {
        if query.is_extended() && !self.core.has("LIST-EXTENDED") {
            return Err(Misuse::new("the server does not offer LIST-EXTENDED"));
        }
        self.command(&Command::List(query.clone()))
    }

    /// STATUS.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn status(
        &mut self,
        mailbox: &Mailbox<'_>,
        items: OneOrMore<StatusItem>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Status(mailbox.clone(), items))
    }

    /// FETCH, by UID or by number.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn fetch(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        items: &FetchItems<'_>,
    ) -> Result<Tag, Misuse> {
        let (set, items) = (set.clone(), items.clone());
        self.command(&Command::Fetch {
            uid,
            set,
            items,
            modifiers: crate::command::FetchModifiers::default(),
        })
    }

    /// STORE, by UID or by number.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn store(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        action: StoreAction,
        flags: &[Flag<'_>],
        silent: bool,
    ) -> Result<Tag, Misuse> {
        let (set, flags): (_, Vec<Flag<'_>>) = (set.clone(), flags.to_vec());
        self.command(&Command::Store { uid, set, action, silent, flags, unchanged_since: None })
    }

    /// SEARCH, for UIDs or for numbers.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for a RETURN where the server does not offer ESEARCH.
    pub fn search(&mut self, uid: bool, query: &SearchQuery<'_>) -> Result<Tag, Misuse> {
        if query.returns.is_some() && !self.core.has("ESEARCH") {
            return Err(Misuse::new("the server does not offer ESEARCH"));
        }
        self.command(&Command::Search { uid, query: query.clone() })
    }

    /// COPY, by UID or by number.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login.
    pub fn copy(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        mailbox: &Mailbox<'_>,
    ) -> Result<Tag, Misuse> {
        self.command(&Command::Copy { uid, set: set.clone(), mailbox: mailbox.clone() })
    }

    /// MOVE (RFC 6851), by UID or by number.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and where the server does not offer MOVE.
    pub fn move_to(
        &mut self,
        uid: bool,
        set: &SequenceSet,
        mailbox: &Mailbox<'_>,
    ) -> Result<Tag, Misuse> {
        if !self.core.has("MOVE") {
            return Err(Misuse::new("the server does not offer MOVE"));
        }
        self.command(&Command::Move { uid, set: set.clone(), mailbox: mailbox.clone() })
    }

    /// EXPUNGE; with a set UID EXPUNGE (RFC 4315).
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for a set where the server does not offer UIDPLUS.
    pub fn expunge(&mut self, uids: Option<&SequenceSet>) -> Result<Tag, Misuse> {
        if uids.is_some() && !self.core.has("UIDPLUS") {
            return Err(Misuse::new("the server does not offer UIDPLUS"));
        }
        self.command(&Command::Expunge(uids.cloned()))
    }

    /// APPEND: [`Event::Upload`](super::Event::Upload) asks for the octets. Where the server offers
    /// LITERAL+ they are not waited for.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and for anything but one literal whose octets come later.
    pub fn append(&mut self, append: &Append<'_>) -> Result<Tag, Misuse> {
        if !self.core.may_use_mailboxes() {
            return Err(LOG_IN);
        }
        let size = match &append.messages[..] {
            [AppendMessage { body: AppendBody::Literal(literal), .. }] => match literal.data() {
                AppendData::ToCome { len } => *len,
                AppendData::Octets(_) => return Err(ONE_TO_COME),
            },
            _ => return Err(ONE_TO_COME),
        };
        let non_sync = self.core.literals().is_non_sync(size);
        let then = Then::Upload { size, non_sync };
        Ok(self.core.push(&Command::Append(append.clone()), Kind::Plain, then))
    }

    /// IDLE (RFC 2177), until [`done`](Self::done). Before the server could lose patience it is
    /// ended by itself: [`Event::Done`](super::Event::Done) says so, and it can be given anew.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and where the server does not offer IDLE.
    pub fn idle(&mut self) -> Result<Tag, Misuse> {
        if !self.core.may_use_mailboxes() {
            return Err(LOG_IN);
        }
        if !self.core.has("IDLE") {
            return Err(Misuse::new("the server does not offer IDLE"));
        }
        Ok(self.core.push(&Command::Idle, Kind::Plain, Then::Idle))
    }
}
