//! How the demo looks: four named steps, who said what in each, and a list of what was proved.

use crate::wire::{Line, Side, Sink};
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The way of a message.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Step {
    Submit = 1,
    Relay,
    Store,
    Read,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Submit => "SUBMIT",
            Self::Relay => "RELAY",
            Self::Store => "STORE",
            Self::Read => "READ",
        }
    }
}

/// Width of the speakers, unless a pair in the same step is wider.
const WIDTH: usize = 17;

/// What became of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    Same,
    Added,
    Removed,
}

/// Prints the demo. What is said on the wire before its step was announced waits for it, so that
/// the steps stay apart although the servers work at the same time.
pub(crate) struct Show {
    out: Mutex<Out>,
}

struct Out {
    to: Box<dyn Write + Send>,
    coloured: bool,
    /// The step that was announced last.
    step: Option<Step>,
    early: Vec<(Step, Line)>,
    /// Width of the widest speaker so far.
    width: usize,
    failed: usize,
}

impl Show {
    pub(crate) fn new(to: Box<dyn Write + Send>, coloured: bool) -> Arc<Self> {
        let (step, early, width, failed) = (None, Vec::new(), WIDTH, 0);
        Arc::new(Self { out: Mutex::new(Out { to, coloured, step, early, width, failed }) })
    }

    /// The first line, and a picture of what is going to happen.
    pub(crate) fn title(&self, title: &str, picture: &[&str]) -> io::Result<()> {
        let mut out = self.lock();
        let title = out.paint(Paint::Bold, title);
        writeln!(out.to, "\n{title}\n")?;
        for line in picture {
            let indent = if line.is_empty() { "" } else { "  " };
            writeln!(out.to, "{indent}{line}")?;
        }
        out.to.flush()
    }

    /// A step begins: what happens in it, and more of that in plain words.
    pub(crate) fn step(&self, step: Step, what: &str, more: &str) -> io::Result<()> {
        let mut out = self.lock();
        out.width = WIDTH;
        let head = out.paint(Paint::Step, &format!(" {} {:<6} ", step as u8, step.name()));
        let what = out.paint(Paint::Bold, what);
        writeln!(out.to, "\n{head} {what}\n")?;
        out.paragraph(more)?;
        out.step = Some(step);
        let (now, later) =
            std::mem::take(&mut out.early).into_iter().partition(|(s, _)| *s <= step);
        out.early = later;
        let now: Vec<(Step, Line)> = now;
        now.iter().try_for_each(|(_, line)| out.line(line))?;
        out.to.flush()
    }

    /// What is going on, in plain words.
    pub(crate) fn note(&self, note: &str) -> io::Result<()> {
        let mut out = self.lock();
        writeln!(out.to)?;
        out.paragraph(note)
    }

    /// A line of something that lies still.
    pub(crate) fn line(&self, mark: Mark, text: &str) -> io::Result<()> {
        let mut out = self.lock();
        let line = match mark {
            Mark::Same => format!("  {text}"),
            Mark::Added => out.paint(Paint::Added, &format!("+ {text}")),
            Mark::Removed => out.paint(Paint::Removed, &format!("- {text}")),
        };
        writeln!(out.to, "    {line}")
    }

    /// Where the lines of this step's connections go.
    pub(crate) fn sink(self: &Arc<Self>, step: Step) -> Sink {
        let show = self.clone();
        Arc::new(move |line| {
            let mut out = show.lock();
            if out.step < Some(step) {
                out.early.push((step, line));
            } else {
                // A terminal that has gone away is noticed by the steps.
                let _ = out.line(&line);
            }
        })
    }

    /// The head of the list of what was proved.
    pub(crate) fn checks(&self) -> io::Result<()> {
        let mut out = self.lock();
        let head = out.paint(Paint::Bold, "Proved");
        writeln!(out.to, "\n{head}\n")
    }

    /// One thing that should be so, and whether it is.
    pub(crate) fn check(&self, proved: bool, what: &str) -> io::Result<()> {
        let mut out = self.lock();
        let mark = match proved {
            true => out.paint(Paint::Good, "✓"),
            false => out.paint(Paint::Bad, "✗"),
        };
        out.failed += usize::from(!proved);
        writeln!(out.to, "  {mark} {what}")
    }

    /// The last line. Whether all was proved.
    pub(crate) fn end(&self, took: Duration) -> io::Result<bool> {
        let mut out = self.lock();
        let proved = out.failed == 0;
        let verdict = match out.failed {
            0 => out.paint(Paint::Good, "All of it worked"),
            1 => out.paint(Paint::Bad, "1 thing did not work"),
            failed => out.paint(Paint::Bad, &format!("{failed} things did not work")),
        };
        writeln!(out.to, "\n{verdict}, in {:.2} s.\n", took.as_secs_f64())?;
        out.to.flush()?;
        Ok(proved)
    }

    fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    fn paragraph(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            writeln!(self.to, "    {line}")?;
        }
        writeln!(self.to)
    }

    /// `alice → a.test   EHLO laptop.a.test`
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let (arrow, paint) = match line.by {
            Side::Client => ("→", Paint::Client),
            Side::Server => ("←", Paint::Server),
        };
        let speakers = format!("{} {arrow} {}", line.client, line.server);
        self.width = self.width.max(speakers.chars().count());
        let speakers = self.paint(paint, &format!("{speakers:<width$}", width = self.width));
        let left_out = line.text.starts_with('…');
        let text = if left_out { self.paint(Paint::Dim, &line.text) } else { line.text.clone() };
        writeln!(self.to, "    {speakers}  {text}")
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Step => "1;7",
            Paint::Client => "36",
            Paint::Server => "33",
            Paint::Good => "1;32",
            Paint::Bad => "1;31",
            Paint::Added => "32",
            Paint::Removed => "31",
        };
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Step,
    Client,
    Server,
    Good,
    Bad,
    Added,
    Removed,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Collects what is printed.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("whole").clone()).expect("UTF-8")
        }
    }

    fn line(client: &str, server: &str, by: Side, text: &str) -> Line {
        Line { client: client.into(), server: server.into(), by, text: text.into() }
    }

    #[test]
    fn steps_stay_apart_although_servers_work_at_the_same_time() {
        let paper = Paper::default();
        let show = Show::new(Box::new(paper.clone()), false);
        let (submit, relay) = (show.sink(Step::Submit), show.sink(Step::Relay));
        show.title("mail-server demo", &["alice → a.test → b.test"]).expect("printed");
        show.step(Step::Submit, "alice hands her message over", "To bob.").expect("printed");
        submit(line("alice", "a.test", Side::Client, "QUIT"));
        relay(line("a.test", "b.test", Side::Server, "220 b.test"));
        submit(line("alice", "a.test", Side::Server, "221 bye"));
        show.step(Step::Relay, "a.test finds b.test", "By DNS.\nThen").expect("printed");
        relay(line("a.test", "b.test", Side::Client, "… 3 more lines"));
        show.note("It has arrived:").expect("printed");
        show.line(Mark::Same, "To: bob").expect("printed");
        show.line(Mark::Added, "Received: from a.test").expect("printed");
        show.line(Mark::Removed, "Bcc: dave").expect("printed");
        show.checks().expect("printed");
        show.check(true, "it arrived").expect("printed");
        show.check(false, "it was read").expect("printed");
        assert!(!show.end(Duration::from_millis(1234)).expect("printed"));
        let expected = "
mail-server demo

  alice → a.test → b.test

 1 SUBMIT  alice hands her message over

    To bob.

    alice → a.test     QUIT
    alice ← a.test     221 bye

 2 RELAY   a.test finds b.test

    By DNS.
    Then

    a.test ← b.test    220 b.test
    a.test → b.test    … 3 more lines

    It has arrived:

      To: bob
    + Received: from a.test
    - Bcc: dave

Proved

  ✓ it arrived
  ✗ it was read

1 thing did not work, in 1.23 s.

";
        assert_eq!(paper.text(), expected);
    }

    #[test]
    fn colours_are_for_terminals() {
        let paper = Paper::default();
        let show = Show::new(Box::new(paper.clone()), true);
        show.check(true, "it arrived").expect("printed");
        assert!(show.end(Duration::ZERO).expect("printed"));
        assert!(paper.text().contains("\x1b[1;32m✓\x1b[0m it arrived"));
    }
}
