//! What an operator can do, on a store that this process has open: a running server does it for who
//! asks at its socket, otherwise the command line does it itself.

mod advise;
#[cfg_attr(not(unix), path = "no_control.rs")]
mod control;
mod password;
mod queue;

pub(crate) use self::control::listen;

use crate::{
    accounts::{AccountError, Directory, DirectoryError, LoginSecret, Users},
    cli::{AdminCommand, AliasCommand, DkimCommand, DomainCommand, MailboxCommand, UserCommand},
    config::{Config, Current},
    mailbox::{self, MailboxError},
    relay::Switch,
    store::{self, MailStore, OpenError},
    trust::{DkimKeys, KeyError, State},
};
use mailstore::{DynStore, Limits, Quotas};
use std::{
    io::{self, Write},
    path::PathBuf,
};

/// What the commands act on.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) store: MailStore,
    pub(crate) users: Users<DynStore>,
    pub(crate) switch: Switch,
    pub(crate) keys: DkimKeys,
    pub(crate) settings: Current,
    /// Whether this process serves.
    pub(crate) running: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Password(#[from] password::PasswordError),
    #[error(transparent)]
    Store(#[from] mailstore::Error),
    #[error(transparent)]
    Open(OpenError),
    #[error(
        "a running server has the mail store in {} open and does not answer at its socket; stop it, do this again, then start it",
        folder.display()
    )]
    InUse { folder: PathBuf },
    #[error("a running server has the mail store in {} open; stop it, do this again, then start it", .0.display())]
    Running(PathBuf),
    #[error("the running server did not answer: {0}")]
    Control(io::Error),
    #[error("{0}")]
    Remote(String),
    #[error("cannot set the name servers up: {0}")]
    NameServers(String),
    #[error("no password was given")]
    NoPassword,
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) text: String,
    /// False if the command found something that is not as it should be.
    pub(crate) well: bool,
}

/// Has the command done by the running server, or does it.
pub(crate) async fn run(command: AdminCommand, config: &Config) -> Result<Done, AdminError> {
    let password = match &command {
        AdminCommand::User(command) => password::of(command)?,
        _ => None,
    };
    let repair = matches!(command, AdminCommand::Mailbox(MailboxCommand::Repair));
    let command = command.absolute()?;
    let password = password.as_deref().map(String::as_str);
    if let Some(connection) = control::connect(&config.data).await {
        return match repair {
            true => Err(AdminError::Running(config.data.clone())),
            false => connection.ask(command, password).await,
        };
    }
    if repair {
        let mut out = Vec::new();
        let well = mailbox::repair(config, &mut out).await?;
        return Ok(Done::new(out, well));
    }
    let store = store::open(config).await.map_err(|error| match error {
        OpenError::InUse { folder } => AdminError::InUse { folder },
        error => AdminError::Open(error),
    })?;
    let directory = Directory::load(&*store, &config.domains).await?;
    let admin = Admin {
        users: Users::new((*store).clone(), directory, LoginSecret::random()),
        switch: Switch::load(&*store).await?,
        keys: DkimKeys::load(&config.data)?,
        settings: Current::new(config.clone()),
        running: false,
        store,
    };
    let done = admin.run(command, password).await;
    admin.store.close().await?;
    done
}

impl Done {
    fn new(out: Vec<u8>, well: bool) -> Self {
        Self { text: String::from_utf8_lossy(&out).into_owned(), well }
    }
}

impl Admin {
    /// Does what was asked.
    async fn run(&self, command: AdminCommand, password: Option<&str>) -> Result<Done, AdminError> {
        let mut out = Vec::new();
        let mut well = true;
        match command {
            AdminCommand::User(command) => self.user(command, password, &mut out).await?,
            AdminCommand::Alias(command) => self.alias(command, &mut out).await?,
            AdminCommand::Domain(command) => self.domain(command, &mut out).await?,
            AdminCommand::Dkim(command) => self.dkim(command, &mut out)?,
            AdminCommand::Queue(command) => self.queue(command, &mut out).await?,
            AdminCommand::Dns { address, checklist } => {
                self.print_records(address, checklist, &mut out)?;
            }
            AdminCommand::Check { address, outbound, time_server } => {
                well = self.check(address, &outbound, &time_server, &mut out).await?;
            }
            AdminCommand::Mailbox(command) => {
                well = mailbox::run(command, &self.store, &mut out).await?;
            }
        }
        Ok(Done::new(out, well))
    }

    async fn user(
        &self,
        command: UserCommand,
        password: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), AdminError> {
        match command {
            UserCommand::Add(user) => {
                let password = password.ok_or(AdminError::NoPassword)?;
                writeln!(out, "added {}", self.users.add(&user.address, password).await?.login)?;
            }
            UserCommand::Passwd(user) => {
                let password = password.ok_or(AdminError::NoPassword)?;
                let account = self.users.set_password(&user.address, password).await?;
                writeln!(out, "changed the password of {}", account.login)?;
            }
            UserCommand::List => {
                for account in self.users.list().await? {
                    writeln!(out, "{}", account.login)?;
                }
            }
            UserCommand::Quota { address, octets, messages } => {
                let account = self.users.account(&address).await?;
                let quota = self.store.quota(account.id).await?;
                let limits = Limits::new(
                    octets.map_or(quota.limits.octets, |limit| limit.0),
                    messages.map_or(quota.limits.messages, |limit| limit.0),
                );
                self.store.set_limits(account.id, limits).await?;
                let word = |limit: Option<u64>| limit.map_or("no limit".into(), |n| n.to_string());
                writeln!(out, "octets    {} of {}", quota.octets, word(limits.octets))?;
                writeln!(out, "messages  {} of {}", quota.messages, word(limits.messages))?;
            }
            UserCommand::Remove { address } => {
                let account = self.users.remove(&address).await?;
                writeln!(out, "removed {} and all its mail", account.login)?;
            }
        }
        Ok(())
    }

    async fn alias(&self, command: AliasCommand, out: &mut Vec<u8>) -> Result<(), AdminError> {
        match command {
            AliasCommand::Set { alias, to } => {
                self.users.set_alias(&alias, &to).await?;
                writeln!(out, "{alias} stands for {}", to.join(", "))?;
            }
            AliasCommand::List => {
                for (alias, to) in self.users.directory().aliases() {
                    writeln!(out, "{alias}: {}", to.join(", "))?;
                }
            }
            AliasCommand::Remove { alias } => {
                self.users.remove_alias(&alias).await?;
                writeln!(out, "removed {alias}")?;
            }
        }
        Ok(())
    }

    async fn domain(&self, command: DomainCommand, out: &mut Vec<u8>) -> Result<(), AdminError> {
        match command {
            DomainCommand::Add { domain } => {
                self.users.add_domain(&domain).await?;
                writeln!(out, "added {domain}")?;
            }
            DomainCommand::List => {
                for domain in self.users.directory().domains() {
                    writeln!(out, "{domain}")?;
                }
            }
            DomainCommand::Remove { domain } => {
                self.users.remove_domain(&domain).await?;
                writeln!(out, "removed {domain}")?;
            }
        }
        Ok(())
    }

    fn dkim(&self, command: DkimCommand, out: &mut Vec<u8>) -> Result<(), AdminError> {
        match command {
            DkimCommand::Add => {
                for key in self.keys.add()? {
                    let (selector, state) = (&key.selector, key.state.name());
                    writeln!(out, "{selector} ({state}): publish as TXT for each domain")?;
                    writeln!(out, "  {selector}._domainkey.DOMAIN  {}", key.record)?;
                }
            }
            DkimCommand::List => {
                for key in self.keys.all().iter() {
                    writeln!(out, "{}  {}", key.selector, key.state.name())?;
                }
            }
            DkimCommand::Switch => {
                self.keys.switch()?;
                let keys = self.keys.all();
                for key in keys.iter().filter(|key| key.state == State::Signing) {
                    writeln!(out, "{} signs from now on", key.selector)?;
                }
            }
            DkimCommand::Remove { selector } => {
                self.keys.remove(&selector)?;
                writeln!(out, "removed {selector}; take its record out of DNS")?;
            }
        }
        Ok(())
    }
}
