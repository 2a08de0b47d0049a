use alloc::vec::Vec;

use super::{Cuts, Host, Log};
use crate::{Close, Instant, Machine, Step};

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What the host noted.
    pub log: Log,
    /// All octets for the peer.
    pub output: Vec<u8>,
    /// Why the machine closed, if it did.
    pub closed: Option<Close>,
    /// Octets that belong to another transport, if the machine stopped for an upgrade.
    pub upgrade: Option<Vec<u8>>,
}

/// Feeds `input` to a machine, cut as told, then the end of input, and asserts the laws that can be
/// seen in one run (1, 2, 3, 6 and the bounds of 5).
///
/// # Panics
///
/// When a law is broken.
pub fn run<M: Machine>(
    machine: &mut M,
    host: &mut impl Host<M>,
    input: &[u8],
    mut cuts: Cuts,
) -> Outcome {
    let now = Instant::default();
    let mut rest = input;
    let mut eof = false;
    let mut log = Log::default();
    let mut output = Vec::new();
    loop {
        let step = machine.poll(now);
        assert_eq!(step, machine.poll(now), "law 1: poll is idempotent");
        let (held, limit) = (machine.recv().len(), machine.recv().limit());
        assert!(held <= limit, "law 5: {held} octets held, the limit is {limit}");
        match step {
            Step::Event => host.event(machine, &mut log),
            Step::NeedFlush => {
                assert!(!machine.transmit().is_empty(), "NeedFlush with nothing to send");
                output.extend_from_slice(&machine.transmit().take_all());
            }
            Step::NeedInput => {
                output.extend_from_slice(&machine.transmit().take_all());
                let room = machine.recv().room();
                assert!(room > 0, "law 2: NeedInput with a full buffer");
                if rest.is_empty() {
                    assert!(!eof, "NeedInput after the end of input");
                    eof = true;
                    machine.recv_eof();
                    continue;
                }
                let n = cuts.next().min(room).min(rest.len());
                let (piece, tail) = rest.split_at_checked(n).unwrap_or((rest, &[]));
                assert_eq!(machine.recv().push(piece), n);
                rest = tail;
            }
            Step::YourTurn => {
                output.extend_from_slice(&machine.transmit().take_all());
                if !host.turn(machine) {
                    return Outcome { log, output, closed: None, upgrade: None };
                }
            }
            Step::Upgrade | Step::Compress => {
                assert!(machine.transmit().is_empty(), "law 3: {step:?} with output waiting");
                assert_eq!(machine.recv().room(), 0, "law 2: room at {step:?}");
                let mut early = machine.upgrade().to_vec();
                early.extend_from_slice(rest);
                return Outcome { log, output, closed: None, upgrade: Some(early) };
            }
            Step::Closed => {
                output.extend_from_slice(&machine.transmit().take_all());
                assert_eq!(machine.poll(now), Step::Closed, "law 6: Closed is final");
                assert_eq!(machine.recv().room(), 0, "law 2: room at Closed");
                assert!(machine.closed().is_some(), "law 6: closed() says why");
                return Outcome { log, output, closed: machine.closed(), upgrade: None };
            }
        }
    }
}

/// Asserts that the same octets give the same events and output under every chunking (law 4) and
/// are looked at a bounded number of times (law 5).
///
/// # Panics
///
/// When a law is broken.
pub fn assert_laws<M: Machine, H: Host<M>>(make: impl Fn() -> (M, H), input: &[u8], seed: u64) {
    let (mut machine, mut host) = make();
    let whole = run(&mut machine, &mut host, input, Cuts::Whole);
    let random = (0..3u64).map(|i| Cuts::Random(seed.wrapping_add(i * 7919) | 1));
    for cuts in [Cuts::Every(1), Cuts::Every(7), Cuts::Every(64)].into_iter().chain(random) {
        let (mut machine, mut host) = make();
        let cut = run(&mut machine, &mut host, input, cuts);
        assert_eq!(whole, cut, "law 4: {cuts:?} of {:?}", input.escape_ascii());
        let examined = machine.recv().examined();
        let bound = 2 * input.len() as u64 + 1024;
        assert!(examined <= bound, "law 5: {examined} octets examined of {}", input.len());
    }
}
