//! MTA-STS: policies and records.

use core::time::Duration;
use smtp_proto::delivery::{StsMode, StsPolicy, sts_id};

fn parse(text: &str) -> Option<StsPolicy> {
    StsPolicy::parse(text)
}

#[test]
fn the_policy_of_section_3_2_is_read() {
    let policy = parse(
        "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\n\
         mx: backupmx.example.com\nmax_age: 604800\n",
    )
    .unwrap();
    assert_eq!(policy.mode, StsMode::Enforce);
    assert_eq!(policy.mx, ["mail.example.com", "*.example.net", "backupmx.example.com"]);
    assert_eq!(policy.max_age, Duration::from_secs(604_800));
}

#[test]
fn spaces_order_case_of_names_and_unknown_keys_do_not_matter() {
    let policy = parse(
        "max_age:86400 \r\nfuture: x\r\nmx:   MX.Example\r\nmode:testing\r\n\r\nversion : STSv1",
    );
    let policy = policy.unwrap();
    assert_eq!((policy.mode, policy.mx.as_slice()), (StsMode::Testing, &["mx.example".into()][..]));
}

#[test]
fn of_a_key_that_comes_twice_the_first_counts() {
    let policy =
        parse("version: STSv1\nmode: none\nmode: enforce\nmax_age: 1\nmax_age: 2\n").unwrap();
    assert_eq!((policy.mode, policy.max_age), (StsMode::None, Duration::from_secs(1)));
}

#[test]
fn what_is_no_policy_is_none() {
    for text in [
        "",
        "<html>not here</html>",
        "mode: enforce\nmx: a.example\nmax_age: 1\n",
        "version: STSv2\nmode: enforce\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: enforced\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\n",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999999999999999\n",
        "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 1\nnonsense\n",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn no_policy_is_kept_longer_than_a_year() {
    let policy = parse("version: STSv1\nmode: none\nmax_age: 99999999999\n").unwrap();
    assert_eq!(policy.max_age, Duration::from_secs(31_557_600));
}

#[test]
fn a_star_stands_for_one_label() {
    // RFC 8461 §4.1
    let policy =
        parse("version: STSv1\nmode: enforce\nmx: *.example.com\nmx: one.test\nmax_age: 1\n");
    let policy = policy.unwrap();
    for (host, expected) in [
        ("mail.example.com", true),
        ("MAIL.EXAMPLE.COM.", true),
        ("example.com", false),
        (".example.com", false),
        ("foo.bar.example.com", false),
        ("mailexample.com", false),
        ("one.test", true),
        ("x.one.test", false),
        ("", false),
    ] {
        assert_eq!(policy.covers(host), expected, "{host}");
    }
}

#[test]
fn the_record_has_one_version_and_an_id() {
    // RFC 8461 §3.1
    for (records, expected) in [
        (&["v=STSv1; id=20160831085700Z;"][..], Some("20160831085700Z")),
        (&["v=STSv1;id=a; future=x"], Some("a")),
        (&["v=STSv1 ; id=a"], Some("a")),
        (&["other", "v=STSv1; id=a"], Some("a")),
        (&["v=STSv1; id=a", "v=STSv1; id=a"], None),
        (&["v=STSv10; id=a"], None),
        (&["id=a; v=STSv1"], None),
        (&["v=STSv1;"], None),
        (&["v=STSv1; id=a b"], None),
        (&["v=STSv1; id="], None),
        (&["v=STSv1; id=123456789012345678901234567890123"], None),
        (&[], None),
    ] {
        assert_eq!(sts_id(records.iter().copied()), expected, "{records:?}");
    }
}
