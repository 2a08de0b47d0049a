//! Commands and the values in them: read, written, and read again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::{collection::vec, option, prelude::*, sample::select};
use smtp_proto::{
    Attributes, Body, Command, CommandError, DateTime, DeliverBy, DeliverMode, ForwardPath, Hold,
    Leniency, Mail, MailParams, Mailbox, Notify, Orcpt, ParamError, Rcpt, RcptParams, Ret,
    ReversePath, Rrvs, RrvsAction, Xtext, parse,
};

fn read(line: &str) -> Result<Command<'_>, CommandError> {
    parse::command(line.as_bytes(), Leniency::default())
}

/// Lines as a client writes them: they print as they were read.
const LINES: [&str; 33] = [
    "EHLO client.example",
    "HELO [192.0.2.1]",
    "LHLO client.example",
    "MAIL FROM:<>",
    "MAIL FROM:<a@b.example> SIZE=500000 BODY=8BITMIME SMTPUTF8 AUTH=<> RET=HDRS ENVID=QQ+2B REQUIRETLS MT-PRIORITY=-9 HOLDFOR=60 BY=120;RT",
    "MAIL FROM:<\"a b\"@[IPv6:::1]> BODY=7BIT HOLDUNTIL=2030-02-28T23:59:60+01:30",
    "MAIL FROM:<a@b.example> BODY=BINARYMIME BY=-5;N",
    "RCPT TO:<Postmaster>",
    "RCPT TO:<x@y.example> NOTIFY=NEVER ORCPT=rfc822;x+2By@z RRVS=2014-04-03T23:01:00Z;C",
    "RCPT TO:<x@y.example> NOTIFY=SUCCESS,FAILURE,DELAY",
    "RCPT TO:<ü@ü.example> NOTIFY=DELAY ORCPT=utf-8;ü@ü.example",
    "DATA",
    "BDAT 0",
    "BDAT 86 LAST",
    "BDAT 18446744073709551615 LAST",
    "BURL imap://u@h/outbox;uid=25;urlauth=submit+u:internal:0123",
    "BURL imap:x LAST",
    "RSET",
    "NOOP",
    "VRFY Smith <smith@b.example>",
    "EXPN Example-People",
    "HELP",
    "HELP MAIL",
    "ETRN innosoft.com",
    "ETRN @innosoft.com",
    "ETRN #queue",
    "XCLIENT NAME=spike ADDR=168.100.189.2 LOGIN=a+2Bb",
    "XFORWARD NAME=[UNAVAILABLE] PROTO=ESMTP",
    "QUIT",
    "STARTTLS",
    "AUTH PLAIN",
    "AUTH PLAIN =",
    "AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiY2RlZmdo",
];

#[test]
fn commands_print_as_they_were_read() {
    for line in LINES {
        let command = read(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(command.to_string(), line);
        let lower = line.split_once([' ', ':']).map_or(line.to_lowercase(), |(verb, _)| {
            format!("{}{}", verb.to_lowercase(), &line[verb.len()..])
        });
        assert_eq!(read(&lower).unwrap(), command, "{lower}");
        let spaced = format!("{line}  ");
        assert_eq!(read(&spaced).unwrap(), command, "spaces at the end");
    }
}

#[test]
fn parameters_given_twice_or_unknown_or_unfit_are_told_apart() {
    let error = |line: &str| match read(line) {
        Err(CommandError::Param(error)) => error,
        other => panic!("{line}: {other:?}"),
    };
    for twice in [
        "SIZE=1 SIZE=1",
        "BODY=7BIT BODY=7BIT",
        "SMTPUTF8 SMTPUTF8",
        "AUTH=<> AUTH=<>",
        "RET=FULL ret=FULL",
        "ENVID=x ENVID=y",
        "REQUIRETLS REQUIRETLS",
        "MT-PRIORITY=1 MT-PRIORITY=1",
        "HOLDFOR=1 HOLDFOR=1",
        "HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z",
        "BY=1;N BY=1;N",
    ] {
        assert_eq!(error(&format!("MAIL FROM:<> {twice}")), ParamError::Duplicate, "{twice}");
    }
    for twice in [
        "NOTIFY=NEVER NOTIFY=NEVER",
        "ORCPT=a;b ORCPT=a;b",
        "RRVS=2014-04-03T23:01:00Z RRVS=2014-04-03T23:01:00Z",
    ] {
        assert_eq!(error(&format!("RCPT TO:<a@b> {twice}")), ParamError::Duplicate, "{twice}");
    }
    for unknown in ["FOO", "FOO=1", "X-", "1", "SIZES=1"] {
        assert_eq!(error(&format!("MAIL FROM:<> {unknown}")), ParamError::Unknown, "{unknown}");
    }
    for syntax in ["=1", "-X=1", "SIZE=1=2", "SIZE=1;\"", "SIZE==", "é=1"] {
        let got = error(&format!("MAIL FROM:<> {syntax}"));
        assert!(matches!(got, ParamError::Syntax | ParamError::Value), "{syntax}: {got:?}");
    }
}

#[test]
fn what_is_one_word_cannot_become_two() {
    for (command, printed) in [
        (Command::Ehlo("a b"), "EHLO a?b"),
        (Command::Helo("a\r\nQUIT"), "HELO a??QUIT"),
        (Command::Lhlo("a b"), "LHLO a?b"),
        (Command::Etrn("a b"), "ETRN a?b"),
        (Command::Burl { url: "imap:x LAST", last: false }, "BURL imap:x?LAST"),
        (Command::Auth { mechanism: "PLAIN x", initial: None }, "AUTH PLAIN?x"),
        (Command::Auth { mechanism: "PLAIN", initial: Some("a b\r") }, "AUTH PLAIN a?b?"),
        (Command::Vrfy("a b\r\nQUIT"), "VRFY a b??QUIT"),
        (Command::Help("a\0b"), "HELP a?b"),
    ] {
        assert_eq!(command.to_string(), printed);
    }
}

#[test]
fn dates_of_rfc_3339_are_seconds_since_1970() {
    for (text, unix) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00z", 0),
        ("1970-01-01t00:00:00-00:00", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1985-04-12T23:20:50.52Z", 482_196_050),
        ("1996-12-19T16:39:57-08:00", 851_042_397),
        ("1990-12-31T23:59:60Z", 662_688_000),
        ("1990-12-31T15:59:60-08:00", 662_688_000),
        ("1937-01-01T12:00:27.87+00:20", -1_041_337_173),
        ("2000-02-29T00:00:00Z", 951_782_400),
        ("2000-03-01T00:00:00Z", 951_868_800),
        ("2024-02-29T12:00:00Z", 1_709_208_000),
        ("2024-12-31T23:59:59Z", 1_735_689_599),
        ("2038-01-19T03:14:08Z", 2_147_483_648),
        ("2100-03-01T00:00:00Z", 4_107_542_400),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
        ("0000-01-01T00:00:00Z", -62_167_219_200),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("2014-04-03T23:01:00.123456789123456789+23:59", 1_396_479_720),
    ] {
        let date = DateTime::new(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(date.unix(), unix, "{text}");
        assert_eq!(date.to_string(), text);
        assert_eq!(date.clone().into_owned(), date);
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "2014",
        "2014-04-03",
        "2014-04-03T23:01Z",
        "2014-04-03T23:01:00",
        "2014-04-03 23:01:00Z",
        "2014-4-03T23:01:00Z",
        "14-04-03T23:01:00Z",
        "02014-04-03T23:01:00Z",
        "2014-00-03T23:01:00Z",
        "2014-13-03T23:01:00Z",
        "2014-04-00T23:01:00Z",
        "2014-04-31T23:01:00Z",
        "2014-06-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2014-04-03T24:00:00Z",
        "2014-04-03T23:60:00Z",
        "2014-04-03T23:01:61Z",
        "2014-04-03T23:01:00.Z",
        "2014-04-03T23:01:00,5Z",
        "2014-04-03T23:01:00+1:00",
        "2014-04-03T23:01:00+01",
        "2014-04-03T23:01:00+0100",
        "2014-04-03T23:01:00+24:00",
        "2014-04-03T23:01:00+01:60",
        "2014-04-03T23:01:00ZZ",
        "2014-04-03T23:01:00UTC",
        "-014-04-03T23:01:00Z",
        "+014-04-03T23:01:00Z",
        "2014-+4-03T23:01:00Z",
        "2014-04-03T23:01:00+-1:00",
        "2014-04-03T23:01:00++1:00",
        "2014-04-03T23:01:00Zü",
        "2014-04-0٣T23:01:00Z",
        "ü014-04-03T23:01:00Z",
        "2014-04-03T23:01:00+01:+1",
    ] {
        assert_eq!(DateTime::new(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn days_follow_days(days in -719_528i64..2_932_896) {
        // The day of a number, by counting years and months.
        let (mut year, mut left) = (0i64, days + 719_528);
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = |year: i64| 365 + i64::from(leap(year));
        while left >= length(year) {
            left -= length(year);
            year += 1;
        }
        let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= months[month] {
            left -= months[month];
            month += 1;
        }
        let text = format!("{year:04}-{:02}-{:02}T12:00:00Z", month + 1, left + 1);
        prop_assert_eq!(DateTime::new(&text).unwrap().unix(), days * 86_400 + 43_200);
    }

    #[test]
    fn xtext_keeps_any_text(text: String) {
        let encoded = Xtext::encode(&text);
        prop_assert!(encoded.as_str().bytes().all(|o| (b'!'..=b'~').contains(&o) && o != b'='));
        prop_assert_eq!(encoded.decode(), text.as_str());
        prop_assert_eq!(Xtext::new(encoded.as_str()), Some(encoded.clone()));
    }

    #[test]
    fn xtext_that_is_taken_survives_the_way_there_and_back(text in "[!-~]{0,12}|([a-z]|\\+[0-9A-F]{2}){0,8}") {
        if let Some(xtext) = Xtext::new(&text) {
            let decoded = xtext.decode().into_owned();
            if !decoded.contains('\u{FFFD}') {
                let again = Xtext::encode(&decoded);
                prop_assert_eq!(again.decode(), decoded.as_str());
            }
        }
    }

    #[test]
    fn an_original_recipient_keeps_any_address(address in ".{1,30}") {
        let orcpt = Orcpt::rfc822(&address);
        let printed = orcpt.to_string();
        prop_assert_eq!(Orcpt::new(&printed), Some(orcpt.clone()));
        prop_assert_eq!(orcpt.address().decode(), address.as_str());
    }
}

#[test]
fn notify_is_never_or_a_list() {
    for (text, notify) in [
        ("NEVER", Notify::NEVER),
        ("SUCCESS", Notify { success: true, ..Notify::NEVER }),
        ("FAILURE,DELAY", Notify { failure: true, delay: true, ..Notify::NEVER }),
        ("SUCCESS,FAILURE,DELAY", Notify { success: true, failure: true, delay: true }),
    ] {
        assert_eq!(notify.to_string(), text);
        assert_eq!(notify.is_never(), text == "NEVER");
        let line = format!("RCPT TO:<a@b> NOTIFY={text}");
        let Ok(Command::Rcpt(rcpt)) = read(&line) else { panic!() };
        assert_eq!(rcpt.params.notify, Some(notify));
    }
    let Ok(Command::Rcpt(rcpt)) = read("RCPT TO:<a@b> NOTIFY=DELAY,delay,DELAY") else { panic!() };
    assert_eq!(rcpt.params.notify.unwrap().to_string(), "DELAY");
}

// Every command, from any values.

fn xtext() -> impl Strategy<Value = Xtext<'static>> {
    ".{1,20}".prop_map(|text| Xtext::encode(&text))
}

fn date() -> impl Strategy<Value = DateTime<'static>> {
    let zone = prop_oneof![
        Just("Z".to_owned()),
        (any::<bool>(), 0..24, 0..60)
            .prop_map(|(east, h, m)| format!("{}{h:02}:{m:02}", if east { '+' } else { '-' })),
    ];
    let fraction =
        option::of(0u32..1_000_000).prop_map(|f| f.map(|f| format!(".{f}")).unwrap_or_default());
    (0..10_000, 1..13, 1..29, 0..24, 0..60, 0..61, fraction, zone).prop_map(
        |(year, month, day, h, m, s, fraction, zone)| {
            let text =
                format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{fraction}{zone}");
            DateTime::new(&text).unwrap().into_owned()
        },
    )
}

fn mailbox() -> impl Strategy<Value = Mailbox<'static>> {
    let local = prop_oneof!["[a-z0-9.+-]{1,12}", "[ -~]{1,12}", "[a-zü日]{1,8}"];
    let domain = select(vec![
        "b.example",
        "xn--d1acufc.example",
        "ü.example",
        "[192.0.2.1]",
        "[IPv6:2001:db8::1]",
    ]);
    (local, domain)
        .prop_filter_map("an address", |(local, domain)| Mailbox::new(&local, domain).ok())
}

fn mail_params() -> impl Strategy<Value = MailParams<'static>> {
    let hold = prop_oneof![(1u32..1_000_000_000).prop_map(Hold::For), date().prop_map(Hold::Until)];
    let by =
        (any::<i32>(), any::<bool>(), any::<bool>()).prop_map(
            |(seconds, back, trace)| match back {
                true => DeliverBy::new(seconds.saturating_abs().max(1), DeliverMode::Return, trace),
                false => DeliverBy::new(seconds, DeliverMode::Notify, trace),
            },
        );
    let body = select(vec![Body::SevenBit, Body::EightBitMime, Body::BinaryMime]);
    let first = (option::of(any::<u64>()), option::of(body), any::<bool>(), option::of(xtext()));
    let second =
        (option::of(select(vec![Ret::Full, Ret::Headers])), option::of(xtext()), any::<bool>());
    let third = (option::of(-9i8..=9), option::of(hold), option::of(by));
    (first, second, third).prop_map(|(first, second, third)| {
        let mut params = MailParams::default();
        (params.size, params.body, params.smtp_utf8, params.auth) = first;
        (params.ret, params.envid, params.require_tls) = second;
        (params.priority, params.hold, params.deliver_by) = third;
        params
    })
}

fn rcpt_params() -> impl Strategy<Value = RcptParams<'static>> {
    let notify =
        any::<[bool; 3]>().prop_map(|[success, failure, delay]| Notify { success, failure, delay });
    let orcpt = prop_oneof![
        ".{1,20}".prop_map(|address| Orcpt::rfc822(&address)),
        "(utf-8;[a-zü日@]{1,8}|X-400;[!-*,-<>-~]{1,8})"
            .prop_map(|text| Orcpt::new(&text).unwrap().into_owned()),
    ];
    // Made by reading: the type has no constructor.
    let rrvs = (date(), any::<bool>()).prop_map(|(date, go_on)| {
        let line = format!("RCPT TO:<a@b> RRVS={date}{}", if go_on { ";C" } else { "" });
        let Ok(Command::Rcpt(rcpt)) = read(&line) else { panic!("{line}") };
        let rrvs: Rrvs<'static> = rcpt.params.rrvs.unwrap().into_owned();
        assert_eq!(rrvs.action == RrvsAction::Continue, go_on);
        rrvs
    });
    (option::of(notify), option::of(orcpt), option::of(rrvs)).prop_map(|values| {
        let mut params = RcptParams::default();
        (params.notify, params.orcpt, params.rrvs) = values;
        params
    })
}

fn same(command: &Command<'_>) {
    let printed = command.to_string();
    assert!(!printed.contains(char::is_control), "{printed:?}");
    assert_eq!(read(&printed).as_ref(), Ok(command), "{printed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn mail_reads_as_it_was_printed(from in option::of(mailbox()), params in mail_params()) {
        let mut mail = Mail::new(from.map_or(ReversePath::Null, ReversePath::Mailbox));
        mail.params = params;
        prop_assert_eq!(mail.clone().into_owned(), mail.clone());
        same(&Command::Mail(mail));
    }

    #[test]
    fn rcpt_reads_as_it_was_printed(to in option::of(mailbox()), params in rcpt_params()) {
        let mut rcpt = Rcpt::new(to.map_or(ForwardPath::Postmaster, ForwardPath::Mailbox));
        rcpt.params = params;
        prop_assert_eq!(rcpt.clone().into_owned(), rcpt.clone());
        same(&Command::Rcpt(rcpt));
    }

    #[test]
    fn all_others_read_as_they_were_printed(
        word in "[!-~ü]{1,30}", text in "[!-~ü]([ -~ü]{0,30}[!-~ü])?", size: u64, last: bool,
        pairs in vec(("[A-Z0-9]{1,8}", xtext()), 1..5)
    ) {
        let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let pairs = pairs.join(" ");
        let attributes = Attributes::new(&pairs).unwrap();
        let url = format!("imap:{word}");
        for command in [
            Command::Ehlo(&word), Command::Helo(&word), Command::Lhlo(&word), Command::Data,
            Command::Bdat { size, last }, Command::Burl { url: &url, last }, Command::Rset, Command::Noop,
            Command::Vrfy(&text), Command::Expn(&text), Command::Help(&text), Command::Help(""),
            Command::Etrn(&word), Command::Xclient(attributes), Command::Xforward(attributes),
            Command::Quit, Command::StartTls, Command::Auth { mechanism: &word, initial: None },
            Command::Auth { mechanism: &word, initial: Some(&word) },
        ] {
            same(&command);
        }
    }

    #[test]
    fn whatever_is_read_reads_as_it_prints(line in "[ -~]{0,40}|(MAIL FROM:<>|RCPT TO:<a@b>)( [A-Z-]{2,11}=?[ -~]{0,12}){0,3}") {
        if let Ok(command) = read(&line) {
            same(&command);
        }
    }
}
