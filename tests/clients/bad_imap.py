"""Bad input to IMAP."""

import random

from kit import need
from wire import Ended, Imap, client_hello


def run(kit, report):
    report.steps(
        "imap-",
        kit,
        [
            wrong_password,
            out_of_order,
            bad_commands,
            bad_sequence_sets,
            deep_nesting,
            long_line,
            nul_and_eight_bit,
            huge_literals,
            huge_append,
            append_to_nowhere,
            nul_in_append,
            vanish_in_append,
            vanish_in_idle,
            idle_ended_wrongly,
            read_only_store,
            starttls_injection,
            pipelining,
            octet_by_octet,
            tls_hello_in_plain,
            noise,
        ],
    )


def all_refused(session, texts, statuses=("NO", "BAD")):
    """Each command is refused and the session goes on, or ends in BYE after many; then the next one takes over."""
    m = session()
    for text in texts:
        try:
            m.command(text, statuses)
            m.goes_on()
        except Ended as e:
            need(b"* BYE" in e.args[0], f"hung up without BYE on {text!r}: {e}")
            m.vanish()
            m = session()
            m.command(text, statuses)
            m.goes_on()
    m.vanish()


def selected(kit):
    m = Imap(kit.server)
    m.command("SELECT INBOX", "OK")
    return m


def message(token, size=500):
    return f"From: a@elsewhere.test\r\nSubject: {token}\r\n\r\n".encode() + b"x" * size + b"\r\n"


def wrong_password(kit):
    with Imap(kit.server, login=None) as m:
        name = kit.server.address(1)
        got = m.command(f"LOGIN {name} wrong", "NO")
        m.command("LOGIN nobody-here@nowhere.test wrong", "NO")
        m.command(f"AUTHENTICATE PLAIN {'AGEAYg=='}", ("NO", "BAD"))
        m.command(f'LOGIN "{name}" "{kit.server.users[1][1]}"', "OK")
        m.goes_on()
    return got.decode().strip()


def out_of_order(kit):
    all_refused(
        lambda: Imap(kit.server, login=None),
        [
            "SELECT INBOX",
            "FETCH 1 FLAGS",
            'LIST "" *',
            'APPEND INBOX "x"',
            "IDLE",
            "CLOSE",
            "UID FETCH 1 FLAGS",
            "EXPUNGE",
        ],
    )
    all_refused(
        lambda: Imap(kit.server),
        [
            "FETCH 1 FLAGS",
            "STORE 1 FLAGS ()",
            "EXPUNGE",
            "CLOSE",
            "SEARCH ALL",
            "COPY 1 INBOX",
            "UID FETCH 1 FLAGS",
            "LOGIN a b",
            "STARTTLS",
        ],
    )
    with Imap(kit.server) as m:
        m.command("SELECT ct-no-such", "NO")
        m.command("FETCH 1 FLAGS", ("NO", "BAD"))  # a failed SELECT leaves nothing selected
        m.goes_on()
    return "NO or BAD, and the session goes on"


def bad_commands(kit):
    all_refused(
        lambda: selected(kit),
        [
            "XYZZY",
            "",
            "SELECT",
            "SELECT INBOX (",
            "FETCH",
            "FETCH 1",
            "FETCH 1 (",
            "FETCH 1 NO-SUCH",
            "FETCH 1 BODY[",
            "FETCH 1 BODY[]<0.>",
            "FETCH 1 BODY[0]",
            "FETCH 1 BODY[HEADER.FIELDS ()]",
            "STORE 1 FLAGS (\\",
            "STORE 1 FLOGS ()",
            "SEARCH NO-SUCH-KEY",
            "SEARCH",
            "UID",
            "UID NOOP",
            "STATUS INBOX ()x",
            "LIST",
            "DONE",
            "APPEND INBOX",
            'APPEND INBOX (\\Seen) "not a date" "x"',
            'SELECT "unended',
            'CREATE ""',
            "SELECT {x}",
            "SELECT {-1}",
        ],
    )
    with Imap(kit.server) as m:
        for line in (
            b"\r\n",
            b" NOOP\r\n",
            b"lonely\r\n",
            b"* NOOP\r\n",
            b"+ NOOP\r\n",
            b"a(b NOOP\r\n",
        ):
            m.send(line)
            got = m.line()
            need(b" BAD " in got, f"{line!r} was answered {got!r}")
        m.goes_on()
    return "BAD, tagged where there is a tag"


def bad_sequence_sets(kit):
    kit.seed("bad")
    sets = (
        "0",
        "0:1",
        "-1",
        "1:",
        ":1",
        "1,,2",
        "1:2:3",
        "4294967296",
        "99999999999999999999",
        "1.5",
        "x",
    )
    all_refused(
        lambda: selected(kit),
        [f"{uid}FETCH {s} FLAGS" for s in sets for uid in ("", "UID ")],
        "BAD",
    )
    with selected(kit) as m:
        m.command("FETCH 4294967295 FLAGS", ("BAD", "NO", "OK"))
        need(
            b"FLAGS" in m.command("UID FETCH 1:4294967295 FLAGS", "OK"),
            "a range to the highest UID finds nothing",
        )
        m.command("UID FETCH " + ",".join(["1:4294967295"] * 1500) + " FLAGS", ("OK", "BAD", "NO"))
        m.goes_on()
    return "BAD"


def deep_nesting(kit):
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        for text in (
            "SEARCH " + "NOT " * 3000 + "ALL",
            "SEARCH " + "(" * 3000 + "ALL" + ")" * 3000,
            "SEARCH " + "OR ALL " * 3000 + "ALL",
            "FETCH 1 " + "(" * 3000,
            "FETCH 1 BODY[" + "1." * 3000 + "1]",
            'LIST "" ' + "*%" * 1500,
        ):
            try:
                m.command(text, ("OK", "NO", "BAD"))
            except Ended:
                # Hung up on in words is fine too; a new session must work either way.
                m.vanish()
                m = Imap(kit.server)
                m.command("SELECT INBOX", "OK")
        m.goes_on()
        m.vanish()
    return "3,000 levels of NOT, parentheses, OR, part numbers"


def long_line(kit):
    for login in (None, 1):
        with Imap(kit.server, login=login) as m:
            try:
                m.send(b"a XYZZY " + b"x" * 200_000 + b"\r\n")
            except OSError:
                pass  # hung up while it was being written; BYE may still be there to read
            got = m.line()
            need(got == b"" or b"BAD" in got or b"BYE" in got, f"answer {got!r}")
    return got.decode().strip() or "hung up"


def nul_and_eight_bit(kit):
    all_refused(
        lambda: Imap(kit.server),
        [
            b"SELECT IN\0BOX",
            b'SELECT "IN\0BOX"',
            b"CREATE \xff\xfe",
            b"NO\xffOP",
            b"LOGIN \xe4 \xf6",
        ],
    )
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        m.command(b"SEARCH CHARSET NO-SUCH TEXT x", "NO")  # RFC 9051 §6.4.4
        m.goes_on()
    return "BAD, and NO for an unknown charset"


def refused(m, tag, statuses=("NO", "BAD")):
    """A tagged refusal, or a farewell; True when the session goes on."""
    got = m.line()
    while got.startswith(b"* ") and not got.startswith(b"* BYE"):
        got = m.line()
    need(
        got.startswith(b"* BYE") or any(got.startswith(f"{tag} {s} ".encode()) for s in statuses),
        f"answer {got!r}",
    )
    return not got.startswith(b"* BYE")


def huge_literals(kit):
    with Imap(kit.server, login=None) as m:  # before login: no '+', so nothing was promised
        for size in ("100000000", "4294967295", "4294967296", "99999999999999999999999"):
            m.send(f"x{size} LOGIN {{{size}}}\r\n".encode())
            if not refused(m, f"x{size}"):
                break
        else:
            m.goes_on()
    # Non-synchronizing: read past or hung up on (RFC 7888 §4), never gathered.
    with Imap(kit.server, login=None) as m:
        try:
            m.send(b"y LOGIN {10000000+}\r\n" + b"z" * 10_000_000 + b" pass\r\n")
        except OSError:
            pass
        got = m.line()
        need(got == b"" or got.startswith((b"* BYE", b"y BAD", b"y NO")), f"answer {got!r}")
        if got.startswith(b"y"):
            m.goes_on()
    with Imap(kit.server) as m:
        m.send(b"z SELECT {100000000}\r\n")
        if refused(m, "z"):
            m.goes_on()
    return "refused before the octets are sent"


def huge_append(kit):
    with Imap(kit.server) as m:
        for size in ("4294967295", "99999999999999999999999"):
            m.send(f"x{size} APPEND INBOX {{{size}}}\r\n".encode())
            if not refused(m, f"x{size}"):
                break
        else:
            m.goes_on()
    return "refused before the octets are sent"


def append_to_nowhere(kit):
    with Imap(kit.server) as m:
        m.send(b"b APPEND ct-no-such {5}\r\n")
        first = m.line()
        if first.startswith(b"+"):
            m.send(b"hello\r\n")
            first = m.line()
        need(first.startswith(b"b NO [TRYCREATE]"), f"answer {first!r}")  # RFC 9051 §6.3.12
        m.goes_on()
        m.send(
            b"c APPEND ct-no-such {12+}\r\nd LOGOUT\r\n\r\n\r\n"
        )  # the literal looks like a command and is none
        need(m.line().startswith(b"c NO [TRYCREATE]"), "not refused")
        m.goes_on()
    return first.decode().strip()


def nul_in_append(kit):
    token = kit.token("bad")
    text = message(token, 10) + b"\0\r\n"
    with Imap(kit.server) as m:
        m.send(f"e APPEND INBOX {{{len(text)}}}\r\n".encode())
        need(m.line().startswith(b"+"), "no continuation")
        m.send(text + b"\r\n")
        got = m.line()
        while got.startswith(b"* "):
            got = m.line()
        need(got.startswith((b"e NO", b"e BAD", b"e OK")), f"answer {got!r}")
        m.goes_on()
    found = kit.find(token)
    need(not found or got.startswith(b"e OK"), "refused, and stored")
    need(
        not found or b"\0" not in found[0][2], "NUL came out of an IMAP literal"
    )  # RFC 9051 §9: CHAR8 has no NUL
    return got.decode().strip()


def vanish_in_append(kit):
    token = kit.token("bad")
    text = message(token, 100_000)
    for cut in (len(text) // 2, len(text)):
        with Imap(kit.server) as m:
            m.send(f"f APPEND INBOX {{{len(text)}}}\r\n".encode())
            need(m.line().startswith(b"+"), "no continuation")
            m.send(
                text[:cut]
            )  # with all of it sent the CRLF that ends the command is still missing
            m.vanish()
        kit.need_absent(
            token, f"stored after {cut} of {len(text)} octets and no end of the command"
        )
    return "cut in the literal, and before the CRLF behind it"


def vanish_in_idle(kit):
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        m.send(b"g IDLE\r\n")
        need(m.line().startswith(b"+"), "no continuation")
        m.vanish()
    kit.seed("bad")  # a delivery to the mailbox the lost session was watching
    return "a delivery afterwards works"


def idle_ended_wrongly(kit):
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        m.send(b"h IDLE\r\n")
        need(m.line().startswith(b"+"), "no continuation")
        m.send(b"NOT DONE\r\n")
        if refused(m, "h"):
            m.goes_on()
    return "BAD"


def read_only_store(kit):
    token, _ = kit.seed("bad")
    with Imap(kit.server) as m:
        m.command("EXAMINE INBOX", "OK")
        m.command("STORE 1:* +FLAGS (\\Deleted)", ("NO", "OK"))  # Dovecot says OK and ignores it
        m.command("EXPUNGE", ("NO", "BAD", "OK"))
        m.command("CLOSE", "OK")
    need(kit.find(token)[0][1] in ([], ["\\Recent"]), "a read-only session changed flags")
    return "no flag set, nothing expunged"


def starttls_injection(kit):
    with Imap(kit.server, "imap", tls=False, login=None) as m:
        m.send(b"a STARTTLS\r\nb XYZZY-IN-THE-CLEAR\r\n")
        need(m.line().startswith(b"a OK"), "STARTTLS was refused")
        try:
            m.start_tls()
        except OSError:
            return "the early octets spoilt the handshake"
        try:
            m.send(b"c NOOP\r\n")
            got = m.line()
        except OSError:
            return "hung up"
        need(got == b"" or got.startswith(b"c "), f"the first answer under TLS is {got!r}")
        if got:
            m.goes_on()
    return "the early command is dropped"


def pipelining(kit):
    token = kit.token("bad")
    text = message(token)
    with Imap(kit.server) as m:
        m.send(
            b"a SELECT INBOX\r\nb NOOP\r\nc UID SEARCH ALL\r\n"
            + f"d APPEND INBOX {{{len(text)}+}}\r\n".encode()
            + text
            + b"\r\ne NOOP\r\nf UID SEARCH ALL\r\ng LOGOUT\r\n"
        )
        out = m.rest()
    tags = [line[:1] for line in out.split(b"\r\n") if line[1:5] == b" OK " and line[:1] != b"*"]
    need(tags == [b"a", b"b", b"c", b"d", b"e", b"f", b"g"], f"answers {tags}: {out[-300:]!r}")
    need(b"* BYE" in out, "LOGOUT without BYE")
    kit.wait(token)
    return "seven commands and a literal in one write, answered in order"


def octet_by_octet(kit):
    token = kit.token("bad")
    text = message(token, 50)
    with Imap(kit.server) as m:
        for octet in f"a APPEND INBOX {{{len(text)}+}}\r\n".encode() + text + b"\r\nb LOGOUT\r\n":
            m.send(bytes([octet]))
        out = m.rest()
    need(b"a OK" in out and b"b OK" in out, f"answers {out!r}")
    need(kit.wait(token)[0][2] == text, "octets differ")
    return "APPEND in writes of one octet"


def tls_hello_in_plain(kit):
    with Imap(kit.server, "imap", tls=False, login=None) as m:
        m.send(client_hello() + b"\r\n")
        got = m.line()
        need(got == b"" or b"BAD" in got or b"BYE" in got, f"answer {got!r}")
    return "refused in words or closed"


def noise(kit):
    random.seed(9051)
    for port, tls in (("imap", False), ("imaps", True)):
        with Imap(kit.server, port, tls=tls, login=None) as m:
            try:
                for _ in range(50):
                    m.send(random.randbytes(4000) + b"\r\n")
            except OSError:
                pass  # hung up: enough bad commands
            m.vanish()
    with Imap(kit.server) as m:
        m.goes_on()
    return "200 kB of random octets on each port"
