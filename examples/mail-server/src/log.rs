//! What happens, on standard error. Passwords and message texts are never logged.

use crate::config::{Log, LogFormat, LogLevel};
use std::{
    io::{self, IsTerminal},
    sync::OnceLock,
};
use tracing_subscriber::{
    Layer, Registry, filter::LevelFilter, filter::Targets, fmt, layer::SubscriberExt, reload,
    util::SubscriberInitExt,
};

/// Start logging. Later calls change nothing.
pub(crate) fn start(log: &Log) {
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(coloured(&io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (filter, handle) = reload::Layer::new(filter(log.level));
    if tracing_subscriber::registry().with(lines.with_filter(filter)).try_init().is_ok() {
        let _ = FILTER.set(handle);
    }
}

/// Log as much as this from now on.
pub(crate) fn set_level(level: LogLevel) {
    if let Some(handle) = FILTER.get() {
        // It fails only where there is no log any more.
        let _ = handle.reload(filter(level));
    }
}

static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Libraries speak at `trace` only, unless something is wrong.
fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let theirs = match level {
        LogLevel::Trace => LevelFilter::DEBUG,
        _ => ours.min(LevelFilter::WARN),
    };
    Targets::new().with_default(theirs).with_target("mail_server", ours)
}

/// Whether to colour what is printed there: a terminal, and no wish to the contrary
/// (<https://no-color.org>).
pub(crate) fn coloured(to: &impl IsTerminal) -> bool {
    to.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_are_quiet_unless_something_is_wrong() {
        let filter = filter(LogLevel::Info);
        assert!(filter.would_enable("mail_server::serve", &Level::INFO));
        assert!(!filter.would_enable("mail_server::serve", &Level::DEBUG));
        assert!(filter.would_enable("hickory_server", &Level::WARN));
        assert!(!filter.would_enable("hickory_server", &Level::INFO));
    }

    #[test]
    fn off_is_silent() {
        let filter = filter(LogLevel::Off);
        assert!(!filter.would_enable("mail_server", &Level::ERROR));
        assert!(!filter.would_enable("hickory_server", &Level::ERROR));
    }
}
