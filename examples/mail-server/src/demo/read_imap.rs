//! Reading by IMAP: the list first, then what the reader wants to see.

use super::{
    Result,
    servers::{Servers, password},
};
use crate::{
    service::Service,
    wire::{Sink, Wire},
};
use imap_proto::{
    client::{Client, Config, Event, Tag},
    response::{Completion, FetchData, Response},
    types::{
        BodySection, FetchItem, FetchItems, Flag, Mailbox, OneOrMore, Part, Section, SectionText,
        SequenceSet,
    },
};
use mailwire::{driver::Driver, sasl::Secret};

/// A message as a list shows it.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) uid: u32,
    pub(super) seen: bool,
    /// Whether Bcc names anybody.
    pub(super) bcc: bool,
}

/// A user who has opened their INBOX.
pub(super) struct Session {
    driver: Driver<Client, Wire>,
}

impl Session {
    pub(super) async fn open(servers: &Servers, who: &str, sink: Sink) -> Result<Self> {
        let wire = servers.connect(who, Service::Imaps, sink).await?;
        let mut session = Self { driver: Driver::new(Client::over_tls(Config::default()), wire) };
        let address = format!("{who}@b.test");
        let secret = Secret::from(password(&address));
        let tag = session.driver.machine.login(&address, &secret)?;
        session.wait(tag, |_| {}).await?;
        let tag = session.driver.machine.select(&Mailbox::new("INBOX")?, false)?;
        session.wait(tag, |_| {}).await?;
        Ok(session)
    }

    /// All messages, without opening one.
    pub(super) async fn list(&mut self) -> Result<Vec<Entry>> {
        let items = OneOrMore::of([FetchItem::Uid, FetchItem::Flags, FetchItem::Envelope]);
        let all: SequenceSet = "1:*".parse()?;
        let tag = self.driver.machine.fetch(false, &all, &FetchItems::new(items))?;
        let mut entries = Vec::new();
        self.wait(tag, |event| {
            if let Event::Data(Response::Fetch(_, data)) = event {
                entries.push(entry(data));
            }
        })
        .await?;
        Ok(entries)
    }

    /// The whole message, or one of its parts. The message is seen then.
    pub(super) async fn read(&mut self, uid: u32, part: Option<u32>) -> Result<Vec<u8>> {
        let part = Part::new(Vec::from_iter(part)).ok_or("parts are counted from one")?;
        let section =
            Section::new(part, SectionText::Full).ok_or("a message has no MIME header")?;
        let items = OneOrMore::one(FetchItem::Section(BodySection::new(section)));
        let set: SequenceSet = uid.to_string().parse()?;
        let tag = self.driver.machine.fetch(true, &set, &FetchItems::new(items))?;
        let mut read = Vec::new();
        self.wait(tag, |event| match event {
            Event::Chunk(octets) => read.extend_from_slice(octets),
            Event::Data(Response::Fetch(_, data)) => {
                for item in data {
                    if let FetchData::Section { octets: Some(octets), .. } = item {
                        read.extend_from_slice(&octets);
                    }
                }
            }
            _ => {}
        })
        .await?;
        Ok(read)
    }

    pub(super) async fn log_out(mut self) -> Result<()> {
        let tag = self.driver.machine.logout();
        self.wait(tag, |_| {}).await?;
        self.driver.shutdown().await?;
        Ok(())
    }

    /// Hands over what comes until the command is answered.
    async fn wait(&mut self, wanted: Tag, mut take: impl FnMut(Event<'_>)) -> Result<()> {
        while let Some(event) = self.driver.next().await? {
            match event {
                Event::Done { tag, status: Completion::Ok, .. } if tag == wanted => return Ok(()),
                Event::Done { status, text, .. } if status != Completion::Ok => {
                    return Err(format!("the server answered {}: {text:?}", status.as_str()).into());
                }
                event => take(event),
            }
        }
        Err("the IMAP server went away".into())
    }
}

fn entry(data: OneOrMore<FetchData<'_>>) -> Entry {
    let mut entry = Entry::default();
    for item in data {
        match item {
            FetchData::Uid(uid) => entry.uid = uid.get(),
            FetchData::Flags(flags) => entry.seen = flags.contains(&Flag::Seen),
            FetchData::Envelope(envelope) => {
                entry.bcc = envelope.bcc().next().is_some();
            }
            _ => {}
        }
    }
    entry
}
