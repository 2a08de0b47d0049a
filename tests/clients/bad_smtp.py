"""Bad input to SMTP and submission: who may send what to whom."""

import base64
import re

from kit import need
from wire import Smtp, short


def run(kit, report):
    report.steps(
        "smtp-",
        kit,
        [
            wrong_password,
            bad_auth,
            submission_needs_login,
            submission_needs_tls,
            relay_without_login,
            disguised_relay,
            unknown_recipient,
            one_bad_recipient,
            postmaster,
            bad_addresses,
            bad_parameters,
            too_many_recipients,
        ],
    )


def login(s, user=0):
    name, password = s.server.users[user]
    s.command(
        "AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode(), 235, "2.7.0"
    )


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
    need(
        reply.code in codes and reply.enhanced.startswith(enhanced),
        f"expected {codes} {enhanced}, got: {reply}",
    )
    return reply


def wrong_password(kit):
    with submission(kit) as s:
        name = s.server.users[0][0]
        s.command(
            "AUTH PLAIN " + base64.b64encode(f"\0{name}\0wrong".encode()).decode(), 535, "5.7.8"
        )
        s.command(
            "AUTH PLAIN " + base64.b64encode(b"\0nobody-here@nowhere.test\0wrong").decode(),
            535,
            "5.7.8",
        )
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
        need(
            not re.search(r"(?i)\bAUTH\b[^/]*\b(PLAIN|LOGIN)\b", s.features),
            "a password may be sent before TLS",
        )
        # RFC 4954 §6 has 538 for it, RFC 3207 §4 has 530, and a server that does not offer AUTH yet may say 502–504.
        s.command(
            "AUTH PLAIN " + base64.b64encode(b"\0a\0b").decode(),
            (502, 503, 504, 523, 530, 538),
            "5.",
        )
        return refused_sender(s, (530,), "5.7.0")  # RFC 3207 §4


def relay_without_login(kit):
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        reply = s.command("RCPT TO:<someone@elsewhere.invalid>", (550, 551, 554), "5.7.")
        s.command("DATA", (503, 554), "5.5.1")
        s.command("RSET", 250, "2.")
        s.command(
            f"MAIL FROM:<{kit.server.address(0)}>", (250, 530, 550, 553)
        )  # the name alone proves nothing
        s.command("RCPT TO:<someone@elsewhere.invalid>", (503, 550, 551, 554), "5.")
    return reply


def disguised_relay(kit):
    own = kit.server.domain
    with Smtp(kit.server) as s:
        s.command("MAIL FROM:<>", 250, "2.")
        for r in (
            f"someone%elsewhere.invalid@{own}",
            f'"someone@elsewhere.invalid"@{own}',
            f"elsewhere.invalid!someone@{own}",
            f"@{own}:someone@elsewhere.invalid",
            f"someone@elsewhere.invalid@{own}",
            f"someone@{own}@elsewhere.invalid",
            "someone@[192.0.2.1]",
            "someone@[127.0.0.1]",
        ):
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
        for path in (
            "<someone@elsewhere.test",
            "<some one@elsewhere.test>",
            "<@>",
            "<a@b..c>",
            "<a@-b>",
            "<someone@>",
            '<"unended@elsewhere.test>',
            "<a@[300.1.1.1]>",
        ):
            # 501 with 5.1.7 (RFC 3463: bad sender's address) or 5.5.2/5.5.4 (syntax)
            s.command(f"MAIL FROM:{path}", (501, 550, 553, 555), "5.")
        s.command("MAIL FROM:<>", 250, "2.")
        for path in ("<>", "<bob>", "<>@x>", "<bob@>"):
            s.command(f"RCPT TO:{path}", (501, 550, 553, 554, 555), "5.")
        s.goes_on()
    return "each refused with 5xx 5.x"


def bad_parameters(kit):
    with Smtp(kit.server) as s:
        s.command(
            "MAIL FROM:<a@elsewhere.test> NO-SUCH=1", (501, 555), "5.5.4"
        )  # RFC 5321 §4.1.1.11
        s.command("MAIL FROM:<a@elsewhere.test> SIZE=many", 501, "5.5.4")
        s.command("MAIL FROM:<a@elsewhere.test> SIZE=99999999999999999999999", (501, 552), "5.")
        s.command("MAIL FROM:<a@elsewhere.test> BODY=9BIT", (501, 504, 555), "5.5.4")
        s.command("MAIL FROM:<a@elsewhere.test>", 250, "2.")
        s.command(f"RCPT TO:<{kit.server.address(1)}> NO-SUCH", (501, 555), "5.5.4")
        s.goes_on()
    return "555 or 501, 5.5.4"


def too_many_recipients(kit):
    with Smtp(kit.server, timeout=60) as s:
        s.command("MAIL FROM:<someone@elsewhere.test>", 250, "2.")
        count = 2000
        s.send(f"RCPT TO:<{kit.server.address(1)}>\r\n".encode() * count)
        replies = [s.reply() for _ in range(count)]
        need(
            all(r.code == 250 for r in replies[:100]),
            "fewer than 100 recipients (RFC 5321 §4.5.3.1.8)",
        )
        late = {r.code for r in replies}
        need(late <= {250, 452}, f"codes {late}")
        need(all(r.enhanced == "4.5.3" for r in replies if r.code == 452), "452 without 4.5.3")
        s.goes_on()
    return f"{sum(r.code == 250 for r in replies)} of {count} taken"
