//! Commands as a client sends them.

mod extension;
mod fetch;
mod list;
mod notify;
mod search;

use alloc::{format, vec::Vec};
use core::fmt::Display;

use super::{Out, decimal, quoted, without_nul};
use crate::{
    command::{
        Append, AppendBody, AppendData, AppendMessage, CatenatePart, Command, MessageLiteral,
        Tagged,
    },
    types::{
        Flag, Mailbox, Names, StoreAction, is_astring, number64,
        string::{is_quotable, is_utf8_quotable},
    },
};

/// How a command may be printed: what the server has offered and the client has enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PrintOptions {
    /// Which literals need not be waited for.
    pub literals: Literals,
    /// UTF-8 may stand in quoted strings, and mailbox names go as UTF-8: after `ENABLE UTF8=ACCEPT`
    /// or `ENABLE IMAP4rev2` (RFC 6855 §3, RFC 9051 §5.1). Otherwise names go in modified UTF-7.
    pub utf8: bool,
}

impl PrintOptions {
    /// These literals, and no UTF-8 outside of them.
    pub const fn new(literals: Literals) -> Self {
        Self { literals, utf8: false }
    }

    /// How mailbox names are then encoded: what [`parse::command_in`](crate::parse::command_in) needs to know.
    pub const fn names(self) -> Names {
        if self.utf8 { Names::Utf8 } else { Names::ModifiedUtf7 }
    }

    /// The same, with UTF-8.
    #[must_use]
    pub const fn utf8(self) -> Self {
        Self { utf8: true, ..self }
    }
}

/// Which literals are sent without waiting for the server (RFC 7888).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Literals {
    /// None: the server offers neither.
    #[default]
    Sync,
    /// `LITERAL-`: those of up to 4,096 octets (RFC 7888 §5).
    Minus,
    /// `LITERAL+`: all.
    Plus,
}

impl Literals {
    pub(crate) fn is_non_sync(self, len: u64) -> bool {
        match self {
            Self::Sync => false,
            Self::Minus => len <= 4096,
            Self::Plus => true,
        }
    }
}

/// A printed command.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Printed {
    /// The octets, from the tag to the CRLF, without those that come later.
    pub octets: Vec<u8>,
    /// Where the client has to stop until the server says `+`: after the CRLF of each synchronizing
    /// literal's announcement.
    pub waits: Vec<usize>,
    /// Where octets belong that come later
    /// ([`AppendData::ToCome`](crate::command::AppendData::ToCome)).
    pub gaps: Vec<Gap>,
}

/// A place in a printed command where octets belong that come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// Before this octet.
    pub at: usize,
    /// So many octets.
    pub len: u64,
}

impl core::fmt::Debug for Printed {
    /// Shows no octets: there may be a password among them.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Printed({} octets)", self.octets.len())
    }
}

impl Tagged<'_> {
    /// Prints the command.
    ///
    /// ```
    /// use imap_proto::{
    ///     command::{Command, PrintOptions, Tagged},
    ///     types::{Mailbox, Tag},
    /// };
    ///
    /// let command = Command::Delete(Mailbox::new("Old mail").unwrap());
    /// let printed = Tagged::new(Tag::new("a1").unwrap(), command).print(PrintOptions::default());
    /// assert_eq!(printed.octets, b"a1 DELETE \"Old mail\"\r\n");
    /// ```
    pub fn print(&self, options: PrintOptions) -> Printed {
        let (out, waits, gaps) = (Vec::new(), Vec::new(), Vec::new());
        let mut printer = Printer { out, waits, gaps, options };
        printer.put(self.tag.as_bytes());
        printer.put(b" ");
        printer.command(&self.command);
        printer.put(b"\r\n");
        Printed { octets: printer.out, waits: printer.waits, gaps: printer.gaps }
    }
}

struct Printer {
    out: Vec<u8>,
    waits: Vec<usize>,
    gaps: Vec<Gap>,
    options: PrintOptions,
}

impl Out for Printer {
    fn put(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }
}

impl Printer {
    fn text(&mut self, text: impl Display) {
        self.put(format!("{text}").as_bytes());
    }

    /// `astring`: an atom, a quoted string or a literal, by what its octets allow.
    fn astring(&mut self, text: &[u8]) {
        if is_astring(text) && !text.eq_ignore_ascii_case(b"NIL") {
            self.put(text);
        } else {
            self.string(text);
        }
    }

    fn string(&mut self, text: &[u8]) {
        let quotable = match self.options.utf8 {
            true => core::str::from_utf8(text).is_ok_and(is_utf8_quotable),
            false => is_quotable(text),
        };
        if quotable && text.len() <= 1000 {
            quoted(self, text);
        } else {
            self.announce(text.len() as u64);
            self.put(&without_nul(text));
        }
    }

    /// A string, or a literal8 where it holds NUL (RFC 3516 §4.4).
    fn string8(&mut self, text: &[u8]) {
        if memchr::memchr(0, text).is_none() {
            return self.string(text);
        }
        self.put(b"~");
        self.announce(text.len() as u64);
        self.put(text);
    }

    /// `{n}` or `{n+}`, and where to wait.
    fn announce(&mut self, len: u64) {
        self.put(b"{");
        decimal(self, len);
        if self.options.literals.is_non_sync(len) {
            self.put(b"+}\r\n");
        } else {
            self.put(b"}\r\n");
            self.waits.push(self.out.len());
        }
    }

    fn mailbox_text(&mut self, name: &str) {
        if self.options.utf8 {
            self.string(name.as_bytes());
        } else {
            self.string(crate::types::encode_mailbox(name).as_bytes());
        }
    }

    fn mailbox(&mut self, mailbox: &Mailbox<'_>) {
        if self.options.utf8 {
            self.astring(mailbox.as_str().as_bytes());
        } else {
            self.astring(mailbox.to_wire().as_bytes());
        }
    }

    fn list<T>(&mut self, items: &[T], mut print: impl FnMut(&mut Self, &T)) {
        self.put(b"(");
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.put(b" ");
            }
            print(self, item);
        }
        self.put(b")");
    }

    /// `flag-list`: `\\Recent` is the server's alone, and `\\*` no flag (RFC 3501 §9 `flag`); both are left out.
    fn flags(&mut self, flags: &[Flag<'_>]) {
        let may_be_set = |flag: &&Flag<'_>| **flag != Flag::Recent;
        let flags: Vec<&Flag<'_>> = flags.iter().filter(may_be_set).collect();
        self.list(&flags, |p, flag| p.text(flag));
    }

    fn command(&mut self, command: &Command<'_>) {
        let word = |uid: bool, name: &str| format!("{}{name} ", if uid { "UID " } else { "" });
        match command {
            Command::Capability => self.put(b"CAPABILITY"),
            Command::Noop => self.put(b"NOOP"),
            Command::Logout => self.put(b"LOGOUT"),
            Command::StartTls => self.put(b"STARTTLS"),
            Command::Namespace => self.put(b"NAMESPACE"),
            Command::Check => self.put(b"CHECK"),
            Command::Close => self.put(b"CLOSE"),
            Command::Unselect => self.put(b"UNSELECT"),
            Command::Idle => self.put(b"IDLE"),
            Command::Expunge(None) => self.put(b"EXPUNGE"),
            Command::Expunge(Some(set)) => self.text(format!("UID EXPUNGE {set}")),
            Command::Id(pairs) if pairs.is_empty() => self.put(b"ID NIL"),
            Command::Id(pairs) => {
                self.put(b"ID ");
                self.list(pairs, |p, (name, value)| {
                    p.string(name);
                    p.put(b" ");
                    match value {
                        Some(value) => p.string(value),
                        None => p.put(b"NIL"),
                    }
                });
            }
            Command::Authenticate { mechanism, initial } => {
                self.text(format!("AUTHENTICATE {mechanism}"));
                if let Some(initial) = initial {
                    // RFC 4959 §3: an empty one is `=`.
                    match initial.reveal() {
                        [] => self.put(b" ="),
                        octets => self.text(format_args!(" {}", mailwire::sasl::encode(octets))),
                    }
                }
            }
            Command::Login { user, password } => {
                self.put(b"LOGIN ");
                self.astring(user);
                self.put(b" ");
                self.astring(password.reveal());
            }
            Command::Enable(names) => {
                self.put(b"ENABLE");
                for name in names {
                    self.put(b" ");
                    self.put(name.as_bytes());
                }
            }
            Command::Select { mailbox, read_only, condstore, qresync } => {
                self.put(if *read_only { b"EXAMINE " } else { b"SELECT " });
                self.mailbox(mailbox);
                self.select_params(*condstore, qresync.as_ref());
            }
            Command::Create { mailbox, uses } => {
                self.put(b"CREATE ");
                self.mailbox(mailbox);
                if !uses.is_empty() {
                    self.put(b" (USE ");
                    self.list(uses, |p, one| p.text(one));
                    self.put(b")");
                }
            }
            Command::Delete(mailbox) => self.named("DELETE ", mailbox),
            Command::Subscribe(mailbox) => self.named("SUBSCRIBE ", mailbox),
            Command::Unsubscribe(mailbox) => self.named("UNSUBSCRIBE ", mailbox),
            Command::Rename(from, to) => {
                self.named("RENAME ", from);
                self.named(" ", to);
            }
            Command::List(query) => self.list_query(query),
            Command::Lsub { reference, pattern } => self.basic_list("LSUB ", reference, pattern),
            Command::XList { reference, pattern } => self.basic_list("XLIST ", reference, pattern),
            Command::Status(mailbox, items) => {
                self.named("STATUS ", mailbox);
                self.put(b" ");
                self.list(items, |p, item| p.put(item.as_str().as_bytes()));
            }
            Command::Append(append) => self.append(append),
            Command::Replace(replace) => {
                self.text(word(replace.uid, "REPLACE"));
                match replace.number {
                    Some(number) => decimal(self, u64::from(number.get())),
                    None => self.put(b"*"),
                }
                self.named(" ", &replace.mailbox);
                self.message(&replace.message);
            }
            Command::Search { uid, query } => {
                self.text(word(*uid, "SEARCH").trim_end());
                self.search(query);
            }
            Command::Fetch { uid, set, items, modifiers } => {
                self.text(format!("{}{set} ", word(*uid, "FETCH")));
                self.fetch_items(items.as_slice());
                self.modifiers(*modifiers);
            }
            Command::Store { uid, set, action, silent, flags, unchanged_since } => {
                self.text(format!("{}{set} ", word(*uid, "STORE")));
                if let Some(mod_seq) = unchanged_since {
                    self.text(format!("(UNCHANGEDSINCE {}) ", number64(*mod_seq)));
                }
                self.store("FLAGS", *action, *silent);
                self.flags(flags);
            }
            Command::StoreLabels { uid, set, action, silent, labels } => {
                self.text(format!("{}{set} ", word(*uid, "STORE")));
                self.store("X-GM-LABELS", *action, *silent);
                self.list(labels, |p, label| p.label(label));
            }
            Command::Copy { uid, set, mailbox } => {
                self.text(format!("{}{set} ", word(*uid, "COPY")));
                self.mailbox(mailbox);
            }
            Command::Move { uid, set, mailbox } => {
                self.text(format!("{}{set} ", word(*uid, "MOVE")));
                self.mailbox(mailbox);
            }
            Command::Sort { uid, returns, criteria, charset, key } => {
                self.text(word(*uid, "SORT"));
                self.sort(criteria, returns.as_ref());
                self.charset_and_keys(charset, key);
            }
            Command::Thread { uid, algorithm, charset, key } => {
                self.text(format!("{}{algorithm} ", word(*uid, "THREAD")));
                self.charset_and_keys(charset, key);
            }
            Command::ESearch { uid, sources, query } => self.e_search(*uid, sources, query),
            Command::Notify(notify) => self.notify(notify),
            other => self.extension(other),
        }
    }

    fn basic_list(&mut self, word: &str, reference: &str, pattern: &str) {
        self.text(word);
        self.mailbox_text(reference);
        self.put(b" ");
        self.mailbox_text(pattern);
    }

    /// `["+" / "-"] item [".SILENT"] SP`
    fn store(&mut self, item: &str, action: StoreAction, silent: bool) {
        self.put(match action {
            StoreAction::Replace => b"",
            StoreAction::Add => b"+",
            StoreAction::Remove => b"-",
        });
        self.text(item);
        self.put(if silent { b".SILENT " } else { b" " });
    }

    /// Gmail's own labels are written as flags are, `\\Inbox`; all others as strings.
    fn label(&mut self, label: &[u8]) {
        match label {
            [b'\\', name @ ..] if crate::types::string::is_atom(name) => self.put(label),
            _ => self.string(label),
        }
    }

    fn named(&mut self, word: &str, mailbox: &Mailbox<'_>) {
        self.text(word);
        self.mailbox(mailbox);
    }

    fn append(&mut self, append: &Append<'_>) {
        self.named("APPEND ", &append.mailbox);
        for message in &append.messages {
            self.message(message);
        }
    }

    fn message(&mut self, message: &AppendMessage<'_>) {
        self.put(b" ");
        if !message.flags.is_empty() {
            self.flags(&message.flags);
            self.put(b" ");
        }
        if let Some(date) = message.date {
            self.text(format!("\"{date}\" "));
        }
        match &message.body {
            AppendBody::Literal(literal) => self.message_literal(literal),
            AppendBody::Utf8(data) => self.utf8_literal(data),
            AppendBody::Catenate(parts) => {
                self.put(b"CATENATE ");
                self.list(parts, |p, part| match part {
                    CatenatePart::Url(url) => {
                        p.put(b"URL ");
                        p.astring(url);
                    }
                    CatenatePart::Text(literal) => {
                        p.put(b"TEXT ");
                        p.message_literal(literal);
                    }
                    CatenatePart::Utf8(data) => p.utf8_literal(data),
                });
            }
        }
    }

    fn utf8_literal(&mut self, data: &AppendData<'_>) {
        self.put(b"UTF8 (~");
        self.append_data(data);
        self.put(b")");
    }

    fn message_literal(&mut self, literal: &MessageLiteral<'_>) {
        self.put(if literal.is_binary() { b"~" } else { b"" });
        self.append_data(literal.data());
    }

    fn append_data(&mut self, data: &AppendData<'_>) {
        self.announce(data.size());
        match data {
            AppendData::Octets(octets) => self.put(octets),
            AppendData::ToCome { len } => self.gaps.push(Gap { at: self.out.len(), len: *len }),
        }
    }
}
