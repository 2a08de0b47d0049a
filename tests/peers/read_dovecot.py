"""Our IMAP client and Dovecot: the example `imap-session` of imap-proto does each step of a mailbox's life."""

import imaplib
import re
import subprocess
import threading

from dovecot import CLIENT
from into_dovecot import send
from kit import need, ok
from letters import BODIES, letter

LISTED = ("INBOX", "Copies", "Old.Größe")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")


def run(kit, dovecot, report):
    for step in (
        logged_in,
        listed,
        appended,
        headers_fetched,
        bodies_fetched,
        searched,
        stored,
        copied_and_moved,
        expunged,
        idled,
        pipelined,
        refused,
    ):
        report.step(f"imap.{step.__name__.replace('_', '-')}", step, kit, dovecot)


def session(kit, dovecot, *lines, tls=True, secret="secret"):
    """The events of a session: STARTTLS, log-in, the lines, LOGOUT."""
    options = ["--tls", kit.authority] if tls else []
    log_in = f"AUTHENTICATE {CLIENT}@{dovecot.domain} {secret}"
    before = ["CAPABILITY", "STARTTLS", "CAPABILITY"] if tls else ["CAPABILITY"]
    given = [*before, log_in, "CAPABILITY", *lines, "LOGOUT"]
    done = subprocess.run(
        [kit.imap_session, *options, f"localhost:{dovecot.imap_port}"],
        input="".join(f"{line}\n" for line in given).encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    need(done.returncode == 0, f"imap-session: {done.stderr.decode()} after {done.stdout[-300:]}")
    return done.stdout.decode().splitlines()


def data(events, kind):
    return [e for e in events if e.startswith(f"Data({kind}")]


def all_ok(events, but=0):
    """Every command was OK, except so many."""
    done = [e for e in events if e.startswith("Done")]
    need(sum("status: Ok" not in e for e in done) == but, f"{[e for e in done if 'status: Ok' not in e]}")
    return events


def theirs(dovecot, mailbox="INBOX"):
    """{UID: (flags, octets)} as Python's imaplib sees the mailbox."""
    found = {}
    with imaplib.IMAP4("127.0.0.1", dovecot.imap_port, timeout=30) as m:
        m.login(f"{CLIENT}@{dovecot.domain}", "secret")
        ok(m.select(f'"{mailbox}"', readonly=True), "SELECT")
        if ok(m.uid("SEARCH", None, "ALL"), "SEARCH")[0]:
            for part in ok(m.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])"), "FETCH"):
                if isinstance(part, tuple):
                    head = part[0].decode()
                    flags = set(re.search(r"FLAGS \(([^)]*)\)", head)[1].split()) - {"\\Recent"}
                    found[int(re.search(r"UID (\d+)", head)[1])] = (flags, part[1])
    return found


def logged_in(kit, dovecot):
    events = all_ok(session(kit, dovecot))
    need(any("pre_auth: false" in e for e in events), "a greeting")
    need(len(data(events, "Capability")) >= 3, f"CAPABILITY three times: {events}")
    all_ok(session(kit, dovecot, tls=False))
    return f"with TLS and without; {len(events)} events"


def listed(kit, dovecot):
    events = session(kit, dovecot, "CREATE Copies", "CREATE Old.Gr&APYA3w-e", 'LIST "" *', "STATUS INBOX (MESSAGES UIDNEXT)")
    all_ok(events)
    found = data(events, "List")
    for name in LISTED:
        need(any(f'"{name}"' in e for e in found), f"{name} not in {found}")
    need(len(data(events, "Status")) == 1, "STATUS")
    return f"{len(found)} mailboxes"


def appended(kit, dovecot):
    """Messages that are easily damaged, and a large one, by APPEND and by LMTP."""
    wanted = []
    lines = []
    for name, (body, fields) in BODIES.items():
        raw = letter(kit.token(name), body, fields=fields)
        if b"\0" in raw:
            continue  # no literal can hold it
        wanted.append(re.sub(rb"\r\n|\r|\n", b"\r\n", raw))
        path = kit.work / f"append-{len(wanted)}.eml"
        path.write_bytes(wanted[-1])
        lines.append(f"APPEND INBOX (\\Seen $Label) {path}")
    large = kit.work / "large.eml"
    large.write_bytes(letter(kit.token("large"), b"x" * 70 + b"\r\n") + (b"y" * 70 + b"\r\n") * 20_000)
    events = all_ok(session(kit, dovecot, *lines, f"APPEND INBOX (\\Draft) {large}"))
    need(sum("AppendUid" in e for e in events) == len(wanted) + 1, "APPENDUID each time")
    replies, _ = send(kit, dovecot, letter(kit.token("lmtp"), b"by LMTP\r\n"), [CLIENT])
    need(replies[CLIENT].startswith("250"), f"{replies}")
    there = list(theirs(dovecot).values())
    need([octets for _, octets in there[: len(wanted)]] == wanted, "the octets differ")
    need(all(flags == {"\\Seen", "$Label"} for flags, _ in there[: len(wanted)]), "the flags differ")
    need(there[-2] == ({"\\Draft"}, large.read_bytes()), "the large one differs")
    return f"{len(there)} messages, the largest of {large.stat().st_size} octets, as imaplib reads them"


def headers_fetched(kit, dovecot):
    there = theirs(dovecot)
    lines = ["SELECT INBOX", "FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)"]
    events = all_ok(session(kit, dovecot, *lines, "UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    rows = data(events, "Fetch")
    need(len(rows) == 2 * len(there), f"{len(rows)} rows of {len(there)} messages")
    for (uid, (flags, octets)), row in zip(there.items(), rows):
        subject = str(list(re.search(rb"(?m)^Subject: (\S+)", octets)[1]))
        need(subject in row and f"{len(octets)}" in row, f"UID {uid}: {row}")
        need("Envelope" in row and "BodyStructure" in row and "InternalDate" in row, row)
    return f"{len(there)} messages, {len(rows)} rows"


def bodies_fetched(kit, dovecot):
    """Whole, streamed where they are large; octet by octet."""
    there = theirs(dovecot)
    uid, (_, large) = next((u, m) for u, m in there.items() if len(m[1]) > 100_000)
    events = all_ok(session(kit, dovecot, "EXAMINE INBOX", f"UID FETCH {uid} (BODY.PEEK[])"))
    pieces = [e[6:-1] for e in events if e.startswith("Chunk(")]
    need("".join(pieces).encode().decode("unicode_escape").encode("latin-1") == large, "the octets differ")
    need(sum(e.startswith("Literal {") for e in events) == 1, "one literal")
    small = next(u for u, m in there.items() if len(m[1]) < 5000)
    events = all_ok(session(kit, dovecot, "EXAMINE INBOX", f"UID FETCH {small} (BODY.PEEK[TEXT]<0.5> BODY.PEEK[1])"))
    text = there[small][1].partition(b"\r\n\r\n")[2]
    need(len(data(events, "Fetch")) == 1, "one row")
    return f"{len(large)} octets in {len(pieces)} pieces, and {len(text)} octets in one"


def searched(kit, dovecot):
    there = theirs(dovecot)
    seen = [uid for uid, (flags, _) in there.items() if "\\Seen" in flags]
    lines = ["SELECT INBOX", "UID SEARCH SEEN", "SEARCH LARGER 100000", "UID SEARCH RETURN (COUNT MIN MAX ALL) SEEN"]
    events = all_ok(session(kit, dovecot, *lines, "UID SORT (REVERSE SIZE) UTF-8 ALL", "UID THREAD REFERENCES UTF-8 ALL"))
    found = data(events, "Search")
    need(len(found) == 2 and all(str(uid) in found[0] for uid in seen), f"{found}, seen are {seen}")
    extended = data(events, "ESearch") or data(events, "Esearch")
    need(len(extended) == 1 and str(len(seen)) in extended[0], f"{extended}")
    need(data(events, "Sort") and data(events, "Thread"), "SORT and THREAD")
    return f"{len(seen)} of {len(there)} are \\Seen"


def stored(kit, dovecot):
    uid = next(iter(theirs(dovecot)))
    lines = ["SELECT INBOX", f"UID STORE {uid} +FLAGS (\\Flagged $Done)", f"UID STORE {uid} -FLAGS.SILENT (\\Seen)"]
    events = all_ok(session(kit, dovecot, *lines))
    need(any("Flagged" in e for e in data(events, "Fetch")), "the new flags are said")
    flags = theirs(dovecot)[uid][0]
    need(flags == {"\\Flagged", "$Done", "$Label"}, f"{flags}")
    return " ".join(sorted(flags))


def copied_and_moved(kit, dovecot):
    before = theirs(dovecot)
    first, second, *_ = before
    events = all_ok(session(kit, dovecot, "SELECT INBOX", f"UID COPY {first} Copies", f"UID MOVE {second} Copies"))
    need(sum("CopyUid" in e for e in events) == 2, f"COPYUID twice: {events}")
    need(data(events, "Expunge"), "the moved one is gone")
    now, copies = theirs(dovecot), theirs(dovecot, "Copies")
    need(first in now and second not in now, f"{list(now)}")
    need([m[1] for m in copies.values()] == [before[first][1], before[second][1]], "the octets differ")
    return f"{len(copies)} in Copies"


def expunged(kit, dovecot):
    before = list(theirs(dovecot))
    one, two = before[1], before[2]
    lines = ["SELECT INBOX", f"UID STORE {one},{two} +FLAGS.SILENT (\\Deleted)", f"UID EXPUNGE {one}"]
    events = all_ok(session(kit, dovecot, *lines))
    need(len(data(events, "Expunge")) == 1, f"one: {events}")
    need(list(theirs(dovecot)) == [u for u in before if u != one], "only that one")
    all_ok(session(kit, dovecot, "SELECT INBOX", "EXPUNGE"))
    need(list(theirs(dovecot)) == [u for u in before if u not in (one, two)], "and then the other")
    return f"{len(before) - 2} are left"


def idled(kit, dovecot):
    """Told of a delivery while it idles; ended by the client, and by its time."""
    token = kit.token("idle")
    later = threading.Timer(1, send, (kit, dovecot, letter(token, b"now\r\n"), [CLIENT]))
    later.start()
    events = all_ok(session(kit, dovecot, "SELECT INBOX", "IDLE 20", "IDLE 0.2", "UID SEARCH SUBJECT " + token))
    later.join()
    need(sum(e.startswith("Idling") for e in events) == 2, f"{events}")
    begun = next(i for i, e in enumerate(events) if e.startswith("Idling"))
    need(events[begun + 1].startswith("Data(Exists("), f"{events[begun:]}")
    need(len(data(events, "Search")) == 1, "it is found")
    return events[begun + 1]


def pipelined(kit, dovecot):
    count = len(theirs(dovecot))
    commands = " ; ".join(f"FETCH {n} (UID FLAGS)" for n in range(1, count + 1))
    events = all_ok(session(kit, dovecot, f"SELECT INBOX ; {commands} ; NOOP", "ENABLE CONDSTORE", "ID NIL", "NAMESPACE"))
    need(len(data(events, "Fetch")) == count, "a row for each")
    return f"{count + 2} commands at once"


def refused(kit, dovecot):
    events = session(kit, dovecot, "SELECT Nowhere", "UID FETCH 1 (FLAGS)", "NOOP")
    done = [e for e in events if e.startswith("Done") and "status: Ok" not in e]
    need(len(done) == 2 and "status: No" in done[0] and "status: Bad" in done[1], f"{done}")
    wrong = session(kit, dovecot, secret="wrong")
    need(any("status: No" in e and "AuthenticationFailed" in e for e in wrong), f"{wrong}")
    return done[0]
