use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

use super::{Atom, Flag, NonEmpty, UidList, UidSet};

/// A response code: the machine-readable part of a status response (RFC 3501 §7.1, RFC 5530,
/// RFC 4315, RFC 7162).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code<'a> {
    /// Text the user must be shown.
    Alert,
    /// The charset is not supported; those that are.
    BadCharset(Vec<Cow<'a, str>>),
    /// Capabilities, in a greeting or after login.
    Capability(Vec<Cow<'a, str>>),
    /// A message's header or structure cannot be parsed.
    Parse,
    /// Flags that can be changed for good.
    PermanentFlags(Vec<Flag<'a>>),
    /// The mailbox can be read only.
    ReadOnly,
    /// The mailbox can be changed.
    ReadWrite,
    /// The mailbox does not exist, and CREATE might help.
    TryCreate,
    /// The UID the next message will get.
    UidNext(u32),
    /// UIDVALIDITY.
    UidValidity(u32),
    /// The first message without `\Seen`, by sequence number.
    Unseen(u32),
    /// UIDVALIDITY and UIDs of messages appended (RFC 4315 §3).
    AppendUid(u32, NonEmpty<UidSet>),
    /// UIDVALIDITY, UIDs of the originals and, in the same order, of the copies (RFC 4315 §3).
    CopyUid(u32, NonEmpty<UidList>, NonEmpty<UidList>),
    /// UIDs do not persist (RFC 4315 §3).
    UidNotSticky,
    /// The mailbox selected before is closed (RFC 7162 §3.2.11).
    Closed,
    /// The greatest mod-sequence (RFC 7162 §3.1.2.1).
    HighestModSeq(u64),
    /// Mod-sequences are not kept (RFC 7162 §3.1.2.2).
    NoModSeq,
    /// Messages a conditional STORE left alone (RFC 7162 §3.1.3).
    Modified(NonEmpty<UidSet>),
    /// A subsystem is not available for now (RFC 5530 from here on).
    Unavailable,
    /// Wrong user or password.
    AuthenticationFailed,
    /// Authenticated, but may not act as the asked user.
    AuthorizationFailed,
    /// The password has expired.
    Expired,
    /// Not without TLS.
    PrivacyRequired,
    /// The operator must be asked.
    ContactAdmin,
    /// No access right.
    NoPerm,
    /// Somebody else has it open or locked.
    InUse,
    /// Messages of the view are gone already.
    ExpungeIssued,
    /// The server found damage.
    Corruption,
    /// The server has a bug.
    ServerBug,
    /// The client has a bug.
    ClientBug,
    /// Never possible with this server.
    Cannot,
    /// A limit of the server.
    Limit,
    /// Would exceed the quota.
    OverQuota,
    /// What should be made is there already.
    AlreadyExists,
    /// What should be used is not there.
    NonExistent,
    /// The mailbox has children.
    HasChildren,
    /// A literal is too large (RFC 7888 §5).
    TooBig,
    /// The special use cannot be given (RFC 6154 §6).
    UseAttr,
    /// `$` was not kept (RFC 5182 §2.1).
    NotSaved,
    /// The content transfer encoding is not known (RFC 3516 §4.3).
    UnknownCte,
    /// Compression is active already (RFC 4978 §3).
    CompressionActive,
    /// Too many notifications: they stop (RFC 5465 §5.8).
    NotificationOverflow,
    /// The server takes UIDs only (RFC 9586 §3.1).
    UidRequired,
    /// No such comparator (RFC 5255 §4.7).
    BadComparator,
    /// A URL of CATENATE could not be used (RFC 4469 §5).
    BadUrl(Cow<'a, str>),
    /// Events NOTIFY knows (RFC 5465 §5.2).
    BadEvent(Vec<Cow<'a, str>>),
    /// The tag of a search that gets no updates (RFC 5267 §4.3.3).
    NoUpdate(Cow<'a, str>),
    /// The object identifier of a mailbox (RFC 8474 §4.1).
    MailboxId(Cow<'a, str>),
    /// Entries left out were as long as this (RFC 5464 §4.2.1).
    MetadataLongEntries(u64),
    /// The longest value SETMETADATA takes (RFC 5464 §4.3).
    MetadataMaxSize(u64),
    /// No more entries (RFC 5464 §4.3).
    MetadataTooMany,
    /// No private entries (RFC 5464 §4.3).
    MetadataNoPrivate,
    /// So many messages at once, and the last UID dealt with (RFC 9738 §3.1).
    MessageLimit(u32, Option<u32>),
    /// The command of this tag still works: done so far, and in all (RFC 9585 §3).
    InProgress(Option<Cow<'a, str>>, Option<u32>, Option<u32>),
    /// How URLs can be authorized besides `INTERNAL`: mechanisms, and what they need to know in base64 (RFC 4467).
    UrlMech(Vec<(Atom<'a>, Option<Cow<'a, str>>)>),
    /// The filter is not known (RFC 5466 §3.1).
    UndefinedFilter(Cow<'a, str>),
    /// Any other: atom, and the text after it if there is one.
    Other(Cow<'a, str>, Option<Cow<'a, str>>),
}

/// Codes that are one word.
pub(crate) const PLAIN: [(&str, Code<'static>); 36] = [
    ("ALERT", Code::Alert),
    ("PARSE", Code::Parse),
    ("READ-ONLY", Code::ReadOnly),
    ("READ-WRITE", Code::ReadWrite),
    ("TRYCREATE", Code::TryCreate),
    ("UIDNOTSTICKY", Code::UidNotSticky),
    ("CLOSED", Code::Closed),
    ("NOMODSEQ", Code::NoModSeq),
    ("UNAVAILABLE", Code::Unavailable),
    ("AUTHENTICATIONFAILED", Code::AuthenticationFailed),
    ("AUTHORIZATIONFAILED", Code::AuthorizationFailed),
    ("EXPIRED", Code::Expired),
    ("PRIVACYREQUIRED", Code::PrivacyRequired),
    ("CONTACTADMIN", Code::ContactAdmin),
    ("NOPERM", Code::NoPerm),
    ("INUSE", Code::InUse),
    ("EXPUNGEISSUED", Code::ExpungeIssued),
    ("CORRUPTION", Code::Corruption),
    ("SERVERBUG", Code::ServerBug),
    ("CLIENTBUG", Code::ClientBug),
    ("CANNOT", Code::Cannot),
    ("LIMIT", Code::Limit),
    ("OVERQUOTA", Code::OverQuota),
    ("ALREADYEXISTS", Code::AlreadyExists),
    ("NONEXISTENT", Code::NonExistent),
    ("HASCHILDREN", Code::HasChildren),
    ("TOOBIG", Code::TooBig),
    ("USEATTR", Code::UseAttr),
    ("NOTSAVED", Code::NotSaved),
    ("UNKNOWN-CTE", Code::UnknownCte),
    ("COMPRESSIONACTIVE", Code::CompressionActive),
    ("NOTIFICATIONOVERFLOW", Code::NotificationOverflow),
    ("UIDREQUIRED", Code::UidRequired),
    ("BADCOMPARATOR", Code::BadComparator),
    ("METADATA TOOMANY", Code::MetadataTooMany),
    ("METADATA NOPRIVATE", Code::MetadataNoPrivate),
];

impl Code<'_> {
    /// The same code, owned.
    pub fn into_owned(self) -> Code<'static> {
        use super::string::own_str;
        if let Some((_, code)) = PLAIN.iter().find(|(_, code)| *code == self) {
            return code.clone();
        }
        match self {
            Self::BadCharset(names) => Code::BadCharset(names.into_iter().map(own_str).collect()),
            Self::Capability(names) => Code::Capability(names.into_iter().map(own_str).collect()),
            Self::PermanentFlags(flags) => {
                Code::PermanentFlags(flags.into_iter().map(Flag::into_owned).collect())
            }
            Self::UidNext(n) => Code::UidNext(n),
            Self::UidValidity(n) => Code::UidValidity(n),
            Self::Unseen(n) => Code::Unseen(n),
            Self::AppendUid(v, set) => Code::AppendUid(v, set),
            Self::CopyUid(v, from, to) => Code::CopyUid(v, from, to),
            Self::HighestModSeq(n) => Code::HighestModSeq(n),
            Self::Modified(set) => Code::Modified(set),
            Self::BadUrl(url) => Code::BadUrl(own_str(url)),
            Self::BadEvent(names) => Code::BadEvent(names.into_iter().map(own_str).collect()),
            Self::NoUpdate(tag) => Code::NoUpdate(own_str(tag)),
            Self::MailboxId(id) => Code::MailboxId(own_str(id)),
            Self::MetadataLongEntries(n) => Code::MetadataLongEntries(n),
            Self::MetadataMaxSize(n) => Code::MetadataMaxSize(n),
            Self::MessageLimit(n, uid) => Code::MessageLimit(n, uid),
            Self::InProgress(tag, now, all) => Code::InProgress(tag.map(own_str), now, all),
            Self::UrlMech(all) => Code::UrlMech(
                all.into_iter()
                    .map(|(name, data)| (name.into_owned(), data.map(own_str)))
                    .collect(),
            ),
            Self::UndefinedFilter(name) => Code::UndefinedFilter(own_str(name)),
            Self::Other(name, text) => Code::Other(own_str(name), text.map(own_str)),
            _ => Code::UseAttr,
        }
    }
}

impl fmt::Display for Code<'_> {
    /// As between the brackets. `Other` is printed only where its text cannot break out of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = PLAIN.iter().find(|(_, code)| code == self) {
            return f.write_str(name);
        }
        match self {
            Self::BadCharset(names) if names.is_empty() => f.write_str("BADCHARSET"),
            Self::BadCharset(names) => {
                f.write_str("BADCHARSET (")?;
                words(f, names.iter().map(|name| Charset(name)))?;
                f.write_str(")")
            }
            Self::Capability(names) => {
                f.write_str("CAPABILITY ")?;
                words(f, names.iter().filter(|n| super::string::is_atom(n.as_bytes())))
            }
            Self::PermanentFlags(flags) => {
                f.write_str("PERMANENTFLAGS (")?;
                words(f, flags.iter())?;
                f.write_str(")")
            }
            Self::UidNext(n) => write!(f, "UIDNEXT {n}"),
            Self::UidValidity(n) => write!(f, "UIDVALIDITY {n}"),
            Self::Unseen(n) => write!(f, "UNSEEN {n}"),
            Self::AppendUid(validity, uids) => write!(f, "APPENDUID {validity} {uids}"),
            Self::CopyUid(validity, from, to) => write!(f, "COPYUID {validity} {from} {to}"),
            Self::HighestModSeq(n) => write!(f, "HIGHESTMODSEQ {n}"),
            Self::Modified(set) => write!(f, "MODIFIED {set}"),
            // Any text but `]`: quotes around the URL belong to it (RFC 4469 §5).
            Self::BadUrl(url) => {
                use core::fmt::Write;
                f.write_str("BADURL ")?;
                let plain = |c: &char| !c.is_control() && *c != ']';
                url.chars().filter(plain).try_for_each(|c| f.write_char(c))
            }
            Self::BadEvent(names) => {
                f.write_str("BADEVENT (")?;
                words(f, names.iter().filter(|n| super::string::is_atom(n.as_bytes())))?;
                f.write_str(")")
            }
            Self::NoUpdate(tag) => write!(f, "NOUPDATE {}", Quoted(tag)),
            Self::MailboxId(id) => write!(f, "MAILBOXID ({})", Clean(id)),
            Self::MetadataLongEntries(n) => write!(f, "METADATA LONGENTRIES {n}"),
            Self::MetadataMaxSize(n) => write!(f, "METADATA MAXSIZE {n}"),
            Self::MessageLimit(n, None) => write!(f, "MESSAGELIMIT {n}"),
            Self::MessageLimit(n, Some(uid)) => write!(f, "MESSAGELIMIT {n} {uid}"),
            Self::InProgress(None, None, None) => f.write_str("INPROGRESS"),
            Self::InProgress(tag, now, all) => {
                match tag {
                    Some(tag) => write!(f, "INPROGRESS ({}", Quoted(tag))?,
                    None => f.write_str("INPROGRESS (NIL")?,
                }
                for n in [now, all] {
                    match n {
                        Some(n) => write!(f, " {n}")?,
                        None => f.write_str(" NIL")?,
                    }
                }
                f.write_str(")")
            }
            Self::UrlMech(all) => {
                f.write_str("URLMECH INTERNAL")?;
                for (name, data) in all {
                    write!(f, " {name}")?;
                    if let Some(data) = data {
                        write!(f, "=\"{}\"", Clean(data))?;
                    }
                }
                Ok(())
            }
            Self::UndefinedFilter(name) => write!(f, "UNDEFINED-FILTER {}", Clean(name)),
            Self::Other(name, text) => {
                // Control characters are CHARs like others (RFC 3501 §9 TEXT-CHAR).
                let safe = |t: &str| !t.contains(['\r', '\n', '\0', ']']);
                f.write_str(if super::string::is_atom(name.as_bytes()) { name } else { "ALERT" })?;
                match text {
                    Some(text) if safe(text) => write!(f, " {text}"),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// `charset = atom / quoted` (RFC 9051 §9). What neither can hold is left out of the name.
struct Charset<'a>(&'a str);

impl fmt::Display for Charset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::string::is_atom(self.0.as_bytes()) {
            true => f.write_str(self.0),
            false => Quoted(self.0).fmt(f),
        }
    }
}

/// `quoted`. What it cannot hold is left out.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_str("\"")?;
        for c in self.0.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')) {
            f.write_str(if matches!(c, '"' | '\\') { "\\" } else { "" })?;
            f.write_char(c)?;
        }
        f.write_str("\"")
    }
}

/// A text that cannot break out of its place in a code.
struct Clean<'a>(&'a str);

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        let safe = |c: &char| !c.is_control() && !matches!(c, '"' | '\\' | ']' | '(' | ')');
        self.0.chars().filter(safe).try_for_each(|c| f.write_char(c))
    }
}

fn words<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    words: impl Iterator<Item = T>,
) -> fmt::Result {
    for (i, word) in words.enumerate() {
        if i > 0 {
            f.write_str(" ")?;
        }
        write!(f, "{word}")?;
    }
    Ok(())
}

/// `resp-text`: an optional code and text for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusText<'a> {
    /// The code.
    pub code: Option<Code<'a>>,
    /// The text; may be empty where a server was careless.
    pub text: Cow<'a, str>,
}

impl<'a> StatusText<'a> {
    /// A code and a text.
    pub fn new(code: Option<Code<'a>>, text: impl Into<Cow<'a, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// The same, owned.
    pub fn into_owned(self) -> StatusText<'static> {
        StatusText {
            code: self.code.map(Code::into_owned),
            text: Cow::Owned(String::from(self.text)),
        }
    }
}

impl fmt::Display for StatusText<'_> {
    /// Never more than a line. An empty text is nothing after the blank (RFC 9051 §9 `resp-text`; RFC 3501 asks for a
    /// character at least).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use core::fmt::Write;
        if let Some(code) = &self.code {
            write!(f, "[{code}] ")?;
        }
        // A text that begins with `[` would be read as a code.
        if self.code.is_none() && self.text.starts_with('[') {
            f.write_str(" ")?;
        }
        self.text.chars().try_for_each(|c| f.write_char(if c.is_control() { ' ' } else { c }))
    }
}
