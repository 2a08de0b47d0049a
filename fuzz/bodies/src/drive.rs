//! Runs of machines, and what must hold in all of them.

use mailwire::{
    Close, Instant, Machine, Step,
    test::{Cuts, Host, Log, run},
};

/// A seed that depends on nothing but the octets, so that a run can be repeated.
pub(crate) fn seed(octets: &[u8]) -> u64 {
    // FNV-1a
    octets.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// The laws of [`Machine`], under three ways to cut the input: whole, octet by octet, and at random.
///
/// [`assert_laws`](mailwire::test::assert_laws) has seven ways. Three are enough here, because each
/// input comes with other random cuts.
pub(crate) fn laws<M: Machine, H: Host<M>>(make: impl Fn() -> (M, H), input: &[u8]) {
    let (mut machine, mut host) = make();
    let whole = run(&mut machine, &mut host, input, Cuts::Whole);
    for cuts in [Cuts::Every(1), Cuts::Random(seed(input))] {
        let (mut machine, mut host) = make();
        let cut = run(&mut machine, &mut host, input, cuts);
        assert_eq!(whole, cut, "law 4: {cuts:?} of {}", input.escape_ascii());
        let examined = machine.recv().examined();
        let bound = 2 * input.len() as u64 + 1024;
        assert!(examined <= bound, "law 5: {examined} octets examined of {}", input.len());
    }
}

/// What came of a polite run.
#[derive(Debug, PartialEq)]
pub(crate) struct Polite {
    pub(crate) log: Log,
    pub(crate) output: Vec<u8>,
    pub(crate) closed: Option<Close>,
    pub(crate) upgraded: bool,
}

/// Runs a client against a server that says nothing before it is asked: each read ends at or before
/// the end of a line, and only a client that waits gets one. So what the client makes of it cannot
/// depend on the cuts.
pub(crate) fn polite<M: Machine>(
    machine: &mut M,
    host: &mut impl Host<M>,
    mut input: &[u8],
    most: usize,
) -> Polite {
    let now = Instant::default();
    let (mut log, mut output, mut eof) = (Log::default(), Vec::new(), false);
    loop {
        let step = machine.poll(now);
        assert_eq!(step, machine.poll(now), "law 1: poll is idempotent");
        if step != Step::Event {
            output.extend_from_slice(&machine.transmit().take_all());
        }
        match step {
            Step::Event => host.event(machine, &mut log),
            Step::NeedInput if input.is_empty() => {
                assert!(!eof, "NeedInput after the end of input");
                eof = true;
                machine.recv_eof();
            }
            Step::NeedInput => {
                let line =
                    input.iter().position(|&octet| octet == b'\n').map_or(input.len(), |at| at + 1);
                let n = machine.recv().push(&input[..line.min(most)]);
                assert!(n > 0, "law 2: NeedInput with a full buffer");
                input = &input[n..];
            }
            Step::YourTurn if host.turn(machine) => {}
            Step::YourTurn | Step::Closed | Step::Upgrade | Step::Compress => {
                let (closed, upgraded) =
                    (machine.closed(), matches!(step, Step::Upgrade | Step::Compress));
                return Polite { log, output, closed, upgraded };
            }
            Step::NeedFlush => {}
        }
    }
}
