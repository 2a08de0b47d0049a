//! Against a real DNS server with these zones.

use super::*;
use crate::demo::name_server::{NameServer, Zone};
use smtp_proto::delivery::Verdict;
use std::net::{Ipv4Addr, Ipv6Addr};

fn zone() -> Zone {
    Zone::new("one.test")
        .mx("one.test", 20, "backup.one.test")
        .mx("one.test", 10, "mx.one.test")
        .a("mx.one.test", [127, 0, 0, 1])
        .aaaa("mx.one.test", Ipv6Addr::LOCALHOST)
        .a("backup.one.test", [127, 0, 0, 2])
        .a("implicit.one.test", [127, 0, 0, 3])
        .mx("null.one.test", 0, ".")
        .mx("nowhere.one.test", 10, "absent.one.test")
        .mx("half.one.test", 10, "absent.one.test")
        .mx("half.one.test", 20, "mx.one.test")
        .mx("doubt.one.test", 10, "mx.elsewhere.test")
        .txt("silent.one.test", "neither MX nor address")
        .cname("alias.one.test", "one.test")
        .cname("alias-implicit.one.test", "implicit.one.test")
        .mx("ours.one.test", 10, "mx.one.test")
        .mx("ours.one.test", 20, "me.test")
        .mx("ours.one.test", 30, "backup.one.test")
        .mx("mine.one.test", 10, "me.test")
}

async fn route(domain: &str) -> Result<Vec<Hop>, NoRoute> {
    let server = NameServer::start(vec![zone()]).await.expect("a name server");
    Dns::new(Some(server.address())).expect("a resolver").route(domain, "me.test", &[]).await
}

fn hop(name: &str, last: u8) -> Hop {
    Hop::new(name, Ipv4Addr::new(127, 0, 0, last).into())
}

fn v6(name: &str) -> Hop {
    Hop::new(name, Ipv6Addr::LOCALHOST.into())
}

fn status(route: Result<Vec<Hop>, NoRoute>) -> String {
    let outcome = route.expect_err("no route").outcome();
    let class = if outcome.verdict == Verdict::Deferred { 4 } else { 5 };
    assert_eq!(outcome.status.class, class);
    outcome.status.to_string()
}

#[tokio::test]
async fn the_preferred_exchange_comes_first_with_all_its_addresses() {
    let hops = vec![hop("mx.one.test", 1), v6("mx.one.test"), hop("backup.one.test", 2)];
    assert_eq!(route("One.Test").await, Ok(hops));
}

#[tokio::test]
async fn a_domain_without_mx_is_its_own_exchange() {
    assert_eq!(route("implicit.one.test").await, Ok(vec![hop("implicit.one.test", 3)]));
}

#[tokio::test]
async fn an_alias_leads_to_its_targets_exchange() {
    let hops = vec![hop("mx.one.test", 1), v6("mx.one.test"), hop("backup.one.test", 2)];
    assert_eq!(route("alias.one.test").await, Ok(hops));
    let hops = vec![hop("alias-implicit.one.test", 3)];
    assert_eq!(route("alias-implicit.one.test").await, Ok(hops));
}

#[tokio::test]
async fn an_exchange_without_address_is_skipped() {
    assert_eq!(route("half.one.test").await, Ok(vec![hop("mx.one.test", 1), v6("mx.one.test")]));
    assert_eq!(status(route("nowhere.one.test").await), "5.4.4");
    assert_eq!(status(route("silent.one.test").await), "5.4.4");
}

#[tokio::test]
async fn a_null_mx_means_no_mail() {
    assert_eq!(status(route("null.one.test").await), "5.1.10");
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_permanent() {
    assert_eq!(status(route("absent.one.test").await), "5.1.2");
    assert_eq!(status(route("not..a.domain").await), "5.1.2");
}

#[tokio::test]
async fn a_name_server_that_does_not_say_is_temporary() {
    // It refuses what is not in its zones.
    assert_eq!(status(route("elsewhere.test").await), "4.4.3");
    assert_eq!(status(route("doubt.one.test").await), "4.4.3");
}

#[tokio::test]
async fn a_name_server_that_is_not_there_is_temporary() {
    let server = NameServer::start(vec![zone()]).await.expect("a name server");
    let address = server.address();
    server.stop().await;
    let dns = Dns::with_patience(Some(address), Duration::from_millis(50)).expect("a resolver");
    assert_eq!(status(dns.route("one.test", "me.test", &[]).await), "4.4.3");
}

#[tokio::test]
async fn this_server_and_those_after_it_are_left_out() {
    assert_eq!(route("ours.one.test").await, Ok(vec![hop("mx.one.test", 1), v6("mx.one.test")]));
    assert_eq!(status(route("mine.one.test").await), "5.4.6");
}

#[tokio::test]
async fn this_server_under_another_name_is_left_out_too() {
    let server = NameServer::start(vec![zone()]).await.expect("a name server");
    let dns = Dns::new(Some(server.address())).expect("a resolver");
    let route = |own: [u8; 4]| {
        let (dns, own) = (dns.clone(), IpAddr::from(own));
        async move { dns.route("one.test", "me.test", &[own]).await }
    };
    assert_eq!(status(route([127, 0, 0, 1]).await), "5.4.6");
    let hops = vec![hop("mx.one.test", 1), v6("mx.one.test")];
    assert_eq!(route([127, 0, 0, 2]).await, Ok(hops));
}

#[tokio::test]
async fn equal_preferences_are_tried_in_any_order() {
    let zone = (1..=4).fold(Zone::new("many.test"), |zone, n| {
        let host = format!("mx{n}.many.test");
        zone.mx("many.test", 10, &host).a(&host, [127, 0, 0, n])
    });
    let server = NameServer::start(vec![zone]).await.expect("a name server");
    let dns = Dns::new(Some(server.address())).expect("a resolver");
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let hops = dns.route("many.test", "me.test", &[]).await.expect("a route");
        assert_eq!(hops.len(), 4);
        first.insert(hops[0].host.clone());
    }
    assert_eq!(first.len(), 4, "each comes first at times");
}

#[test]
fn many_addresses_of_one_family_leave_room_for_the_other() {
    assert_eq!(alternating([vec![1, 3, 5, 6], vec![2, 4]]), [1, 2, 3, 4, 5, 6]);
    assert_eq!(alternating([vec![], vec![2, 4]]), [2, 4]);
}

#[tokio::test]
async fn a_host_of_a_route_is_found_without_mx() {
    let server = NameServer::start(vec![zone()]).await.expect("a name server");
    let dns = Dns::new(Some(server.address())).expect("a resolver");
    let hops = vec![hop("mx.one.test", 1), v6("mx.one.test")];
    assert_eq!(dns.host("mx.one.test").await, Ok(hops));
    assert_eq!(dns.host("[127.0.0.9]").await, Ok(vec![hop("[127.0.0.9]", 9)]));
    assert_eq!(dns.host("[::1]").await, Ok(vec![v6("[::1]")]));
    assert_eq!(status(dns.host("one.test").await), "5.4.4");
}

#[tokio::test]
async fn an_address_literal_needs_no_name_server() {
    let dns = Dns::new(Some(SocketAddr::from(([127, 0, 0, 1], 1)))).expect("a resolver");
    assert_eq!(dns.route("[127.0.0.1]", "me.test", &[]).await, Ok(vec![hop("[127.0.0.1]", 1)]));
    assert_eq!(dns.route("[IPv6:::1]", "me.test", &[]).await, Ok(vec![v6("[IPv6:::1]")]));
    for wrong in ["[127.0.0.1", "[127.0.0]", "[::1]", "[IPv6:127.0.0.1]", "[x400:a]", "[]", "["] {
        assert_eq!(status(dns.route(wrong, "me.test", &[]).await), "5.1.3", "{wrong}");
    }
}
