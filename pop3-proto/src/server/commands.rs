use alloc::{format, string::String};
use core::fmt::Display;

use mailwire::{Close, frame::DataEncoder};

use super::{
    core::{Body, Core, Listing, Pending, State},
    language,
    maildrop::NotThere,
};
use crate::{Code, Command, CommandError, Scan, Stat, UniqueId, print, top::Top};

impl Core {
    /// Carries out a command, or asks the host to.
    pub(super) fn command(&mut self, command: &Command<'_>) {
        // RFC 1939 §7: PASS may only be given immediately after a successful USER.
        let user = self.user.take();
        match *command {
            Command::Capa => self.capa(),
            Command::Quit => self.quit(),
            Command::User(_)
            | Command::Pass(_)
            | Command::Apop { .. }
            | Command::Auth { .. }
            | Command::Stls
                if self.maildrop.is_some() =>
            {
                self.reject(CommandError::State("already logged in"));
            }
            Command::User(name) => self.user(name),
            Command::Pass(password) => self.pass(user, password),
            Command::Apop { name, digest } => self.apop(name, digest),
            Command::Auth { mechanism: None, .. } => self.list_mechanisms(),
            Command::Auth { mechanism: Some(mechanism), initial } => self.auth(mechanism, initial),
            Command::Stls => self.stls(),
            Command::Utf8 if self.config.utf8 => self.utf8(),
            Command::Lang(range) if !self.config.languages.is_empty() => self.lang(range),
            Command::Utf8 | Command::Lang(_) => self.reject(CommandError::Unknown),
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
            Command::Noop => self.ok("", &[]),
            Command::Rset => {
                maildrop.reset();
                let live = maildrop.live();
                self.ok_summary(Summary::Maildrop, live);
            }
            Command::List(None) => {
                let live = maildrop.live();
                self.ok_summary(Summary::Listing, live);
                self.state = State::Listing(Listing::Sizes, 0);
            }
            Command::Uidl(None) => {
                self.ok("", &[]);
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
            Err(NotThere::Deleted) => return self.err(None, "message {} already deleted", &[&n]),
            Err(NotThere::Never) if maildrop.len() == 1 => {
                return self.err(None, "no such message, only 1 message in maildrop", &[]);
            }
            Err(NotThere::Never) => {
                let len = maildrop.len();
                return self.err(None, "no such message, only {} messages in maildrop", &[&len]);
            }
        };
        // RFC 6856 §5. The listings give it: its size and unique id are no content.
        if entry.is_utf8()
            && !self.utf8
            && matches!(command, Command::Retr(_) | Command::Top { .. })
        {
            let text = "message {} needs UTF-8 mode: give UTF8 before log-in";
            return self.err(Some(Code::Utf8), text, &[&n]);
        }
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
                self.ok("message {} deleted", &[&n]);
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
        self.ok("capability list follows", &[]);
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
        if self.config.utf8 {
            self.capability(if self.config.utf8_user { "UTF8 USER" } else { "UTF8" });
        }
        if !self.config.languages.is_empty() {
            self.capability("LANG");
        }
        let per_user = |per_user| if per_user && before_login { " USER" } else { "" };
        if let Some(expire) = self.own_expire.or(self.config.expire) {
            let suffix = per_user(expire.per_user);
            let days = expire.days.map_or_else(|| "NEVER".into(), |days| format!("{days}"));
            self.capability(&format!("EXPIRE {days}{suffix}"));
        }
        if let Some(delay) = self.own_login_delay.or(self.config.login_delay) {
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
        } else if self.utf8 {
            // RFC 6856 §2.1.
            self.reject(CommandError::State("STLS comes before UTF8"));
        } else if self.config.starttls {
            self.ok("begin TLS negotiation", &[]);
            self.state = State::Upgrade;
        } else {
            self.reject(CommandError::State("TLS is not available"));
        }
    }

    /// RFC 6856 §2.1.
    fn utf8(&mut self) {
        if self.maildrop.is_some() {
            return self.reject(CommandError::State("UTF8 comes before log-in"));
        }
        self.utf8 = true;
        self.ok("UTF-8 mode", &[]);
    }

    /// RFC 6856 §3.
    fn lang(&mut self, range: Option<&str>) {
        let Some(range) = range else {
            self.ok("language listing follows", &[]);
            let Self { config, out, .. } = self;
            for language in &config.languages {
                print::language(language.tag(), language.name(), out);
            }
            return self.out.put(b".\r\n");
        };
        let Some(index) = language::find(&self.config.languages, range) else {
            return self.err(None, "invalid language {}", &[&range]);
        };
        (self.language, self.language_chosen) = (index, true);
        let config = self.config.clone();
        if let Some(chosen) = config.languages.get(index) {
            let text = chosen.say("language changed", &[]);
            self.ok("{} {}", &[&chosen.tag(), &text]);
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
        let config = self.config.clone();
        let name: &dyn Display = &config.name;
        match self.maildrop.as_ref().map(|maildrop| maildrop.live().messages) {
            None => self.ok("{} signing off", &[name]),
            Some(0) => self.ok("{} signing off (maildrop empty)", &[name]),
            Some(1) => self.ok("{} signing off (1 message left)", &[name]),
            Some(left) => self.ok("{} signing off ({} messages left)", &[name, &left]),
        }
        self.close(Close::Done);
    }

    pub(super) fn ok_summary(&mut self, what: Summary, stat: Stat) {
        let Stat { messages, octets } = stat;
        match (what, messages) {
            (Summary::Listing, 1) => self.ok("1 message ({} octets)", &[&octets]),
            (Summary::Listing, _) => self.ok("{} messages ({} octets)", &[&messages, &octets]),
            (Summary::Maildrop, 1) => self.ok("maildrop has 1 message ({} octets)", &[&octets]),
            (Summary::Maildrop, _) => {
                self.ok("maildrop has {} messages ({} octets)", &[&messages, &octets]);
            }
        }
    }
}

/// Of what the number and size are told.
#[derive(Clone, Copy)]
pub(super) enum Summary {
    Listing,
    Maildrop,
}
