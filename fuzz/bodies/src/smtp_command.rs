//! SMTP commands: what is parsed prints as a line that parses to the same.

use smtp_proto::{Command, Leniency, parse};

use crate::smtp_address::leniencies;

/// The octets are a command line without its line end.
pub fn check(line: &[u8]) {
    for leniency in leniencies() {
        let verb = parse::verb(line);
        let Ok(command) = parse::command(line, leniency) else { continue };
        assert!(verb.is_ok(), "a command has a verb");
        let printed = command.to_string();
        assert!(!printed.bytes().any(|octet| octet < b' ' || octet == 0x7F), "{printed:?}");
        let again = parse::command(printed.as_bytes(), Leniency::default());
        // Control characters beyond ASCII are printed as `?`.
        assert!(!line.is_ascii() || again.as_ref() == Ok(&command), "{printed:?}");
        assert_eq!(again.map(|again| again.to_string()), Ok(printed));
        // Strict is a part of lenient.
        if leniency == Leniency::default() {
            for lenient in leniencies() {
                assert_eq!(parse::command(line, lenient).as_ref(), Ok(&command));
            }
        }
        if let Command::Mail(mail) = &command
            && let Some(mailbox) = mail.from.mailbox()
        {
            assert!(mailbox.as_str().len() <= 254);
        }
    }
}
