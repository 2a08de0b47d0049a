//! Being told to stop: Ctrl-C, SIGTERM. Being told to look at its files again: SIGHUP.

use crate::listen::Listening;
use std::{io, time::Duration};
use tokio::time;
use tracing::{info, warn};

/// The ways to be told.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on signals end nothing by themselves.
    #[cfg(unix)]
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Calls `reload` at each SIGHUP, until the server stops.
#[cfg(unix)]
pub(crate) fn at_hangup(serving: &Listening, reload: impl Fn() + Send + 'static) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    let stopping = serving.stopping.clone();
    serving.tasks.spawn(async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = hangup.recv() => reload(),
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn at_hangup(_: &Listening, _: impl Fn() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// How the server ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// All sessions finished.
    Graceful,
    /// Some were cut off after the grace period.
    Cut,
    /// Told a second time, and ended at once.
    AtOnce,
}

/// Waits to be told, lets sessions finish for as long as `grace`, then returns.
pub(crate) async fn when_told(
    signals: &mut Signals,
    serving: &Listening,
    grace: Duration,
) -> Ending {
    signals.next().await;
    info!("stopping; once more to end at once");
    serving.stopping.cancel();
    serving.tasks.close();
    tokio::select! {
        () = serving.tasks.wait() => Ending::Graceful,
        () = time::sleep(grace) => {
            warn!("{} connections did not finish in {grace:?}", serving.tasks.len());
            Ending::Cut
        }
        () = signals.next() => Ending::AtOnce,
    }
}
