//! A FETCH response is parsed with at most two allocations.

use std::alloc::System;

use benches::work;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn two_for_a_fetch_response() {
    let mut fetch = work::Fetch::of(1000);
    fetch.rows();
    let wire = [&fetch.taken()[..], b")\r\n"].concat();
    let region = Region::new(COUNTED);
    assert_eq!(work::imap_fetch_responses(&wire), 1000);
    let made = region.change();
    assert!(made.allocations > 0, "the items are a vector");
    let each = (made.allocations + made.reallocations) as f64 / 1000.0;
    println!("{each} allocations for a FETCH response");
    assert!(each <= 2.0, "{each} allocations for a FETCH response");
}
