//! What is counted, for Prometheus.

use crate::service::Service;
use prometheus::{
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, Result, TextEncoder, core::Collector,
};
use std::time::{SystemTime, UNIX_EPOCH};

/// The counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    sessions: IntCounterVec,
    open: IntGaugeVec,
    turned_away: IntCounterVec,
    log_ins: IntCounterVec,
    messages: IntCounterVec,
    refusals: IntCounterVec,
    read: IntCounterVec,
    written: IntCounterVec,
    deliveries: IntCounterVec,
    state: IntGaugeVec,
}

/// What is measured when it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) queue: u64,
    pub(crate) is_paused: bool,
    pub(crate) accounts: u64,
    pub(crate) messages: u64,
    pub(crate) message_octets: u64,
    pub(crate) log_octets: u64,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self> {
        let registry = Registry::new();
        let by_service = ["service"].as_slice();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            kept(&registry, IntCounterVec::new(Opts::new(name, help), labels)?)
        };
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            kept(&registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
        };
        let started = kept(
            &registry,
            IntGauge::new(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
            )?,
        )?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        started.set(now.as_secs().try_into().unwrap_or_default());
        Ok(Self {
            sessions: counter("mail_sessions_total", "Sessions begun.", by_service)?,
            open: gauge("mail_sessions_open", "Sessions underway.", by_service)?,
            turned_away: counter(
                "mail_connections_refused_total",
                "Connections refused before a session, by the limit that was reached.",
                &["service", "limit"],
            )?,
            log_ins: counter("mail_log_ins_total", "Log-ins.", &["service", "result"])?,
            messages: counter("mail_messages_accepted_total", "Messages accepted.", by_service)?,
            refusals: counter(
                "mail_refusals_total",
                "Commands, recipients and messages refused by SMTP, by reply code.",
                &["service", "code"],
            )?,
            read: counter("mail_read_octets_total", "Octets of ended sessions.", by_service)?,
            written: counter("mail_written_octets_total", "Octets of ended sessions.", by_service)?,
            deliveries: counter(
                "mail_deliveries_total",
                "Attempts to hand a message to the next server, one a recipient.",
                &["outcome"],
            )?,
            state: gauge("mail_state", "Sizes of queue and store.", &["of"])?,
            registry,
        })
    }

    pub(crate) fn opened(&self, service: Service) {
        self.sessions.with_label_values(&[service.name()]).inc();
        self.open.with_label_values(&[service.name()]).inc();
    }

    pub(crate) fn closed(&self, service: Service, read: u64, written: u64) {
        self.open.with_label_values(&[service.name()]).dec();
        self.read.with_label_values(&[service.name()]).inc_by(read);
        self.written.with_label_values(&[service.name()]).inc_by(written);
    }

    /// A connection came over a limit, which is named.
    pub(crate) fn turned_away(&self, service: Service, limit: &str) {
        self.turned_away.with_label_values(&[service.name(), limit]).inc();
    }

    pub(crate) fn log_in(&self, service: Service, went_well: bool) {
        let result = if went_well { "accepted" } else { "refused" };
        self.log_ins.with_label_values(&[service.name(), result]).inc();
    }

    pub(crate) fn message(&self, service: Service) {
        self.messages.with_label_values(&[service.name()]).inc();
    }

    pub(crate) fn refusal(&self, service: Service, code: u16) {
        self.refusals.with_label_values(&[service.name(), &code.to_string()]).inc();
    }

    /// What an attempt came to for a recipient: `delivered`, `deferred` or `failed`.
    pub(crate) fn delivery(&self, outcome: &str) {
        self.deliveries.with_label_values(&[outcome]).inc();
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    pub(crate) fn text(&self, measured: Measured) -> Result<String> {
        let set = |of: &str, value: u64| {
            self.state.with_label_values(&[of]).set(value.try_into().unwrap_or(i64::MAX));
        };
        set("queue_messages", measured.queue);
        set("queue_paused", measured.is_paused.into());
        set("accounts", measured.accounts);
        set("store_messages", measured.messages);
        set("store_message_octets", measured.message_octets);
        set("store_log_octets", measured.log_octets);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn kept<T: Collector + Clone + 'static>(registry: &Registry, metric: T) -> Result<T> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
