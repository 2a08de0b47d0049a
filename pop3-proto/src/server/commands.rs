use alloc::{format, string::String};

use mailwire::{Close, frame::DataEncoder};

use super::{
    core::{Body, Core, Listing, Pending, State},
    maildrop::{Maildrop, NotThere},
    top::Top,
};
use crate::{Command, CommandError, Scan, Stat, UniqueId, print};

impl Core {
    /// Carries out a command, or asks the host to.
    pub(super) fn command(&mut self, command: &Command<'_>) {
        // RFC 1939 §7: PASS may only be given immediately after a successful USER.
        let user = self.user.take();
        match *command {
            Command::Capa => self.capa(),
            Command::Quit => self.quit(),
            Command::User(_) | Command::Pass(_) | Command::Auth { .. } | Command::Stls
                if self.maildrop.is_some() =>
            {
                self.reject(CommandError::State("already logged in"));
            }
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(user, password),
            Command::Auth { mechanism: None, .. } => self.list_mechanisms(),
            Command::Auth { mechanism: Some(mechanism), initial } => self.auth(mechanism, initial),
            Command::Stls => self.stls(),
            _ => self.transaction(command),
        }
    }

    /// The commands of the TRANSACTION state (RFC 1939 §5, §7).
    fn transaction(&mut self, command: &Command<'_>) {
        let Some(maildrop) = &mut self.maildrop else {
            return self.reject(CommandError::State("log in first"));
        };
        match *command {
            Command::Stat => print::stat(maildrop.live(), &mut self.out),
            Command::Noop => self.ok(""),
            Command::Rset => {
                maildrop.reset();
                let text = format!("maildrop has {}", summary(maildrop.live()));
                self.ok(&text);
            }
            Command::List(None) => {
                let text = summary(maildrop.live());
                self.ok(&text);
                self.state = State::Listing(Listing::Sizes, 0);
            }
            Command::Uidl(None) => {
                self.ok("");
                self.state = State::Listing(Listing::UniqueIds, 0);
            }
            Command::List(Some(n))
            | Command::Uidl(Some(n))
            | Command::Retr(n)
            | Command::Top { message: n, .. }
            | Command::Dele(n) => self.message(command, n),
            _ => self.reject(CommandError::Unknown),
        }
    }

    /// The commands about one message.
    fn message(&mut self, command: &Command<'_>, n: u32) {
        let Some(maildrop) = &mut self.maildrop else { return };
        let (index, entry) = match maildrop.find(n) {
            Ok(found) => found,
            Err(why) => {
                let text = not_there(&why, maildrop, n);
                return self.err(None, &text);
            }
        };
        match *command {
            Command::List(_) => {
                self.out.put(b"+OK ");
                print::scan(Scan::new(n, entry.octets()), &mut self.out);
            }
            Command::Uidl(_) => {
                self.out.put(b"+OK ");
                print::unique_id(UniqueId::new(n, entry.uidl()), &mut self.out);
            }
            Command::Dele(_) => {
                maildrop.delete(index);
                self.ok(&format!("message {n} deleted"));
            }
            Command::Top { lines, .. } => {
                self.ask_body(Pending::Top(index, lines), index, Some(Top::new(lines)));
            }
            _ => self.ask_body(Pending::Retr(index), index, None),
        }
    }

    fn ask_body(&mut self, pending: Pending, index: usize, top: Option<Top>) {
        let encoder = DataEncoder::new(self.config.bare_eol);
        self.pending = Some(pending);
        self.state = State::Body(Body { index, top, encoder, started: false });
    }

    /// RFC 2449 §5. Tags of commands that are only valid in the AUTHORIZATION state are announced
    /// in both states, except STLS, which says "permitted in the current state" (RFC 2595 §4).
    fn capa(&mut self) {
        let before_login = self.maildrop.is_none();
        self.ok("capability list follows");
        for tag in ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"] {
            self.capability(tag);
        }
        if self.config.starttls && !self.tls && before_login {
            self.capability("STLS");
        }
        if self.config.user_pass && self.may_send_passwords() {
            self.capability("USER");
        }
        let mut sasl = String::from("SASL");
        for mechanism in self.offered() {
            sasl.push(' ');
            sasl.push_str(mechanism.name());
        }
        if sasl.len() > "SASL".len() {
            self.capability(&sasl);
        }
        let per_user = |per_user| if per_user && before_login { " USER" } else { "" };
        if let Some(expire) = self.config.expire {
            let suffix = per_user(expire.per_user);
            let days = expire.days.map_or_else(|| "NEVER".into(), |days| format!("{days}"));
            self.capability(&format!("EXPIRE {days}{suffix}"));
        }
        if let Some(delay) = self.config.login_delay {
            let suffix = per_user(delay.per_user);
            self.capability(&format!("LOGIN-DELAY {}{suffix}", delay.seconds));
        }
        if let Some(implementation) = self.config.implementation.clone() {
            self.capability(&format!("IMPLEMENTATION {implementation}"));
        }
        self.out.put(b".\r\n");
    }

    fn capability(&mut self, text: &str) {
        print::capability(text, &mut self.out);
    }

    /// RFC 2595 §4. After the answer nothing more is read until the transport was replaced.
    fn stls(&mut self) {
        if self.tls {
            self.reject(CommandError::State("command not permitted: TLS is active"));
        } else if self.config.starttls {
            self.ok("begin TLS negotiation");
            self.state = State::Upgrade;
        } else {
            self.reject(CommandError::State("TLS is not available"));
        }
    }

    /// RFC 1939 §4 and §6.
    fn quit(&mut self) {
        if self.maildrop.is_some() {
            self.pending = Some(Pending::Update);
            self.state = State::Update;
        } else {
            self.sign_off();
        }
    }

    pub(super) fn sign_off(&mut self) {
        let name = &self.config.name;
        let text = match self.maildrop.as_ref().map(|maildrop| maildrop.live().messages) {
            None => format!("{name} signing off"),
            Some(0) => format!("{name} signing off (maildrop empty)"),
            Some(left) => format!("{name} signing off ({} left)", messages(left)),
        };
        self.ok(&text);
        self.close(Close::Done);
    }
}

pub(super) fn summary(stat: Stat) -> String {
    format!("{} ({} octets)", messages(stat.messages), stat.octets)
}

fn messages(number: u64) -> String {
    format!("{number} message{}", if number == 1 { "" } else { "s" })
}

fn not_there(why: &NotThere, maildrop: &Maildrop, n: u32) -> String {
    match why {
        NotThere::Deleted => format!("message {n} already deleted"),
        NotThere::Never => {
            format!("no such message, only {} in maildrop", messages(maildrop.len() as u64))
        }
    }
}
