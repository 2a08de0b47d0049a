//! The program, run to its end or as a server.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

pub(crate) const PORTS: [&str; 7] =
    ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"];

/// How long a test waits for something before it says that it will not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mail-server"));
    command.env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

/// Runs it with this text on standard input.
pub(crate) fn run_with(arguments: &[&str], input: &str) -> Output {
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

pub(crate) fn any_ports() -> Vec<String> {
    PORTS.iter().flat_map(|name| [format!("--{name}-port"), "0".into()]).collect()
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Log,
    /// What it printed when it was ready.
    pub(crate) ready: String,
    pub(crate) data: PathBuf,
}

impl Server {
    /// On any free ports, unless `more` says otherwise.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = program();
        let ports = PORTS.iter().map(|name| format!("--{name}-port"));
        for flag in ports.filter(|flag| !more.contains(&flag.as_str())) {
            command.args([&flag, "0"]);
        }
        command.arg("--data").arg(data).args(more);
        Self::spawn(command, data)
    }

    pub(crate) fn spawn(mut command: Command, data: &Path) -> Self {
        let mut trials = 0;
        loop {
            match Self::try_spawn(&mut command, data) {
                Ok(server) => return server,
                // A store that this process has closed stays locked until the programs that other
                // tests were starting meanwhile have let go of its file.
                Err(log) if log.contains("open in another process") && trials < 50 => trials += 1,
                Err(log) => panic!("it did not start: {log}"),
            }
        }
    }

    /// What it logged if it did not start.
    fn try_spawn(command: &mut Command, data: &Path) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let log = Log::read(child.stderr.take().unwrap());
        let mut ready = String::new();
        while !ready.contains("Stop it") {
            if out.read_line(&mut ready).unwrap() == 0 {
                child.wait().unwrap();
                return Err(log.whole());
            }
        }
        Ok(Self { child, out, log, ready, data: data.into() })
    }

    /// Where it listens for this service, by its name in [`PORTS`]. All must be on.
    pub(crate) fn address(&self, service: &str) -> SocketAddr {
        let place = PORTS.iter().position(|name| *name == service).unwrap();
        let mut urls = self.ready.split_whitespace().filter_map(|word| word.split_once("://"));
        urls.nth(place).unwrap().1.parse().unwrap()
    }

    pub(crate) fn port(&self, service: &str) -> String {
        self.address(service).port().to_string()
    }

    /// Waits until the log has a line with all of these in it.
    pub(crate) fn wait_for_log(&self, words: &[&str]) {
        self.log.wait_for(words);
    }

    /// Sends it this signal.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Tells it to stop, and waits. Returns exit status and standard error.
    #[cfg(unix)]
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.signal("TERM");
        self.end()
    }

    /// Waits for the end, once it was told to stop. Returns exit status and standard error.
    #[cfg(unix)]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap().code();
        (status, self.log.whole())
    }

    /// As `kill -9` does it: the program gets no say.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the log of {}:\n{}", self.data.display(), self.log.whole());
        }
    }
}

/// Standard error, read as it comes.
struct Log(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Default)]
struct Lines {
    text: String,
    ended: bool,
}

impl Log {
    fn read(stderr: ChildStderr) -> Self {
        let shared = Arc::new((Mutex::<Lines>::default(), Condvar::new()));
        let lines = shared.clone();
        thread::spawn(move || {
            let mut stderr = BufReader::new(stderr);
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap_or(0) > 0 {
                lines.0.lock().unwrap().text.push_str(&line);
                lines.1.notify_all();
                line.clear();
            }
            lines.0.lock().unwrap().ended = true;
            lines.1.notify_all();
        });
        Self(shared)
    }

    fn wait_for(&self, words: &[&str]) {
        let (lines, changed) = &*self.0;
        let is_there =
            |text: &str| text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        let deadline = Instant::now() + PATIENCE;
        let mut now = lines.lock().unwrap();
        while !is_there(&now.text) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !now.ended, "no line with {words:?} in {}", now.text);
            now = changed.wait_timeout(now, left).unwrap().0;
        }
    }

    /// All of it, once the program has ended; what there is if it takes too long.
    fn whole(&self) -> String {
        let (lines, changed) = &*self.0;
        let now = lines.lock().unwrap();
        let ended = changed.wait_timeout_while(now, PATIENCE, |now| !now.ended);
        ended.unwrap().0.text.clone()
    }
}
