//! alice hands her message to the server of her domain.

use super::{
    Result,
    letter::{Letter, RECIPIENTS},
    servers::{A, Servers, password},
};
use crate::{service::Service, wire::Sink};
use mailwire::{
    Machine,
    driver::{Driver, Stop},
    sasl::client::Credentials,
};
use smtp_proto::{
    ForwardPath, Mailbox, Reply, ReversePath,
    client::{Client, Config, Envelope, Event},
};

pub(super) async fn submit(servers: &Servers, letter: &Letter, sink: Sink) -> Result<()> {
    let wire = servers.connect("alice", Service::Submission, sink).await?;
    let mut driver = Driver::new(Client::new(Config::new("laptop.a.test")), wire);
    ready(driver.next().await?)?;

    driver.machine.starttls()?;
    if let Some(Event::Refused { reply, .. }) = driver.next().await? {
        return Err(refused("TLS", reply));
    }
    if driver.stop() != Stop::Upgrade {
        return Err("the submission server went away".into());
    }
    let (mut machine, mut wire) = driver.into_parts();
    machine.upgrade();
    servers.start_tls(&mut wire, A).await?;
    let mut driver = Driver::new(machine, wire);
    ready(driver.next().await?)?;

    driver.machine.auth(Credentials::password("alice@a.test", password("alice@a.test")))?;
    match driver.next().await? {
        Some(Event::Authenticated) => {}
        Some(Event::Refused { reply, .. }) => return Err(refused("the log-in", reply)),
        _ => return Err("the submission server went away".into()),
    }

    let address = |address| Mailbox::parse(address).map(Mailbox::into_owned);
    let mut to = Vec::new();
    for recipient in RECIPIENTS {
        to.push(ForwardPath::Mailbox(address(recipient)?));
    }
    let from = ReversePath::Mailbox(address("alice@a.test")?);
    let mut envelope = Envelope::new(from, to);
    envelope.mail.params.size = u64::try_from(letter.message.len()).ok();
    driver.machine.send(envelope)?;
    loop {
        match driver.next().await? {
            Some(Event::Body) => {
                driver.machine.body(&letter.message)?;
                driver.machine.body_end()?;
            }
            Some(Event::Recipient { reply, .. }) if !reply.is_positive() => {
                return Err(refused("a recipient", reply));
            }
            Some(Event::Done) => break,
            Some(_) => {}
            None => return Err("the submission server went away".into()),
        }
    }
    driver.machine.quit()?;
    while driver.next().await?.is_some() {}
    driver.shutdown().await?;
    Ok(())
}

fn ready(event: Option<Event<'_>>) -> Result<()> {
    match event {
        Some(Event::Ready(_)) => Ok(()),
        Some(Event::Refused { reply, .. }) => Err(refused("the session", reply)),
        _ => Err("the submission server went away".into()),
    }
}

fn refused(what: &str, reply: &Reply) -> Box<dyn std::error::Error + Send + Sync> {
    format!("mx.a.test refused {what}: {} {}", reply.code(), reply.text()).into()
}
