//! Addresses: what is parsed is printed alike, and nothing can be smuggled into a command.

use smtp_proto::{Command, Domain, ForwardPath, Leniency, Mailbox, Rcpt, parse};

/// The octets are a mailbox, a local part and a domain on two lines, and the argument of RCPT.
pub fn check(octets: &[u8]) {
    let Ok(text) = core::str::from_utf8(octets) else { return };
    if let Ok(mailbox) = Mailbox::parse(text) {
        assert_eq!(mailbox.as_str(), text, "a mailbox is kept as it was written");
        holds(&mailbox);
    }
    if let Some((local, domain)) = text.split_once('\n')
        && let Ok(mailbox) = Mailbox::new(local, domain)
    {
        assert_eq!(mailbox.local(), local, "a local part comes back without its quotes");
        assert_eq!(mailbox.domain().as_str(), domain);
        holds(&mailbox);
    }
    for leniency in leniencies() {
        let line = format!("RCPT TO:{text}");
        if let Ok(Command::Rcpt(rcpt)) = parse::command(line.as_bytes(), leniency)
            && let ForwardPath::Mailbox(mailbox) = &rcpt.to
        {
            holds(mailbox);
        }
    }
}

pub(crate) fn leniencies() -> [Leniency; 2] {
    let mut lenient = Leniency::default();
    lenient.space_after_colon = true;
    lenient.no_brackets = true;
    [Leniency::default(), lenient]
}

fn holds(mailbox: &Mailbox<'_>) {
    let text = mailbox.to_string();
    assert!(!text.chars().any(|c| c.is_ascii_control()), "no control character: {text:?}");
    assert!(text.len() <= 254, "RFC 5321 §4.5.3.1.3");
    assert_eq!(Mailbox::parse(&text).as_ref(), Ok(mailbox));
    assert!(!mailbox.local().is_empty() || mailbox.local_raw() == "\"\"");
    match mailbox.domain() {
        Domain::Name(name) => {
            assert!(!name.is_empty() && !name.contains(['<', '>', ' ', '"', '@', '[', '\\']));
        }
        Domain::Literal(literal) => {
            assert!(literal.starts_with('[') && literal.ends_with(']'));
            assert!(!literal.contains(['<', '>', ' ']) || literal.contains(':'));
        }
    }
    // Quoted afresh it is the same mailbox.
    let fresh = Mailbox::new(&mailbox.local(), mailbox.domain().as_str());
    if let Ok(fresh) = fresh {
        assert!(fresh.same(mailbox) && mailbox.same(&fresh), "{fresh} {mailbox}");
    }
    // As an argument it is one recipient, and nothing else.
    let command = Command::Rcpt(Rcpt::new(ForwardPath::Mailbox(mailbox.clone())));
    let line = command.to_string();
    assert_eq!(parse::command(line.as_bytes(), Leniency::default()), Ok(command));
}
