use super::*;
use crate::{cli::Cli, service::Service};
use clap::Parser;
use std::path::Path;

fn parse(text: &str) -> Result<Config, ConfigError> {
    file::parse(Path::new("mail.toml"), text)
}

fn message(text: &str) -> String {
    parse(text).expect_err("a wrong file").to_string()
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(parse("").expect("fine"), Config::default());
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let message = message("hostname = 'mail.test'\n[ports]\nimap = 143\nimpas = 993\n");
    assert!(message.starts_with("mail.toml, line 4: unknown field `impas`"), "{message}");
    assert!(message.contains("expected one of `smtp`"), "{message}");
}

#[test]
fn a_wrong_value_is_shown_with_its_line() {
    let message = message("\n[ports]\nimap = 70000\n");
    assert!(message.starts_with("mail.toml, line 3: "), "{message}");
    assert!(message.ends_with("imap = 70000"), "{message}");
    assert!(message.contains("a port from 1 to 65535"), "{message}");
}

#[test]
fn a_syntax_error_is_shown_with_its_line() {
    let message = message("hostname = \n");
    assert!(message.starts_with("mail.toml, line 1: "), "{message}");
}

#[test]
fn a_port_is_a_number_or_off() {
    let config = parse("[ports]\nimap = 143\npop3 = 'off'\nsmtp = 0").expect("fine");
    assert_eq!(config.ports.imap, Port::number(143));
    assert_eq!(config.ports.pop3.to_bind(), None);
    assert_eq!(config.ports.smtp, Port::ANY);
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mail.toml");
    std::fs::write(&path, "hostname = 'Mail.Example'\ndomains = ['A.test']\n[ports]\nimap = 143\n")
        .expect("written");
    let path = path.to_str().expect("UTF-8");
    let line = ["mail-server", "--config", path, "--domain", "B.test", "--imap-port", "off"];
    let config = Config::load(Cli::parse_from(line).settings).expect("fine");
    assert_eq!(config.hostname, "mail.example");
    assert_eq!(config.domains, ["b.test"]);
    assert_eq!(config.ports.imap, Port::OFF);
    assert_eq!(config.ports.smtp, Port::number(2525));
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let mut full = Config::default();
    full.domains.push("b.test".into());
    full.data = "C:\\mail \"data\"".into();
    full.store = StoreKind::Sqlite;
    full.ports.pop3 = Port::OFF;
    full.tls = Tls { certificate: Some("a.pem".into()), key: Some("a.key".into()) };
    full.relay = Relay {
        port: 2526,
        source: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        name_server: Some(SocketAddr::from(([127, 0, 0, 1], 5353))),
        tls: RelayTls::Verified,
        ca: Some("roots.pem".into()),
        first_retry_seconds: 5,
        delay_notice_seconds: 0,
        give_up_seconds: 6,
        connections_per_destination: 3,
        keep_seconds: 0,
        mta_sts: false,
        routes: vec![
            Route { domains: vec!["*".into()], host: Some("[::1]".into()), ..Route::default() },
            Route {
                domains: vec!["c.test".into(), "*.c.test".into()],
                host: Some("lmtp.c.test".into()),
                port: Some(24),
                protocol: RouteProtocol::Lmtp,
                tls: Some(RelayTls::Implicit),
                user: Some("me".into()),
                password_file: Some("/etc/secret".into()),
                source: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            },
        ],
    };
    full.accounts.ready_made = false;
    full.accounts.own_from = false;
    full.checks = Checks {
        policy: CheckPolicy::Report,
        greylist_seconds: 1,
        dnsbl: vec!["bl.test".into()],
        exempt: vec![],
    };
    full.ports.lmtp = Port::number(24);
    let network = || vec!["192.0.2.0/24".parse().expect("a network")];
    full.trusted = Trusted { lmtp: vec![], proxy: network(), xclient: network() };
    full.mta_sts = StsMode::Testing;
    full.acme = Acme {
        accept_terms: true,
        contact: Some("a@b.test".into()),
        directory: "https://localhost:14000/dir".into(),
        ca: Some("root.pem".into()),
    };
    full.filter = Filter {
        rspamd: Some("http://127.0.0.1:11333".into()),
        seconds: 5,
        on_failure: OnFailure::Accept,
    };
    full.limits = Limits {
        connections: 7,
        ip_connections: 1,
        ip_messages_per_minute: 2,
        ip_failures: 3,
        user_recipients_per_hour: 4,
        exempt: vec![],
        message_size: 8,
        recipients: 100,
        grace_seconds: 9,
    };
    full.ports.metrics = Port::ANY;
    full.log = Log {
        level: LogLevel::Debug,
        format: LogFormat::Json,
        trace: vec![
            Watched::Service(Service::Pop3s),
            Watched::Network("192.0.2.0/24".parse().expect("a network")),
        ],
    };
    for config in [Config::default(), full] {
        assert_eq!(parse(&print(&config)).expect("fine"), config);
    }
}

#[test]
fn nonsense_is_refused_in_one_sentence() {
    type Change = fn(&mut Config);
    let cases: [(Change, &str); 9] = [
        (|c| c.hostname = "a b".into(), "setting `hostname`: `a b` is not a host name"),
        (|c| c.domains.clear(), "setting `domains`: name at least one"),
        (|c| c.domains.push("a@b".into()), "setting `domains`: `a@b` is not a domain name"),
        (|c| c.listen.clear(), "setting `listen`: name at least one address"),
        (
            |c| c.tls.key = Some("k".into()),
            "setting `tls`: give both `certificate` and `key`, or none of them",
        ),
        (|c| c.relay.port = 0, "setting `relay.port`: 0 is not a port to send to"),
        (
            |c| c.relay.first_retry_seconds = 0,
            "setting `relay.first-retry-seconds`: 0 would try without a pause",
        ),
        (|c| c.limits.recipients = 99, "setting `limits.recipients`: servers count on 100 or more"),
        (|c| c.limits.connections = 0, "setting `limits.connections`: with 0 nobody could connect"),
    ];
    for (change, expected) in cases {
        let mut config = Config::default();
        change(&mut config);
        assert_eq!(config.check().expect_err("nonsense").to_string(), expected);
    }
}

#[test]
fn the_settings_of_the_operators_guide_are_settings() {
    let guide = include_str!("../../../../docs/operating.md");
    let (_, text) = guide.split_once("```toml\n").expect("settings");
    let (text, _) = text.split_once("```").expect("their end");
    let config = parse(text).expect("fine");
    config.check().expect("fine");
    assert_eq!(config.ports.smtp, Port::number(25));
}
