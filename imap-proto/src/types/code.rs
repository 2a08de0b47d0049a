use alloc::vec::Vec;
use core::{fmt, num::NonZeroU32};

use super::{
    Atom, Charset, CodeText, CopyUid, Flag, ModSeq, NonEmpty, OneOrMore, OtherCode, PLAIN_CODES,
    Tag, UidSet, UrlMechanism, code_parts::Quoted, number64,
};

/// A response code: the machine-readable part of a status response (RFC 3501 §7.1, RFC 5530,
/// RFC 4315, RFC 7162).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code<'a> {
    /// Text the user must be shown.
    Alert,
    /// The charset is not supported; those that are.
    BadCharset(Vec<Charset<'a>>),
    /// Capabilities, in a greeting or after login.
    Capability(OneOrMore<Atom<'a>>),
    /// A message's header or structure cannot be parsed.
    Parse,
    /// Flags that can be changed for good.
    PermanentFlags {
        /// Those there are.
        flags: Vec<Flag<'a>>,
        /// `\*`: new keywords can be made.
        more: bool,
    },
    /// The mailbox can be read only.
    ReadOnly,
    /// The mailbox can be changed.
    ReadWrite,
    /// The mailbox does not exist, and CREATE might help.
    TryCreate,
    /// The UID the next message will get.
    UidNext(NonZeroU32),
    /// UIDVALIDITY.
    UidValidity(NonZeroU32),
    /// The first message without `\Seen`, by sequence number.
    Unseen(NonZeroU32),
    /// UIDVALIDITY and UIDs of messages appended (RFC 4315 §3).
    AppendUid(NonZeroU32, NonEmpty<UidSet>),
    /// Which UID each copy has (RFC 4315 §3).
    CopyUid(CopyUid),
    /// UIDs do not persist (RFC 4315 §3).
    UidNotSticky,
    /// The mailbox selected before is closed (RFC 7162 §3.2.11).
    Closed,
    /// The greatest mod-sequence (RFC 7162 §3.1.2.1).
    HighestModSeq(ModSeq),
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
    BadUrl(CodeText<'a>),
    /// Events NOTIFY knows (RFC 5465 §5.2).
    BadEvent(OneOrMore<Atom<'a>>),
    /// The tag of a search that gets no updates (RFC 5267 §4.3.3).
    NoUpdate(Tag<'a>),
    /// The object identifier of a mailbox (RFC 8474 §4.1).
    MailboxId(Atom<'a>),
    /// Entries left out were as long as this (RFC 5464 §4.2.1).
    MetadataLongEntries(u64),
    /// The longest value SETMETADATA takes (RFC 5464 §4.3).
    MetadataMaxSize(u64),
    /// No more entries (RFC 5464 §4.3).
    MetadataTooMany,
    /// No private entries (RFC 5464 §4.3).
    MetadataNoPrivate,
    /// So many messages at once, and the last UID dealt with (RFC 9738 §3.1).
    MessageLimit(NonZeroU32, Option<NonZeroU32>),
    /// The command of this tag still works: done so far, and in all (RFC 9585 §3).
    InProgress(Option<Tag<'a>>, Option<u32>, Option<NonZeroU32>),
    /// How URLs can be authorized besides `INTERNAL` (RFC 4467 §7).
    UrlMech(Vec<UrlMechanism<'a>>),
    /// The filter is not known (RFC 5466 §3.1).
    UndefinedFilter(CodeText<'a>),
    /// Any other.
    Other(OtherCode<'a>),
}

impl Code<'_> {
    /// The same code, owned.
    pub fn into_owned(self) -> Code<'static> {
        if let Some((_, code)) = PLAIN_CODES.iter().find(|(_, code)| *code == self) {
            return code.clone();
        }
        match self {
            Self::BadCharset(names) => {
                Code::BadCharset(names.into_iter().map(Charset::into_owned).collect())
            }
            Self::Capability(names) => Code::Capability(names.map(Atom::into_owned)),
            Self::PermanentFlags { flags, more } => {
                let flags = flags.into_iter().map(Flag::into_owned).collect();
                Code::PermanentFlags { flags, more }
            }
            Self::UidNext(n) => Code::UidNext(n),
            Self::UidValidity(n) => Code::UidValidity(n),
            Self::Unseen(n) => Code::Unseen(n),
            Self::AppendUid(v, set) => Code::AppendUid(v, set),
            Self::CopyUid(copies) => Code::CopyUid(copies),
            Self::HighestModSeq(n) => Code::HighestModSeq(n),
            Self::Modified(set) => Code::Modified(set),
            Self::BadUrl(url) => Code::BadUrl(url.into_owned()),
            Self::BadEvent(names) => Code::BadEvent(names.map(Atom::into_owned)),
            Self::NoUpdate(tag) => Code::NoUpdate(tag.into_owned()),
            Self::MailboxId(id) => Code::MailboxId(id.into_owned()),
            Self::MetadataLongEntries(n) => Code::MetadataLongEntries(n),
            Self::MetadataMaxSize(n) => Code::MetadataMaxSize(n),
            Self::MessageLimit(n, uid) => Code::MessageLimit(n, uid),
            Self::InProgress(tag, now, all) => Code::InProgress(tag.map(Tag::into_owned), now, all),
            Self::UrlMech(all) => {
                Code::UrlMech(all.into_iter().map(UrlMechanism::into_owned).collect())
            }
            Self::UndefinedFilter(name) => Code::UndefinedFilter(name.into_owned()),
            Self::Other(other) => Code::Other(other.into_owned()),
            _ => Code::UseAttr,
        }
    }
}

impl fmt::Display for Code<'_> {
    /// As between the brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = PLAIN_CODES.iter().find(|(_, code)| code == self) {
            return f.write_str(name);
        }
        match self {
            Self::BadCharset(names) if names.is_empty() => f.write_str("BADCHARSET"),
            Self::BadCharset(names) => {
                f.write_str("BADCHARSET (")?;
                words(f, names.iter())?;
                f.write_str(")")
            }
            Self::Capability(names) => {
                f.write_str("CAPABILITY ")?;
                words(f, names.iter())
            }
            Self::PermanentFlags { flags, more } => {
                f.write_str("PERMANENTFLAGS (")?;
                words(f, flags.iter())?;
                f.write_str(match (more, flags.is_empty()) {
                    (false, _) => ")",
                    (true, true) => "\\*)",
                    (true, false) => " \\*)",
                })
            }
            Self::UidNext(n) => write!(f, "UIDNEXT {n}"),
            Self::UidValidity(n) => write!(f, "UIDVALIDITY {n}"),
            Self::Unseen(n) => write!(f, "UNSEEN {n}"),
            Self::AppendUid(validity, uids) => write!(f, "APPENDUID {validity} {uids}"),
            Self::CopyUid(CopyUid { validity, from, to }) => {
                write!(f, "COPYUID {validity} {from} {to}")
            }
            Self::HighestModSeq(n) => write!(f, "HIGHESTMODSEQ {n}"),
            Self::Modified(set) => write!(f, "MODIFIED {set}"),
            // Quotes around the URL belong to it (RFC 4469 §5).
            Self::BadUrl(url) => write!(f, "BADURL {url}"),
            Self::BadEvent(names) => {
                f.write_str("BADEVENT (")?;
                words(f, names.iter())?;
                f.write_str(")")
            }
            Self::NoUpdate(tag) => write!(f, "NOUPDATE {}", Quoted(tag.as_str())),
            Self::MailboxId(id) => write!(f, "MAILBOXID ({id})"),
            Self::MetadataLongEntries(n) => write!(f, "METADATA LONGENTRIES {}", number64(*n)),
            Self::MetadataMaxSize(n) => write!(f, "METADATA MAXSIZE {}", number64(*n)),
            Self::MessageLimit(n, None) => write!(f, "MESSAGELIMIT {n}"),
            Self::MessageLimit(n, Some(uid)) => write!(f, "MESSAGELIMIT {n} {uid}"),
            Self::InProgress(None, None, None) => f.write_str("INPROGRESS"),
            Self::InProgress(tag, now, all) => {
                match tag {
                    Some(tag) => write!(f, "INPROGRESS ({}", Quoted(tag.as_str()))?,
                    None => f.write_str("INPROGRESS (NIL")?,
                }
                for n in [*now, all.map(NonZeroU32::get)] {
                    match n {
                        Some(n) => write!(f, " {n}")?,
                        None => f.write_str(" NIL")?,
                    }
                }
                f.write_str(")")
            }
            Self::UrlMech(all) => {
                f.write_str("URLMECH INTERNAL")?;
                all.iter().try_for_each(|one| write!(f, " {one}"))
            }
            Self::UndefinedFilter(name) => write!(f, "UNDEFINED-FILTER {name}"),
            Self::Other(other) => other.fmt(f),
            _ => Ok(()),
        }
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
