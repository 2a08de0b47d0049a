//! What the machine says by itself. One table: what, code, enhanced status code and text.

use crate::{CommandError, ParamError, Reply};

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident: $code:literal $text:literal;)*) => {
        $($(#[$doc])* pub(super) fn $name() -> Reply { Reply::new($code, $text) })*
    };
}

replies! {
    ok: 250 "2.0.0 Ok";
    help: 214 "2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT STARTTLS AUTH; see RFC 5321";
    bye: 221 "2.0.0 Bye";
    ready_for_tls: 220 "2.0.0 Ready to start TLS";
    authenticated: 235 "2.7.0 Authentication successful";

    shutting_down: 421 "4.3.2 Service shutting down, come back later";
    timed_out: 421 "4.4.2 Timed out waiting for you";
    too_many_errors: 421 "4.7.0 Too many errors";
    too_many_auth_failures: 421 "4.7.0 Too many failed log-ins";
    auth_unavailable: 454 "4.7.0 Temporary authentication failure";
    too_many_recipients: 452 "4.5.3 Too many recipients";
    too_many_mails: 452 "4.5.3 Too many messages in one session";

    unknown_command: 500 "5.5.1 Command not recognised";
    line_too_long: 500 "5.5.6 Line too long";
    bad_octets: 500 "5.5.2 Control characters or octets that are not UTF-8 in a command";
    bare_line_end: 500 "5.5.2 Lines end in CRLF";
    arguments: 501 "5.5.4 Syntax error in arguments";
    bad_base64: 501 "5.5.2 Cannot decode that";
    auth_cancelled: 501 "5.7.0 Authentication cancelled";
    bad_address: 501 "5.1.3 Bad address syntax";
    hello_first: 503 "5.5.1 Say EHLO or HELO first";
    lhlo_first: 503 "5.5.1 Say LHLO first";
    no_mail: 503 "5.5.1 Say MAIL first";
    nested_mail: 503 "5.5.1 Sender already given";
    no_recipients: 503 "5.5.1 Say RCPT first";
    no_valid_recipients: 554 "5.5.1 No valid recipients";
    mail_underway: 503 "5.5.1 Not in the middle of a message";
    already_tls: 503 "5.5.1 TLS is already active";
    already_authenticated: 503 "5.5.1 Already authenticated";
    no_starttls: 502 "5.5.1 STARTTLS is not offered";
    no_auth: 502 "5.5.1 AUTH is not offered";
    no_bdat: 502 "5.5.1 CHUNKING is not offered";
    no_burl: 502 "5.5.1 BURL is not offered";
    no_etrn: 502 "5.5.1 ETRN is not offered";
    no_xclient: 550 "5.7.0 Not for you";
    data_after_bdat: 503 "5.5.1 BDAT has begun: go on with it";
    binary_by_data: 503 "5.5.1 BINARYMIME needs BDAT";
    use_lhlo: 500 "5.5.1 This is LMTP: say LHLO";
    use_ehlo: 500 "5.5.1 This is SMTP: say EHLO";
    turned_away: 503 "5.5.1 No mail is taken in this session";
    no_mechanism: 504 "5.5.4 Mechanism not offered";
    starttls_first: 530 "5.7.0 Say STARTTLS first";
    auth_first: 530 "5.7.0 Authentication required";
    auth_refused: 535 "5.7.8 Authentication credentials invalid";
    encryption_needed: 538 "5.7.11 Encryption required for authentication: say STARTTLS first";
    auth_line_too_long: 500 "5.5.6 Authentication exchange line is too long";
    message_too_large: 552 "5.3.4 Message is larger than the limit offered as SIZE";
    bare_eol: 550 "5.6.11 Message holds a bare CR or LF";
    nul: 550 "5.6.0 Message holds a NUL octet";
    too_soon: 501 "5.5.4 Cannot be delivered so soon";
    held_too_long: 501 "5.5.4 Cannot be held so long";
    utf8_address: 553 "5.6.7 SMTPUTF8 is not offered: the address must be ASCII";
    unknown_parameter: 555 "5.5.4 Parameter not recognised or not offered";
    bad_parameter: 501 "5.5.4 Bad parameter";
}

/// The reply to a command that cannot be read.
pub(super) fn to_error(error: CommandError) -> Reply {
    match error {
        CommandError::UnknownVerb => unknown_command(),
        CommandError::BadOctets => bad_octets(),
        CommandError::Arguments => arguments(),
        CommandError::Address(_) => bad_address(),
        CommandError::Param(ParamError::Unknown) => unknown_parameter(),
        CommandError::Param(_) => bad_parameter(),
    }
}
