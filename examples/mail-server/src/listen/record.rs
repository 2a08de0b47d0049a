//! What one session comes to: the log has a line of it, the metrics count it.

use crate::{limits::Limits, metrics::Metrics, service::Service};
use std::{
    mem,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use tracing::{info, warn};

/// Filled in by those who hold the session; written down when the last of them is done.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) service: Service,
    peer: Mutex<SocketAddr>,
    metrics: Arc<Metrics>,
    limits: Limits,
    since: Instant,
    user: Mutex<Option<String>>,
    /// The keys of a user were asked for, and nothing has been proved with them yet.
    unproved: Mutex<Option<String>>,
    end: Mutex<String>,
    tls: Mutex<&'static str>,
    messages: AtomicU64,
    refusals: AtomicU64,
    failed_log_ins: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
}

impl Record {
    pub(crate) fn new(
        service: Service,
        peer: SocketAddr,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        metrics.opened(service);
        Self {
            service,
            peer: Mutex::new(peer),
            metrics,
            limits,
            since: Instant::now(),
            user: Mutex::default(),
            unproved: Mutex::default(),
            end: Mutex::new("stopped".into()),
            tls: Mutex::new("none"),
            messages: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            failed_log_ins: AtomicU64::new(0),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// The client.
    pub(crate) fn peer(&self) -> SocketAddr {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the client is another one, for whom this one speaks.
    pub(crate) fn speaks_for(&self, client: SocketAddr) {
        info!(%client, "XCLIENT");
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// Whether the client may name a user now: it has not failed too often.
    pub(crate) fn may_go_on(&self) -> bool {
        !self.limits.is_shut_out(self.peer().ip())
    }

    /// The client gets what it needs to prove a password. If it does not, that was a wrong one.
    pub(crate) fn log_in_begun(&self, user: &str) {
        if let Some(before) = self.unproved(Some(user.to_owned())) {
            self.log_in_failed(&before);
        }
    }

    fn unproved(&self, now: Option<String>) -> Option<String> {
        mem::replace(&mut *self.unproved.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    pub(crate) fn logged_in(&self, user: &str) {
        self.unproved(None);
        *self.user.lock().unwrap_or_else(PoisonError::into_inner) = Some(user.to_owned());
        self.metrics.log_in(self.service, true);
    }

    pub(crate) fn log_in_failed(&self, user: &str) {
        info!(user, "log-in refused");
        self.failed_log_ins.fetch_add(1, Relaxed);
        self.failed();
        self.metrics.log_in(self.service, false);
    }

    /// A message was accepted.
    pub(crate) fn message(&self) {
        self.messages.fetch_add(1, Relaxed);
        self.metrics.message(self.service);
    }

    /// The client named a recipient whom there is not, or who is elsewhere.
    pub(crate) fn unknown_recipient(&self) {
        self.failed();
    }

    fn failed(&self) {
        if self.limits.failed(self.peer().ip()) {
            warn!(ip = %self.peer().ip(), "shut out for a while: too many failures");
        }
    }

    /// A command, a recipient or a message was refused with this code.
    pub(crate) fn refused(&self, code: u16) {
        self.refusals.fetch_add(1, Relaxed);
        self.metrics.refusal(self.service, code);
    }

    pub(crate) fn secured(&self, version: &'static str) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = version;
    }

    pub(crate) fn read(&self, octets: usize) {
        self.read.fetch_add(octets as u64, Relaxed);
    }

    pub(crate) fn written(&self, octets: usize) {
        self.written.fetch_add(octets as u64, Relaxed);
    }

    /// How it ended.
    pub(super) fn ended(&self, how: impl Into<String>) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = how.into();
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(user) = self.unproved(None) {
            self.log_in_failed(&user);
        }
        let (read, written) = (self.read.load(Relaxed), self.written.load(Relaxed));
        self.metrics.closed(self.service, read, written);
        let user = self.user.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        info!(
            tls = *self.tls.lock().unwrap_or_else(PoisonError::into_inner),
            user = user.as_deref(),
            messages = self.messages.load(Relaxed),
            refusals = self.refusals.load(Relaxed),
            failed_log_ins = self.failed_log_ins.load(Relaxed),
            read,
            written,
            seconds = self.since.elapsed().as_secs(),
            end = end.as_str(),
            "session"
        );
    }
}
