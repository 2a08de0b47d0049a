//! Telling the client what changed (RFC 3501 §5.2, §7.4.1).

use alloc::{format, string::String, vec::Vec};

use mailwire::{Instant, RecvBuf, Step};

use super::{
    Server,
    core::Core,
    work::{Expunging, Phase, Status},
};
use crate::frame::Frame;

impl Core {
    /// Ends a command: what may be said of changes now, then the tagged answer.
    pub(super) fn complete(&mut self, status: Status, text: &str) {
        self.tell(self.expunging == Expunging::Allowed);
        self.tagged(status, text);
    }

    /// Says what is new. Whether it said anything.
    pub(super) fn tell(&mut self, expunge: bool) -> bool {
        let Some(view) = self.view.as_mut().filter(|view| view.has_news()) else { return false };
        let updates = view.tell(expunge);
        let recent: Vec<bool> =
            updates.flags.iter().map(|(_, uid, _, _)| view.recent.contains(*uid)).collect();
        let mut out = String::new();
        match self.qresync || self.uid_only {
            // RFC 7162 §3.2.10, RFC 9586 §3.4: VANISHED takes the place of EXPUNGE.
            true if !updates.vanished.is_empty() => {
                out.push_str(&format!("* VANISHED {}\r\n", updates.vanished));
            }
            true => {}
            false => {
                for seq in &updates.expunged {
                    out.push_str(&format!("* {seq} EXPUNGE\r\n"));
                }
            }
        }
        if let Some(count) = updates.exists {
            out.push_str(&format!("* {count} EXISTS\r\n"));
        }
        if let Some(count) = updates.recent.filter(|_| !self.rev2) {
            out.push_str(&format!("* {count} RECENT\r\n"));
        }
        for ((seq, uid, flags, mod_seq), recent) in updates.flags.into_iter().zip(recent) {
            out.push_str(&fetch_head(self.uid_only, seq, uid, true));
            out.push_str("FLAGS (");
            push_flags(&mut out, flags.iter().map(String::as_str), recent);
            out.push(')');
            if let Some(mod_seq) = mod_seq.filter(|_| self.condstore) {
                out.push_str(&format!(" MODSEQ ({mod_seq})"));
            }
            out.push_str(")\r\n");
        }
        self.send.put(out.as_bytes());
        !out.is_empty()
    }

    /// IDLE: news as it comes, until DONE (RFC 2177 §3).
    pub(super) fn idle(&mut self, recv: &mut RecvBuf, now: Instant) -> Option<Step> {
        if self.tell(true) {
            self.said = Some(now);
        }
        match self.framer.find(recv) {
            Frame::Partial => {
                let since = *self.since.get_or_insert(now);
                let times = self.config.timeouts;
                let last = self.said.unwrap_or(since);
                if now >= last + times.keep_alive && now < since + times.idle && !self.eof {
                    self.send.put(b"* OK Still here\r\n");
                    self.said = Some(now);
                }
                self.wait(Phase::Idle, recv, now)
            }
            Frame::Complete { len } => {
                let line = recv.take(len);
                self.framer.next();
                self.framer.set_text(false);
                let line = line.strip_suffix(b"\r\n").unwrap_or(&line);
                if line.eq_ignore_ascii_case(b"DONE") {
                    self.complete(Status::Ok, "IDLE completed");
                } else {
                    self.bad_command("IDLE ends with DONE");
                }
                None
            }
            _ => {
                self.refuse(recv, Status::Bad, "IDLE ends with DONE");
                self.framer.set_text(false);
                None
            }
        }
    }
}

/// How a row begins, with a blank at its end if it has begun: `* 3 FETCH (`, or the UID in place of the number
/// (RFC 9586 §3.3).
pub(super) fn fetch_head(uid_only: bool, seq: u32, uid: u32, with_uid: bool) -> String {
    match (uid_only, with_uid) {
        (true, _) => format!("* {uid} UIDFETCH ("),
        (false, true) => format!("* {seq} FETCH (UID {uid} "),
        (false, false) => format!("* {seq} FETCH ("),
    }
}

/// Flags with blanks between them. What is no flag is left out, so that nothing can break out of
/// the parentheses.
pub(super) fn push_flags<'a>(
    out: &mut String,
    flags: impl IntoIterator<Item = &'a str>,
    recent: bool,
) {
    let known = |flag: &&str| crate::types::Flag::new(flag).is_some();
    let flags = flags.into_iter().filter(known).chain(recent.then_some("\\Recent"));
    for (i, flag) in flags.enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(flag);
    }
}

/// Changes of the selected mailbox. May be told at any time; without a selected mailbox they are
/// ignored.
impl Server {
    /// Messages arrived in the selected mailbox. UIDs ascend; those that the client knows already
    /// are passed over.
    pub fn exists(&mut self, uids: impl IntoIterator<Item = u32>, recent: bool) {
        let recent = recent && !self.core.rev2;
        if let Some(view) = &mut self.core.view {
            view.arrive(uids, recent);
        }
    }

    /// Messages are gone from the selected mailbox. Unknown UIDs are passed over.
    pub fn expunged(&mut self, uids: impl IntoIterator<Item = u32>) {
        if let Some(view) = &mut self.core.view {
            view.expunge(uids);
        }
    }

    /// A message of the selected mailbox has these flags now (`\Recent` is the machine's), and this
    /// mod-sequence if the host keeps them.
    pub fn flags<'f>(
        &mut self,
        uid: u32,
        flags: impl IntoIterator<Item = &'f str>,
        mod_seq: Option<u64>,
    ) {
        if let Some(view) = &mut self.core.view {
            let flags = flags.into_iter().map(String::from).collect();
            view.change_flags(uid, flags, mod_seq);
        }
    }

    /// Whether a mailbox is selected.
    pub fn is_selected(&self) -> bool {
        self.core.view.is_some()
    }
}
