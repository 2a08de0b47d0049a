//! SIGHUP: settings, certificate and keys are read again, and no session is cut.

use crate::kit::{Smtp, World};
use std::fs;

#[test]
fn settings_change_while_sessions_go_on() {
    let world = World::new([]);
    let a = world.start("a.test", &[]);
    let mut before = Smtp::with(&a, "smtp");
    let file = world.settings("a.test");
    let settings = fs::read_to_string(&file).unwrap();
    let rewrite = |hostname: &str, more: &str| {
        let settings =
            settings.replace("mx.a.test", hostname).replace("['a.test']", "['a.test', 'c.test']");
        fs::write(&file, format!("{settings}\n{more}")).unwrap();
        a.signal("HUP");
    };
    assert!(before.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    rewrite(
        "mail.a.test",
        "[limits]\nmessage-size = 1234\n[log]\nlevel = 'debug'\nformat = 'json'",
    );
    a.wait_for_log(&["the settings were read again"]);
    a.wait_for_log(&["WARN", "`log.format` needs a restart"]);

    // A session keeps what it began with; what a domain is concerns everybody.
    assert!(before.say("RCPT TO:<alice@a.test>").starts_with("250"));
    assert!(before.message("Subject: x\r\n\r\nx\r\n").starts_with("250"));
    let mut after = Smtp::with(&a, "smtp");
    let offered = after.say("EHLO client.test");
    assert!(offered.starts_with("250-mail.a.test"), "{offered}");
    assert!(offered.contains("SIZE 1234"), "{offered}");
    assert!(after.say("MAIL FROM:<x@elsewhere.example>").starts_with("250"));
    assert!(after.say("RCPT TO:<postmaster@c.test>").starts_with("250"));
    assert!(after.say("RCPT TO:<x@d.test>").starts_with("550 5.7.1"));
    a.wait_for_log(&["DEBUG", "connected"]);

    rewrite("not a name", "");
    a.wait_for_log(&["ERROR", "the settings stay as they were", "`not a name` is not a host name"]);
    rewrite("mail.a.test", "[relay.tsl]");
    a.wait_for_log(&["ERROR", "the settings stay as they were", "unknown field `tsl`"]);
    assert!(Smtp::with(&a, "smtp").say("EHLO x.test").starts_with("250-mail.a.test"));
}
