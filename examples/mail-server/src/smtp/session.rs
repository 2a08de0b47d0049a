//! One connection: events of the machine in, decisions out.

use super::{
    dnsbl::{self, Listing},
    greylist::Attempt,
    intake::{Addressee, Intake, Trail},
    policy::{self, Recipient, unavailable},
};
use crate::{
    accounts::mechanisms,
    app::App,
    listen::{Connection, Record},
    service::Protocol,
    unique,
};
use mailstore::{Account, Store};
use mailwire::{
    Machine,
    driver::{Driver, Stop},
    sasl::Verdict,
};
use smtp_proto::{
    Mail, Rcpt, Reply,
    server::{Config, Event, Role, Server},
    trace::With,
};
use std::{io, sync::Arc, time::Duration};
use tracing::{debug, warn};

pub(crate) async fn session<S: Store>(app: Arc<App<S>>, connection: Connection) -> io::Result<()> {
    let Connection { service, wire, record, tls, stopping } = connection;
    let role = match service.protocol() {
        Protocol::Submission => Role::Submission,
        _ => Role::Relay,
    };
    let config = machine_config(&app, role);
    let mut machine =
        if service.implicit_tls() { Server::over_tls(config) } else { Server::new(config) };
    machine.set_channel_binding(wire.channel_binding());
    let mut session =
        Session { app, record, role, account: None, transaction: None, listing: None };
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
            Answer::Verdict(verdict) => misuse(driver.machine.verdict(verdict))?,
            Answer::Nothing => {}
        }
    }
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
    config
}

/// What the machine is told.
enum Answer {
    Reply(Reply),
    Verdict(Verdict),
    Nothing,
}

struct Session<S> {
    app: Arc<App<S>>,
    record: Arc<Record>,
    role: Role,
    account: Option<Account>,
    transaction: Option<Transaction>,
    /// What the lists of clients say, once they were asked.
    listing: Option<Option<Listing>>,
}

/// A message underway.
struct Transaction {
    mail: Mail<'static>,
    addressees: Vec<Addressee>,
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
            Event::Message { .. } => Answer::Reply(self.message().await),
            Event::Reset(why) => {
                debug!(?why, "message given up");
                self.transaction = None;
                Answer::Nothing
            }
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
        if self.role == Role::Relay && !self.app.limits.message(self.record.peer.ip()) {
            return Reply::new(450, "4.7.1 Too many messages from you at present");
        }
        if let Some(account) = &self.account {
            match policy::may_send_as(&self.app, account, &mail.from).await {
                Ok(true) => {}
                Ok(false) => return Reply::new(553, "5.7.1 That sender is not yours to use"),
                Err(error) => return unavailable(&error),
            }
        }
        self.transaction = Some(Transaction { mail, addressees: Vec::new(), intake: None });
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
            Ok(recipient) => self.stranger(recipient).await,
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
                if transaction.addressees.iter().all(|known| known.recipient != recipient) {
                    transaction.addressees.push(Addressee { recipient, params });
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

    /// What is asked of clients that nobody knows.
    async fn stranger(&mut self, recipient: Recipient) -> Result<Recipient, Reply> {
        let (config, ip) = (self.app.config(), self.record.peer.ip());
        if self.role != Role::Relay || config.is_exempt(ip) {
            return Ok(recipient);
        }
        if self.listing.is_none() {
            let found = dnsbl::listing(&self.app.dns(), &config.checks.dnsbl, ip).await;
            self.listing = Some(found);
        }
        // RFC 5321 §4.5.1: mail for postmaster is refused only in exceptional cases; who is listed may ask why.
        if let Some(Some(Listing { zone, why })) = &self.listing
            && !recipient.is_postmaster()
        {
            let text = format!("5.7.1 {ip} is listed by {zone} {why}");
            return Err(Reply::new(554, text.trim_end().to_owned()));
        }
        let wait = Duration::from_secs(config.checks.greylist_seconds);
        let Some(transaction) = self.transaction.as_ref().filter(|_| !wait.is_zero()) else {
            return Ok(recipient);
        };
        let from = transaction.mail.from.mailbox().map(policy::address).unwrap_or_default();
        let attempt = Attempt { ip, from, to: recipient.path().address().to_string() };
        match self.app.greylist.ask(attempt, wait, unique::seconds()).await {
            Ok(None) => Ok(recipient),
            // RFC 6647 §5: a 4yz reply; 451 4.7.1 is what most say.
            Ok(Some(left)) => {
                let seconds = left.as_secs();
                Err(Reply::new(451, format!("4.7.1 Greylisted, try again in {seconds} seconds")))
            }
            Err(error) => {
                warn!(%error, "the greylist cannot be asked; the client goes on");
                Ok(recipient)
            }
        }
    }

    /// The client has been told to go ahead.
    fn begin(&mut self, machine: &Server) {
        let Some(transaction) = &mut self.transaction else { return };
        let client = machine.client_name().unwrap_or_default();
        let with = With::new(machine.is_extended(), machine.is_tls(), self.account.is_some())
            .smtp_utf8(transaction.mail.params.smtp_utf8);
        let trail = Trail { client, ip: self.record.peer.ip(), with };
        let author = self.account.clone().filter(|_| self.role == Role::Submission);
        let Transaction { mail, addressees, .. } = transaction;
        transaction.intake = Some(Intake::new(&self.app, &trail, author, &mail.from, addressees));
    }

    async fn message(&mut self) -> Reply {
        let Some(Transaction { mail, addressees, intake: Some(intake) }) = self.transaction.take()
        else {
            return Reply::new(451, "4.3.0 No message underway");
        };
        match intake.finish(&self.app, &mail, &addressees).await {
            Ok(accepted) => {
                self.record.message();
                accepted
            }
            Err(refusal) => refusal,
        }
    }
}
