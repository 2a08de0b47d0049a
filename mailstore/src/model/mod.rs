//! The storage semantics both backends share. A write is *planned* against the state (a pure function
//! that gives a list of [`Change`]s or an error), made durable by the [`Engine`], and *applied*.

mod accounts;
mod changes;
#[cfg(any(feature = "embedded", feature = "journal"))]
pub(crate) mod codec;
mod engine;
mod leases;
mod mailboxes;
mod messages;
mod metadata;
mod object_block;
mod objects;
mod plan;
mod queue;
mod quotas;
mod readers;
mod sharing;
mod state;
#[cfg(any(feature = "embedded", feature = "journal"))]
mod values;
#[cfg(any(feature = "embedded", feature = "journal"))]
pub(crate) mod wire;

pub(crate) use engine::{Engine, Hub, Planned};
#[cfg(feature = "embedded")]
pub(crate) use object_block::ObjectBlock;
pub(crate) use objects::{Object, Objects, Place};
pub(crate) use readers::OwnKey;
#[cfg(any(feature = "embedded", feature = "journal"))]
pub(crate) use state::Counters;
#[cfg(feature = "embedded")]
pub(crate) use state::MailboxState;
pub(crate) use state::{Change, State};
