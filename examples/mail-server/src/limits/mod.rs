//! How much one client or one user may ask of the server: connections, messages, mistakes.
//!
//! All of it is in memory and of bounded size, and forgotten at a restart. `governor` was looked at:
//! its rates are fixed when it is made, so that a reload would forget everybody, and the number of its
//! keys has no bound.

mod back_off;
mod buckets;

use self::{back_off::BackOff, buckets::Buckets};
use crate::config::{self, Current};
use mailstore::AccountId;
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A client: an IPv4 address, or the /64 of an IPv6 address, of which one customer has all.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Client(IpAddr);

impl Client {
    fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let network = ip.to_bits() & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            ip => ip,
        })
    }
}

/// The limit that was met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    Connections,
    Failures,
}

impl Limit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "ip-connections",
            Self::Failures => "ip-failures",
        }
    }
}

/// What counts.
#[derive(Clone)]
pub(crate) struct Limits(Arc<Shared>);

struct Shared {
    settings: Current,
    open: Mutex<HashMap<Client, usize>>,
    messages: Mutex<Buckets<Client>>,
    recipients: Mutex<Buckets<AccountId>>,
    failures: Mutex<BackOff<Client>>,
}

/// A connection that counts while this lives.
#[must_use]
pub(crate) struct Place {
    limits: Limits,
    client: Client,
}

impl Limits {
    pub(crate) fn new(settings: Current) -> Self {
        Self(Arc::new(Shared {
            settings,
            open: Mutex::default(),
            messages: Mutex::default(),
            recipients: Mutex::default(),
            failures: Mutex::default(),
        }))
    }

    /// Whether this client may have one more connection.
    pub(crate) fn connect(&self, ip: IpAddr) -> Result<Place, Limit> {
        let (client, most) = (Client::of(ip), self.of(ip, |limits| limits.ip_connections));
        if self.is_shut_out(ip) {
            return Err(Limit::Failures);
        }
        let mut open = locked(&self.0.open);
        let count = open.entry(client).or_default();
        if most.is_some_and(|most| *count >= most) {
            return Err(Limit::Connections);
        }
        *count += 1;
        Ok(Place { limits: self.clone(), client })
    }

    /// Whether this client may bring one more message now. It counts.
    pub(crate) fn message(&self, ip: IpAddr) -> bool {
        self.of(ip, |limits| limits.ip_messages_per_minute).is_none_or(|most| {
            let now = Instant::now();
            locked(&self.0.messages).take(Client::of(ip), most, MINUTE, now)
        })
    }

    /// Whether this user may send to one more recipient now. It counts.
    pub(crate) fn recipient(&self, account: AccountId) -> bool {
        let most = self.0.settings.get().limits.user_recipients_per_hour;
        most == 0 || locked(&self.0.recipients).take(account, most, HOUR, Instant::now())
    }

    /// The client gave a wrong password, or an address that nobody has. True if it was one too many.
    pub(crate) fn failed(&self, ip: IpAddr) -> bool {
        self.of(ip, |limits| limits.ip_failures).is_some_and(|most| {
            let now = Instant::now();
            locked(&self.0.failures).failed(Client::of(ip), most, now)
        })
    }

    /// Whether the client has failed too often and must wait.
    pub(crate) fn is_shut_out(&self, ip: IpAddr) -> bool {
        self.of(ip, |limits| limits.ip_failures).is_some()
            && locked(&self.0.failures).is_shut_out(Client::of(ip), Instant::now())
    }

    /// A limit that this client has; none for those who are exempt, nor where it is 0.
    fn of<T: Default + PartialEq>(
        &self,
        ip: IpAddr,
        limit: impl Fn(&config::Limits) -> T,
    ) -> Option<T> {
        let limits = &self.0.settings.get().limits;
        let is_exempt = limits.exempt.iter().any(|network| network.contains(ip));
        Some(limit(limits)).filter(|limit| !is_exempt && *limit != T::default())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = locked(&self.limits.0.open);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limits")
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn limits() -> Limits {
        let mut config = config::Config::default();
        config.limits.ip_connections = 2;
        config.limits.ip_failures = 1;
        config.limits.exempt = vec!["192.0.2.9".parse().expect("an address")];
        Limits::new(Current::new(config))
    }

    #[test]
    fn a_client_has_its_connections_and_gets_them_back() {
        let limits = limits();
        let open = |text: &str| limits.connect(ip(text));
        let first = open("192.0.2.1").expect("room");
        let _second = open("::ffff:192.0.2.1").expect("room");
        assert_eq!(open("192.0.2.1").err(), Some(Limit::Connections));
        let _other = open("192.0.2.2").expect("another client");
        drop(first);
        let _third = open("192.0.2.1").expect("room again");
        let _six: Vec<_> = ["2001:db8::1", "2001:db8::2"].map(|ip| open(ip).expect("room")).into();
        assert_eq!(open("2001:db8::ffff:3").err(), Some(Limit::Connections), "one /64");
        let _elsewhere = open("2001:db8:0:1::1").expect("another /64");
        let _exempt: Vec<_> = (0..9).map(|_| open("192.0.2.9").expect("exempt")).collect();
    }

    #[test]
    fn who_fails_too_often_is_shut_out() {
        let limits = limits();
        assert!(!limits.failed(ip("192.0.2.1")));
        assert!(limits.failed(ip("192.0.2.1")));
        assert!(limits.is_shut_out(ip("192.0.2.1")) && !limits.is_shut_out(ip("192.0.2.2")));
        assert_eq!(limits.connect(ip("192.0.2.1")).err(), Some(Limit::Failures));
        assert!((0..9).all(|_| !limits.failed(ip("192.0.2.9"))), "exempt");
    }

    impl fmt::Debug for Place {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Place({:?})", self.client)
        }
    }
}
