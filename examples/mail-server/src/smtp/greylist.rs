//! Who has never brought mail is asked to come again (RFC 6647): programs that only send spam do not.
//!
//! What is known is kept in `greylist.redb` in the data folder, over restarts.

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use ring::digest::{SHA256, digest};
use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task;

/// When a network last brought mail, in seconds since 1970.
const NETWORKS: TableDefinition<'_, &[u8], u64> = TableDefinition::new("networks");
/// When a client first tried, by digest of network, sender and recipient.
const TRIALS: TableDefinition<'_, &[u8], u64> = TableDefinition::new("trials");

const DAY: u64 = 24 * 60 * 60;
/// A second attempt after this is a first one. Servers try for days (RFC 5321 §4.5.4.1).
const TRIAL: u64 = 2 * DAY;
/// A network that brings nothing for so long is forgotten.
const KNOWN: u64 = 36 * DAY;
/// Trials that are kept. When there are more, the old ones go, and then all.
const CAPACITY: u64 = 100_000;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The memory of clients. It is made when it is first asked.
#[derive(Clone)]
pub(crate) struct Greylist {
    path: PathBuf,
    database: Arc<Mutex<Option<Arc<Database>>>>,
}

/// Who wants to bring what to whom.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) ip: IpAddr,
    pub(super) from: String,
    pub(super) to: String,
}

impl Greylist {
    pub(crate) fn new(data: &Path) -> Self {
        Self { path: data.join("greylist.redb"), database: Arc::default() }
    }

    /// How long the client has yet to wait; `None` if it may go on. `now` is in seconds since 1970.
    pub(super) async fn ask(
        &self,
        attempt: Attempt,
        wait: Duration,
        now: u64,
    ) -> Result<Option<Duration>, Failure> {
        let this = self.clone();
        task::spawn_blocking(move || ask(&*this.database()?, &attempt, wait.as_secs(), now)).await?
    }

    fn database(&self) -> Result<Arc<Database>, redb::DatabaseError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*database {
            return Ok(database.clone());
        }
        let opened = Arc::new(Database::create(&self.path)?);
        *database = Some(opened.clone());
        Ok(opened)
    }
}

fn ask(
    database: &Database,
    attempt: &Attempt,
    wait: u64,
    now: u64,
) -> Result<Option<Duration>, Failure> {
    let network = network(attempt.ip);
    let seen = seen(database, &network)?.filter(|seen| now < seen + KNOWN);
    // Most mail comes from who is known; writing once a day is often enough.
    if seen.is_some_and(|seen| now < seen + DAY) {
        return Ok(None);
    }
    let change = database.begin_write()?;
    let left = {
        let mut networks = change.open_table(NETWORKS)?;
        let mut trials = change.open_table(TRIALS)?;
        let key = digest_of(&network, attempt);
        let first = trials.get(key.as_slice())?.map(|first| first.value());
        let first = first.filter(|first| now < first + TRIAL);
        let left = match first {
            _ if seen.is_some() => None,
            Some(first) => (first + wait).checked_sub(now).filter(|left| *left > 0),
            None => Some(wait),
        };
        if left.is_none() {
            networks.insert(network.as_slice(), now)?;
            trials.remove(key.as_slice())?;
            networks.retain(|_, seen| now < seen + KNOWN)?;
        } else if first.is_none() {
            if trials.len()? >= CAPACITY {
                trials.retain(|_, first| now < first + TRIAL)?;
                if trials.len()? >= CAPACITY {
                    trials.retain(|_, _| false)?;
                }
            }
            trials.insert(key.as_slice(), now)?;
        }
        left
    };
    change.commit()?;
    Ok(left.map(Duration::from_secs))
}

fn seen(database: &Database, network: &[u8]) -> Result<Option<u64>, Failure> {
    let reading = database.begin_read()?;
    match reading.open_table(NETWORKS) {
        Ok(table) => Ok(table.get(network)?.map(|seen| seen.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The first 24 bits of an IPv4 address, 64 of an IPv6 address: a farm of servers retries from any of
/// its addresses.
fn network(ip: IpAddr) -> Vec<u8> {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.octets().into_iter().take(3).collect(),
        IpAddr::V6(ip) => ip.octets().into_iter().take(8).collect(),
    }
}

fn digest_of(network: &[u8], Attempt { from, to, .. }: &Attempt) -> Vec<u8> {
    let (from, to) = (from.to_lowercase(), to.to_lowercase());
    let all = [network, from.as_bytes(), to.as_bytes()].join(&0);
    digest(&SHA256, &all).as_ref().to_vec()
}

impl fmt::Debug for Greylist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Greylist({})", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: u64 = 300;

    struct Asked(tempfile::TempDir);

    impl Asked {
        /// Opened anew each time: all is on the disk.
        fn at(&self, now: u64, ip: &str, to: &str) -> Option<u64> {
            let database = Database::create(self.0.path().join("x")).expect("a database");
            let ip = ip.parse().expect("an address");
            let attempt = Attempt { ip, from: "X@b.test".into(), to: to.into() };
            ask(&database, &attempt, WAIT, now).expect("asked").map(|left| left.as_secs())
        }
    }

    #[test]
    fn who_comes_again_in_time_is_known_from_then_on() {
        let asked = Asked(tempfile::tempdir().expect("a folder"));
        let start = 1_000_000;
        assert_eq!(asked.at(start, "192.0.2.1", "a@a.test"), Some(WAIT));
        assert_eq!(asked.at(start + 100, "192.0.2.1", "A@a.test"), Some(WAIT - 100));
        assert_eq!(asked.at(start + 200, "192.0.2.1", "b@a.test"), Some(WAIT), "another recipient");
        assert_eq!(asked.at(start + WAIT, "192.0.2.200", "a@a.test"), None, "from next door");
        assert_eq!(asked.at(start + WAIT, "192.0.2.3", "c@a.test"), None, "its network is known");
        assert_eq!(asked.at(start + WAIT, "192.0.3.1", "a@a.test"), Some(WAIT), "no other is");
        let later = start + WAIT + KNOWN - 1;
        assert_eq!(asked.at(later, "192.0.2.1", "c@a.test"), None);
        assert_eq!(asked.at(later + KNOWN - 1, "192.0.2.1", "c@a.test"), None, "it came meanwhile");
        assert_eq!(asked.at(later + 3 * KNOWN, "192.0.2.1", "c@a.test"), Some(WAIT), "forgotten");
    }

    #[test]
    fn who_comes_too_late_begins_anew() {
        let asked = Asked(tempfile::tempdir().expect("a folder"));
        assert_eq!(asked.at(0, "2001:db8::1", "a@a.test"), Some(WAIT));
        assert_eq!(asked.at(TRIAL, "2001:db8::1", "a@a.test"), Some(WAIT));
        assert_eq!(asked.at(TRIAL + WAIT, "2001:db8::2", "a@a.test"), None);
    }
}
