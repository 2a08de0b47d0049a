//! `dns` and `check`: what is printed is what is looked for.

use crate::kit::{World, Zone, any_ports, run, stderr, stdout};
use std::{
    net::{Ipv4Addr, UdpSocket},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

const ADDRESS: &str = "192.0.2.1";
/// What is wrong with every server of the tests: they have no root, no authority and no world.
const OF_TESTS: [&str; 3] =
    ["not taken at port 25", "listens on loopback only", "is one this server made for itself"];

/// What m.test needs, as the program prints it.
fn printed(data: &Path, more: &[&str]) -> String {
    let ports = any_ports();
    let mut line = vec!["--hostname", "mx.m.test", "--domain", "m.test"];
    line.extend(ports.iter().map(String::as_str));
    line.extend(["dns", "--data", data.to_str().unwrap(), "--address", ADDRESS]);
    line.extend(more);
    let output = run(&line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output).to_owned()
}

/// The zone of those lines.
fn zone<'a>(lines: impl Iterator<Item = &'a str>) -> Zone {
    let mut zone = Zone::new("m.test");
    for line in lines {
        let (name, rest) = line.split_once(". 3600 IN ").unwrap();
        let words: Vec<_> = rest.split_whitespace().collect();
        let text: String = rest.split('"').skip(1).step_by(2).collect();
        zone = match words[..] {
            ["A", ip] => zone.a(name, ip.parse::<Ipv4Addr>().unwrap()),
            ["MX", preference, host] => zone.mx(name, preference.parse().unwrap(), host),
            ["SRV", _, _, port, host] => zone.srv(name, port.parse().unwrap(), host),
            ["TXT", ..] => zone.txt(name, &text),
            _ => panic!("{line}"),
        };
    }
    zone
}

/// The lines of `check`, each problem with what to do.
fn check(world: &World, outbound: &str, status: i32) -> Vec<String> {
    let data = world.data("m.test");
    let line = ["check", "--data", data.to_str().unwrap(), "--address", ADDRESS];
    // Nobody answers there, so that nothing is asked of the world.
    let line = [&line[..], &["--time-server", "127.0.0.1:9"]].concat();
    let output = run(&[&line[..], &["--outbound", outbound]].concat());
    assert_eq!(output.status.code(), Some(status), "{}{}", stdout(&output), stderr(&output));
    let text = stdout(&output).replace("\n         do: ", " do: ");
    text.lines().filter(|line| line.starts_with("problem")).map(str::to_owned).collect()
}

#[test]
fn what_dns_prints_check_finds() {
    let folder = tempfile::tempdir().unwrap();
    let text = printed(folder.path(), &[]);
    let lines = text.lines().filter(|line| !line.starts_with(';') && !line.is_empty());
    let reverse = Zone::new("2.0.192.in-addr.arpa").ptr("1.2.0.192.in-addr.arpa", "mx.m.test");
    let world = World::new([zone(lines), reverse, Zone::new("test")]);
    // The keys whose records are published.
    std::fs::create_dir_all(world.data("m.test")).unwrap();
    std::fs::rename(folder.path().join("dkim"), world.data("m.test").join("dkim")).unwrap();
    let m = world.start("m.test", &[]);
    let m = {
        let port = m.port("smtp");
        m.terminate();
        world.start("m.test", &["--smtp-port", &port, "--relay-port", &port])
    };
    let problems = check(&world, "m.test", 1);
    for expected in OF_TESTS {
        assert!(problems.iter().any(|line| line.contains(expected)), "{expected}: {problems:#?}");
    }
    // Its own server is none that it sends to.
    let outward: Vec<_> =
        problems.iter().filter(|line| line.contains("no way to m.test")).collect();
    assert_eq!((outward.len(), problems.len()), (1, OF_TESTS.len() + 1), "{problems:#?}");
    assert_eq!(check(&world, "b.test", 1).len(), OF_TESTS.len(), "b.test is at this machine");
    m.terminate();

    let list = printed(&world.data("m.test"), &["--checklist"]);
    assert!(list.contains("[ ] m.test  MX    10 mx.m.test.") && list.contains("PTR of 192.0.2.1"));
}

#[test]
fn each_thing_that_is_missing_is_named_with_what_to_do() {
    let twice = Zone::new("m.test")
        .txt("m.test", "v=spf1 a -all")
        .txt("m.test", "v=spf1 mx -all")
        .mx("m.test", 10, "elsewhere.test");
    let world = World::new([twice, Zone::new("test"), Zone::new("2.0.192.in-addr.arpa")]);
    let m = world.start("m.test", &["--relay-port", "1"]);
    let problems = check(&world, "b.test", 1);
    for (what, to_do) in [
        ("mail that leaves is not signed", "mail-server dkim add"),
        ("m.test has no MX record", "publish: m.test. IN MX    10 mx.m.test."),
        ("m.test has more than one record v=spf1", "leave one"),
        ("_dmarc.m.test has no TXT record", "v=DMARC1; p=quarantine"),
        ("_smtp._tls.m.test has no TXT record", "v=TLSRPTv1"),
        ("_imaps._tcp.m.test has no SRV record", "publish: "),
        ("mx.m.test has no A record", "publish: mx.m.test. IN A     192.0.2.1"),
        ("192.0.2.1 leads back to no name", "ask whoever gives you the address"),
        ("192.0.2.1 may not send mail of m.test: SPF says ", "name this server"),
        ("no server of b.test can be reached at port 1", "ask your provider to open port 25"),
    ] {
        let is_there = |line: &String| line.contains(what) && line.contains(to_do);
        assert!(problems.iter().any(is_there), "{what}: {problems:#?}");
    }
    m.terminate();
    let problems = check(&world, "b.test", 1);
    assert!(problems.iter().any(|line| line.contains("the server does not run")), "{problems:#?}");
}

#[test]
fn a_wrong_clock_a_wrong_tlsa_and_a_policy_that_nobody_can_fetch_are_found() {
    // A time server an hour ahead of the world.
    let clock = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = clock.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut packet = [0; 48];
        while let Ok((_, client)) = clock.recv_from(&mut packet) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let ahead = u32::try_from((now + 2_208_988_800 + 3600) & 0xFFFF_FFFF).unwrap();
            packet = [0; 48];
            packet[..2].copy_from_slice(&[0x24, 2]);
            packet[40..44].copy_from_slice(&ahead.to_be_bytes());
            clock.send_to(&packet, client).unwrap();
        }
    });
    let zone = Zone::new("m.test")
        .a("mta-sts.m.test", Ipv4Addr::LOCALHOST)
        .tlsa("_25._tcp.mx.m.test", &[7; 32]);
    let world = World::new([zone, Zone::new("test")]);
    let m = world.start("m.test", &["--https-port", "0"]);
    let data = m.data.to_str().unwrap();
    let output = run(&["check", "--data", data, "--time-server", &address, "--outbound", "b.test"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output).replace("\n         do: ", " do: ");
    for (what, to_do) in [
        ("the clock is 36", "seconds behind do: have it set: timedatectl"),
        (
            "_25._tcp.mx.m.test has a TLSA record of another key",
            "publish: _25._tcp.mx.m.test. IN TLSA  3 1 1 ",
        ),
        (
            "https://mta-sts.m.test/.well-known/mta-sts.txt cannot be fetched",
            "the name must lead here",
        ),
        ("m.test has no CNAME record", "publish: "),
    ] {
        let is_there =
            |line: &str| line.starts_with("problem") && line.contains(what) && line.contains(to_do);
        assert!(text.lines().any(is_there), "{what}: {text}");
    }
    assert!(text.contains("ok       the store's disk takes what is written"), "{text}");
}
