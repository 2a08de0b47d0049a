"""Bad input to SMTP: commands too long, too early, too many, in the wrong octets; STARTTLS."""

import random
import re

from bad_smtp import login, submission
from kit import need
from wire import Smtp, Wire, client_hello, short


def run(kit, report):
    report.steps(
        "smtp-",
        kit,
        [
            long_command,
            nul_in_command,
            eight_bit_in_command,
            out_of_order,
            unknown_commands,
            bare_line_feeds_in_commands,
            starttls_injection,
            vanish_in_envelope,
            pipelining,
            octet_by_octet,
            tls_hello_in_plain,
            plain_in_tls,
            http_request,
            noise,
        ],
    )


def long_command(kit):
    with Smtp(kit.server) as s:
        s.send(b"NOOP " + b"x" * 100_000 + b"\r\n")
        reply = s.expect((500, 501), "5.5.")  # RFC 5321 §4.5.3.1.9: 500 Line too long
        s.goes_on()
        s.send(b"MAIL FROM:<" + b"x" * 3000 + b"@elsewhere.test>\r\n")
        s.expect((500, 501, 553), "5.")
        s.goes_on()
    with Smtp(kit.server) as s:  # no line end at all: bounded, and no harm when the client goes
        s.send(b"x" * 300_000)
        s.vanish()
    return reply


def nul_in_command(kit):
    with Smtp(kit.server) as s:
        s.send(b"MAIL FROM:<some\0one@elsewhere.test>\r\n")
        reply = s.expect((500, 501, 553), "5.")
        s.send(b"NO\0OP\r\n")
        s.expect((500, 501, 502), "5.5.")
        s.goes_on()
    return reply


def eight_bit_in_command(kit):
    with Smtp(kit.server) as s:
        s.send("MAIL FROM:<grüße@elsewhere.test>\r\n".encode("latin-1"))
        s.expect((500, 501, 550, 553), "5.")
        s.send(b"\xff\xfe\xfd\r\n")
        reply = s.expect((500, 501, 502), "5.5.")
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        s.send(f"RCPT TO:<b\xf6b@{kit.server.domain}>\r\n".encode("latin-1"))
        s.expect((500, 501, 550, 553), "5.")
        s.goes_on()
    return reply


def out_of_order(kit):
    with Smtp(kit.server, ehlo=False) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 503, "5.5.1")
        s.command("RCPT TO:<bob@example.test>", 503, "5.5.1")
        s.command("DATA", 503, "5.5.1")
        s.ehlo()
        s.command(f"RCPT TO:<{kit.server.address(1)}>", 503, "5.5.1")
        s.command("DATA", (503, 554), "5.5.1")
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        s.command("MAIL FROM:<someone@elsewhere.test>", 503, "5.5.1")
        s.command("DATA", (503, 554), "5.5.1")
        s.ehlo()  # EHLO in a transaction ends it, RFC 5321 §4.1.4
        s.command(f"RCPT TO:<{kit.server.address(1)}>", 503, "5.5.1")
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("RSET", 250, "2.")
        s.command("DATA", (503, 554), "5.5.1")
        s.starttls()
        s.command("STARTTLS", (501, 502, 503), "5.5.1")
        s.goes_on()
    with submission(kit) as s:
        login(s)
        s.command(f"MAIL FROM:<{kit.server.address(0)}>", 250, "2.")
        s.command("AUTH PLAIN AGEAYg==", 503, "5.5.1")
        s.goes_on()
    return "503 5.5.1"


def unknown_commands(kit):
    with Smtp(kit.server) as s:
        s.command("XYZZY", (500, 502), "5.5.")
        s.command("", (500, 501, 502), "5.5.")
        s.command("EHLO", 501)  # RFC 2034 §4: no enhanced code in answer to EHLO
        s.command("STARTTLS now", 501, "5.5.4")
        s.command("DATA now", (501, 503), "5.5.")
        s.command("QUIT now", (221, 501))
    # Many of them end the session with 421, or all are answered: either way in words, and nothing hangs.
    with Smtp(kit.server) as s:
        s.send(b"XYZZY\r\n" * 500)
        count = 0
        while count < 500 and (line := s.line()):
            count += 1
            need(line[:3] in (b"500", b"502", b"421"), f"answer {line!r}")
            if line.startswith(b"421"):
                need(
                    b" 4.7.0 " in line or b" 4." in line, f"421 without an enhanced code: {line!r}"
                )
                break
        return f"{count} of 500 answered"


def bare_line_feeds_in_commands(kit):
    """A lone LF ends a command or does not; either way answers and commands stay in step."""
    with Smtp(kit.server) as s:
        s.send(b"NOOP\nNOOP\r\nXYZZY\r\nRSET\r\nQUIT\r\n")
        codes = [line[:3].decode() for line in s.rest().split(b"\r\n") if line]
    taken = ["250", "250", "500", "250", "221"]  # a lone LF ends a command
    refused = ["500", "250", "500", "250", "221"]  # it does, and is refused for that
    one_line = ["500", "500", "250", "221"]  # it does not: `NOOP LF NOOP` is one bad command
    need(
        [c.replace("501", "500").replace("502", "500") for c in codes]
        in (taken, refused, one_line, ["250", *one_line[1:]])
        or codes[-1:] in (["421"], ["521"], ["550"]),
        f"codes {codes}",
    )
    return " ".join(codes)


def starttls_injection(kit):
    for port in ("smtp", "submission"):
        with Smtp(kit.server, port) as s:
            s.send(b"STARTTLS\r\nXYZZY-IN-THE-CLEAR\r\nRSET\r\n")
            s.expect(220, "2.")
            try:
                s.start_tls()
            except OSError:
                continue  # the early octets went to TLS and spoilt the handshake: never a command, so fine
            # The handshake worked: the early octets must be gone, not answered under TLS.
            s.send(b"EHLO client.test\r\n")
            try:
                first = s.reply()
            except Exception:
                continue  # closed instead
            need(
                first.code == 250 and "SIZE" in first.upper(),
                f"the first answer under TLS is not EHLO's: {first}",
            )
            s.goes_on()
    return "a command pipelined behind STARTTLS is never answered"


def vanish_in_envelope(kit):
    for text in (b"MAIL FR", b"MAIL FROM:<>\r\nRCPT TO:<", b"STARTTLS\r\n"):
        with Smtp(kit.server) as s:
            s.send(text)
            s.vanish()
    with Smtp(kit.server) as s:
        s.goes_on()
    return "in MAIL, in RCPT, before the TLS handshake"


def pipelining(kit):
    first, second = kit.token("bad"), kit.token("bad")
    to = kit.server.address(1)
    with Smtp(kit.server) as s:
        # RFC 2920 §3.1: one write with a refused recipient; DATA still goes on for the good one.
        s.send(
            f"MAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<nobody-here@{kit.server.domain}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode()
        )
        need([s.reply().code for _ in range(4)] == [250, 550, 250, 354], "replies out of step")
        s.send(
            short(first)
            + f".\r\nMAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode()
        )
        need([s.reply().code for _ in range(4)] == [250, 250, 250, 354], "replies out of step")
        s.send(short(second) + b".\r\nNOOP\r\nQUIT\r\n")
        need([s.reply().code for _ in range(3)] == [250, 250, 221], "replies out of step")
        need(s.rest() == b"", "octets after 221")
    kit.wait(first)
    kit.wait(second)
    with Smtp(kit.server) as s:  # all recipients refused: DATA must not be taken
        s.send(
            f"MAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<nobody-here@{kit.server.domain}>\r\nDATA\r\n".encode()
        )
        codes = [s.reply().code for _ in range(3)]
        need(codes in ([250, 550, 554], [250, 550, 503]), f"codes {codes}")
    return "two messages in three writes"


def octet_by_octet(kit):
    token = kit.token("bad")
    with Smtp(kit.server, ehlo=False) as s:
        text = (
            f"EHLO client.test\r\nMAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<{kit.server.address(1)}>\r\nDATA\r\n".encode()
            + short(token)
            + b".\r\nQUIT\r\n"
        )
        for n in range(len(text)):
            s.send(text[n : n + 1])
        codes = [s.reply().code for _ in range(6)]
        need(codes == [250, 250, 250, 354, 250, 221], f"codes {codes}")
    kit.wait(token)
    return f"{len(text)} writes of one octet"


def tls_hello_in_plain(kit):
    with Smtp(kit.server, ehlo=False) as s:
        s.send(client_hello())
        s.send(b"\r\n")
        need(
            s.line()[:1] in (b"5", b"4", b""),
            "a TLS handshake on the plain port was taken for something",
        )
    return "refused in words or closed"


def plain_in_tls(kit):
    for port in ("submissions", "imaps", "pop3s"):
        with Wire(kit.server, port) as s:
            s.send(b"EHLO client.test\r\n\r\n")
            got = s.rest()
            need(not re.match(rb"\d\d\d|\*|\+OK|-ERR", got), f"{port} answered plain text: {got!r}")
    return "closed"


def http_request(kit):
    with Smtp(kit.server, ehlo=False) as s:
        s.send(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\nEHLO client.test\r\nMAIL FROM:<a@elsewhere.test>\r\n"
        )
        first = s.rest()
        need(first == b"" or first[:3] in (b"221", b"421") or first[:1] == b"5", first)
        need(b"250" not in first, f"a request over HTTP reached EHLO: {first!r}")
    return first.decode().strip() or "hung up"


def noise(kit):
    random.seed(5321)  # the same noise every time
    for port in ("smtp", "submission"):
        with Smtp(kit.server, port, ehlo=False) as s:
            try:
                for _ in range(50):
                    s.send(random.randbytes(4000) + b"\r\n")
            except OSError:
                pass  # hung up: enough bad commands
            s.vanish()
    with Smtp(kit.server) as s:
        s.goes_on()
    return "200 kB of random octets on each port"
