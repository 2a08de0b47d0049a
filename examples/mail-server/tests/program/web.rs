//! What is asked by HTTPS: the policy of MTA-STS, settings for mail programs.

use crate::kit::{Server, Talk, World, any_ports, run, stdout};

/// Status and body.
fn ask(server: &Server, host: &str, request: &str, body: &str) -> (u16, String) {
    let (_, rest) = server.ready.split_once("https://").expect("a listener");
    let address = rest.split_whitespace().next().unwrap().parse().unwrap();
    let mut talk = Talk::tls_at(server, address);
    let length = body.len();
    let more =
        format!("Host: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    talk.write(format!("{request} HTTP/1.1\r\n{more}").as_bytes());
    let status = talk.line().split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    loop {
        match talk.line().to_ascii_lowercase() {
            line if line.is_empty() => break,
            line => {
                if let Some(octets) = line.strip_prefix("content-length: ") {
                    length = octets.parse().unwrap();
                }
            }
        }
    }
    (status, String::from_utf8(talk.octets(length)).unwrap())
}

fn start(world: &World, settings: &str) -> Server {
    world.start_with("a.test", settings, &["--https-port", "0"])
}

#[test]
fn the_policy_of_mta_sts_is_served_for_each_domain() {
    let world = World::new([]);
    let a = start(&world, "");
    let file = "GET /.well-known/mta-sts.txt";
    let policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.a.test\r\nmax_age: 604800\r\n";
    for host in ["mta-sts.a.test", "MTA-STS.a.test:443"] {
        assert_eq!(ask(&a, host, file, ""), (200, policy.into()));
    }
    for host in ["a.test", "mta-sts.b.test", "mta-sts.", ""] {
        assert_eq!(ask(&a, host, file, "").0, 404, "{host}");
    }
    let data = a.data.to_str().unwrap();
    assert!(run(&["domain", "add", "second.test", "--data", data]).status.success());
    assert_eq!(ask(&a, "mta-sts.second.test", file, "").0, 200);
    a.terminate();
    let settings = std::fs::read_to_string(world.settings("a.test")).unwrap();
    std::fs::write(world.settings("a.test"), format!("mta-sts = 'off'\n{settings}")).unwrap();
    let file_flag = world.settings("a.test");
    let a = Server::start(
        &world.data("a.test"),
        &["--config", file_flag.to_str().unwrap(), "--https-port", "0"],
    );
    assert_eq!(ask(&a, "mta-sts.a.test", file, "").0, 404);
}

#[test]
fn mail_programs_find_their_settings() {
    let world = World::new([]);
    let a = start(&world, "");
    let imaps = a.port("imaps");
    let (status, xml) =
        ask(&a, "autoconfig.a.test", "GET /mail/config-v1.1.xml?emailaddress=x%40a.test", "");
    assert_eq!(status, 200);
    // The ports are those of the configuration; 0 here, as any is free.
    for part in [
        "<emailProvider id=\"a.test\">",
        "<hostname>mx.a.test</hostname>",
        "<socketType>SSL</socketType>",
        "<username>%EMAILADDRESS%</username>",
    ] {
        assert!(xml.contains(part), "{part} is missing in {xml}");
    }
    assert_ne!(imaps, "0");
    for (host, path, expected) in [
        ("a.test", "/.well-known/autoconfig/mail/config-v1.1.xml", 200),
        ("autoconfig.a.test", "/mail/config-v1.1.xml", 200),
        ("autoconfig.a.test", "/mail/config-v1.1.xml?emailaddress=x@b.test", 404),
        ("autoconfig.b.test", "/mail/config-v1.1.xml", 404),
        ("a.test", "/", 404),
        ("a.test", "/../../etc/passwd", 404),
    ] {
        assert_eq!(ask(&a, host, &format!("GET {path}"), "").0, expected, "{host}{path}");
    }
    let question = |address: &str| {
        format!(
            "<Autodiscover><Request><EMailAddress>{address}</EMailAddress></Request></Autodiscover>"
        )
    };
    let post = "POST /Autodiscover/Autodiscover.xml";
    let (status, xml) = ask(&a, "autodiscover.a.test", post, &question("alice<b>&@a.test"));
    assert_eq!(status, 200);
    for part in [
        "<Type>IMAP</Type>",
        "<Server>mx.a.test</Server>",
        "<Encryption>SSL</Encryption>",
        "<LoginName>alice&lt;b&gt;&amp;@a.test</LoginName>",
    ] {
        assert!(xml.contains(part), "{part} is missing in {xml}");
    }
    assert_eq!(ask(&a, "autodiscover.a.test", post, &question("x@b.test")).0, 404);
    assert_eq!(ask(&a, "autodiscover.a.test", post, &"x".repeat(100_000)).0, 400);
    assert_eq!(ask(&a, "autodiscover.a.test", "GET /autodiscover/autodiscover.xml", "").0, 405);
}

#[test]
fn dns_prints_what_https_needs() {
    let folder = tempfile::tempdir().unwrap();
    let ports = any_ports();
    let mut line = vec!["--hostname", "mx.m.test", "--domain", "m.test", "--https-port", "443"];
    line.extend(ports.iter().map(String::as_str));
    line.extend(["dns", "--data", folder.path().to_str().unwrap(), "--address", "192.0.2.1"]);
    let output = run(&line);
    for record in [
        "\nmta-sts.m.test. 3600 IN CNAME mx.m.test.",
        "\n_mta-sts.m.test. 3600 IN TXT   \"v=STSv1; id=",
        "\nautoconfig.m.test. 3600 IN CNAME mx.m.test.",
        "\nautodiscover.m.test. 3600 IN CNAME mx.m.test.",
    ] {
        assert!(stdout(&output).contains(record), "{record} is missing in {}", stdout(&output));
    }
}
