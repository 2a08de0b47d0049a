"""smtplib and poplib of Python's standard library; python_imap.py has imaplib."""

import email
import poplib
import re
import smtplib

import python_imap
from kit import Fail, Skip, fetched, need, ok, same_below_trace, without_bcc


def run(kit, report):
    server = kit.server
    submission(kit, server, report)
    relay(kit, server, report)
    python_imap.run(kit, server, report)
    pop3(kit, server, report)


def submission(kit, server, report):
    everyone = [server.address(1), server.address(2), server.address(0)]

    def submit(token, raw, implicit_tls):
        features = server.submit(server.address(0), everyone, raw, implicit_tls=implicit_tls)
        return "offers " + ",".join(sorted(features))

    for step, implicit_tls, bcc in (
        ("submit-starttls", False, False),
        ("submit-tls", True, False),
        ("submit-bcc-field", False, True),
    ):
        token = kit.token("py")
        raw = kit.message(token, bcc=bcc)
        if report.step(step, submit, token, raw, implicit_tls):
            kit.check_submitted(report, step, token, raw)

    def added_fields():
        token = kit.token("py")
        server.submit(
            server.address(0),
            [server.address(1)],
            f"From: {server.address(0)}\r\nSubject: {token}\r\n\r\nhello\r\n".encode(),
        )
        head = kit.wait(token)[0][2].split(b"\r\n\r\n")[0]
        need(re.search(rb"(?im)^received\s*:", head), "no Received field")
        for name in (b"Date", b"Message-ID"):
            need(
                len(re.findall(rb"(?im)^" + name + rb"\s*:", head)) == 1,
                f"{name.decode()} is not there once: {head!r}",
            )
        return "Date, Message-ID and Received added"

    report.step("submit-adds-fields", added_fields)

    def bcc_spellings():
        token = kit.token("py")
        raw = (
            f"BCC : one@elsewhere.test,\r\n\ttwo@elsewhere.test\r\nFrom: {server.address(0)}\r\nbcc:\r\n"
            f"Subject: {token}\r\nDate: Tue, 7 Apr 2026 10:00:00 +0000\r\nMessage-ID: <{token}@clients.test>\r\n"
            f"X-Bcc: stays\r\nBcc: {server.address(1)}\r\n\r\nBcc: in the text\r\n"
        )
        server.submit(server.address(0), [server.address(1)], raw.encode())
        head, _, text = kit.wait(token)[0][2].partition(b"\r\n\r\n")
        need(not re.search(rb"(?im)^bcc|elsewhere", head), f"something of Bcc is left: {head!r}")
        need(
            b"X-Bcc: stays" in head and text == b"Bcc: in the text\r\n",
            "more than the Bcc fields went away",
        )
        return "folded, empty, in capitals, with a space, three times"

    report.step("submit-bcc-spellings", bcc_spellings)

    def wrong_password():
        with smtplib.SMTP(server.host, server.ports["submission"], timeout=30) as s:
            s.starttls(context=server.context)
            try:
                s.login(server.address(0), "wrong")
            except smtplib.SMTPAuthenticationError as e:
                need(e.smtp_code == 535, f"code {e.smtp_code}")
            else:
                raise Fail("a wrong password was taken")
            # smtplib tries every mechanism it knows; the same session must still let the right one in.
            s.login(*server.users[0])
            return "535, then the right password works"

    report.step("submit-wrong-password", wrong_password)

    def mx_delivery():
        token = kit.token("py")
        raw = kit.message(token)
        with smtplib.SMTP(server.host, server.ports["smtp"], timeout=30) as s:
            s.starttls(context=server.context)
            s.sendmail("someone@elsewhere.test", [server.address(1)], raw)
        same_below_trace(kit.wait(token)[0][2], raw)
        return "mail from outside is delivered without login"

    report.step("mx-delivery", mx_delivery)


def relay(kit, server, report):
    def go(implicit_tls):
        if kit.peer is None:
            raise (Fail if kit.strict else Skip)("no second server was given")
        token = kit.token("py")
        sent = kit.message(token, to=kit.peer.address(0), bcc=True)
        raw = without_bcc(sent)
        server.submit(
            server.address(0),
            [kit.peer.address(0), server.address(1)],
            sent,
            implicit_tls=implicit_tls,
        )
        stored = kit.wait(token, user=0, server=kit.peer)[0][2]
        same_below_trace(stored, raw)
        hops = len(re.findall(rb"(?im)^received\s*:", stored.split(b"\r\n\r\n")[0]))
        need(hops >= 2, f"{hops} Received fields after two servers")
        need(
            re.search(rb"\bwith ESMTPS\b", stored),
            "no Received field says that the relay used TLS (RFC 3848)",
        )
        need(
            re.search(rb"\bwith ESMTPSA\b", stored),
            "no Received field says that it was submitted with a log-in",
        )
        same_below_trace(kit.wait(token)[0][2], raw)
        with kit.peer.imap(0, "INBOX") as m:
            uid = ok(m.uid("SEARCH", None, "SUBJECT", token), "UID SEARCH")[0]
            head = fetched(ok(m.uid("FETCH", uid, "(BODY.PEEK[HEADER])"), "header"))
            text = fetched(ok(m.uid("FETCH", uid, "(BODY[TEXT])"), "text"))
            need(head + text == stored, "header and text apart are not the whole message")
        return f"{hops} Received fields, Bcc field gone, header first and then the text, octets as sent"

    report.step("relay-starttls", go, False)
    report.step("relay-tls", go, True)

    def bounce():
        if kit.peer is None:
            raise (Fail if kit.strict else Skip)("no second server was given")
        for recipient in (f"nobody-here@{kit.peer.domain}", "someone@no-such-domain.test"):
            token = kit.token("py")
            server.submit(server.address(0), [recipient], kit.message(token, to=recipient))
            found = kit.until(lambda to=recipient: bounces(kit, to), f"no bounce for {recipient}")
            raw = found[0]
            need(
                raw.startswith(b"Return-Path: <>\r\n") or b"\r\nReturn-Path: <>\r\n" in raw,
                "Return-Path is not <>",
            )
            report = email.message_from_bytes(raw)
            kind = (report.get_content_type(), report.get_param("report-type"))
            need(
                kind == ("multipart/report", "delivery-status"), f"the bounce is {kind}"
            )  # RFC 3464 §2
            status = [p for p in report.walk() if p.get_content_type() == "message/delivery-status"]
            need(len(status) == 1, f"{len(status)} delivery-status parts")
            fields = status[0].get_payload()[1]
            need(
                fields["Action"] == "failed" and fields["Status"].startswith("5."),
                f"{fields.items()}",
            )
            need(token.encode() in raw, "the bounce does not show which message it is about")
        return "an unknown user and an unknown domain come back as RFC 3464 reports from <>"

    report.step("relay-bounce", bounce)

    def read_by_pop3():
        if kit.peer is None:
            raise (Fail if kit.strict else Skip)("no second server was given")
        token = kit.token("py")
        raw = kit.message(token, to=kit.peer.address(0))
        server.submit(server.address(0), [kit.peer.address(0)], raw)
        stored = kit.wait(token, user=0, server=kit.peer)[0][2]
        p = poplib.POP3_SSL(
            kit.peer.host, kit.peer.ports["pop3s"], context=kit.peer.context, timeout=30
        )
        p.user(kit.peer.users[0][0])
        p.pass_(kit.peer.users[0][1])
        n = p.stat()[0]
        got = b"\r\n".join(p.retr(n)[1]) + b"\r\n"
        p.quit()
        need(got == stored, "RETR differs from FETCH")
        return f"{len(got)} octets"

    report.step("relay-read-pop3s", read_by_pop3)


def bounces(kit, recipient):
    """The messages in the sender's INBOX that report about this recipient."""
    with kit.server.imap(0, "INBOX", readonly=True) as m:
        if not ok(m.search(None, "ALL"), "SEARCH")[0]:
            return []
        parts = ok(m.fetch("1:*", "(BODY.PEEK[])"), "FETCH")
    wanted = re.compile(rb"(?im)^final-recipient: *rfc822; *" + re.escape(recipient.encode()))
    return [p[1] for p in parts if isinstance(p, tuple) and wanted.search(p[1])]


def pop3(kit, server, report):
    def read_and_delete():
        token, raw = kit.seed("py")
        p = poplib.POP3_SSL(server.host, server.ports["pop3s"], context=server.context, timeout=30)
        offered = p.capa()
        p.user(server.users[1][0])
        p.pass_(server.users[1][1])
        n, total = p.stat()
        listed = {int(x.split()[0]): int(x.split()[1]) for x in p.list()[1]}
        need(len(listed) == n and sum(listed.values()) == total, "LIST and STAT disagree")
        need(listed[n] == len(raw), f"LIST says {listed[n]}, the message has {len(raw)}")
        unique = [x.split()[1] for x in p.uidl()[1]]
        need(len(set(unique)) == n, "UIDL gives one name twice")
        need(b"\r\n".join(p.retr(n)[1]) + b"\r\n" == raw, "RETR differs from FETCH")
        top = b"\r\n".join(p.top(n, 2)[1])
        need(
            raw.startswith(top) and top.count(b"\r\n\r\n") >= 1,
            "TOP is not the head of the message",
        )
        p.dele(n)
        p.rset()
        need(p.stat()[0] == n, "RSET did not bring it back")
        p.dele(n)
        need(p.stat()[0] == n - 1, "STAT still counts it")
        p.quit()
        kit.wait_gone(token)
        return "offers " + ",".join(sorted(offered))

    report.step("pop3-tls-read-delete", read_and_delete)

    def stls():
        token, raw = kit.seed("py")
        p = poplib.POP3(server.host, server.ports["pop3"], timeout=30)
        p.stls(context=server.context)
        p.user(server.users[1][0])
        p.pass_(server.users[1][1])
        n = p.stat()[0]
        need(b"\r\n".join(p.retr(n)[1]) + b"\r\n" == raw, "RETR differs from FETCH")
        p.quit()
        need(kit.find(token), "the message went away without DELE")
        return "read, kept"

    report.step("pop3-stls-read-keep", stls)

    def wrong_password():
        p = poplib.POP3_SSL(server.host, server.ports["pop3s"], context=server.context, timeout=30)
        p.user(server.address(1))
        try:
            p.pass_("wrong")
        except poplib.error_proto as e:
            need(e.args[0].startswith(b"-ERR"), f"answer {e.args[0]!r}")
            return e.args[0].decode()
        raise Fail("a wrong password was taken")

    report.step("pop3-wrong-password", wrong_password)
