use alloc::{string::String, vec::Vec};

/// The code that drives a machine under test, in an application's place.
pub trait Host<M> {
    /// The machine said [`Step::Event`](crate::Step::Event): take the event, note it, answer it.
    fn event(&mut self, machine: &mut M, log: &mut Log);

    /// The machine said [`Step::YourTurn`](crate::Step::YourTurn): give the next command. Returns
    /// whether there was one.
    fn turn(&mut self, machine: &mut M) -> bool {
        let _ = machine;
        false
    }

    /// Does what an `A:` (client) or `H:` (server) line of a transcript says.
    fn action(&mut self, machine: &mut M, action: &str) {
        let _ = machine;
        assert!(action.is_empty(), "this host knows no action {action:?}");
    }
}

/// What a host noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log(Vec<Noted>);

/// An entry of a [`Log`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Noted {
    /// An event, in the host's words.
    Event(String),
    /// Payload; adjacent pieces are one.
    Payload(Vec<u8>),
}

impl Log {
    /// Notes an event.
    pub fn event(&mut self, event: impl Into<String>) {
        self.0.push(Noted::Event(event.into()));
    }

    /// Notes payload, and joins it to the payload noted just before.
    pub fn payload(&mut self, octets: &[u8]) {
        if let Some(Noted::Payload(last)) = self.0.last_mut() {
            last.extend_from_slice(octets);
        } else {
            self.0.push(Noted::Payload(octets.into()));
        }
    }

    /// All entries.
    pub fn entries(&self) -> &[Noted] {
        &self.0
    }

    /// The events, without payload.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|noted| match noted {
            Noted::Event(event) => Some(event.as_str()),
            Noted::Payload(_) => None,
        })
    }

    /// All payload, joined.
    pub fn all_payload(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for noted in &self.0 {
            if let Noted::Payload(octets) = noted {
                all.extend_from_slice(octets);
            }
        }
        all
    }
}
