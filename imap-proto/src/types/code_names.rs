//! The names of response codes.

use super::Code;

/// Codes that are one word.
pub(crate) const PLAIN_CODES: [(&str, Code<'static>); 36] = [
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

/// Codes with arguments, beside the plain ones.
const WITH_ARGUMENTS: [&str; 19] = [
    "APPENDUID",
    "BADCHARSET",
    "BADEVENT",
    "BADURL",
    "CAPABILITY",
    "COPYUID",
    "HIGHESTMODSEQ",
    "INPROGRESS",
    "MAILBOXID",
    "MESSAGELIMIT",
    "METADATA",
    "MODIFIED",
    "NOUPDATE",
    "PERMANENTFLAGS",
    "UIDNEXT",
    "UIDVALIDITY",
    "UNDEFINED-FILTER",
    "UNSEEN",
    "URLMECH",
];

/// Whether a code of this name, in any case, has a variant of its own.
pub(crate) fn is_known_code(name: &str) -> bool {
    let plain = PLAIN_CODES.iter().map(|(known, _)| *known);
    plain.chain(WITH_ARGUMENTS).any(|known| known.eq_ignore_ascii_case(name))
}
