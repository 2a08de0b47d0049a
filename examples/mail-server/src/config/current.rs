//! The settings in effect, which SIGHUP may change.

use super::Config;
use std::sync::{Arc, PoisonError, RwLock};

/// All who hold a copy of this see the same settings. What is underway goes on with those that it began
/// with.
#[derive(Clone, Debug)]
pub(crate) struct Current(Arc<RwLock<Arc<Config>>>);

impl Current {
    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// The settings of this moment.
    pub(crate) fn get(&self) -> Arc<Config> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, config: Config) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }
}

impl Config {
    /// Takes `new`, but for what only a restart can change: that stays as it is. Gives the names of what
    /// stays although it is to change.
    pub(crate) fn replace_with(&mut self, mut new: Self) -> Vec<&'static str> {
        let mut stays = Vec::new();
        let mut keep = |differs: bool, name| {
            if differs {
                stays.push(name);
            }
        };
        keep(new.data != self.data, "data");
        keep(new.store != self.store, "store");
        keep(new.listen != self.listen, "listen");
        keep(new.ports != self.ports, "ports");
        keep(new.log.format != self.log.format, "log.format");
        new.data.clone_from(&self.data);
        new.store = self.store;
        new.listen.clone_from(&self.listen);
        new.ports = self.ports.clone();
        new.log.format = self.log.format;
        *self = new;
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Port;

    #[test]
    fn what_needs_a_restart_is_named_and_stays() {
        let mut config = Config::default();
        let mut new = Config::default();
        assert_eq!(config.replace_with(new.clone()), [""; 0]);
        new.hostname = "mx.b.test".into();
        new.ports.imap = Port::OFF;
        new.listen.clear();
        new.data = "elsewhere".into();
        assert_eq!(config.replace_with(new), ["data", "listen", "ports"]);
        let expected = Config { hostname: "mx.b.test".into(), ..Config::default() };
        assert_eq!(config, expected);
    }
}
