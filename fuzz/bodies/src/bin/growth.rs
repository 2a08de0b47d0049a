//! Runs entry points of `imap-proto` over inputs of one size and of eight times that, for an instruction counter to watch:
//! `tests/growth.rs` runs it under valgrind. Alone it only runs; `growth list` prints the cases.

use core::hint::black_box;

use imap_proto::{
    client::{self, Client},
    command::{Literals, PrintOptions},
    frame::{Frame, Framer},
    mime, parse,
    search::Matcher,
    server::{self, Server},
    types::{Mailbox, SequenceSet, UidSet, pattern_matches},
};
use mailwire::{Instant, Machine, RecvBuf, Step};

/// Units of the small input.
const SMALL: usize = 250;
/// How much larger the large one is.
const TIMES: usize = 8;

struct Case {
    name: &'static str,
    input: fn(usize) -> Vec<u8>,
    run: fn(&[u8]),
}

fn main() {
    let list = std::env::args().nth(1).as_deref() == Some("list");
    for case in CASES {
        if list {
            println!("{}", case.name);
            continue;
        }
        eprintln!("{}", case.name);
        for n in [SMALL, SMALL * TIMES] {
            let input = (case.input)(n);
            growth_measured(case.run, &input);
        }
    }
}

/// What is counted. Its name is known to `tests/growth.rs`.
#[inline(never)]
fn growth_measured(run: fn(&[u8]), input: &[u8]) {
    run(black_box(input));
    black_box(input); // not the last call: that one would be a jump, and this function never left
}

const fn case(name: &'static str, input: fn(usize) -> Vec<u8>, run: fn(&[u8])) -> Case {
    Case { name, input, run }
}

fn many(start: &str, unit: &str, n: usize, end: &str) -> Vec<u8> {
    [start, &unit.repeat(n), end].concat().into_bytes()
}

const CASES: &[Case] = &[
    // Commands.
    case("command: astring", |n| many("a DELETE ", "x", n, "\r\n"), command),
    case("command: quoted string", |n| many("a DELETE \"", "\\\"", n, "\"\r\n"), command),
    case("command: modified UTF-7", |n| many("a DELETE \"", "&APw-x", n, "\"\r\n"), command),
    case("command: literals", |n| many("a URLFETCH", " {1+}\r\nx", n, "\r\n"), command),
    case("command: set", |n| set("a FETCH ", n, " FLAGS\r\n"), command),
    case("command: set backwards", |n| backwards("a FETCH ", n, " FLAGS\r\n"), command),
    case("command: keys", |n| many("a SEARCH ALL", " SEEN", n, "\r\n"), command),
    case("command: keys that nest", |n| many("a SEARCH ", "NOT ", n, "ALL\r\n"), refused),
    case("command: parentheses that nest", |n| many("a SEARCH ", "(", n, "\r\n"), refused),
    case("command: parentheses", |n| many("a SEARCH ALL", " (OR 1 ((2)))", n, "\r\n"), command),
    case("command: items", |n| many("a FETCH 1 (FLAGS", " BODY[1.2]<0.5>", n, ")\r\n"), command),
    case("command: parts", |n| many("a FETCH 1 BODY[1", ".1", n, "]\r\n"), command),
    case(
        "command: fields",
        |n| many("a FETCH 1 BODY[HEADER.FIELDS (a", " b", n, ")]\r\n"),
        command,
    ),
    case("command: flags", |n| many("a STORE 1 FLAGS (a", " b", n, ")\r\n"), command),
    case("command: patterns", |n| many("a LIST \"\" (a", " *%", n, ")\r\n"), command),
    case("command: ID", |n| many("a ID (\"a\" NIL", " \"b\" \"c\"", n, ")\r\n"), command),
    case("command: ENABLE", |n| many("a ENABLE X", " Y", n, "\r\n"), command),
    case(
        "command: metadata",
        |n| many("a SETMETADATA \"\" (/shared/a NIL", " /private/b {1+}\r\nx", n, ")\r\n"),
        command,
    ),
    case(
        "command: NOTIFY",
        |n| many("a NOTIFY SET (inboxes NONE)", " (subtree (a b) (FlagChange))", n, "\r\n"),
        command,
    ),
    case("command: MULTIAPPEND", |n| many("a APPEND x", " (\\Seen) {1+}\r\nm", n, "\r\n"), command),
    case(
        "command: CATENATE",
        |n| many("a APPEND x CATENATE (URL a", " TEXT {1+}\r\nm", n, ")\r\n"),
        command,
    ),
    case("command: no end of blanks", |n| many("a SEARCH ALL", " ", n, "\r\n"), refused),
    // Responses.
    case("response: LIST", |n| many("* LIST (\\a", " \\b", n, ") \"/\" x\r\n"), response),
    case(
        "response: LIST extended",
        |n| many("* LIST () \"/\" x (a 1", " b (c \"d\")", n, ")\r\n"),
        response,
    ),
    case("response: STATUS", |n| many("* STATUS x (MESSAGES 1", " x-y (1)", n, ")\r\n"), response),
    case("response: SEARCH", |n| many("* SEARCH", " 17", n, "\r\n"), response),
    case("response: SEARCH backwards", |n| descending("* SEARCH", n, "\r\n"), response),
    case("response: ESEARCH", |n| set("* ESEARCH (TAG \"a\") UID ALL ", n, "\r\n"), response),
    case("response: THREAD", |n| many("* THREAD (1", " 2", n, ")\r\n"), response),
    case(
        "response: THREAD that branches",
        |n| many("* THREAD ", "(1 (2)(3))", n, "\r\n"),
        response,
    ),
    case("response: THREAD that nests", |n| many("* THREAD ", "((1)", n, "\r\n"), response),
    case("response: FLAGS", |n| many("* FLAGS (a", " \\b", n, ")\r\n"), response),
    case("response: CAPABILITY", |n| many("* CAPABILITY A", " B", n, "\r\n"), response),
    case(
        "response: NAMESPACE",
        |n| many("* NAMESPACE (", "(\"a\" \"/\")", n, ") NIL NIL\r\n"),
        response,
    ),
    case("response: ACL", |n| many("* ACL x", " a lrs", n, "\r\n"), response),
    case("response: code", |n| many("* OK [X ", "]", n, " a\r\n"), response),
    case("response: code of words", |n| many("* OK [CAPABILITY A", " B", n, "] a\r\n"), response),
    case("response: text", |n| many("* OK ", "[", n, "\r\n"), response),
    case("response: FETCH", |n| many("* 1 FETCH (UID 1", " MODSEQ (5)", n, ")\r\n"), response),
    case(
        "response: unknown items",
        |n| many("* 1 FETCH (UID 1", " X-A (b (c))", n, ")\r\n"),
        response,
    ),
    case(
        "response: malformed items",
        |n| many("* 1 FETCH (UID 1", " FLAGS 5", n, ")\r\n"),
        response,
    ),
    case("response: blanks", |n| many("* 1 FETCH (UID 1", " ", n, ")\r\n"), response),
    case("response: lists that nest", |n| many("* 1 FETCH (X ", "(", n, ")\r\n"), response),
    case(
        "response: sections",
        |n| many("* 1 FETCH (UID 1", " BODY[1] {1}\r\nx", n, ")\r\n"),
        response,
    ),
    case(
        "response: addresses",
        |n| {
            let start = "* 1 FETCH (ENVELOPE (NIL NIL (";
            many(start, "(\"a\" NIL \"b\" \"c\")", n, ") NIL NIL NIL NIL NIL NIL NIL))\r\n")
        },
        views,
    ),
    case(
        "response: bodies",
        |n| {
            let body = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
            many("* 1 FETCH (BODYSTRUCTURE (", body, n, " \"mixed\"))\r\n")
        },
        views,
    ),
    case(
        "response: bodies that nest",
        |n| many("* 1 FETCH (BODYSTRUCTURE ", "(", n, ")\r\n"),
        views,
    ),
    case(
        "response: messages in messages",
        |n| {
            let start = "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ";
            many("* 1 FETCH (BODYSTRUCTURE ", start, n, ")\r\n")
        },
        views,
    ),
    case(
        "response: parameters",
        |n| {
            let start = "* 1 FETCH (BODY (\"text\" \"plain\" (\"a\" \"b\"";
            many(start, " \"c\" \"d\"", n, ") NIL NIL \"7bit\" 0 0))\r\n")
        },
        views,
    ),
    case(
        "response: raw quotes",
        |n| {
            many(
                "* 1 FETCH (ENVELOPE (\"d\" \"a",
                " \"x",
                n,
                "\" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
            )
        },
        views,
    ),
    // Names and sets.
    case("mailbox: modified UTF-7", |n| many("", "&U,BTFw-a", n, ""), name),
    case("mailbox: one long shift", |n| many("&", "ZeVnLIqe", n, "-"), name),
    case("mailbox: pattern", |n| many("", "ab/", n, ""), pattern),
    case("set: backwards", |n| backwards("", n, ""), a_set),
    case("set: taken apart", |n| set("", n, ""), taken_apart),
    // Machines and framers, an octet at a time.
    case("frame: a line", |n| many("a DELETE \"", "x", n, "\"\r\n"), framer),
    case(
        "frame: a literal",
        |n| {
            [format!("a DELETE {{{n}+}}\r\n").into_bytes(), vec![b'x'; n], b"\r\n".to_vec()]
                .concat()
        },
        framer,
    ),
    case("frame: literals", |n| many("a URLFETCH", " {1+}\r\nx", n, "\r\n"), framer),
    case("frame: text", |n| many("* OK {", "{", n, "\r\n"), framer),
    case("server: commands", |n| many("", "a NOOP\r\nb CAPABILITY\r\n", n, ""), server),
    case("server: a line too long", |n| many("a DELETE ", "xxxxxxxxxxxxxxxx", n, "\r\n"), server),
    case(
        "server: a literal refused",
        |n| {
            [format!("a LOGIN {{{n}00+}}\r\n").into_bytes(), vec![b'x'; 100 * n], b"\r\n".to_vec()]
                .concat()
        },
        server,
    ),
    case(
        "client: data",
        |n| many("* OK x\r\n", "* 1 FETCH (UID 5 FLAGS (a))\r\n* OK y\r\n", n, ""),
        client,
    ),
    case(
        "client: a literal",
        |n| {
            [
                format!("* OK x\r\n* 1 FETCH (BODY[] {{{n}}}\r\n").into_bytes(),
                vec![b'x'; n],
                b")\r\n".to_vec(),
            ]
            .concat()
        },
        client,
    ),
    // Messages.
    case("message: fields", |n| many("", "Received: by x\r\n", n, "\r\nbody\r\n"), message),
    case(
        "message: a folded field",
        |n| many("Subject: a", "\r\n b", n, "\r\n\r\nbody\r\n"),
        message,
    ),
    case(
        "message: addresses",
        |n| many("From: a", ", \"b\" <c@d.test>", n, "\r\n\r\nbody\r\n"),
        message,
    ),
    case("message: comments that nest", |n| many("From: a ", "(", n, "\r\n\r\nbody\r\n"), message),
    case(
        "message: encoded words",
        |n| many("Subject: a", " =?utf-8?q?b?=", n, "\r\n\r\nbody\r\n"),
        message,
    ),
    case(
        "message: parameters",
        |n| many("Content-Type: text/plain", "; a=b", n, "\r\n\r\nbody\r\n"),
        message,
    ),
    case(
        "message: parts",
        |n| {
            many(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
                "--b\r\n\r\nx\r\n",
                n,
                "--b--\r\n",
            )
        },
        message,
    ),
    case(
        "message: parts that nest",
        |n| many("", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", n, "\r\n"),
        message,
    ),
    case(
        "message: messages that nest",
        |n| many("", "Content-Type: message/rfc822\r\n\r\n", n, "\r\n"),
        message,
    ),
    case(
        "message: lines like boundaries",
        |n| many("Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--bb\r\n--\r\n", n, ""),
        message,
    ),
];

/// `1,3,5,…`
fn set(start: &str, n: usize, end: &str) -> Vec<u8> {
    let numbers: Vec<_> = (0..n).map(|i| (2 * i + 1).to_string()).collect();
    [start, &numbers.join(","), end].concat().into_bytes()
}

/// `…,5,3,1`
fn backwards(start: &str, n: usize, end: &str) -> Vec<u8> {
    let numbers: Vec<_> = (0..n).rev().map(|i| (2 * i + 1).to_string()).collect();
    [start, &numbers.join(","), end].concat().into_bytes()
}

fn descending(start: &str, n: usize, end: &str) -> Vec<u8> {
    let numbers: String = (1..=n).rev().map(|i| format!(" {i}")).collect();
    [start, &numbers, end].concat().into_bytes()
}

/// Read, printed, owned.
fn command(frame: &[u8]) {
    let read = parse::command(frame).expect("a command");
    black_box(read.print(PrintOptions::new(Literals::Plus)));
    black_box(read.into_owned());
}

fn refused(frame: &[u8]) {
    assert!(parse::command(frame).is_err());
}

fn response(frame: &[u8]) {
    let _ = black_box(parse::response(frame));
    let read = parse::tolerant_response(frame).expect("a response");
    black_box(read.response.print());
}

fn views(frame: &[u8]) {
    response(frame);
    let read = parse::tolerant_response(frame).expect("a response");
    let imap_proto::response::Response::Fetch(_, items) = &read.response else { return };
    for item in items {
        use imap_proto::response::FetchData::{Body, BodyStructure, Envelope};
        match item {
            Envelope(view) => drop(black_box(view.to_tree())),
            Body(view) | BodyStructure(view) => {
                black_box(view.parts().count());
                black_box(view.to_tree());
            }
            _ => {}
        }
    }
}

fn name(wire: &[u8]) {
    let name = Mailbox::from_wire(wire).expect("a name");
    black_box(name.to_wire());
}

/// A pattern of one length: the cost is that of pattern times name.
fn pattern(name: &[u8]) {
    let name = core::str::from_utf8(name).expect("ASCII");
    black_box(pattern_matches("*a*b/%c*", name, '/'));
}

fn a_set(text: &[u8]) {
    let set: SequenceSet = parse::sequence_set(text).expect("a set");
    black_box(set.resolve(u32::MAX));
    black_box(set.to_string());
}

/// Lookups and intersections in a set of many ranges.
fn taken_apart(text: &[u8]) {
    let set = parse::sequence_set(text).expect("a set");
    let numbers: &UidSet = set.numbers();
    black_box(numbers.intersection(numbers));
    black_box(numbers.iter().filter(|n| numbers.contains(*n)).count());
}

fn framer(wire: &[u8]) {
    for mut framer in [Framer::commands(1 << 20), Framer::responses(1 << 20)] {
        let mut buf = RecvBuf::new(1 << 20);
        for octet in wire {
            buf.push(&[*octet]);
            match framer.find(&mut buf) {
                Frame::Complete { len } => {
                    buf.consume(len);
                    framer.next();
                }
                Frame::Literal { .. } => framer.gather(),
                _ => {}
            }
        }
    }
}

/// Feeds a machine octet by octet and takes all it says.
fn drive<M: Machine>(machine: &mut M, wire: &[u8], event: fn(&mut M)) {
    for octet in wire {
        if machine.recv().push(&[*octet]) == 0 {
            return;
        }
        loop {
            let step = machine.poll(Instant::default());
            machine.transmit().take_all();
            match step {
                Step::Event => event(machine),
                Step::NeedFlush => {}
                _ => break,
            }
            if machine.closed().is_some() {
                return;
            }
        }
    }
}

fn server(wire: &[u8]) {
    let mut machine = Server::over_tls(server::Config::default());
    drive(&mut machine, wire, |machine| {
        let _ = machine.event();
    });
}

fn client(wire: &[u8]) {
    let mut machine = Client::over_tls(client::Config::default());
    drive(&mut machine, wire, |machine| {
        let _ = machine.event();
    });
}

fn message(raw: &[u8]) {
    let blob = mime::summarize(raw);
    let summary = mime::Summary::decode(&blob).expect("a summary");
    black_box((summary.envelope(), summary.body_structure()));
    let query = b"a SEARCH OR TEXT zzz OR FROM zzz SENTON 1-Jan-2000\r\n";
    let read = parse::command(query).expect("a search");
    let imap_proto::command::Command::Search { query, .. } = &read.command else { return };
    black_box(Matcher::new(query, 0).test(&At(raw)));
}

struct At<'a>(&'a [u8]);

impl imap_proto::search::Facts for At<'_> {
    fn uid(&self) -> u32 {
        1
    }
    fn has_flag(&self, _flag: &str) -> bool {
        false
    }
    fn internal_date(&self) -> imap_proto::types::DateTime {
        imap_proto::types::DateTime::utc(0)
    }
    fn size(&self) -> u64 {
        self.0.len() as u64
    }
    fn header(&self) -> Option<&[u8]> {
        Some(self.0)
    }
    fn message(&self) -> Option<&[u8]> {
        Some(self.0)
    }
}
