"""Bad input to SMTP: the message itself."""

import re

from kit import Skip, need
from wire import Smtp, short


def run(kit, report):
    report.steps(
        "smtp-",
        kit,
        [
            too_big_announced,
            too_big_unannounced,
            long_text_line,
            nul_in_text,
            smuggled_end_of_data,
            dot_stuffing,
            vanish_in_data,
            mail_loop,
        ],
    )


def size_limit(s):
    found = re.search(r"SIZE (\d+)", s.features)
    if not found or found.group(1) == "0":
        raise Skip("the server announces no size limit")
    return int(found.group(1))


def too_big_announced(kit):
    with Smtp(kit.server) as s:
        limit = size_limit(s)
        reply = s.command(
            f"MAIL FROM:<someone@elsewhere.test> SIZE={limit + 1}", 552, "5.3.4"
        )  # RFC 1870 §6.1
        s.command(f"MAIL FROM:<someone@elsewhere.test> SIZE={limit}", 250, "2.")
        s.goes_on()
    return reply


def too_big_unannounced(kit):
    token = kit.token("bad")
    with Smtp(kit.server, timeout=60) as s:
        limit = size_limit(s)
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(token))
        block = (b"y" * 76 + b"\r\n") * 1000
        for _ in range(limit // len(block) + 2):
            s.send(block)
        s.send(b".\r\n")
        reply = s.expect(552, "5.3.4")
        s.goes_on()
        s.envelope("someone@elsewhere.test", kit.server.address(1))
    kit.need_absent(token, "the oversized message was stored")
    return f"{reply} (limit {limit})"


def long_text_line(kit):
    """RFC 5321 §4.5.3.1.6 allows 1,000 octets. More is taken whole or refused, never cut in two."""
    token = kit.token("bad")
    long = "z" * 200_000
    with Smtp(kit.server) as s:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(token, long + "\r\n.." + long + "\r\n") + b".\r\n")
        reply = s.expect((250, 500, 550, 552, 554))
        s.goes_on()
    if reply.code == 250:
        need(
            kit.wait(token)[0][2].endswith(f"\r\n\r\n{long}\r\n.{long}\r\n".encode()),
            "taken, and changed",
        )
    else:
        need(reply.enhanced.startswith("5."), f"no enhanced code: {reply}")
        kit.need_absent(token, "refused, and stored")
    return reply


def nul_in_text(kit):
    token = kit.token("bad")
    with Smtp(kit.server) as s:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(token, "a\0b\r\n") + b".\r\n")
        reply = s.expect((250, 550, 554))
        s.goes_on()
    if reply.code == 250:
        kit.wait(token)
    else:
        need(reply.enhanced.startswith("5.6."), f"enhanced code {reply.enhanced}")
        kit.need_absent(token, "refused, and stored")
    return reply


def smuggled_end_of_data(kit):
    outcome = {}
    for name, end in (
        ("LF.LF", b"\n.\n"),
        ("CRLF.LF", b"\r\n.\n"),
        ("LF.CRLF", b"\n.\r\n"),
        ("CR.CR", b"\r.\r"),
        ("CRLF.CR", b"\r\n.\r"),
        ("LF.CR", b"\n.\r"),
        ("CRLF.NUL.CRLF", b"\r\n.\0\r\n"),
        ("CRLF.spaceCRLF", b"\r\n. \r\n"),
    ):
        first, second = kit.token("bad"), kit.token("bad")
        with Smtp(kit.server) as s:
            s.envelope("someone@elsewhere.test", kit.server.address(1))
            s.command("DATA", 354)
            s.send(
                short(first, "one")
                + end
                + f"MAIL FROM:<smuggled@elsewhere.test>\r\nRCPT TO:<{kit.server.address(1)}>\r\nDATA\r\n".encode()
                + short(second, "two\r\n")
                + b".\r\n"
            )
            reply = s.expect((250, 500, 501, 521, 550, 554))
            if reply.code == 250:
                s.send(b"RSET\r\n")
                s.expect(250, "2.")
                need(s.quiet(), f"{name}: more than one answer: {s.buffer!r}")
            else:
                # Refused: the session goes on in step, or the server hangs up; the smuggled commands have no answer.
                s.send(b"RSET\r\n")
                rest = s.rest() if reply.code == 521 else s.line()
                need(
                    rest[:3] in (b"", b"250", b"221", b"421", b"500"),
                    f"{name}: after the refusal came {rest!r}",
                )
                need(s.quiet() or not s.buffer, f"{name}: more than one answer: {s.buffer!r}")
            outcome[name] = reply.code
        absent_subject(kit, second, name)
        if reply.code != 250:
            absent_subject(kit, first, name)
    return ", ".join(f"{n} {c}" for n, c in outcome.items())


def absent_subject(kit, token, name):
    need(
        not kit.find(token),
        f"{name} ended the message: {token} became one of its own or was stored though refused",
    )


def dot_stuffing(kit):
    token = kit.token("bad")
    with Smtp(kit.server) as s:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(token, ".\x2e\r\n..\r\n..\x2e\r\n...x\r\n.y\r\n") + b".\r\n")
        s.expect(250, "2.")
    got = kit.wait(token)[0][2].partition(b"\r\n\r\n")[2]
    need(got == b".\r\n.\r\n..\r\n..x\r\ny\r\n", f"un-stuffed to {got!r}")  # RFC 5321 §4.5.2
    return "one dot less on each line"


def vanish_in_data(kit):
    for cut in ("body", "end"):
        token = kit.token("bad")
        with Smtp(kit.server) as s:
            s.envelope("someone@elsewhere.test", kit.server.address(1))
            s.command("DATA", 354)
            s.send(short(token) * 50 + (b"" if cut == "body" else b".\r"))
            s.vanish()
        kit.need_absent(token, f"half a message was stored (cut in the {cut})")
    return "nothing stored, cut in the text and before the last LF"


def mail_loop(kit):
    """RFC 5321 §6.3: a message with very many Received fields goes in circles; 100 are still none."""
    token = kit.token("bad")
    hop = "Received: from a.test by b.test; Tue, 7 Apr 2026 10:00:00 +0000\r\n"
    for count, codes in ((90, (250,)), (1000, (550, 554))):
        with Smtp(kit.server) as s:
            s.envelope("someone@elsewhere.test", kit.server.address(1))
            s.command("DATA", 354)
            s.send((hop * count).encode() + short(f"{token}{count}") + b".\r\n")
            reply = s.expect(codes)
            s.goes_on()
    need(reply.enhanced == "5.4.6", f"a loop was answered {reply}")  # RFC 3463 §3.5
    kit.wait(f"{token}90")
    kit.need_absent(f"{token}1000", "refused, and stored")
    return reply
