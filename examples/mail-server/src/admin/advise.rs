//! `mail-server dns` and `mail-server check`.

use super::{Admin, AdminError};
use crate::{
    advice::{self, Findings, Setup, World},
    dns::Dns,
    tls,
};
use mailstore::{Queue, Timestamp};
use std::{io::Write, net::IpAddr, time::Duration};

/// A message that waits longer is worth a look.
const OLD: Duration = Duration::from_secs(4 * 60 * 60);

impl Admin {
    pub(super) fn print_records(
        &self,
        addresses: Vec<IpAddr>,
        checklist: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), AdminError> {
        if self.keys.all().is_empty() {
            self.keys.add()?;
        }
        let text = self.with_setup(addresses, |setup| advice::print(&setup, checklist));
        out.write_all(text.as_bytes())?;
        Ok(())
    }

    /// False if something is not as it should be.
    pub(super) async fn check(
        &self,
        addresses: Vec<IpAddr>,
        outbound: &str,
        time_server: &str,
        out: &mut Vec<u8>,
    ) -> Result<bool, AdminError> {
        let mut found = Findings::default();
        self.store_and_accounts(&mut found).await?;
        if self.keys.all().is_empty() {
            let to_do = "make keys: mail-server dkim add";
            found.problem("mail that leaves is not signed (DKIM)", to_do);
        }
        let config = self.settings.get();
        let dns = Dns::new(config.relay.name_server)
            .map_err(|error| AdminError::NameServers(error.to_string()))?;
        let domains = self.users.directory().domains();
        let key_hash = tls::key_hash(&config);
        let setup = Setup {
            config: &config,
            domains: &domains,
            keys: &self.keys,
            addresses: &self.addresses(addresses),
            key_hash: key_hash.as_deref(),
        };
        let world = World { dns: &dns, outbound, time_server };
        advice::check(&setup, world, self.running, &mut found).await;
        out.write_all(found.text.as_bytes())?;
        match found.problems {
            0 => writeln!(out, "all is well")?,
            1 => writeln!(out, "1 problem")?,
            n => writeln!(out, "{n} problems")?,
        }
        Ok(found.problems == 0)
    }

    async fn store_and_accounts(&self, found: &mut Findings) -> Result<(), AdminError> {
        match self.store.damage().len() {
            0 => {
                let messages = self.store.figures().await?.messages;
                found.ok(&format!("the store is open, with {messages} messages"));
            }
            n => found.problem(
                &format!("{n} places of the store are damaged"),
                "stop the server, then mail-server mailbox check",
            ),
        }
        // As an acknowledgement of mail would have to.
        let written = tempfile::tempfile_in(&self.settings.get().data).and_then(|mut file| {
            file.write_all(&[0; 4096])?;
            file.sync_all()
        });
        match written {
            Ok(()) => found.ok("the store's disk takes what is written"),
            Err(error) => found.problem(
                &format!("the store's disk takes nothing: {error}"),
                "make room on it: df -h, then mail-server mailbox compact",
            ),
        }
        match self.users.list().await?.len() {
            0 => found.problem("there are no users", "mail-server user add NAME@DOMAIN"),
            n => found.ok(&format!("there are {n} users")),
        }
        if self.switch.is_paused() {
            found.problem("nothing is sent", "mail-server queue resume");
        }
        let now = Timestamp::now();
        let envelopes = self.store.envelopes().await?;
        let old = envelopes.iter().filter(|envelope| now.since(envelope.created) > OLD).count();
        match old {
            0 => found.ok(&format!("{} messages wait, none for long", envelopes.len())),
            n => found.problem(
                &format!("{n} messages have waited for more than four hours"),
                "see why: mail-server queue list",
            ),
        }
        Ok(())
    }

    fn with_setup<T>(&self, addresses: Vec<IpAddr>, work: impl FnOnce(Setup<'_>) -> T) -> T {
        let domains = self.users.directory().domains();
        let config = self.settings.get();
        let key_hash = tls::key_hash(&config);
        work(Setup {
            config: &config,
            domains: &domains,
            keys: &self.keys,
            addresses: &self.addresses(addresses),
            key_hash: key_hash.as_deref(),
        })
    }

    /// Those named, or those it listens on.
    fn addresses(&self, named: Vec<IpAddr>) -> Vec<IpAddr> {
        if !named.is_empty() {
            return named;
        }
        let config = self.settings.get();
        let known = config.listen.iter().copied();
        known.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()).collect()
    }
}
