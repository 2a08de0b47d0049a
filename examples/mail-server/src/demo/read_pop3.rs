//! Reading by POP3: everything is taken home, and nothing is left behind.

use super::{
    Result,
    servers::{Servers, password},
};
use crate::{service::Service, wire::Sink};
use mailwire::driver::Driver;
use pop3_proto::client::{Client, Config, Event, Outcome};

/// All messages of this user, which are deleted once they are here.
pub(super) async fn download(servers: &Servers, who: &str, sink: Sink) -> Result<Vec<Vec<u8>>> {
    let wire = servers.connect(who, Service::Pop3s, sink).await?;
    let mut driver = Driver::new(Client::over_tls(Config::default()), wire);
    let address = format!("{who}@b.test");
    driver.machine.login(&address, password(&address))?;
    driver.machine.stat()?;
    let mut messages = Vec::new();
    let mut message = Vec::new();
    let mut over = false;
    while let Some(event) = driver.next().await? {
        match event {
            Event::Done(Outcome::Stat(stat)) => {
                for number in 1..=u32::try_from(stat.messages)? {
                    driver.machine.retr(number)?;
                    driver.machine.dele(number)?;
                }
                driver.machine.quit()?;
            }
            Event::Body(octets) => message.extend_from_slice(octets),
            Event::Done(Outcome::Retr { .. }) => messages.push(std::mem::take(&mut message)),
            Event::Done(Outcome::Quit) => over = true,
            Event::Failed { request, failure } => {
                return Err(format!("POP3 {request:?} of {who} failed: {failure:?}").into());
            }
            _ => {}
        }
    }
    driver.shutdown().await?;
    if over { Ok(messages) } else { Err("the POP3 server went away".into()) }
}
