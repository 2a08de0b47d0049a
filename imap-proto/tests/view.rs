//! The view of three sessions over random histories, compared with a naive model: what each client
//! has been told must always be what the machine counts by.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use core::cell::RefCell;
use std::rc::Rc;

use common::{MESSAGE, Store, TestHost};
use imap_proto::{
    parse,
    response::{FetchData, Response},
    server::{Config, Server},
};
use mailwire::{
    Instant, Machine, Step,
    test::{Host, Log},
};
use proptest::prelude::*;

/// A client that believes what it is told, and knows which message is behind each number.
struct Session {
    machine: Server,
    host: TestHost,
    /// UIDs by sequence number; 0 for one that is not known yet.
    numbers: Vec<u32>,
    flags: Vec<Option<bool>>,
}

impl Session {
    fn new(store: Rc<RefCell<Store>>) -> Self {
        let machine = Server::over_tls(Config::default());
        let (numbers, flags) = (vec![], vec![]);
        let mut session = Self { machine, host: TestHost::new(store), numbers, flags };
        session.say("l LOGIN tim secret");
        session.say("s SELECT INBOX");
        session.say("u UID FETCH 1:* (FLAGS)");
        session
    }

    /// Says a line, believes the answer, and returns it.
    fn say(&mut self, line: &str) -> Vec<u8> {
        let octets = format!("{line}\r\n");
        assert_eq!(self.machine.recv().push(octets.as_bytes()), octets.len());
        let mut log = Log::default();
        loop {
            match self.machine.poll(Instant::default()) {
                Step::Event => self.host.event(&mut self.machine, &mut log),
                Step::NeedInput => break,
                other => panic!("{other:?}"),
            }
        }
        let output = self.machine.transmit().take_all().to_vec();
        let by_number =
            ["FETCH", "STORE", "SEARCH"].iter().any(|w| line.contains(&format!("x {w}")));
        for line in output.split_inclusive(|b| *b == b'\n') {
            match parse::response(line).unwrap() {
                Response::Exists(n) => {
                    assert!(n as usize >= self.numbers.len(), "EXISTS shrinks the mailbox");
                    self.numbers.resize(n as usize, 0);
                    self.flags.resize(n as usize, None);
                }
                Response::Expunge(n) => {
                    assert!(!by_number, "EXPUNGE in the middle of a command by number");
                    self.numbers.remove(n.get() as usize - 1);
                    self.flags.remove(n.get() as usize - 1);
                }
                Response::Fetch(n, items) => {
                    let slot = n.get() as usize - 1;
                    for item in items {
                        match item {
                            FetchData::Uid(uid) => {
                                let known = &mut self.numbers[slot];
                                let uid = uid.get();
                                assert!(*known == 0 || *known == uid, "number {n} changed its UID");
                                *known = uid;
                            }
                            FetchData::Flags(flags) => {
                                let seen = flags.contains(&imap_proto::types::Flag::Seen);
                                self.flags[slot] = Some(seen);
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        assert!(self.numbers.windows(2).all(|w| w[0] < w[1] || w[1] == 0), "UIDs ascend");
        output
    }
}

#[derive(Clone, Debug)]
enum Act {
    Deliver,
    Delete(usize, usize),
    Seen(usize, usize),
    UidSeen(usize, u32),
    Expunge(usize),
    UidExpunge(usize, u32),
    Fetch(usize),
    UidFetch(usize),
    Noop(usize),
    Search(usize),
    Idle(usize),
    Move(usize, u32),
}

fn act() -> impl Strategy<Value = Act> {
    let s = 0usize..3;
    prop_oneof![
        3 => Just(Act::Deliver),
        1 => (s.clone(), 0usize..12).prop_map(|(s, n)| Act::Delete(s, n)),
        1 => (s.clone(), 0usize..12).prop_map(|(s, n)| Act::Seen(s, n)),
        1 => (s.clone(), 1u32..15).prop_map(|(s, n)| Act::UidSeen(s, n)),
        1 => s.clone().prop_map(Act::Expunge),
        1 => (s.clone(), 1u32..15).prop_map(|(s, n)| Act::UidExpunge(s, n)),
        1 => s.clone().prop_map(Act::Fetch),
        1 => s.clone().prop_map(Act::UidFetch),
        1 => s.clone().prop_map(Act::Noop),
        1 => s.clone().prop_map(Act::Search),
        1 => s.clone().prop_map(Act::Idle),
        1 => (s, 1u32..15).prop_map(|(s, n)| Act::Move(s, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_session_is_ever_told_something_untrue(acts in proptest::collection::vec(act(), 0..60)) {
        let store = Store::with(5);
        let mut sessions: Vec<Session> = (0..3).map(|_| Session::new(store.clone())).collect();
        for act in acts {
            match act {
                Act::Deliver => drop(store.borrow_mut().deliver("INBOX", MESSAGE, &[])),
                Act::Delete(s, n) | Act::Seen(s, n) => {
                    let count = sessions[s].numbers.len();
                    if count > 0 {
                        let flag = if matches!(act, Act::Seen(..)) { "\\Seen" } else { "\\Deleted" };
                        let n = n % count;
                        let before = sessions[s].numbers[n];
                        sessions[s].say(&format!("x STORE {} +FLAGS ({flag})", n + 1));
                        // The flag went to the message that the client meant.
                        let store = store.borrow();
                        if let Some(m) = store.boxes["INBOX"].messages.get(&before) {
                            prop_assert!(m.flags.contains(flag));
                        }
                    }
                }
                Act::UidSeen(s, uid) => drop(sessions[s].say(&format!("x UID STORE {uid} +FLAGS (\\Seen)"))),
                Act::Expunge(s) => drop(sessions[s].say("x EXPUNGE")),
                Act::UidExpunge(s, uid) => drop(sessions[s].say(&format!("x UID EXPUNGE {uid}"))),
                Act::Fetch(s) => {
                    if !sessions[s].numbers.is_empty() {
                        sessions[s].say("x FETCH 1:* (UID FLAGS)");
                    }
                }
                Act::UidFetch(s) => drop(sessions[s].say("x UID FETCH 1:* (FLAGS)")),
                Act::Noop(s) => drop(sessions[s].say("x NOOP")),
                Act::Search(s) => {
                    let known = sessions[s].numbers.clone();
                    let output = sessions[s].say("x SEARCH ALL");
                    if let Ok(Response::Search(found)) = parse::response(&first_line(&output)) {
                        prop_assert!(found.numbers().iter().all(|n| *n as usize <= known.len()));
                    }
                }
                Act::Idle(s) => {
                    sessions[s].say("x IDLE");
                    sessions[s].say("DONE");
                }
                Act::Move(s, uid) => drop(sessions[s].say(&format!("x UID MOVE {uid} Sent"))),
            }
        }
        // In the end all are told everything, and believe the same.
        for session in &mut sessions {
            session.say("x NOOP");
            session.say("x UID FETCH 1:* (FLAGS)");
            let store = store.borrow();
            let messages = &store.boxes["INBOX"].messages;
            let uids: Vec<u32> = messages.keys().copied().collect();
            prop_assert_eq!(&session.numbers, &uids);
            let seen: Vec<Option<bool>> =
                messages.values().map(|m| Some(m.flags.contains("\\Seen"))).collect();
            prop_assert_eq!(&session.flags, &seen);
        }
    }
}

fn first_line(output: &[u8]) -> Vec<u8> {
    output.split_inclusive(|b| *b == b'\n').next().unwrap_or_default().to_vec()
}
