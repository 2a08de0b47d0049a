use crate::Close;

/// Why a driver's `next` returned `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The machine waits for a call: an answer to the last event, or a new command.
    YourTurn,
    /// The transport is to be replaced by TLS: call the driver's `upgrade`.
    Upgrade,
    /// The transport is to be compressed: call the driver's `compress`, or its `upgrade`.
    Compress,
    /// The session is over.
    Closed(Close),
}
