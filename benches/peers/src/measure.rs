//! Medians of runs in turns, and the table of them.

use std::{
    fmt::Debug,
    hint::black_box,
    time::{Duration, Instant},
};

/// How long each side of a row is measured in all.
const TIME: Duration = Duration::from_millis(150);

/// A line of the table.
pub struct Row {
    name: String,
    peer: String,
    reach: Option<f64>,
    ours: f64,
    theirs: f64,
}

impl Row {
    /// Measures both in turns. Each run's result is compared with `found`.
    pub fn of<T: PartialEq + Debug>(
        name: &str,
        peer: &str,
        reach: Option<f64>,
        found: T,
        mut ours: impl FnMut() -> T,
        theirs: impl FnMut() -> T,
    ) -> Self {
        Self::with_setup(name, peer, reach, found, || (), |()| ours(), theirs)
    }

    /// The same, where each of our runs needs something that is made outside the time measured.
    pub fn with_setup<S, T: PartialEq + Debug>(
        name: &str,
        peer: &str,
        reach: Option<f64>,
        found: T,
        mut setup: impl FnMut() -> S,
        mut ours: impl FnMut(S) -> T,
        mut theirs: impl FnMut() -> T,
    ) -> Self {
        assert_eq!(ours(setup()), found, "{name}: ours");
        assert_eq!(theirs(), found, "{name}: {peer}");
        // So many runs in a sample that the clock's grain does not matter.
        let started = Instant::now();
        black_box(theirs());
        let once = started.elapsed().max(Duration::from_nanos(20));
        let runs = usize::try_from(20_000 / once.as_nanos().max(1)).unwrap_or(0).max(1);
        let samples = (TIME.as_nanos() / (once.as_nanos() * runs as u128))
            .clamp(if once < Duration::from_millis(500) { 7 } else { 3 }, 2000);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..samples {
            let inputs: Vec<_> = (0..runs).map(|_| setup()).collect();
            let started = Instant::now();
            for input in inputs {
                assert!(black_box(ours(black_box(input))) == found);
            }
            a.push(started.elapsed().as_nanos() as f64 / runs as f64);
            let started = Instant::now();
            for _ in 0..runs {
                assert!(black_box(theirs()) == found);
            }
            b.push(started.elapsed().as_nanos() as f64 / runs as f64);
        }
        Self { name: name.into(), peer: peer.into(), reach, ours: median(a), theirs: median(b) }
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Prints the rows as a Markdown table.
pub fn table(rows: &[Row]) {
    println!(
        "| input | peer | ours | peer's | ratio | reach | |\n|---|---|---:|---:|---:|---:|---|"
    );
    for Row { name, peer, reach, ours, theirs } in rows {
        let ratio = ours / theirs;
        let wanted = reach.map_or(String::new(), |reach| format!("≤ {reach}"));
        let verdict = match reach {
            Some(reach) if ratio > *reach => "miss",
            Some(_) => "ok",
            None => "",
        };
        let (ours, theirs) = (time(*ours), time(*theirs));
        println!("| {name} | {peer} | {ours} | {theirs} | {ratio:.2} | {wanted} | {verdict} |");
    }
}

fn time(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.0} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}
