//! Addresses: what is read, what is printed, and that nothing can be smuggled in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::net::IpAddr;

use proptest::prelude::*;
use smtp_proto::{
    AddressError, Command, Domain, ForwardPath, Leniency, Mail, Mailbox, Rcpt, ReversePath, parse,
};

/// As written, local part without quotes, domain.
const ADDRESSES: [(&str, &str, &str); 22] = [
    ("a@b", "a", "b"),
    ("Alice.Smith@Example.ORG", "Alice.Smith", "Example.ORG"),
    ("a.b.c@x.example", "a.b.c", "x.example"),
    ("a+tag@x.example", "a+tag", "x.example"),
    ("!#$%&'*+-/=?^_`{|}~@x.example", "!#$%&'*+-/=?^_`{|}~", "x.example"),
    ("1@2", "1", "2"),
    ("a@x_y.example", "a", "x_y.example"),
    ("a@1.2.3.4", "a", "1.2.3.4"),
    ("a@xn--bcher-kva.example", "a", "xn--bcher-kva.example"),
    ("\"\"@x.example", "", "x.example"),
    ("\"a\"@x.example", "a", "x.example"),
    ("\"a b\"@x.example", "a b", "x.example"),
    ("\"a@b\"@x.example", "a@b", "x.example"),
    ("\"a>b<c\"@x.example", "a>b<c", "x.example"),
    ("\"a..b.\"@x.example", "a..b.", "x.example"),
    ("\"a\\\"b\\\\c\\d\"@x.example", "a\"b\\cd", "x.example"),
    ("\"\\ \"@x.example", " ", "x.example"),
    ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
    ("a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]"),
    ("a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]"),
    ("a@[x400:c=de;p=x]", "a", "[x400:c=de;p=x]"),
    ("élan@bücher.example", "élan", "bücher.example"),
];

const NO_ADDRESSES: [&str; 45] = [
    "",
    "@",
    "a",
    "a@",
    "@b",
    "a@b@c",
    "a b@c",
    "a@b c",
    " a@b",
    "a@b ",
    "<a@b>",
    "a@b>",
    ".a@b",
    "a.@b",
    "a..b@c",
    "a@.b",
    "a@b.",
    "a@b..c",
    "a@-b",
    "a@b-",
    "a@b.-c",
    "a(c)@b",
    "a,b@c",
    "a:b@c",
    "a;b@c",
    "a[b@c",
    "\"a@b",
    "a\"b@c",
    "\"a\"b@c",
    "\"a\\\"@b",
    "\"a\"",
    "\"a\u{0}\"@b",
    "\"a\u{7f}\"@b",
    "\"a\r\n\"@b",
    "\"a\\\r\"@b",
    "\"a\tb\"@c",
    "a\r\n@b",
    "a@b\r\n",
    "a@[]",
    "a@[192.0.2.1",
    "a@[192.0.2.256]",
    "a@[192.0.2]",
    "a@[IPv6:2001]",
    "a@[x:]",
    "a@[a b]",
];

#[test]
fn addresses_are_read_and_printed_as_they_were_written() {
    for (text, local, domain) in ADDRESSES {
        let mailbox = Mailbox::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(mailbox.to_string(), text);
        assert_eq!(mailbox.local(), local, "{text}");
        assert_eq!(mailbox.domain().as_str(), domain, "{text}");
        assert_eq!(mailbox.is_ascii(), text.is_ascii());
        assert_eq!(Mailbox::parse(text).unwrap().into_owned(), mailbox);
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in NO_ADDRESSES {
        assert_eq!(Mailbox::parse(text).err(), Some(AddressError::Syntax), "{text:?}");
    }
}

#[test]
fn an_address_of_254_octets_is_taken_and_a_longer_one_refused() {
    let address = |n: usize| format!("{}@b.example", "a".repeat(n - 10));
    assert_eq!(Mailbox::parse(&address(254)).unwrap().as_str().len(), 254);
    assert_eq!(Mailbox::parse(&address(255)).err(), Some(AddressError::TooLong));
    assert_eq!(Mailbox::new(&"a".repeat(245), "b.example").err(), Some(AddressError::TooLong));
    assert!(Mailbox::new(&"a".repeat(244), "b.example").is_ok());
}

#[test]
fn a_local_part_is_quoted_where_it_must_be() {
    for (local, printed) in [
        ("alice", "alice@x.example"),
        ("a.b", "a.b@x.example"),
        ("a b", "\"a b\"@x.example"),
        ("a\"b\\", "\"a\\\"b\\\\\"@x.example"),
        (".a", "\".a\"@x.example"),
        ("a@b", "\"a@b\"@x.example"),
        ("<>", "\"<>\"@x.example"),
        ("\"a\"", "\"\\\"a\\\"\"@x.example"),
    ] {
        let mailbox = Mailbox::new(local, "x.example").unwrap();
        assert_eq!(mailbox.to_string(), printed);
        assert_eq!(mailbox.local(), local);
    }
}

#[test]
fn nothing_can_be_injected_by_either_part() {
    for local in ["", "a\r\nDATA", "a\nb", "a\0", "a\u{7f}", "a\tb"] {
        assert!(Mailbox::new(local, "x.example").is_err(), "{local:?}");
    }
    for domain in [
        "",
        ".",
        "x.example>",
        "x.example> SIZE=1",
        "x.example\r\nDATA",
        "x.example\n",
        "x y",
        "@x",
        "x@y",
        "[1.2.3.4",
        "[1.2.3.4]]",
        "[1.2.3.4]x",
        "x\0",
        "x,y",
        "\"x\"",
        "[\r\n]",
        "-x",
    ] {
        assert!(Mailbox::new("a", domain).is_err(), "{domain:?}");
    }
}

#[test]
fn equality_sees_the_case_of_domains_through_and_same_sees_quotes_through() {
    let read = |text: &'static str| Mailbox::parse(text).unwrap();
    assert_eq!(read("a@X.example"), read("a@x.EXAMPLE"));
    assert_ne!(read("a@x.example"), read("A@x.example"));
    assert_ne!(read("\"a\"@x.example"), read("a@x.example"));
    assert!(read("\"a\"@x.example").same(&read("a@X.example")));
    assert!(read("\"\\a\"@x.example").same(&read("a@x.example")));
    assert!(!read("\"a b\"@x.example").same(&read("ab@x.example")));
}

#[test]
fn a_domain_literal_gives_its_address() {
    let ip = |text: &str| Mailbox::parse(text).unwrap().domain().ip();
    assert_eq!(ip("a@[192.0.2.1]"), Some(IpAddr::from([192, 0, 2, 1])));
    assert_eq!(ip("a@[IPv6:2001:db8::1]"), "2001:db8::1".parse().ok());
    assert_eq!(ip("a@[x400:c=de]"), None);
    assert_eq!(ip("a@192.0.2.1"), None);
    assert!(matches!(Mailbox::parse("a@[192.0.2.1]").unwrap().domain(), Domain::Literal(_)));
}

#[test]
fn the_null_path_postmaster_and_mailboxes_are_kept_apart() {
    let mail = |line: &'static str| match parse::command(line.as_bytes(), Leniency::default()) {
        Ok(Command::Mail(mail)) => mail.from.into_owned(),
        other => panic!("{other:?}"),
    };
    let rcpt = |line: &'static str| match parse::command(line.as_bytes(), Leniency::default()) {
        Ok(Command::Rcpt(rcpt)) => rcpt.to.into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(mail("MAIL FROM:<>"), ReversePath::Null);
    assert_eq!(mail("MAIL FROM:<>").mailbox(), None);
    assert_eq!(rcpt("RCPT TO:<postmaster>"), ForwardPath::Postmaster);
    assert_eq!(rcpt("RCPT TO:<postmaster>").address(), "postmaster");
    let at = rcpt("RCPT TO:<postmaster@x.example>");
    assert_eq!(
        (at.address().as_str(), at.to_string().as_str()),
        ("postmaster@x.example", "<postmaster@x.example>")
    );
    assert_ne!(at, ForwardPath::Postmaster);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_mailbox_of_any_text_is_refused_or_printed_so_that_it_reads_back(
        local in "\\PC{0,20}|[ -~]{0,20}|(?s).{0,10}", domain in "[a-z.\\-]{1,20}|(?s).{0,12}|\\[[0-9.:a-fIPv]{0,20}\\]"
    ) {
        let Ok(mailbox) = Mailbox::new(&local, &domain) else { return Ok(()) };
        let text = mailbox.to_string();
        prop_assert!(!text.bytes().any(|octet| octet < b' ' || octet == 0x7F), "{:?}", text);
        prop_assert_eq!(mailbox.local(), local.as_str());
        prop_assert_eq!(mailbox.domain().as_str(), domain.as_str());
        prop_assert_eq!(&Mailbox::parse(&text).unwrap(), &mailbox);
        // In a command it stays one address.
        let mail = Mail::new(ReversePath::Mailbox(mailbox.clone())).to_string();
        let read = parse::command(mail.as_bytes(), Leniency::default());
        prop_assert_eq!(read, Ok(Command::Mail(Mail::new(ReversePath::Mailbox(mailbox.clone())))));
        let rcpt = Rcpt::new(ForwardPath::Mailbox(mailbox.clone())).to_string();
        let read = parse::command(rcpt.as_bytes(), Leniency::default());
        prop_assert_eq!(read, Ok(Command::Rcpt(Rcpt::new(ForwardPath::Mailbox(mailbox)))));
    }

    #[test]
    fn any_local_part_without_control_characters_makes_a_mailbox(local in "[ -~é]{1,40}") {
        let mailbox = Mailbox::new(&local, "x.example").unwrap();
        prop_assert_eq!(mailbox.local(), local.as_str());
    }

    #[test]
    fn any_text_that_is_read_is_printed_the_same(text in "(?s).{0,30}|[a\"@.\\\\ \\[\\]<>-]{0,12}") {
        if let Ok(mailbox) = Mailbox::parse(&text) {
            prop_assert_eq!(mailbox.to_string(), text);
        }
    }

    #[test]
    fn commands_that_are_read_print_what_reads_the_same(
        line in "(MAIL FROM:|RCPT TO:|EHLO |HELO |VRFY |AUTH |HELP|NOOP|DATA)[ -~é]{0,30}"
    ) {
        if let Ok(command) = parse::command(line.as_bytes(), Leniency::default()) {
            let printed = command.to_string();
            prop_assert_eq!(parse::command(printed.as_bytes(), Leniency::default()), Ok(command));
        }
    }
}
