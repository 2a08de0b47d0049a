//! Mail for other domains: from the queue to the servers of their recipients.

mod arrival;
mod attempt;
mod bounce;
mod destinations;
mod dispatch;
mod idle;
mod route;
mod session;
mod silent;
mod sts;
mod switch;
mod target;
mod transfer;
mod wishes;
mod worker;

pub(crate) use self::{arrival::Arrival, dispatch::run, switch::Switch};

use self::{destinations::Destinations, idle::Idle, silent::Silent, sts::Sts};
use crate::app::App;
use smtp_proto::delivery::Outcome;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Messages that are tried at once, all destinations together.
const AT_ONCE: usize = 128;
/// How long an envelope is kept from others, unless that is renewed.
const LEASE: Duration = Duration::from_secs(20 * 60);

/// What the workers share.
struct Relay<S> {
    app: Arc<App<S>>,
    destinations: Mutex<Destinations>,
    places: Semaphore,
    idle: Idle,
    silent: Silent,
    sts: Sts,
}

impl<S> Relay<S> {
    fn new(app: Arc<App<S>>) -> Self {
        let (destinations, places) = (Mutex::default(), Semaphore::new(AT_ONCE));
        let (idle, silent, sts) = (Idle::default(), Silent::default(), Sts::default());
        Self { app, destinations, places, idle, silent, sts }
    }

    fn destinations(&self) -> MutexGuard<'_, Destinations> {
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an attempt came to for one recipient of an envelope.
#[derive(Debug)]
struct Attempted {
    /// The recipient's place in the envelope.
    recipient: usize,
    outcome: Outcome,
}
