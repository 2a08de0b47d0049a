//! Commands of ACL, QUOTA, METADATA, URLAUTH and other extensions with few words: values to octets and back.
#![allow(clippy::unwrap_used)]

use imap_proto::{
    command::{
        Command, EntryName, Literals, MetadataOptions, PrintOptions, Rights, RightsAction, Tagged,
    },
    parse,
    types::{Atom, Mailbox, OneOrMore, Tag},
};
use proptest::prelude::*;

fn name(text: &str) -> Mailbox<'_> {
    Mailbox::new(text).unwrap()
}

fn word(text: &'static str) -> Atom<'static> {
    Atom::new(text).unwrap()
}

fn octets(text: &'static [u8]) -> std::borrow::Cow<'static, [u8]> {
    text.into()
}

fn entry(text: &'static str) -> EntryName<'static> {
    EntryName::new(text).unwrap()
}

fn printed(command: Command<'_>) -> Vec<u8> {
    let options = PrintOptions::new(Literals::Plus);
    Tagged::new(Tag::new("t").unwrap(), command).print(options).octets
}

#[test]
fn values_and_octets_are_the_same_thing() {
    let rights = |text| Rights::new(text).unwrap();
    let cases = [
        (Command::Unauthenticate, "UNAUTHENTICATE"),
        (Command::GetJmapAccess, "GETJMAPACCESS"),
        (Command::Compress(word("DEFLATE")), "COMPRESS DEFLATE"),
        (Command::Language(vec![]), "LANGUAGE"),
        (Command::Language(vec!["fr-CA".into(), "EN".into()]), "LANGUAGE \"fr-CA\" \"EN\""),
        (Command::Comparator(vec!["cz;*".into()]), "COMPARATOR \"cz;*\""),
        (
            Command::CancelUpdate(OneOrMore::of([
                Tag::new("B01").unwrap(),
                Tag::new("B02").unwrap(),
            ])),
            "CANCELUPDATE \"B01\" \"B02\"",
        ),
        (Command::GetQuota(octets(b"")), "GETQUOTA \"\""),
        (Command::GetQuotaRoot(name("Old mail")), "GETQUOTAROOT \"Old mail\""),
        (
            Command::SetQuota {
                root: octets(b""),
                limits: vec![(word("STORAGE"), i64::MAX as u64), (word("MESSAGE"), 5)],
            },
            "SETQUOTA \"\" (STORAGE 9223372036854775807 MESSAGE 5)",
        ),
        (
            Command::SetAcl {
                mailbox: name("INBOX"),
                identifier: octets(b"fred"),
                action: RightsAction::Remove,
                rights: rights("lr0"),
            },
            "SETACL INBOX fred -lr0",
        ),
        (
            Command::SetAcl {
                mailbox: name("INBOX"),
                identifier: octets(b"-fred"),
                action: RightsAction::Replace,
                rights: rights(""),
            },
            "SETACL INBOX -fred \"\"",
        ),
        (
            Command::DeleteAcl { mailbox: name("INBOX"), identifier: octets(b"fred b") },
            "DELETEACL INBOX \"fred b\"",
        ),
        (Command::GetAcl(name("INBOX")), "GETACL INBOX"),
        (
            Command::ListRights { mailbox: name("INBOX"), identifier: octets(b"anyone") },
            "LISTRIGHTS INBOX anyone",
        ),
        (Command::MyRights(name("Entwürfe")), "MYRIGHTS Entw&APw-rfe"),
        (
            Command::GetMetadata {
                mailbox: name(""),
                options: MetadataOptions::default(),
                entries: OneOrMore::of([entry("/shared/comment")]),
            },
            "GETMETADATA \"\" /shared/comment",
        ),
        (
            Command::SetMetadata {
                mailbox: name("INBOX"),
                entries: OneOrMore::of([
                    (entry("/private/a"), None),
                    (entry("/private/b"), Some(octets(b"NIL"))),
                ]),
            },
            "SETMETADATA INBOX (/private/a NIL /private/b \"NIL\")",
        ),
        (
            Command::GenUrlAuth(OneOrMore::of([(octets(b"imap://a/b"), word("INTERNAL"))])),
            "GENURLAUTH imap://a/b INTERNAL",
        ),
        (Command::ResetKey(None), "RESETKEY"),
        (
            Command::ResetKey(Some((name("INBOX"), vec![word("INTERNAL")]))),
            "RESETKEY INBOX INTERNAL",
        ),
        (Command::UrlFetch(OneOrMore::of([octets(b"imap://a/b c")])), "URLFETCH \"imap://a/b c\""),
    ];
    for (command, line) in cases {
        let wire = format!("t {line}\r\n");
        assert_eq!(String::from_utf8_lossy(&printed(command.clone())), wire);
        assert_eq!(parse::command(wire.as_bytes()).unwrap().command, command, "{line}");
    }
}

#[test]
fn options_of_getmetadata_stand_before_or_behind_the_mailbox() {
    let before = "t GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX (/shared/a /private/b)\r\n";
    let behind = "t GETMETADATA INBOX (DEPTH INFINITY MAXSIZE 1024) (/shared/a /private/b)\r\n";
    let read = parse::command(before.as_bytes()).unwrap().command;
    assert_eq!(parse::command(behind.as_bytes()).unwrap().command, read);
    assert_eq!(printed(read), before.as_bytes());
}

#[test]
fn what_the_grammar_refuses_is_refused() {
    for line in [
        "SETACL INBOX fred LRS",
        "SETACL INBOX fred",
        "SETQUOTA \"\" (STORAGE)",
        "SETQUOTA \"\" STORAGE 5",
        "SETQUOTA \"\" (STORAGE -1)",
        "GETMETADATA INBOX ()",
        "GETMETADATA INBOX comment",
        "GETMETADATA INBOX /shared/*",
        "GETMETADATA (DEPTH 2) INBOX /shared/a",
        "SETMETADATA INBOX ()",
        "SETMETADATA INBOX (/shared/a)",
        "COMPRESS",
        "UNAUTHENTICATE now",
        "CANCELUPDATE",
        "CANCELUPDATE \"a b\"",
        "GENURLAUTH imap://a/b",
        "URLFETCH",
    ] {
        assert!(parse::command(format!("t {line}\r\n").as_bytes()).is_err(), "{line}");
    }
}

proptest! {
    #[test]
    fn no_octets_of_a_value_leave_it(text in proptest::collection::vec(1u8.., 0..40)) {
        for command in [
            Command::GetQuota(text.clone().into()),
            Command::DeleteAcl { mailbox: Mailbox::INBOX, identifier: text.clone().into() },
            Command::UrlFetch(OneOrMore::of([text.clone().into(), text.clone().into()])),
            Command::SetMetadata {
                mailbox: Mailbox::INBOX,
                entries: OneOrMore::one((entry("/shared/a"), Some(text.clone().into()))),
            },
        ] {
            let wire = printed(command.clone());
            prop_assert_eq!(parse::command(&wire).unwrap().command, command);
        }
    }
}
