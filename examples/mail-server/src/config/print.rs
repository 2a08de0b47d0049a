//! Printing the settings as a file that can be read back, with a word on each.

use super::{Config, RelayTls};
use serde::Serialize;
use std::fmt::{self, Write};

/// The settings as a configuration file. Reading it back gives the same settings.
pub(crate) fn print(config: &Config) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, config);
    out
}

fn write(out: &mut String, config: &Config) -> fmt::Result {
    let Config {
        hostname,
        domains,
        data,
        store,
        listen,
        ports,
        tls,
        acme,
        mta_sts,
        relay,
        checks,
        filter,
        trusted,
        accounts,
        pop3,
        limits,
        log,
    } = config;
    writeln!(out, "# mail-server: every setting, with the value in effect.\n")?;
    key(out, "Name of this machine, in greetings, Received lines and the certificate.")?;
    set(out, "hostname", hostname)?;
    key(out, "Domains whose mail is delivered here.")?;
    set(out, "domains", domains)?;
    key(out, "Folder of the store, the CA and the keys.")?;
    set(out, "data", data)?;
    key(
        out,
        "What keeps the mail there: \"embedded\"; \"sqlite\", whose tables other programs may read; \"maildir\", trees for Dovecot and mutt.",
    )?;
    set(out, "store", store)?;
    key(out, "Addresses to listen on.")?;
    set(out, "listen", listen)?;
    key(
        out,
        "MTA-STS, served by HTTPS: \"enforce\" that others send under TLS, \"testing\" or \"off\".",
    )?;
    set(out, "mta-sts", mta_sts)?;

    writeln!(out, "\n[ports] # a number, 0 for any free port, or \"off\"")?;
    set(out, "smtp", &ports.smtp)?;
    set(out, "submission", &ports.submission)?;
    set(out, "submissions", &ports.submissions)?;
    set(out, "imap", &ports.imap)?;
    set(out, "imaps", &ports.imaps)?;
    set(out, "pop3", &ports.pop3)?;
    set(out, "pop3s", &ports.pop3s)?;
    key(out, "Mail that another server has accepted for users of this one; see [trusted].")?;
    set(out, "lmtp", &ports.lmtp)?;
    key(out, "By HTTPS: settings for mail programs, the policy of MTA-STS, proof for [acme].")?;
    set(out, "https", &ports.https)?;
    key(out, "http://127.0.0.1:PORT/metrics for Prometheus, and /health.")?;
    set(out, "metrics", &ports.metrics)?;

    writeln!(out, "\n[tls]")?;
    key(out, "PEM files. Without them a CA and a certificate are generated in the data folder.")?;
    optional(out, "certificate", tls.certificate.as_ref(), "/etc/ssl/mail.pem")?;
    optional(out, "key", tls.key.as_ref(), "/etc/ssl/mail.key")?;

    writeln!(
        out,
        "\n[acme] # certificates from Let's Encrypt and the like; without files in [tls], with `https` in [ports]"
    )?;
    key(out, "Whether the authority's terms are accepted: then it is asked.")?;
    set(out, "accept-terms", &acme.accept_terms)?;
    key(out, "Address that it may write to.")?;
    optional(out, "contact", acme.contact.as_ref(), "you@example.org")?;
    set(out, "directory", &acme.directory)?;
    key(
        out,
        "PEM file with the root of the authority's own certificate; those of the system if absent.",
    )?;
    optional(out, "ca", acme.ca.as_ref(), "/etc/ssl/pebble.pem")?;

    writeln!(out, "\n[relay] # how mail for other domains leaves")?;
    set(out, "port", &relay.port)?;
    key(
        out,
        "Addresses of this machine to send from, IPv4 and IPv6; the system chooses if there are none.",
    )?;
    set(out, "source", &relay.source)?;
    key(out, "Name server to ask; those of the system if absent.")?;
    optional(out, "name-server", relay.name_server.as_ref(), "127.0.0.1:53")?;
    key(
        out,
        "\"off\"; \"opportunistic\": TLS if offered, any certificate; \"required\": never without; \"verified\": never without a good one.",
    )?;
    set(out, "tls", &relay.tls as &RelayTls)?;
    key(
        out,
        "PEM file with the roots to trust where a certificate is checked; those of the system if absent.",
    )?;
    optional(out, "ca", relay.ca.as_ref(), "/etc/ssl/certs/ca-certificates.crt")?;
    key(out, "Seconds before the first retry; later gaps double, up to two hours.")?;
    set(out, "first-retry-seconds", &relay.first_retry_seconds)?;
    key(out, "Seconds until the sender is told that a message waits; 0 for never.")?;
    set(out, "delay-notice-seconds", &relay.delay_notice_seconds)?;
    key(out, "Seconds until a message that cannot be delivered goes back to its sender.")?;
    set(out, "give-up-seconds", &relay.give_up_seconds)?;
    key(out, "Connections to the servers of one domain at once.")?;
    set(out, "connections-per-destination", &relay.connections_per_destination)?;
    key(out, "Seconds a connection is kept for the next message to the same server; 0 for none.")?;
    set(out, "keep-seconds", &relay.keep_seconds)?;
    key(out, "Whether what a domain demands of its senders (MTA-STS) is looked up and kept to.")?;
    set(out, "mta-sts", &relay.mta_sts)?;
    key(
        out,
        "Other ways for certain domains, each a [[relay.routes]] with domains, host, port, protocol, tls, user, password-file, source.",
    )?;
    for route in &relay.routes {
        writeln!(out, "[[relay.routes]]")?;
        out.push_str(&toml::to_string(route).map_err(|_| fmt::Error)?);
    }

    writeln!(out, "\n[checks] # of mail from other servers")?;
    key(
        out,
        "SPF, DKIM and DMARC: \"off\"; \"report\" to the reader; \"enforce\" what the author's domain wants.",
    )?;
    set(out, "policy", &checks.policy)?;
    key(
        out,
        "Seconds that a client of an unknown network waits before its mail is taken; 0 for no greylist.",
    )?;
    set(out, "greylist-seconds", &checks.greylist_seconds)?;
    key(out, "Lists, by DNS, of clients to take no mail from: [\"zen.spamhaus.org\"].")?;
    set(out, "dnsbl", &checks.dnsbl)?;
    key(out, "Addresses and networks whose mail is not checked.")?;
    set(out, "exempt", &checks.exempt)?;

    writeln!(out, "\n[filter] # of messages before they are stored")?;
    key(out, "An rspamd that is asked about every message.")?;
    optional(out, "rspamd", filter.rspamd.as_ref(), "http://127.0.0.1:11333")?;
    key(out, "Seconds it has for a message.")?;
    set(out, "seconds", &filter.seconds)?;
    key(
        out,
        "A message it has no verdict on: \"tempfail\" to try again later, \"accept\" to go on without.",
    )?;
    set(out, "on-failure", &filter.on_failure)?;

    writeln!(out, "\n[trusted] # programs in front of this one, by addresses and networks")?;
    key(out, "Servers that deliver by LMTP. What they bring is not checked.")?;
    set(out, "lmtp", &trusted.lmtp)?;
    key(
        out,
        "Proxies: each of their connections begins with a header of the PROXY protocol, at every listener.",
    )?;
    set(out, "proxy", &trusted.proxy)?;
    key(out, "Servers that may say by XCLIENT for whom they speak.")?;
    set(out, "xclient", &trusted.xclient)?;

    writeln!(out, "\n[accounts]")?;
    key(
        out,
        "Whether an empty store gets alice, bob and carol with well-known passwords (on loopback only).",
    )?;
    set(out, "ready-made", &accounts.ready_made)?;
    key(out, "Whether SCRAM-SHA-256-PLUS is offered; some programs choose it and then fail.")?;
    set(out, "scram-plus", &accounts.scram_plus)?;
    key(out, "Whether From of what a user submits must be an address of theirs.")?;
    set(out, "own-from", &accounts.own_from)?;

    writeln!(out, "\n[pop3]")?;
    key(
        out,
        "Whether UTF8 is offered; messages that need it are then refused to clients without.",
    )?;
    set(out, "utf8", &pop3.utf8)?;

    writeln!(out, "\n[limits]")?;
    key(out, "Connections a listener serves at once.")?;
    set(out, "connections", &limits.connections)?;
    key(
        out,
        "Connections of one client, of all listeners together; 0 here and below: no limit. A client is an",
    )?;
    key(out, "IPv4 address or an IPv6 network of 64 bits.")?;
    set(out, "ip-connections", &limits.ip_connections)?;
    key(out, "Messages a client may begin in a minute.")?;
    set(out, "ip-messages-per-minute", &limits.ip_messages_per_minute)?;
    key(
        out,
        "Wrong passwords and unknown recipients of a client, in an hour, before it is shut out: for a minute,",
    )?;
    key(out, "then two, up to an hour.")?;
    set(out, "ip-failures", &limits.ip_failures)?;
    key(out, "Recipients a user may send to in an hour.")?;
    set(out, "user-recipients-per-hour", &limits.user_recipients_per_hour)?;
    key(out, "Clients without these limits: addresses and networks.")?;
    set(out, "exempt", &limits.exempt)?;
    key(out, "Octets of the largest message taken.")?;
    set(out, "message-size", &limits.message_size)?;
    key(out, "Recipients of a message.")?;
    set(out, "recipients", &limits.recipients)?;
    key(out, "Seconds that connections get to finish when the server is told to stop.")?;
    set(out, "grace-seconds", &limits.grace_seconds)?;

    writeln!(out, "\n[log]")?;
    key(out, "off, error, warn, info, debug or trace.")?;
    set(out, "level", &log.level)?;
    key(out, "text or json.")?;
    set(out, "format", &log.format)?;
    key(
        out,
        "Listeners, addresses and networks whose sessions are written to the log word for word, but for",
    )?;
    key(out, "passwords: [\"smtp\", \"192.0.2.0/24\"].")?;
    set(out, "trace", &log.trace)
}

fn key(out: &mut String, comment: &str) -> fmt::Result {
    writeln!(out, "# {comment}")
}

fn set(out: &mut String, key: &str, value: &impl Serialize) -> fmt::Result {
    let value = toml::Value::try_from(value).map_err(|_| fmt::Error)?;
    writeln!(out, "{key} = {value}")
}

/// A key without a value is shown as a comment with an example.
fn optional(
    out: &mut String,
    key: &str,
    value: Option<&impl Serialize>,
    example: &str,
) -> fmt::Result {
    match value {
        Some(value) => set(out, key, value),
        None => writeln!(out, "# {key} = \"{example}\""),
    }
}
