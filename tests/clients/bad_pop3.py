"""Bad input to POP3."""

import random

from kit import need
from wire import Ended, Pop3, client_hello


def run(kit, report):
    report.steps(
        "pop3-",
        kit,
        [
            wrong_password,
            out_of_order,
            bad_commands,
            no_login_before_tls,
            long_line,
            vanish_before_quit,
            vanish_in_retr,
            starttls_injection,
            pipelining,
            tls_hello_in_plain,
            noise,
        ],
    )


def all_refused(session, texts):
    """Each command gets -ERR, or the server hangs up after many of them; then the next session takes over."""
    p = session()
    for text in texts:
        try:
            p.command(text, "-ERR")
        except (Ended, OSError):
            p.vanish()
            p = session()
            p.command(text, "-ERR")
    p.vanish()


def wrong_password(kit):
    with Pop3(kit.server, login=None) as p:
        p.command(f"USER {kit.server.address(1)}", "+OK")
        got = p.command("PASS wrong", "-ERR")
        p.command("USER nobody-here@nowhere.test", ("+OK"))
        p.command("PASS wrong", "-ERR")
        # A user with a tag is not the user without it.
        p.command(f"USER {kit.server.address(1).replace('@', '+tag@')}", "+OK")
        p.command(f"PASS {kit.server.users[1][1]}", "-ERR")
        p.command(f"USER {kit.server.address(1)}", "+OK")
        p.command(f"PASS {kit.server.users[1][1]}", "+OK")
    return got


def out_of_order(kit):
    all_refused(
        lambda: Pop3(kit.server, login=None),
        ["STAT", "LIST", "RETR 1", "DELE 1", "UIDL", "TOP 1 0", "RSET", "PASS x", "STLS"],
    )
    all_refused(lambda: Pop3(kit.server), ["USER a", "PASS b", "STLS", "AUTH PLAIN AGEAYg=="])
    with Pop3(kit.server, login=None) as p:
        p.command("CAPA", "+OK")
        p.multiline()
    return "-ERR"


def bad_commands(kit):
    kit.clean()
    token, _ = kit.seed("bad")
    all_refused(
        lambda: Pop3(kit.server),
        [
            "XYZZY",
            "",
            "RETR",
            "RETR 0",
            "RETR 2",
            "RETR -1",
            "RETR x",
            "RETR 18446744073709551617",
            "DELE 99",
            "LIST 99",
            "UIDL 99",
            "TOP 1",
            "TOP 1 -1",
            "TOP 1 x",
            b"RETR \xff",
            b"RETR 1\0",
            b"\0",
        ],
    )
    with Pop3(kit.server) as p:
        p.command("DELE 1", "+OK")
        p.command("DELE 1", "-ERR")
        p.command("RETR 1", "-ERR")
        p.command("RSET", "+OK")
        p.command("TOP 1 99999999", "+OK")
        need(any(token.encode() in x for x in p.multiline()), "TOP lacks the subject")
        p.goes_on()
    return "-ERR"


def no_login_before_tls(kit):
    with Pop3(kit.server, "pop3", tls=False, login=None) as p:
        p.command("CAPA", "+OK")
        need(b"USER\r\n" not in p.multiline(), "USER is offered before TLS")
        p.send(f"USER {kit.server.address(1)}\r\n".encode())
        if p.line().startswith(b"+OK"):
            p.command(f"PASS {kit.server.users[1][1]}", "-ERR")
    return "-ERR"


def long_line(kit):
    for login in (None, 1):
        with Pop3(kit.server, login=login) as p:
            try:
                p.send(b"XYZZY " + b"x" * 100_000 + b"\r\n")
                got = p.line()
            except OSError:
                got = b""
            need(got == b"" or got.startswith(b"-ERR"), f"answer {got!r}")
    return got.decode().strip() or "hung up"


def vanish_before_quit(kit):
    kit.clean()
    token, raw = kit.seed("bad")
    with Pop3(kit.server) as p:
        p.command("DELE 1", "+OK")
        p.vanish()
    with kit.server.imap(1, "INBOX"):  # a session in between, so that a late deletion would show
        pass
    with Pop3(kit.server) as p:  # RFC 1939 §3: no UPDATE state without QUIT
        p.command("RETR 1", "+OK")
        need(b"".join(p.multiline()) == raw, "RETR differs")
        p.command("QUIT", "+OK")
    need(kit.find(token), "deleted without QUIT")
    return "nothing deleted"


def vanish_in_retr(kit):
    kit.seed("bad")
    for _ in range(5):
        with Pop3(kit.server) as p:
            p.send(b"RETR 1\r\n" * 100)
            p.line()
            p.vanish()
    with Pop3(kit.server) as p:
        p.goes_on()
    return "five times; the mailbox is free again"


def starttls_injection(kit):
    with Pop3(kit.server, "pop3", tls=False, login=None) as p:
        p.send(b"STLS\r\nXYZZY-IN-THE-CLEAR\r\n")
        p.expect("+OK")
        try:
            p.start_tls()
        except OSError:
            return "the early octets spoilt the handshake"
        try:
            p.send(b"CAPA\r\n")
            got = p.line()
        except OSError:
            return "hung up"
        need(got == b"" or got.startswith(b"+OK"), f"the first answer under TLS is {got!r}")
        if got:
            p.multiline()
            p.command("XYZZY", "-ERR")
    return "the early command is dropped"


def pipelining(kit):
    kit.clean()
    token, raw = kit.seed("bad")
    with Pop3(kit.server) as p:
        p.send(b"STAT\r\nRETR 1\r\nUIDL\r\nDELE 1\r\nSTAT\r\nRSET\r\nQUIT\r\n")
        p.expect("+OK 1 ")
        p.expect("+OK")
        need(b"".join(p.multiline()) == raw, "RETR differs")
        p.expect("+OK")
        need(len(p.multiline()) == 1, "UIDL")
        p.expect("+OK")
        p.expect("+OK 0 0")
        p.expect("+OK")
        p.expect("+OK")
        need(p.rest() == b"", "octets after QUIT")
    need(kit.find(token), "deleted in spite of RSET")
    return "seven commands in one write"


def tls_hello_in_plain(kit):
    with Pop3(kit.server, "pop3", tls=False, login=None) as p:
        p.send(client_hello() + b"\r\n")
        got = p.line()
        need(got == b"" or got.startswith(b"-ERR"), f"answer {got!r}")
    return "refused in words or closed"


def noise(kit):
    random.seed(1939)
    for port, tls in (("pop3", False), ("pop3s", True)):
        with Pop3(kit.server, port, tls=tls, login=None) as p:
            try:
                for _ in range(50):
                    p.send(random.randbytes(4000) + b"\r\n")
            except OSError:
                pass  # hung up: enough bad commands
            p.vanish()
    with Pop3(kit.server) as p:
        p.goes_on()
    return "200 kB of random octets on each port"
