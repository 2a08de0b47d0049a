//! One connection: events of the machine in, decisions out.

use super::{
    intake::{Addressee, Intake, Trail},
    policy::{self, Recipient, unavailable},
    stranger::Stranger,
};
use crate::{
    accounts::mechanisms,
    app::App,
    config::Network,
    listen::{Connection, Record},
    service::Protocol,
};
use mailstore::{Account, Store};
use mailwire::{
    Machine,
    driver::{Driver, Stop},
    sasl::Verdict,
};
use smtp_proto::{
    Attributes, Mail, Rcpt, Reply,
    server::{Config, Event, Role, Server},
    trace::With,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tracing::debug;

pub(crate) async fn session<S: Store>(app: Arc<App<S>>, connection: Connection) -> io::Result<()> {
    let Connection { service, wire, record, tls, stopping } = connection;
    let role = match service.protocol() {
        Protocol::Submission => Role::Submission,
        Protocol::Lmtp => Role::Lmtp,
        _ => Role::Relay,
    };
    let mut config = machine_config(&app, role);
    if is_trusted(&app.config().trusted.xclient, &record) {
        config.offer.xclient = Some("NAME ADDR PORT PROTO HELO LOGIN".into());
    }
    let mut machine =
        if service.implicit_tls() { Server::over_tls(config) } else { Server::new(config) };
    machine.set_channel_binding(wire.channel_binding());
    let is_let_in = role != Role::Lmtp || is_trusted(&app.config().trusted.lmtp, &record);
    if !is_let_in {
        misuse(machine.turn_away(Reply::new(554, "5.7.1 LMTP is not for you")))?;
    }
    let mut session = Session {
        app,
        record,
        role,
        account: None,
        transaction: None,
        stranger: Stranger::default(),
        helo: None,
    };
    let mut driver = Driver::new(machine, wire);
    let mut told = false;
    loop {
        let event = tokio::select! {
            event = driver.next() => event?,
            () = stopping.cancelled(), if !told => {
                told = true;
                driver.machine.shutdown();
                continue;
            }
        };
        let Some(event) = event else {
            match driver.stop() {
                Stop::Upgrade => {
                    let (mut machine, mut wire) = driver.into_parts();
                    let early = machine.upgrade();
                    wire.accept_tls(tls.clone(), early).await?;
                    machine.set_channel_binding(wire.channel_binding());
                    session.account = None;
                    driver = Driver::new(machine, wire);
                    continue;
                }
                why => {
                    debug!(?why, "session over");
                    return driver.shutdown().await;
                }
            }
        };
        match session.answer(event).await {
            Answer::Reply(reply) => {
                if reply.code() >= 400 {
                    debug!(code = reply.code(), text = reply.text(), "refused");
                    session.record.refused(reply.code());
                }
                // What the Received field says is known to the machine.
                if reply.is_intermediate() {
                    session.begin(&driver.machine);
                }
                misuse(driver.machine.reply(reply))?;
            }
            Answer::Replies(replies) => {
                for reply in replies {
                    misuse(driver.machine.reply(reply))?;
                }
            }
            Answer::Verdict(verdict) => misuse(driver.machine.verdict(verdict))?,
            Answer::Nothing => {}
        }
    }
}

fn is_trusted(networks: &[Network], record: &Record) -> bool {
    networks.iter().any(|network| network.contains(record.peer().ip()))
}

fn misuse(result: Result<(), mailwire::Misuse>) -> io::Result<()> {
    result.map_err(io::Error::other)
}

fn machine_config<S>(app: &App<S>, role: Role) -> Config {
    let mut config = Config::new(&app.config().hostname, role);
    config.starttls = true;
    if role == Role::Submission {
        config.auth = mechanisms(&app.config());
    }
    // Printers and scripts write `MAIL FROM: <a@b>`; nothing hangs on the space.
    config.leniency.space_after_colon = true;
    config.limits.message = app.config().limits.message_size;
    config.limits.recipients = app.config().limits.recipients;
    config.offer.limits = true;
    config.offer.dsn = true;
    config.offer.smtp_utf8 = true;
    config.offer.require_tls = true;
    config
}

/// What the machine is told.
enum Answer {
    Reply(Reply),
    /// One for each recipient (RFC 2033 §4.2).
    Replies(Vec<Reply>),
    Verdict(Verdict),
    Nothing,
}

struct Session<S> {
    app: Arc<App<S>>,
    record: Arc<Record>,
    role: Role,
    account: Option<Account>,
    transaction: Option<Transaction>,
    stranger: Stranger,
    /// What the client called itself, as a trusted peer has it.
    helo: Option<String>,
}

/// A message underway.
struct Transaction {
    mail: Mail<'static>,
    addressees: Vec<Addressee>,
    /// For each RCPT that was accepted, the place of its addressee.
    accepted: Vec<usize>,
    intake: Option<Intake>,
}

impl<S: Store> Session<S> {
    async fn answer(&mut self, event: Event<'_>) -> Answer {
        match event {
            Event::Auth(claim) => {
                let (verdict, account) = self.app.users.judge(&claim, &self.record).await;
                self.account = account;
                Answer::Verdict(verdict)
            }
            Event::Mail(mail) => Answer::Reply(self.mail(mail.into_owned()).await),
            Event::Rcpt(rcpt) => Answer::Reply(self.rcpt(rcpt.into_owned()).await),
            Event::Data => Answer::Reply(Reply::go_ahead()),
            Event::Chunk(octets) => {
                if let Some(Transaction { intake: Some(intake), .. }) = &mut self.transaction {
                    intake.write(octets).await;
                }
                Answer::Nothing
            }
            Event::Message { .. } if self.role == Role::Lmtp => {
                Answer::Replies(self.lmtp_message().await)
            }
            Event::Message { .. } => Answer::Reply(self.message().await),
            Event::Reset(why) => {
                debug!(?why, "message given up");
                self.transaction = None;
                Answer::Nothing
            }
            Event::Xclient(attributes) => Answer::Reply(self.xclient(attributes).await),
            // RFC 5321 §3.5.3 and §7.3: neither yes nor no, for who asks may be collecting.
            Event::Verify { .. } => Answer::Reply(Reply::new(
                252,
                "2.5.2 Cannot say, but will take mail and try to deliver it",
            )),
            Event::Rejected(reply) => {
                self.record.refused(reply.code());
                debug!(code = reply.code(), text = reply.text(), "refused");
                Answer::Nothing
            }
            _ => Answer::Nothing,
        }
    }

    async fn mail(&mut self, mail: Mail<'static>) -> Reply {
        // RFC 3463 §3.8: X.7.1, not allowed; 450 is what others say where it will be later.
        if self.role == Role::Relay && !self.app.limits.message(self.record.peer().ip()) {
            return Reply::new(450, "4.7.1 Too many messages from you at present");
        }
        if let Some(account) = &self.account {
            match policy::may_send_as(&self.app, account, &mail.from).await {
                Ok(true) => {}
                Ok(false) => return Reply::new(553, "5.7.1 That sender is not yours to use"),
                Err(error) => return unavailable(&error),
            }
        }
        self.transaction =
            Some(Transaction { mail, addressees: Vec::new(), accepted: Vec::new(), intake: None });
        Reply::sender_ok()
    }

    async fn rcpt(&mut self, Rcpt { to, params, .. }: Rcpt<'static>) -> Reply {
        if !self.record.may_go_on() {
            return Reply::new(421, "4.7.0 Too many errors, try again later");
        }
        let Some(transaction) = &self.transaction else {
            return Reply::new(451, "4.3.0 No message underway");
        };
        let size = transaction.mail.params.size.unwrap_or_default();
        let judged = match policy::recipient(&self.app, self.account.as_ref(), to, size).await {
            Ok(recipient) => self.known(recipient).await,
            refused => refused,
        };
        let Some(transaction) = &mut self.transaction else {
            return Reply::new(451, "4.3.0 No message underway");
        };
        match judged {
            Ok(_) if !self.account.as_ref().is_none_or(|a| self.app.limits.recipient(a.id)) => {
                Reply::new(450, "4.7.1 You have sent to too many recipients for now")
            }
            Ok(recipient) => {
                // The same mailbox twice gets one copy.
                let addressees = &mut transaction.addressees;
                let known = addressees.iter().position(|known| known.recipient == recipient);
                transaction.accepted.push(known.unwrap_or(addressees.len()));
                if known.is_none() {
                    addressees.push(Addressee { recipient, params });
                }
                Reply::recipient_ok()
            }
            Err(reply) => {
                if reply.code() == 550 {
                    self.record.unknown_recipient();
                }
                reply
            }
        }
    }

    /// Asks about clients that nobody knows.
    async fn known(&mut self, recipient: Recipient) -> Result<Recipient, Reply> {
        match (self.role, &self.transaction) {
            (Role::Relay, Some(transaction)) => {
                let ip = self.record.peer().ip();
                self.stranger.may_bring(&self.app, ip, &transaction.mail, recipient).await
            }
            _ => Ok(recipient),
        }
    }

    /// A trusted peer speaks for another client.
    async fn xclient(&mut self, attributes: Attributes<'_>) -> Reply {
        let known = |name: &str| {
            let value = attributes.value(name).map(|value| value.decode().into_owned());
            value.filter(|value| !value.starts_with('['))
        };
        let account = match known("LOGIN") {
            Some(user) => match self.app.users.find(&user).await {
                Ok(Some(account)) => Some(account),
                Ok(None) => return Reply::new(550, "5.7.8 There is no such user"),
                Err(error) => return unavailable(&error),
            },
            None => None,
        };
        if let Some(ip) = known("ADDR") {
            let ip = ip.strip_prefix("IPV6:").or(ip.strip_prefix("ipv6:")).unwrap_or(&ip);
            let Ok(ip) = ip.parse::<IpAddr>() else {
                return Reply::new(501, "5.5.4 ADDR is no address");
            };
            let port = known("PORT").and_then(|port| port.parse().ok()).unwrap_or_default();
            self.record.speaks_for(SocketAddr::new(ip.to_canonical(), port));
            self.stranger = Stranger::default();
        }
        if let Some(account) = &account {
            self.record.logged_in(&account.login);
        }
        (self.account, self.transaction, self.helo) = (account, None, known("HELO"));
        Reply::new(220, format!("{} ESMTP again", self.app.config().hostname))
    }

    /// The client has been told to go ahead.
    fn begin(&mut self, machine: &Server) {
        let Some(transaction) = &mut self.transaction else { return };
        let client = self.helo.as_deref().or(machine.client_name()).unwrap_or_default();
        let with = With::new(machine.is_extended(), machine.is_tls(), self.account.is_some())
            .smtp_utf8(transaction.mail.params.smtp_utf8)
            .lmtp(self.role == Role::Lmtp);
        let is_trusted = self.role == Role::Lmtp;
        let trail = Trail { client, ip: self.record.peer().ip(), with, is_trusted };
        let author = self.account.clone().filter(|_| self.role == Role::Submission);
        let Transaction { mail, addressees, .. } = transaction;
        transaction.intake = Some(Intake::new(&self.app, &trail, author, &mail.from, addressees));
    }

    async fn message(&mut self) -> Reply {
        let Some(Transaction { mail, addressees, intake: Some(intake), .. }) =
            self.transaction.take()
        else {
            return Reply::new(451, "4.3.0 No message underway");
        };
        match intake.finish(&self.app, &mail, addressees, None).await {
            Ok(accepted) => {
                self.record.message();
                accepted
            }
            Err(refusal) => refusal,
        }
    }

    /// An answer for each RCPT that was accepted, in their order.
    async fn lmtp_message(&mut self) -> Vec<Reply> {
        let Some(Transaction { mail, addressees, accepted, intake: Some(intake) }) =
            self.transaction.take()
        else {
            return Vec::new();
        };
        let mut full = Vec::new();
        let done = intake.finish(&self.app, &mail, addressees, Some(&mut full)).await;
        if done.is_ok() {
            self.record.message();
        }
        let reply = done.unwrap_or_else(|refusal| refusal);
        let answer = |place: usize| match full.contains(&place) {
            true => Reply::new(452, "4.2.2 The mailbox is full"),
            false => reply.clone(),
        };
        let replies: Vec<_> = accepted.into_iter().map(answer).collect();
        for refused in replies.iter().filter(|reply| reply.code() >= 400) {
            self.record.refused(refused.code());
        }
        replies
    }
}
