//! RFC 5321 §5.1 and RFC 7505: where mail for a domain goes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::net::IpAddr;

use proptest::prelude::*;
use smtp_proto::{
    Domain, EnhancedCode,
    delivery::{AddressLookup, Destination, Hop, Mx, MxLookup, NoRoute, Verdict, hops},
};

/// In the order given, as all numbers are equal.
fn exchanges(records: &[(u16, &str)], own: &[&str]) -> Result<Vec<(u16, String)>, NoRoute> {
    let records = records.iter().map(|(preference, host)| Mx::new(*preference, *host)).collect();
    let ordered = MxLookup::Records(records).exchanges("b.example", own, || 7)?;
    Ok(ordered.into_iter().map(|mx| (mx.preference, mx.exchange)).collect())
}

fn mx(preference: u16, host: &str) -> (u16, String) {
    (preference, host.to_owned())
}

#[test]
fn lower_preferences_come_first() {
    let records = [(20, "b.example."), (10, "a.example."), (u16::MAX, "z."), (0, "first.example")];
    let order =
        vec![mx(0, "first.example"), mx(10, "a.example"), mx(20, "b.example"), mx(u16::MAX, "z")];
    assert_eq!(exchanges(&records, &[]), Ok(order));
}

#[test]
fn a_host_listed_twice_is_tried_once_where_it_is_preferred() {
    let records = [(20, "A.example."), (10, "a.example"), (10, "a.EXAMPLE.")];
    assert_eq!(exchanges(&records, &[]), Ok(vec![mx(10, "a.example")]));
}

#[test]
fn a_domain_without_mx_is_its_own_host() {
    let implicit = Ok(vec![Mx::new(0, "b.example")]);
    assert_eq!(MxLookup::NoRecords.exchanges("B.Example.", &[], || 0), implicit);
    assert_eq!(MxLookup::Records(vec![]).exchanges("b.example", &[], || 0), implicit);
    // If that is this server, it has no other place to go to.
    let own = MxLookup::NoRecords.exchanges("b.example", &["B.example"], || 0);
    assert_eq!(own, Err(NoRoute::Loop));
}

#[test]
fn a_null_mx_means_no_mail() {
    assert_eq!(exchanges(&[(0, ".")], &[]), Err(NoRoute::NullMx));
    assert_eq!(exchanges(&[(10, "")], &[]), Err(NoRoute::NullMx));
    // RFC 7505 §3 forbids others beside it; they are the better guess.
    assert_eq!(exchanges(&[(0, "."), (10, "a.example")], &[]), Ok(vec![mx(10, "a.example")]));
}

#[test]
fn this_server_and_all_that_are_not_preferred_to_it_are_left_out() {
    let records = [(10, "near.example"), (20, "me.example"), (20, "other.example"), (30, "far")];
    assert_eq!(exchanges(&records, &["Me.Example."]), Ok(vec![mx(10, "near.example")]));
    assert_eq!(exchanges(&records, &["x", "near.example"]), Err(NoRoute::Loop));
    assert_eq!(exchanges(&records, &["stranger.example"]).map(|all| all.len()), Ok(4));
    // The preferred one of two names counts.
    assert_eq!(exchanges(&records, &["far", "me.example"]), Ok(vec![mx(10, "near.example")]));
}

#[test]
fn only_a_name_server_that_does_not_say_is_worth_another_try() {
    let table = [
        (NoRoute::NoSuchDomain, 550, (5, 1, 2)),
        (NoRoute::NullMx, 556, (5, 1, 10)),
        (NoRoute::NoAddress, 550, (5, 4, 4)),
        (NoRoute::Loop, 554, (5, 4, 6)),
        (NoRoute::Literal, 550, (5, 1, 3)),
        (NoRoute::Temporary, 451, (4, 4, 3)),
    ];
    for (no_route, code, (class, subject, detail)) in table {
        let reply = no_route.reply();
        let status = EnhancedCode::new(class, subject, detail);
        assert_eq!((reply.code(), reply.enhanced()), (code, Some(status)));
        let outcome = no_route.outcome("b.example");
        assert_eq!(outcome.status, status);
        assert_eq!(outcome.verdict == Verdict::Failed, no_route.is_permanent());
        assert_eq!(no_route.is_permanent(), class == 5);
    }
    let failed = |lookup: MxLookup| lookup.exchanges("b.example", &[], || 0);
    assert_eq!(failed(MxLookup::NoSuchDomain), Err(NoRoute::NoSuchDomain));
    assert_eq!(failed(MxLookup::Failed), Err(NoRoute::Temporary));
}

#[test]
fn equal_preferences_are_shuffled_and_each_comes_first_about_as_often() {
    let hosts = ["a", "b", "c", "d"];
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(seed >> 33).unwrap()
    };
    let mut first = [0; 4];
    for _ in 0..4000 {
        let records = MxLookup::Records(hosts.iter().map(|host| Mx::new(5, *host)).collect());
        let order = records.exchanges("b.example", &[], &mut random).unwrap();
        first[hosts.iter().position(|host| *host == order[0].exchange).unwrap()] += 1;
    }
    assert!(first.iter().all(|count| (800..1200).contains(count)), "{first:?}");
}

// Addresses

fn ip(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

fn found(last: &[u8]) -> AddressLookup {
    AddressLookup::Addresses(last.iter().map(|last| ip(*last)).collect())
}

#[test]
fn addresses_are_tried_in_their_order_up_to_the_limit() {
    let all = [(Mx::new(1, "a"), found(&[3, 1])), (Mx::new(2, "b"), found(&[2]))];
    let order = [Hop::new("a", ip(3)), Hop::new("a", ip(1)), Hop::new("b", ip(2))];
    assert_eq!(hops(all.clone(), &[], 8), Ok(order.to_vec()));
    assert_eq!(hops(all, &[], 2), Ok(order[..2].to_vec()));
}

#[test]
fn hosts_without_address_are_skipped_and_doubt_is_temporary() {
    let (none, failed) = (AddressLookup::None, AddressLookup::Failed);
    let of = |first: &AddressLookup, second: &AddressLookup| {
        let all = [(Mx::new(1, "a"), first.clone()), (Mx::new(2, "b"), second.clone())];
        hops(all, &[], 8)
    };
    let b = Ok(vec![Hop::new("b", ip(2))]);
    assert_eq!(of(&none, &found(&[2])), b);
    assert_eq!(of(&failed, &found(&[2])), b);
    assert_eq!(of(&none, &none), Err(NoRoute::NoAddress));
    assert_eq!(of(&found(&[]), &none), Err(NoRoute::NoAddress));
    assert_eq!(of(&none, &failed), Err(NoRoute::Temporary));
}

#[test]
fn this_server_under_another_name_is_left_out_with_all_that_are_not_preferred() {
    let all = [
        (Mx::new(1, "near"), found(&[1])),
        (Mx::new(2, "equal"), found(&[2])),
        (Mx::new(2, "alias-of-me"), found(&[9, 8])),
        (Mx::new(3, "far"), found(&[3])),
    ];
    assert_eq!(hops(all.clone(), &[ip(8)], 8), Ok(vec![Hop::new("near", ip(1))]));
    assert_eq!(hops(all.clone(), &[ip(1)], 8), Err(NoRoute::Loop));
    let mapped = "::ffff:192.0.2.8".parse().unwrap();
    assert_eq!(hops(all, &[mapped], 8), Ok(vec![Hop::new("near", ip(1))]));
    // What is preferred and in doubt may be found another time.
    let doubt = [(Mx::new(1, "near"), AddressLookup::Failed), (Mx::new(2, "me"), found(&[9]))];
    assert_eq!(hops(doubt, &[ip(9)], 8), Err(NoRoute::Temporary));
}

#[test]
fn an_address_literal_is_its_own_destination() {
    let of = |literal| Destination::of(Domain::Literal(literal));
    assert_eq!(of("[192.0.2.1]"), Ok(Destination::Address(ip(1))));
    let v6 = Ok(Destination::Address("2001:db8::1".parse().unwrap()));
    assert_eq!(of("[ipv6:2001:DB8::1]"), v6);
    for wrong in ["[192.0.2]", "[::1]", "[IPv6:192.0.2.1]", "[x400:a]", "[]", "[", "192.0.2.1"] {
        assert_eq!(of(wrong), Err(NoRoute::Literal), "{wrong}");
    }
    assert_eq!(Destination::of(Domain::Name("b.example")), Ok(Destination::Name("b.example")));
}

/// RFC 5321 §5.1 again, as slowly and plainly as can be.
fn naive(records: &[(u16, String)], own: &[String]) -> Result<Vec<(u16, String)>, NoRoute> {
    let named: Vec<_> = records.iter().filter(|(_, host)| host != ".").collect();
    if named.is_empty() {
        return Err(NoRoute::NullMx);
    }
    let cut = named.iter().filter(|(_, host)| own.contains(host)).map(|(p, _)| *p).min();
    let mut kept: Vec<(u16, String)> = Vec::new();
    for (preference, host) in named {
        if cut.is_none_or(|cut| *preference < cut)
            && !records.iter().any(|(p, h)| h == host && p < preference)
            && !kept.iter().any(|(_, h)| h == host)
        {
            kept.push((*preference, host.clone()));
        }
    }
    if kept.is_empty() { Err(NoRoute::Loop) } else { Ok(kept) }
}

proptest! {
    #[test]
    fn the_order_is_that_of_a_naive_model_but_for_the_shuffle(
        records in proptest::collection::vec((0u16..5, "[a-f.]"), 1..12),
        own in proptest::collection::vec("[a-z]", 0..3),
        random in proptest::collection::vec(any::<u32>(), 12),
    ) {
        let mut random = random.into_iter().cycle();
        let lookup = records.iter().map(|(p, host)| Mx::new(*p, host.as_str())).collect();
        let names: Vec<&str> = own.iter().map(String::as_str).collect();
        let order = MxLookup::Records(lookup)
            .exchanges("b.example", &names, || random.next().unwrap())
            .map(|all| all.into_iter().map(|mx| (mx.preference, mx.exchange)).collect::<Vec<_>>());
        if let Ok(order) = &order {
            prop_assert!(!order.is_empty());
            prop_assert!(order.is_sorted_by_key(|(preference, _)| *preference));
        }
        let sorted = |all: Vec<(u16, String)>| {
            let mut all = all;
            all.sort();
            all
        };
        prop_assert_eq!(order.map(sorted), naive(&records, &own).map(sorted));
    }
}
