//! Address lists as ENVELOPE shows them (RFC 3501 §7.4.2, RFC 5322 §3.4).

use alloc::vec::Vec;

/// Addresses beyond these are left out of an ENVELOPE.
const MAX_ADDRESSES: usize = 10_000;

/// One member of an address list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Mailbox { name: Option<Vec<u8>>, route: Option<Vec<u8>>, local: Vec<u8>, host: Vec<u8> },
    GroupStart(Vec<u8>),
    GroupEnd,
}

/// Reads a list of addresses. Whatever is not understood is shown as best it can be: an address
/// without a host gets the host `MISSING_DOMAIN`, as Dovecot does, because NIL would open a group.
pub(super) fn addresses(value: &[u8]) -> Vec<Address> {
    let mut parser = Parser { rest: value, out: Vec::new(), in_group: false };
    while parser.out.len() < MAX_ADDRESSES && parser.one() {}
    if parser.in_group {
        parser.out.push(Address::GroupEnd);
    }
    parser.out
}

struct Parser<'a> {
    rest: &'a [u8],
    out: Vec<Address>,
    in_group: bool,
}

impl Parser<'_> {
    /// One address, group start or group end; `false` at the end of the list.
    fn one(&mut self) -> bool {
        let mut words: Vec<Vec<u8>> = Vec::new();
        let mut comment: Option<Vec<u8>> = None;
        loop {
            let blank = self.skip_blanks();
            match self.rest.first().copied() {
                None => {
                    self.plain(words, comment);
                    return false;
                }
                Some(b',') => {
                    self.bump();
                    self.plain(words, comment);
                    return true;
                }
                Some(b';') => {
                    self.bump();
                    self.plain(words, comment);
                    if core::mem::take(&mut self.in_group) {
                        self.out.push(Address::GroupEnd);
                    }
                    return true;
                }
                Some(b':') if !self.in_group => {
                    self.bump();
                    self.in_group = true;
                    self.out.push(Address::GroupStart(join(&words)));
                    return true;
                }
                Some(b'<') => {
                    self.bump();
                    self.angle(words, comment);
                    return true;
                }
                Some(b'(') => comment = Some(self.comment()).filter(|c| !c.is_empty()),
                Some(b'"') => words.push(self.quoted()),
                Some(_) => {
                    let word = self.word();
                    match words.last_mut() {
                        Some(last) if !blank => last.extend_from_slice(&word),
                        _ => words.push(word),
                    }
                }
            }
        }
    }

    /// An address without angle brackets; its name, if any, is the comment.
    fn plain(&mut self, words: Vec<Vec<u8>>, comment: Option<Vec<u8>>) {
        if words.is_empty() {
            return;
        }
        let words = glue(words);
        let at = words.iter().rposition(|word| word.contains(&b'@'));
        let spec = match at {
            Some(at) if at > 0 && words.get(at).is_some_and(|w| !w.starts_with(b"@")) => {
                // `Name user@host`: the brackets were forgotten.
                let name = join(words.get(..at).unwrap_or_default());
                let spec = join(words.get(at..).unwrap_or_default());
                return self.push(Some(name), None, &spec);
            }
            // Several words and no address: a name is all there is.
            None if words.len() > 1 => return self.push(Some(join(&words)), None, b""),
            _ => join(&words),
        };
        self.push(comment, None, &spec);
    }

    /// `[route ":"] addr-spec ">"`, and what stands before the next comma.
    fn angle(&mut self, words: Vec<Vec<u8>>, comment: Option<Vec<u8>>) {
        let mut spec = Vec::new();
        loop {
            self.skip_blanks();
            match self.rest.first().copied() {
                None => break,
                Some(b'>') => {
                    self.bump();
                    break;
                }
                Some(b'(') => {
                    self.comment();
                }
                Some(b'"') => {
                    let quoted = self.quoted();
                    spec.extend_from_slice(&quoted);
                }
                Some(b) => {
                    spec.push(b);
                    self.bump();
                }
            }
        }
        let mut comment = comment;
        loop {
            self.skip_blanks();
            match self.rest.first().copied() {
                Some(b'(') => comment = comment.or(Some(self.comment()).filter(|c| !c.is_empty())),
                Some(b',') => {
                    self.bump();
                    break;
                }
                // The end of a group is the next turn's business.
                None | Some(b';') => break,
                Some(_) => self.bump(),
            }
        }
        let name = if words.is_empty() { comment } else { Some(join(&words)) };
        let (route, spec) = match spec.iter().rposition(|b| *b == b':') {
            Some(at) if spec.starts_with(b"@") => {
                let (route, spec) = spec.split_at_checked(at).unwrap_or((&spec, &[]));
                (Some(route.to_vec()), spec.get(1..).unwrap_or_default().to_vec())
            }
            _ => (None, spec),
        };
        self.push(name, route, &spec);
    }

    fn push(&mut self, name: Option<Vec<u8>>, route: Option<Vec<u8>>, spec: &[u8]) {
        let or = |text: &[u8], default: &[u8]| {
            if text.is_empty() { default.to_vec() } else { text.to_vec() }
        };
        let (local, host) = match spec.iter().rposition(|b| *b == b'@') {
            Some(at) => {
                let (local, host) = spec.split_at_checked(at).unwrap_or((spec, &[]));
                (local, host.get(1..).unwrap_or_default())
            }
            None => (spec, [].as_slice()),
        };
        let (local, host) = (or(local, b"MISSING_MAILBOX"), or(host, b"MISSING_DOMAIN"));
        self.out.push(Address::Mailbox { name, route, local, host });
    }

    fn bump(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_ascii_start();
        self.rest.len() < before
    }

    /// Everything up to the next character that means something here.
    fn word(&mut self) -> Vec<u8> {
        let stop = |b: &u8| b.is_ascii_whitespace() || b",;:<(\"".contains(b);
        // `]` may hold a colon: user@[IPv6:::1]
        let mut literal = false;
        let mut len = 0usize;
        for b in self.rest {
            match b {
                b'[' => literal = true,
                b']' => literal = false,
                b':' if literal || self.in_group => {}
                b if stop(b) => break,
                _ => {}
            }
            len = len.saturating_add(1);
        }
        let (word, rest) = self.rest.split_at_checked(len.max(1)).unwrap_or((self.rest, &[]));
        self.rest = rest;
        word.to_vec()
    }

    fn quoted(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut octets = self.rest.get(1..).unwrap_or_default().iter();
        while let Some(b) = octets.next() {
            match b {
                b'"' => break,
                b'\\' => out.extend(octets.next()),
                b => out.push(*b),
            }
        }
        self.rest = octets.as_slice();
        out
    }

    /// The text of a comment; comments nest.
    fn comment(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut depth = 0u32;
        let mut octets = self.rest.iter();
        while let Some(b) = octets.next() {
            match b {
                b'(' => {
                    depth = depth.saturating_add(1);
                    if depth > 1 {
                        out.push(b'(');
                    }
                }
                b')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                    out.push(b')');
                }
                b'\\' => out.extend(octets.next()),
                b => out.push(*b),
            }
        }
        self.rest = octets.as_slice();
        out.trim_ascii().to_vec()
    }
}

fn join(words: &[Vec<u8>]) -> Vec<u8> {
    words.join(&b' ')
}

/// `a . b` and `a @ b` are one address with blanks in it.
fn glue(words: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut glued: Vec<Vec<u8>> = Vec::with_capacity(words.len());
    for word in words {
        let starts = word.starts_with(b".") || word.starts_with(b"@");
        match glued.last_mut() {
            Some(last) if starts || last.ends_with(b".") || last.ends_with(b"@") => {
                last.extend_from_slice(&word);
            }
            _ => glued.push(word),
        }
    }
    glued
}
