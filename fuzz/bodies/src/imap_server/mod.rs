//! A whole session of the IMAP server machine.

mod host;

use core::time::Duration;

use imap_proto::server::{Config, Server};
use mailwire::test::{Cuts, run};

use self::host::Store;
use crate::drive::{laws, seed};

/// The first octet chooses a configuration (see `make`), the rest is what a client sends.
pub fn check(octets: &[u8]) {
    let Some((&choice, input)) = octets.split_first() else { return };
    laws(|| make(choice), input);
    let (mut server, mut store) = make(choice);
    let outcome = run(&mut server, &mut store, input, Cuts::Random(!seed(input)));
    responses_are_well_formed(&outcome.output);
}

/// `c`: passwords in the clear. `t`: STARTTLS first. `l`: small limits. `h`: the answer to a wrong
/// password is held back. Anything else: TLS from the start.
fn make(choice: u8) -> (Server, Store) {
    let mut config = Config::default();
    config.timeouts.auth_delay = Duration::ZERO;
    config.append_limit = 2000;
    (config.utf8, config.multi_append, config.catenate) = (true, true, true);
    (config.replace, config.unauthenticate, config.compress) = (true, true, true);
    config.plain_text_auth = matches!(choice, b'c' | b'l');
    match choice {
        b'l' => {
            config.limits.line = 60;
            config.limits.command = 100;
            config.limits.literal = 30;
            config.limits.literal_before_login = 8;
            config.limits.bad_commands = 4;
            config.limits.output = 16;
            config.append_limit = 40;
        }
        b'h' => config.timeouts.auth_delay = Duration::from_secs(1),
        _ => {}
    }
    let server = match choice {
        b'c' | b't' | b'l' => Server::new(config),
        _ => Server::over_tls(config),
    };
    (server, Store::default())
}

/// Each response is a line, or lines joined by literals that have all their octets; what stands in
/// parentheses is closed.
fn responses_are_well_formed(mut output: &[u8]) {
    while !output.is_empty() {
        let start = output;
        let text = |line: &[u8]| line.splitn(3, |&octet| octet == b' ').nth(1).map(<[u8]>::to_vec);
        let people =
            ["OK", "NO", "BAD", "BYE", "PREAUTH"].map(|word| Some(word.as_bytes().to_vec()));
        loop {
            let end = output.windows(2).position(|w| w == b"\r\n");
            let end = end.unwrap_or_else(|| panic!("no end: {:?}", start.escape_ascii()));
            let line = &output[..end];
            assert!(!line.contains(&b'\n') && !line.contains(&0), "{:?}", line.escape_ascii());
            output = &output[end + 2..];
            if start.starts_with(b"+") || people.contains(&text(start)) {
                break;
            }
            let Some(literal) = announced(line) else { break };
            assert!(literal <= output.len(), "a literal lacks octets: {:?}", start.escape_ascii());
            output = &output[literal..];
        }
    }
}

fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}")?;
    let digits = line.rsplit(|&octet| octet == b'{').next()?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}
