//! Commands, and those of the session itself.

use alloc::{borrow::Cow, string::String, vec::Vec};

use mailwire::{
    Misuse,
    sasl::{
        Mechanism, Secret,
        client::{Credentials, Exchange},
    },
};

use super::{
    Client,
    core::Core,
    event::Tag,
    queue::{Kind, Queued},
};
use crate::{
    command::{Command, IdFields, SecretText},
    types::{Atom, OneOrMore},
};

const LOG_IN: Misuse = Misuse::new("log in first");

impl Core {
    /// Queues a command, if the state and what is offered allow it.
    pub(super) fn give(&mut self, command: &Command<'_>) -> Result<Tag, Misuse> {
        let early = matches!(command, Command::Capability | Command::Noop | Command::Id(_));
        if !early && !self.may_use_mailboxes() {
            return Err(LOG_IN);
        }
        self.allows(command)?;
        Ok(self.push(command, None))
    }

    fn push(&mut self, command: &Command<'_>, exchange: Option<Exchange>) -> Tag {
        let tag = self.new_tag();
        let kind = match command {
            Command::Login { .. } | Command::Authenticate { .. } => Kind::Login,
            Command::StartTls => Kind::StartTls,
            Command::Compress(_) => Kind::Compress,
            Command::Unauthenticate => Kind::Unauthenticate,
            Command::Idle => Kind::Idle(tag),
            Command::Logout => Kind::Logout,
            Command::Enable(names) => {
                self.asked.extend(names.iter().map(|name| String::from(name.as_str())));
                Kind::Enable
            }
            _ => Kind::Plain,
        };
        let command = command.clone().into_owned();
        self.queue.push_back(Queued { tag, kind, command, exchange });
        tag
    }

    fn may_send_passwords(&self) -> Result<(), Misuse> {
        if self.tls || self.config.plain_text_auth {
            return Ok(());
        }
        Err(Misuse::new("no password without TLS: starttls first, or allow plain_text_auth"))
    }

    /// Commands after login may be pipelined behind it.
    fn may_use_mailboxes(&self) -> bool {
        self.logged_in || self.is_on_its_way(Kind::Login)
    }
}

/// Commands. Each is queued, sent as soon as the server lets it go, and answered by
/// [`Event::Done`](super::Event::Done) under its tag.
///
/// The calls that return an error do so when the session is in no state for them; nothing is sent
/// then.
impl Client {
    /// Any command, for those that have no call of their own.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login for one that needs it, where the server has not offered what the command needs, and for
    /// those that only their own calls give: LOGIN, AUTHENTICATE, STARTTLS, COMPRESS, IDLE and LOGOUT.
    pub fn command(&mut self, command: &Command<'_>) -> Result<Tag, Misuse> {
        match command {
            Command::Login { .. }
            | Command::Authenticate { .. }
            | Command::StartTls
            | Command::Compress(_)
            | Command::Idle
            | Command::Logout => Err(Misuse::new("this command has its own call")),
            _ => self.core.give(command),
        }
    }

    /// CAPABILITY: then [`has`](Self::has) knows.
    pub fn capability(&mut self) -> Tag {
        self.core.push(&Command::Capability, None)
    }

    /// NOOP.
    pub fn noop(&mut self) -> Tag {
        self.core.push(&Command::Noop, None)
    }

    /// LOGOUT: the session is over with its answer.
    pub fn logout(&mut self) -> Tag {
        self.core.push(&Command::Logout, None)
    }

    /// STARTTLS: with its answer the driver replaces the transport. Commands given after it are sent
    /// under TLS. Octets that the server sends before the handshake end the session.
    ///
    /// # Errors
    ///
    /// [`Misuse`] under TLS, after login, and where the server has not offered it.
    pub fn starttls(&mut self) -> Result<Tag, Misuse> {
        if self.core.tls || self.core.may_use_mailboxes() {
            return Err(Misuse::new("STARTTLS comes first"));
        }
        self.core.allows(&Command::StartTls)?;
        Ok(self.core.push(&Command::StartTls, None))
    }

    /// LOGIN.
    ///
    /// # Errors
    ///
    /// [`Misuse`] without TLS, unless the configuration allows it, and where the server says LOGINDISABLED.
    pub fn login(&mut self, user: &str, password: &Secret) -> Result<Tag, Misuse> {
        self.core.may_send_passwords()?;
        // RFC 3501 §6.2.3
        if self.core.has("LOGINDISABLED") {
            return Err(Misuse::new(
                "the server does not take LOGIN here: starttls, or authenticate",
            ));
        }
        let command = Command::Login {
            user: Cow::Borrowed(user.as_bytes()),
            password: SecretText::new(password.expose().as_bytes()),
        };
        Ok(self.core.push(&command, None))
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
        let at_once = self.core.offers("SASL-IR") && !self.core.config.no_initial_response;
        let initial = if at_once { exchange.initial() } else { None };
        let initial = initial.map(SecretText::new);
        let command = Command::Authenticate { mechanism: Atom::checked(mechanism.name()), initial };
        Ok(self.core.push(&command, Some(exchange)))
    }

    /// ENABLE (RFC 5161): what the server grants comes as [`Response::Enabled`](crate::response::Response::Enabled), and
    /// [`is_enabled`](Self::is_enabled) knows it. Commands given after it wait for the answer: after IMAP4rev2 and
    /// UTF8=ACCEPT names and texts are said in UTF-8.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, for a name that is no atom, and where the server has not offered ENABLE or one of these.
    pub fn enable(&mut self, names: &[&str]) -> Result<Tag, Misuse> {
        let names: Option<Vec<Atom<'_>>> = names.iter().map(|name| Atom::new(*name)).collect();
        let names = names.and_then(OneOrMore::new);
        let names = names.ok_or(Misuse::new("enable: one capability's name or more"))?;
        self.core.give(&Command::Enable(names))
    }

    /// COMPRESS (RFC 4978): with its answer both directions are compressed by DEFLATE, as
    /// [`Step::Compress`](mailwire::Step::Compress) tells the driver. Commands given after it are compressed.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, where the server has not offered COMPRESS=DEFLATE, and when the session is compressed.
    pub fn compress(&mut self) -> Result<Tag, Misuse> {
        self.core.give(&Command::Compress(Atom::checked("DEFLATE")))
    }

    /// UNAUTHENTICATE (RFC 8437): the session goes on as before login. Commands given after it wait for the answer.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, where the server has not offered it, and in a compressed session.
    pub fn unauthenticate(&mut self) -> Result<Tag, Misuse> {
        self.core.give(&Command::Unauthenticate)
    }

    /// ID (RFC 2971): what this program tells of itself; empty for nothing. It may be given before login.
    ///
    /// # Errors
    ///
    /// [`Misuse`] where the server has not offered ID.
    pub fn id(&mut self, fields: IdFields<'_>) -> Result<Tag, Misuse> {
        self.core.give(&Command::Id(fields))
    }

    /// IDLE (RFC 2177), until [`done`](Self::done). Before the server could lose patience
    /// ([`Timeouts::idle`](super::Timeouts::idle)) the session ends it and begins it anew by itself, as long as
    /// [`deadline`](mailwire::Machine::deadline) is heeded: the host sees one IDLE, however long it is. Commands given
    /// meanwhile wait for `done`.
    ///
    /// # Errors
    ///
    /// [`Misuse`] before login, and where the server has not offered IDLE.
    pub fn idle(&mut self) -> Result<Tag, Misuse> {
        self.core.give(&Command::Idle)
    }
}
