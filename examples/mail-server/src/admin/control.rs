//! The socket in the data folder at which a running server takes its operator's commands. Who may
//! enter the folder may command: both are for the server's user alone.
//!
//! One line of JSON each way.

use super::{Admin, AdminError, Done};
use crate::cli::AdminCommand;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use zeroize::Zeroizing;

const FILE: &str = "control";
/// A command is no longer than this.
const LONGEST: u64 = 64 * 1024;
/// Who connects says at once what is to be done.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize, Serialize)]
struct Request {
    command: AdminCommand,
    password: Option<Zeroizing<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
enum Answer {
    Done { text: String, well: bool },
    Failed(String),
}

/// Takes commands until the server stops. Without a socket the server works all the same.
pub(crate) fn listen(
    folder: &Path,
    admin: Admin,
    stopping: CancellationToken,
    tasks: &TaskTracker,
) {
    let path = folder.join(FILE);
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => return warn!(%error, path = %path.display(), "no socket for commands"),
    };
    let mine = tasks.clone();
    tasks.spawn(async move {
        let _file = RemovedAtEnd(path);
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (admin, stopping) = (admin.clone(), stopping.clone());
                    mine.spawn(async move {
                        tokio::select! {
                            () = stopping.cancelled() => {}
                            done = serve(stream, &admin) => if let Err(error) = done {
                                warn!(%error, "a command broke off");
                            }
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "cannot take commands for a moment");
                    time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
}

/// The store is ours already, so what lies there is of a server that is gone.
fn bind(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

struct RemovedAtEnd(PathBuf);

impl Drop for RemovedAtEnd {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn serve(stream: UnixStream, admin: &Admin) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Zeroizing::new(Vec::new());
    let mut reader = BufReader::new(read.take(LONGEST));
    time::timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await??;
    let Request { command, password } = serde_json::from_slice(&line)?;
    let answer = match admin.run(command, password.as_deref().map(String::as_str)).await {
        Ok(Done { text, well }) => {
            info!(said = text.lines().next(), "command done");
            Answer::Done { text, well }
        }
        Err(error) => Answer::Failed(error.to_string()),
    };
    let mut answer = serde_json::to_vec(&answer)?;
    answer.push(b'\n');
    write.write_all(&answer).await
}

/// A running server that listens.
#[derive(Debug)]
pub(super) struct Connection(UnixStream);

/// The server that runs on this folder, if one does.
pub(super) async fn connect(folder: &Path) -> Option<Connection> {
    UnixStream::connect(folder.join(FILE)).await.ok().map(Connection)
}

impl Connection {
    /// Has the command done. It may take its time.
    pub(super) async fn ask(
        self,
        command: AdminCommand,
        password: Option<&str>,
    ) -> Result<Done, AdminError> {
        match self.exchange(command, password).await.map_err(AdminError::Control)? {
            Answer::Done { text, well } => Ok(Done { text, well }),
            Answer::Failed(why) => Err(AdminError::Remote(why)),
        }
    }

    async fn exchange(
        mut self,
        command: AdminCommand,
        password: Option<&str>,
    ) -> io::Result<Answer> {
        let password = password.map(|password| Zeroizing::new(password.to_owned()));
        let mut line = Zeroizing::new(serde_json::to_vec(&Request { command, password })?);
        line.push(b'\n');
        self.0.write_all(&line).await?;
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).await?;
        if answer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_slice(&answer)?)
    }
}
