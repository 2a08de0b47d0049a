use alloc::{format, string::String};

use bytes::Buf;

use super::{Cuts, Host, Log};
use crate::{Close, Instant, Machine, Step};

/// A client and a server machine, connected without a network, in virtual time.
#[derive(Debug)]
pub struct Pair<C, S> {
    /// The client machine.
    pub client: C,
    /// The server machine.
    pub server: S,
    /// The time both are told.
    pub now: Instant,
    wire: String,
}

/// How a run of a [`Pair`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairEnd {
    /// What the client's host noted.
    pub client: Log,
    /// What the server's host noted.
    pub server: Log,
    /// Why the client closed, if it did.
    pub client_closed: Option<Close>,
    /// Why the server closed, if it did.
    pub server_closed: Option<Close>,
    /// What went over the wire, `C:` and `S:`, for people.
    pub wire: String,
    /// How often the transport was replaced.
    pub upgrades: usize,
}

impl<C: Machine, S: Machine> Pair<C, S> {
    /// Connects the two.
    pub fn new(client: C, server: S) -> Self {
        Self { client, server, now: Instant::default(), wire: String::new() }
    }

    /// Runs until both are closed or neither can go on.
    ///
    /// # Panics
    ///
    /// When one side wants to replace the transport and the other does not.
    pub fn run(
        mut self,
        mut client_host: impl Host<C>,
        mut server_host: impl Host<S>,
        mut cuts: Cuts,
    ) -> PairEnd {
        let (mut client_log, mut server_log) = (Log::default(), Log::default());
        let (mut client_eof, mut server_eof) = (false, false);
        let mut upgrades = 0;
        loop {
            let c = settle(&mut self.client, &mut client_host, &mut client_log, self.now);
            let up = carry(&mut self.client, &mut self.server, "C", &mut cuts, &mut self.wire);
            let s = settle(&mut self.server, &mut server_host, &mut server_log, self.now);
            let down = carry(&mut self.server, &mut self.client, "S", &mut cuts, &mut self.wire);
            if up + down > 0 {
                continue;
            }
            match (c, s) {
                (Step::Upgrade, Step::Upgrade) | (Step::Compress, Step::Compress) => {
                    self.client.upgrade();
                    self.server.upgrade();
                    upgrades += 1;
                }
                (Step::Closed, step) if step != Step::Closed && !server_eof => {
                    server_eof = true;
                    self.server.recv_eof();
                }
                (step, Step::Closed) if step != Step::Closed && !client_eof => {
                    client_eof = true;
                    self.client.recv_eof();
                }
                (Step::Upgrade | Step::Compress, _) | (_, Step::Upgrade | Step::Compress) => {
                    panic!("one side upgrades alone: client {c:?}, server {s:?}\n{}", self.wire)
                }
                _ => break,
            }
        }
        PairEnd {
            client: client_log,
            server: server_log,
            client_closed: self.client.closed(),
            server_closed: self.server.closed(),
            wire: self.wire,
            upgrades,
        }
    }
}

/// Polls until the machine needs the other side.
fn settle<M: Machine>(
    machine: &mut M,
    host: &mut impl Host<M>,
    log: &mut Log,
    now: Instant,
) -> Step {
    loop {
        match machine.poll(now) {
            Step::Event => host.event(machine, log),
            Step::YourTurn if host.turn(machine) => {}
            step => return step,
        }
    }
}

/// Carries what waits in `from` to `to`, one cut of it; returns how much.
fn carry<A: Machine, B: Machine>(
    from: &mut A,
    to: &mut B,
    who: &str,
    cuts: &mut Cuts,
    wire: &mut String,
) -> usize {
    let out = from.transmit();
    let room = to.recv().room();
    let n = out.chunk().len().min(cuts.next());
    if n == 0 {
        return 0;
    }
    if room == 0 && to.closed().is_some() {
        // A closed peer: the octets go nowhere, as on a real connection.
        out.advance(n);
        return n;
    }
    let n = to.recv().push(out.chunk().get(..n).unwrap_or_default());
    let piece = out.chunk().get(..n).unwrap_or_default();
    wire.push_str(&format!("{who}: {}\n", piece.escape_ascii()));
    out.advance(n);
    n
}
