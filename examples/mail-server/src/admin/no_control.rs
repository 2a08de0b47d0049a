//! Without Unix sockets the operator's commands work while the server does not run.

use super::{Admin, AdminError, Done};
use crate::cli::AdminCommand;
use std::{convert::Infallible, path::Path};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) fn listen(_: &Path, _: Admin, _: CancellationToken, _: &TaskTracker) {}

pub(super) struct Connection(Infallible);

pub(super) async fn connect(_: &Path) -> Option<Connection> {
    None
}

impl Connection {
    pub(super) async fn ask(self, _: AdminCommand, _: Option<&str>) -> Result<Done, AdminError> {
        match self.0 {}
    }
}
