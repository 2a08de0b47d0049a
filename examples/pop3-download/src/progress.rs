//! The progress bar, on standard error, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress {
    bar: ProgressBar,
    /// Octets of the messages that are over, by the sizes that the server claimed.
    over: u64,
}

impl Progress {
    pub(crate) fn new(quiet: bool, messages: usize, octets: u64) -> Self {
        let target = if quiet || messages == 0 {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(octets), target);
        let template = "{msg} [{wide_bar}] {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, over: 0 }
    }

    /// The first octets of a message are there.
    pub(crate) fn begin(&self, place: usize, messages: usize) {
        self.bar.set_message(format!("message {place} of {messages}"));
    }

    /// So many octets of the message at hand have come, which by the server's account has `most`.
    pub(crate) fn advance(&self, octets: u64, most: u64) {
        self.bar.set_position(self.over + octets.min(most));
    }

    /// A message is over, fetched or not. Its size is what the server claimed, right or wrong.
    pub(crate) fn end(&mut self, size: u64) {
        self.over += size;
        self.bar.set_position(self.over);
    }

    /// Prints a line above the bar.
    pub(crate) fn complain(&self, line: &str) {
        self.bar.suspend(|| eprintln!("pop3-download: {line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
