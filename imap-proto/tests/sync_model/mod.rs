//! A naive IMAP server: a mailbox as a list, and sessions that tell the difference between what they have told and what is.

use imap_proto::{
    client::{Client, Config, sync::Mirror},
    command::{Command, FetchModifiers},
    parse,
    types::SequenceSet,
};
use mailwire::{Instant, Machine, Step};

/// A generator of numbers that one number begins.
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 20) % u64::from(n)) as u32
    }
}

/// What the server can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    CondStore,
    QResync,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    uid: u32,
    flags: Vec<String>,
    mod_seq: u64,
}

/// The mailbox.
#[derive(Clone)]
pub(crate) struct Model {
    kind: Kind,
    pub(crate) validity: u32,
    next: u32,
    mod_seq: u64,
    rows: Vec<Row>,
    gone: Vec<(u32, u64)>,
}

impl Model {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, validity: 7, next: 1, mod_seq: 1, rows: vec![], gone: vec![] }
    }

    /// UIDs and flags.
    pub(crate) fn list(&self) -> Vec<(u32, Vec<String>)> {
        self.rows.iter().map(|row| (row.uid, row.flags.clone())).collect()
    }

    /// Messages as they have been since this mod-sequence.
    pub(crate) fn unchanged_since(&self, validity: u32, mod_seq: u64) -> Vec<(u32, Vec<String>)> {
        let same =
            self.rows.iter().filter(|row| row.mod_seq <= mod_seq && validity == self.validity);
        same.map(|row| (row.uid, row.flags.clone())).collect()
    }

    /// Another session does something.
    pub(crate) fn change(&mut self, random: &mut Random) {
        let at = (!self.rows.is_empty()).then(|| random.below(self.rows.len() as u32) as usize);
        self.mod_seq += 1;
        match (random.below(40), at) {
            (0, _) => {
                self.validity += 1;
                self.next = 1;
                (self.rows, self.gone) = (vec![], vec![]);
            }
            (1..15, Some(at)) => {
                let gone = self.rows.remove(at);
                self.gone.push((gone.uid, self.mod_seq));
                // RFC 7162 §3.1: without QRESYNC a removal need not have a mod-sequence.
                if self.kind == Kind::CondStore {
                    self.mod_seq -= 1;
                }
            }
            (15..25, Some(at)) => {
                let row = &mut self.rows[at];
                let flag = ["\\Deleted", "\\Seen", "x"][random.below(3) as usize].to_owned();
                match row.flags.iter().position(|have| *have == flag) {
                    Some(at) => drop(row.flags.remove(at)),
                    None => row.flags.push(flag),
                }
                row.flags.sort();
                row.mod_seq = self.mod_seq;
            }
            _ => {
                self.next += random.below(3);
                self.rows.push(Row { uid: self.next, flags: vec![], mod_seq: self.mod_seq });
                self.next += 1;
            }
        }
    }

    /// A session. A mailbox whose UIDVALIDITY changes is another for it: it sees what it saw, and the connection ends.
    pub(crate) fn connect(&self) -> Session {
        let offered = match self.kind {
            Kind::Plain => "",
            Kind::CondStore => " CONDSTORE ENABLE",
            Kind::QResync => " CONDSTORE QRESYNC ENABLE ESEARCH",
        };
        let mut session = Session::default();
        session.say(&format!("* PREAUTH [CAPABILITY IMAP4rev1{offered}] hello"));
        session
    }

    /// A session in which nothing happens; how many rows it costs.
    pub(crate) fn visit(&self, mirror: &mut Mirror) -> usize {
        let (mut client, mut server) = (Client::over_tls(Config::default()), self.connect());
        server.quiet = true;
        let mut random = Random(1);
        mirror.interrupted();
        while !(mirror.is_current() && server.is_silent()) {
            client.recv().push(&server.take(1000));
            while client.poll(Instant::from_micros(0)) == Step::Event {
                mirror.see(&client.event());
                mirror.advance(&mut client).unwrap();
            }
            server.read(&client.transmit().take_all(), &mut self.clone(), &mut random);
        }
        server.wire.matches(" FETCH (").count()
    }
}

/// What one session has told.
#[derive(Default)]
pub(crate) struct Session {
    out: Vec<u8>,
    input: Vec<u8>,
    pub(crate) wire: String,
    selected: bool,
    validity: u32,
    told: Vec<Row>,
    mod_seqs: bool,
    qresync: bool,
    /// Nothing changes while a command is read.
    quiet: bool,
}

impl Session {
    fn say(&mut self, line: &str) {
        self.wire += &format!("S: {line}\n");
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// Some of what waits to be sent.
    pub(crate) fn take(&mut self, n: u32) -> Vec<u8> {
        self.out.drain(..self.out.len().min(n as usize)).collect()
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.out.is_empty() && self.input.is_empty()
    }

    /// Whether nothing is left to tell.
    pub(crate) fn is_told(&self, model: &Model) -> bool {
        self.told == model.rows
    }

    /// Whether the mailbox was replaced by another: a server ends the session.
    pub(crate) fn is_over(&self, model: &Model) -> bool {
        self.selected && self.validity != model.validity
    }

    /// Reads commands, and may answer.
    pub(crate) fn read(&mut self, octets: &[u8], model: &mut Model, random: &mut Random) {
        self.input.extend_from_slice(octets);
        while let Some(end) = self.input.windows(2).position(|two| two == b"\r\n") {
            let line: Vec<u8> = self.input.drain(..end + 2).collect();
            self.wire += &format!("C: {}", String::from_utf8_lossy(&line));
            let tagged = parse::command(&line).unwrap();
            let tag = tagged.tag.as_str().to_owned();
            // What happens between a command and its answer.
            if !self.quiet && random.below(4) == 0 {
                model.change(random);
            }
            self.answer(&tag, tagged.command, model, random);
        }
    }

    fn answer(&mut self, tag: &str, command: Command<'_>, model: &mut Model, random: &mut Random) {
        match command {
            Command::Enable(_) => {
                let grants = self.quiet || random.below(4) > 0;
                (self.mod_seqs, self.qresync) = (grants, grants);
                self.say(if grants { "* ENABLED QRESYNC" } else { "* ENABLED" });
            }
            Command::Noop => self.tell(model, random, true),
            Command::Select { condstore, qresync, .. } => {
                self.mod_seqs |= condstore || qresync.is_some();
                self.selected = true;
                self.validity = model.validity;
                self.told.clone_from(&model.rows);
                self.say(&format!("* {} EXISTS", model.rows.len()));
                self.say(&format!("* OK [UIDVALIDITY {}] x", model.validity));
                if model.kind != Kind::Plain {
                    self.say(&format!("* OK [HIGHESTMODSEQ {}] x", model.mod_seq));
                }
                if let Some(known) = qresync.filter(|q| q.uid_validity.get() == model.validity) {
                    let since = known.mod_seq.get();
                    let gone = model.gone.iter().filter(|(_, at)| *at > since);
                    let gone: Vec<String> = gone.map(|(uid, _)| uid.to_string()).collect();
                    if !gone.is_empty() {
                        self.say(&format!("* VANISHED (EARLIER) {}", gone.join(",")));
                    }
                    for (at, row) in model.rows.iter().enumerate() {
                        if row.mod_seq > since {
                            self.row(at, row);
                        }
                    }
                }
            }
            Command::Search { .. } => {
                // What is told before the result is told by number, and what is found is found before or after.
                if random.below(3) == 0 {
                    self.tell(model, random, false);
                }
                let found: Vec<String> = self.told.iter().map(|row| row.uid.to_string()).collect();
                if model.kind == Kind::QResync {
                    let all = if found.is_empty() {
                        String::new()
                    } else {
                        format!(" ALL {}", found.join(","))
                    };
                    self.say(&format!("* ESEARCH (TAG \"{tag}\") UID{all}"));
                } else {
                    self.say(
                        &["* SEARCH".to_owned()]
                            .into_iter()
                            .chain(found)
                            .collect::<Vec<_>>()
                            .join(" "),
                    );
                }
            }
            Command::Fetch { set, modifiers, .. } => self.fetch(&set, modifiers, model, random),
            other => panic!("{other:?}"),
        }
        if random.below(2) == 0 {
            self.tell(model, random, false);
        }
        // RFC 7162 §6: what has been told up to here is all up to the greatest mod-sequence told, or the code says so.
        let all = self.told == model.rows && self.validity == model.validity;
        let code = match self.mod_seqs && self.selected && !all && self.told_all_up_to(model) > 0 {
            true => format!("[HIGHESTMODSEQ {}] ", self.told_all_up_to(model)),
            false => String::new(),
        };
        self.say(&format!("{tag} OK {code}done"));
    }

    /// The mod-sequence up to which all was told.
    fn told_all_up_to(&self, model: &Model) -> u64 {
        if self.validity != model.validity {
            return self.told.iter().map(|row| row.mod_seq).min().unwrap_or(1).saturating_sub(1);
        }
        let changed =
            model.rows.iter().filter(|row| !self.told.contains(row)).map(|row| row.mod_seq);
        let gone =
            self.told.iter().filter_map(|row| model.gone.iter().find(|(uid, _)| *uid == row.uid));
        changed.chain(gone.map(|(_, at)| *at)).min().map_or(model.mod_seq, |least| least - 1)
    }

    fn fetch(
        &mut self,
        set: &SequenceSet,
        modifiers: FetchModifiers,
        model: &Model,
        random: &mut Random,
    ) {
        let last = self.told.last().map_or(0, |row| row.uid);
        for uid in set.resolve(last).iter() {
            // In the middle of the answer the numbers may shift (RFC 3501 §7.4.1 allows it for UID commands).
            if random.below(12) == 0 {
                self.tell(model, random, false);
            }
            let Some(at) = self.told.iter().position(|row| row.uid == uid) else { continue };
            // A message that is gone is passed over (RFC 2180 §4.1.3).
            let same = self.validity == model.validity;
            let Some(row) = model.rows.iter().find(|row| row.uid == uid && same) else { continue };
            if modifiers.changed_since.is_none_or(|since| row.mod_seq > since) {
                self.told[at] = row.clone();
                self.row(at, &row.clone());
            }
        }
    }

    fn row(&mut self, at: usize, row: &Row) {
        let mod_seq =
            if self.mod_seqs { format!(" MODSEQ ({})", row.mod_seq) } else { String::new() };
        self.say(&format!(
            "* {} FETCH (UID {} FLAGS ({}){mod_seq})",
            at + 1,
            row.uid,
            row.flags.join(" ")
        ));
    }

    /// Tells what has changed, all or some of it: with NOOP all.
    fn tell(&mut self, model: &Model, random: &mut Random, all: bool) {
        if !self.selected || self.validity != model.validity {
            return;
        }
        let mut at = self.told.len();
        while at > 0 {
            at -= 1;
            let uid = self.told[at].uid;
            let gone = !model.rows.iter().any(|row| row.uid == uid);
            if gone && (all || random.below(5) > 0) {
                self.told.remove(at);
                if self.qresync {
                    self.say(&format!("* VANISHED {uid}"));
                } else {
                    self.say(&format!("* {} EXPUNGE", at + 1));
                }
            }
        }
        for at in 0..self.told.len() {
            let now = model.rows.iter().find(|row| row.uid == self.told[at].uid).cloned();
            let Some(now) = now.filter(|now| *now != self.told[at]) else { continue };
            self.told[at] = now.clone();
            // RFC 3501 §7.4.2: a UID need not stand there, unless QRESYNC is enabled (RFC 7162 §3.2.4).
            if self.qresync || random.below(2) == 0 {
                self.row(at, &now);
            } else {
                let mod_seq = if self.mod_seqs {
                    format!(" MODSEQ ({})", now.mod_seq)
                } else {
                    String::new()
                };
                self.say(&format!("* {} FETCH (FLAGS ({}){mod_seq})", at + 1, now.flags.join(" ")));
            }
        }
        let last = self.told.last().map_or(0, |row| row.uid);
        // Messages have come that are gone again: of them nothing is said.
        let fresh: Vec<Row> = model.rows.iter().filter(|row| row.uid > last).cloned().collect();
        if !fresh.is_empty() {
            self.told.extend(fresh);
            self.say(&format!("* {} EXISTS", self.told.len()));
        }
    }
}
