"""Bad input to SMTP and submission."""

import base64
import re
import ssl

from kit import Skip, need
from wire import Smtp, Wire


def run(kit, report):
    from bad_input import steps
    steps(kit, report, "smtp-", [
        wrong_password, bad_auth, submission_needs_login, submission_needs_tls, relay_without_login, disguised_relay,
        unknown_recipient, one_bad_recipient, postmaster, bad_addresses, bad_parameters, too_big_announced,
        too_big_unannounced, too_many_recipients, long_command, long_text_line, nul_in_command, nul_in_text,
        eight_bit_in_command, out_of_order, unknown_commands, bare_line_feeds_in_commands, starttls_injection,
        smuggled_end_of_data, dot_stuffing, vanish_in_data, vanish_in_envelope, pipelining, octet_by_octet,
        tls_hello_in_plain, plain_in_tls, http_request, noise])


def login(s, user=0):
    name, password = s.server.users[user]
    s.command("AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode(), 235, "2.7.0")


def submission(kit):
    s = Smtp(kit.server, "submission")
    s.starttls()
    return s


def refused_sender(s, codes, enhanced):
    """The refusal of MAIL, or of RCPT where the server waits for the recipient; nothing is open afterwards."""
    s.send(f"MAIL FROM:<{s.server.address(0)}>\r\n".encode())
    reply = s.reply()
    if reply.code == 250:
        reply = s.command(f"RCPT TO:<{s.server.address(1)}>", codes, enhanced)
        s.command("RSET", 250, "2.")
    need(reply.code in codes and reply.enhanced.startswith(enhanced), f"expected {codes} {enhanced}, got: {reply}")
    return reply


def short(token, body="hello\r\n"):
    return f"From: someone@elsewhere.test\r\nSubject: {token}\r\n\r\n{body}".encode()


def absent(kit, token, why):
    """Nothing of it is in any mailbox; asked twice, with a delivery in between, so that a slow store is found out."""
    marker = kit.token("bad")
    kit.server.submit(kit.server.address(0), [kit.server.address(1)], kit.message(marker))
    kit.wait(marker)
    for user in (0, 1, 2):
        need(not kit.find(token, user), why)


def wrong_password(kit):
    with submission(kit) as s:
        name = s.server.users[0][0]
        s.command("AUTH PLAIN " + base64.b64encode(f"\0{name}\0wrong".encode()).decode(), 535, "5.7.8")
        s.command("AUTH PLAIN " + base64.b64encode(b"\0nobody-here@nowhere.test\0wrong").decode(), 535, "5.7.8")
        refused_sender(s, (530, 550, 554), "5.7.")
        login(s)
        s.goes_on()
    return "535 5.7.8 for a wrong password and for an unknown user alike"


def bad_auth(kit):
    with submission(kit) as s:
        s.command("AUTH PLAIN !!!not-base64", 501, "5.5.")  # RFC 4954 §4
        s.command("AUTH PLAIN", 334)
        s.command("*", 501)
        s.command("AUTH NO-SUCH-MECHANISM", 504, "5.5.4")
        s.command("AUTH PLAIN " + base64.b64encode(b"no separators").decode(), (501, 535), "5.")
        s.command("AUTH PLAIN", 334)
        s.command("A" * 20_000, (500, 501, 535), "5.")
        login(s)
        s.command("AUTH PLAIN " + base64.b64encode(b"\0a\0b").decode(), 503, "5.5.1")
        s.goes_on()
    return "each refused, then the right one taken, then a second AUTH refused"


def submission_needs_login(kit):
    with submission(kit) as s:
        return refused_sender(s, (530,), "5.7.0")  # RFC 4954 §6


def submission_needs_tls(kit):
    with Smtp(kit.server, "submission") as s:
        need("AUTH" not in s.features.upper(), "AUTH is offered before TLS")
        # RFC 4954 §6 has 538 for it, RFC 3207 §4 has 530, and a server that does not offer AUTH yet may say 502–504.
        s.command("AUTH PLAIN " + base64.b64encode(b"\0a\0b").decode(), (502, 503, 504, 523, 530, 538), "5.")
        return refused_sender(s, (530,), "5.7.0")  # RFC 3207 §4


def relay_without_login(kit):
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        reply = s.command("RCPT TO:<someone@elsewhere.invalid>", (550, 551, 554), "5.7.")
        s.command("DATA", (503, 554), "5.5.1")
        s.command("RSET", 250, "2.")
        s.command(f"MAIL FROM:<{kit.server.address(0)}>", (250, 530, 550, 553))  # the name alone proves nothing
        s.command("RCPT TO:<someone@elsewhere.invalid>", (503, 550, 551, 554), "5.")
    return reply


def disguised_relay(kit):
    own = kit.server.domain
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<>", 250, "2.")
        for r in (f"someone%elsewhere.invalid@{own}", f'"someone@elsewhere.invalid"@{own}', f"elsewhere.invalid!someone@{own}",
                  f"@{own}:someone@elsewhere.invalid", f"someone@elsewhere.invalid@{own}", f"someone@{own}@elsewhere.invalid",
                  "someone@[192.0.2.1]", "someone@[127.0.0.1]"):
            s.command(f"RCPT TO:<{r}>", (501, 550, 551, 553, 554), "5.")
        s.command("DATA", (503, 554), "5.5.1")
        s.goes_on()
    return "percent, quotes, bang, source route, two @ and literals are all refused"


def unknown_recipient(kit):
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        reply = s.command(f"RCPT TO:<nobody-here@{kit.server.domain}>", 550, "5.1.1")
        s.goes_on()
    with submission(kit) as s:
        login(s)
        s.command(f"MAIL FROM:<{kit.server.address(0)}>", 250, "2.")
        s.command(f"RCPT TO:<nobody-here@{kit.server.domain}>", 550, "5.1.1")
        s.goes_on()
    return reply


def one_bad_recipient(kit):
    token = kit.token("bad")
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        s.command(f"RCPT TO:<nobody-here@{kit.server.domain}>", 550, "5.1.1")
        s.command(f"RCPT TO:<{kit.server.address(1)}>", 250, "2.1.5")
        s.command("DATA", 354)
        s.send(short(token) + b".\r\n")
        s.expect(250, "2.")
    kit.wait(token)
    return "the good recipient has it"


def postmaster(kit):
    with Smtp(kit.server) as s:  # RFC 5321 §4.5.1: with and without the domain, in any case
        s.command("MAIL FROM:<>", 250, "2.")
        s.command("RCPT TO:<Postmaster>", (250, 251), "2.")
        return s.command(f"RCPT TO:<postMASTER@{kit.server.domain}>", (250, 251), "2.")


def bad_addresses(kit):
    with Smtp(kit.server) as s:
        for path in ("<someone@elsewhere.test", "<some one@elsewhere.test>", "<@>", "<a@b..c>", "<a@-b>", "<someone@>",
                     "<\"unended@elsewhere.test>", "<a@[300.1.1.1]>"):
            # 501 with 5.1.7 (RFC 3463: bad sender's address) or 5.5.2/5.5.4 (syntax)
            s.command(f"MAIL FROM:{path}", (501, 550, 553, 555), "5.")
        s.command("MAIL FROM:<>", 250, "2.")
        for path in ("<>", "<bob>", "<>@x>", "<bob@>"):
            s.command(f"RCPT TO:{path}", (501, 550, 553, 554, 555), "5.")
        s.goes_on()
    return "each refused with 5xx 5.x"


def bad_parameters(kit):
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<a@elsewhere.test> NO-SUCH=1", (501, 555), "5.5.4")  # RFC 5321 §4.1.1.11
        s.command("MAIL FROM:<a@elsewhere.test> SIZE=many", 501, "5.5.4")
        s.command("MAIL FROM:<a@elsewhere.test> SIZE=99999999999999999999999", (501, 552), "5.")
        s.command("MAIL FROM:<a@elsewhere.test> BODY=9BIT", (501, 504, 555), "5.5.4")
        s.command("MAIL FROM:<a@elsewhere.test>", 250, "2.")
        s.command(f"RCPT TO:<{kit.server.address(1)}> NO-SUCH", (501, 555), "5.5.4")
        s.goes_on()
    return "555 or 501, 5.5.4"


def size_limit(s):
    found = re.search(r"SIZE (\d+)", s.features)
    if not found or found.group(1) == "0":
        raise Skip("the server announces no size limit")
    return int(found.group(1))


def too_big_announced(kit):
    with Smtp(kit.server) as s:
        limit = size_limit(s)
        reply = s.command(f"MAIL FROM:<someone@elsewhere.test> SIZE={limit + 1}", 552, "5.3.4")  # RFC 1870 §6.1
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
    absent(kit, token, "the oversized message was stored")
    return f"{reply} (limit {limit})"


def too_many_recipients(kit):
    with Smtp(kit.server, timeout=60) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        count = 2000
        s.send(f"RCPT TO:<{kit.server.address(1)}>\r\n".encode() * count)
        replies = [s.reply() for _ in range(count)]
        need(all(r.code == 250 for r in replies[:100]), "fewer than 100 recipients (RFC 5321 §4.5.3.1.8)")
        late = {r.code for r in replies}
        need(late <= {250, 452}, f"codes {late}")
        need(all(r.enhanced == "4.5.3" for r in replies if r.code == 452), "452 without 4.5.3")
        s.goes_on()
    return f"{sum(r.code == 250 for r in replies)} of {count} taken"


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
        need(kit.wait(token)[0][2].endswith(f"\r\n\r\n{long}\r\n.{long}\r\n".encode()), "taken, and changed")
    else:
        need(reply.enhanced.startswith("5."), f"no enhanced code: {reply}")
        absent(kit, token, "refused, and stored")
    return reply


def nul_in_command(kit):
    with Smtp(kit.server) as s:
        s.send(b"MAIL FROM:<some\0one@elsewhere.test>\r\n")
        reply = s.expect((500, 501, 553), "5.")
        s.send(b"NO\0OP\r\n")
        s.expect((500, 501, 502), "5.5.")
        s.goes_on()
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
        absent(kit, token, "refused, and stored")
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
                need(b" 4.7.0 " in line or b" 4." in line, f"421 without an enhanced code: {line!r}")
                break
        return f"{count} of 500 answered"


def bare_line_feeds_in_commands(kit):
    """A command ended by a lone LF is refused or taken; it is never two answers to one or none to two."""
    with Smtp(kit.server) as s:
        s.send(b"NOOP\nNOOP\r\nXYZZY\r\n")
        s.send(b"RSET\r\nQUIT\r\n")
        codes = [line[:3].decode() for line in s.rest().split(b"\r\n") if line]
    taken = ["250", "250", "500", "250", "221"]  # a lone LF ends a command
    one_line = ["500", "500", "250", "221"]  # it does not: `NOOP LF NOOP` is one bad command
    need([c.replace("501", "500").replace("502", "500") for c in codes] in (taken, one_line, ["250", *one_line[1:]])
         or codes[-1:] in (["421"], ["521"], ["550"]), f"codes {codes}")
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
            need(first.code == 250 and "SIZE" in first.upper(), f"the first answer under TLS is not EHLO's: {first}")
            s.goes_on()
    return "a command pipelined behind STARTTLS is never answered"


def smuggled_end_of_data(kit):
    outcome = {}
    for name, end in (("LF.LF", b"\n.\n"), ("CRLF.LF", b"\r\n.\n"), ("LF.CRLF", b"\n.\r\n"), ("CR.CR", b"\r.\r"), ("CRLF.CR", b"\r\n.\r"),
                      ("LF.CR", b"\n.\r"), ("CRLF.NUL.CRLF", b"\r\n.\0\r\n"), ("CRLF.spaceCRLF", b"\r\n. \r\n")):
        first, second = kit.token("bad"), kit.token("bad")
        with Smtp(kit.server) as s:
            s.envelope("someone@elsewhere.test", kit.server.address(1))
            s.command("DATA", 354)
            s.send(short(first, "one") + end + f"MAIL FROM:<smuggled@elsewhere.test>\r\nRCPT TO:<{kit.server.address(1)}>\r\nDATA\r\n".encode()
                   + short(second, "two\r\n") + b".\r\n")
            reply = s.expect((250, 500, 501, 521, 550, 554))
            if reply.code == 250:
                s.send(b"RSET\r\n")
                s.expect(250, "2.")
                need(s.quiet(), f"{name}: more than one answer: {s.buffer!r}")
            else:
                # Refused: the session goes on in step, or the server hangs up; the smuggled commands have no answer.
                s.send(b"RSET\r\n")
                rest = s.rest() if reply.code == 521 else s.line()
                need(rest[:3] in (b"", b"250", b"221", b"421", b"500"), f"{name}: after the refusal came {rest!r}")
                need(s.quiet() or not s.buffer, f"{name}: more than one answer: {s.buffer!r}")
            outcome[name] = reply.code
        absent_subject(kit, second, name)
        if reply.code != 250:
            absent_subject(kit, first, name)
    return ", ".join(f"{n} {c}" for n, c in outcome.items())


def absent_subject(kit, token, name):
    need(not kit.find(token), f"{name} ended the message: {token} became one of its own or was stored though refused")


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
        absent(kit, token, f"half a message was stored (cut in the {cut})")
    return "nothing stored, cut in the text and before the last LF"


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
        s.send(f"MAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<nobody-here@{kit.server.domain}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
        need([s.reply().code for _ in range(4)] == [250, 550, 250, 354], "replies out of step")
        s.send(short(first) + f".\r\nMAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
        need([s.reply().code for _ in range(4)] == [250, 250, 250, 354], "replies out of step")
        s.send(short(second) + b".\r\nNOOP\r\nQUIT\r\n")
        need([s.reply().code for _ in range(3)] == [250, 250, 221], "replies out of step")
        need(s.rest() == b"", "octets after 221")
    kit.wait(first)
    kit.wait(second)
    with Smtp(kit.server) as s:  # all recipients refused: DATA must not be taken
        s.send(f"MAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<nobody-here@{kit.server.domain}>\r\nDATA\r\n".encode())
        codes = [s.reply().code for _ in range(3)]
        need(codes in ([250, 550, 554], [250, 550, 503]), f"codes {codes}")
    return "two messages in three writes"


def octet_by_octet(kit):
    token = kit.token("bad")
    with Smtp(kit.server, ehlo=False) as s:
        text = (f"EHLO client.test\r\nMAIL FROM:<a@elsewhere.test>\r\nRCPT TO:<{kit.server.address(1)}>\r\nDATA\r\n".encode() + short(token) + b".\r\nQUIT\r\n")
        for n in range(len(text)):
            s.send(text[n:n + 1])
        codes = [s.reply().code for _ in range(6)]
        need(codes == [250, 250, 250, 354, 250, 221], f"codes {codes}")
    kit.wait(token)
    return f"{len(text)} writes of one octet"


def tls_hello_in_plain(kit):
    with Smtp(kit.server, ehlo=False) as s:
        s.send(client_hello())
        s.send(b"\r\n")
        need(s.line()[:1] in (b"5", b"4", b""), "a TLS handshake on the plain port was taken for something")
    return "refused in words or closed"


def client_hello():
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(into, out, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def plain_in_tls(kit):
    for port in ("submissions", "imaps", "pop3s"):
        with Wire(kit.server, port) as s:
            s.send(b"EHLO client.test\r\n\r\n")
            got = s.rest()
            need(not re.match(rb"\d\d\d|\*|\+OK|-ERR", got), f"{port} answered plain text: {got!r}")
    return "closed"


def http_request(kit):
    with Smtp(kit.server, ehlo=False) as s:
        s.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\nEHLO client.test\r\nMAIL FROM:<a@elsewhere.test>\r\n")
        first = s.reply()
        need(first.code == 221 or 400 <= first.code < 600, first)
    return first


def noise(kit):
    import random
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
