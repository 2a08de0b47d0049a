"""smtplib, imaplib and poplib of Python's standard library."""

import imaplib
import poplib
import re
import smtplib
import time

from kit import Fail, Skip, fetched, fetched_head, need, ok, same_below_trace, without_bcc


def run(kit, report):
    server = kit.server
    submission(kit, server, report)
    relay(kit, server, report)
    imap(kit, server, report)
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
        same_below_trace(kit.wait(token)[0][2], raw)
        with kit.peer.imap(0, "INBOX") as m:
            uid = ok(m.uid("SEARCH", None, "SUBJECT", token), "UID SEARCH")[0]
            head = fetched(ok(m.uid("FETCH", uid, "(BODY.PEEK[HEADER])"), "header"))
            text = fetched(ok(m.uid("FETCH", uid, "(BODY[TEXT])"), "text"))
            need(head + text == stored, "header and text apart are not the whole message")
        return f"{hops} Received fields, Bcc field gone, header first and then the text, octets as sent"

    report.step("relay-starttls", go, False)
    report.step("relay-tls", go, True)

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


def imap(kit, server, report):
    token, raw = kit.seed("py")
    box = "ct-py"
    with server.imap(1) as m:

        def select():
            count = int(ok(m.select("INBOX"), "SELECT")[0])
            need(count >= 1, "INBOX is empty")
            uid = ok(m.uid("SEARCH", None, "SUBJECT", token), "UID SEARCH")[0].split()
            need(len(uid) == 1, f"SEARCH found {uid}")
            return uid[0].decode()

        uid = None

        def found():
            nonlocal uid
            uid = select()
            return f"uid {uid}"

        if not report.step("imap-select-search", found):
            return

        def headers_first():
            data = ok(
                m.uid("FETCH", uid, "(FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])"),
                "FETCH",
            )
            need(b"\\Seen" not in fetched_head(data), "a peek set \\Seen")
            need(
                raw.startswith(fetched(data)) and fetched(data).endswith(b"\r\n\r\n"),
                "BODY[HEADER] is not the header",
            )
            size = int(re.search(rb"RFC822.SIZE (\d+)", fetched_head(data)).group(1))
            need(size == len(raw), f"RFC822.SIZE {size}, the message has {len(raw)}")
            need(token.encode() in fetched_head(data), "ENVELOPE lacks the subject")
            need(b'"BLOB.BIN"' in fetched_head(data).upper(), "BODYSTRUCTURE lacks the attachment")
            whole = fetched(ok(m.uid("FETCH", uid, "(BODY[])"), "FETCH"))
            need(whole == raw, "BODY[] differs from BODY.PEEK[]")
            kit.wait_flag(token, "\\Seen")
            return f"{len(whole)} octets, \\Seen set by BODY[] alone"

        report.step("imap-headers-then-body", headers_first)

        def sections():
            one = fetched(ok(m.uid("FETCH", uid, "(BODY.PEEK[1])"), "FETCH"))
            need(one.decode("utf-8") == kit.text.replace("\n", "\r\n"), "BODY[1] is not the text")
            part = fetched(ok(m.uid("FETCH", uid, "(BODY.PEEK[]<100.50>)"), "FETCH"))
            need(part == raw[100:150], "a partial is wrong")
            field = fetched(
                ok(m.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"), "FETCH")
            )
            need(field == f"Subject: {token}\r\n\r\n".encode(), f"HEADER.FIELDS gave {field!r}")
            return "part, partial, header field"

        report.step("imap-sections", sections)

        def flags():
            ok(m.uid("STORE", uid, "+FLAGS", "(\\Flagged $Label1)"), "STORE")
            kit.wait_flag(token, "\\Flagged")
            kit.wait_flag(token, "$Label1")
            ok(m.uid("STORE", uid, "-FLAGS", "(\\Flagged)"), "STORE")
            kit.wait_flag(token, "\\Flagged", present=False)
            need(
                ok(
                    m.uid(
                        "SEARCH", None, "KEYWORD", "$Label1", "UNFLAGGED", "SEEN", "SUBJECT", token
                    ),
                    "SEARCH",
                )[0]
                == uid.encode(),
                "SEARCH by flag does not find it",
            )
            return "set, unset, keyword, searched"

        report.step("imap-flag", flags)

        def copy_and_move():
            kit.drop_mailbox(box)
            ok(m.create(box), "CREATE")
            ok(m.uid("COPY", uid, box), "UID COPY")
            need(len(kit.wait(token, mailbox=box)) == 1, "not copied")
            ok(m._simple_command("UID", "MOVE", uid, box), "UID MOVE")
            copies = kit.wait(token, mailbox=box, count=2)
            need(all(c[2] == raw for c in copies), "a copy differs")
            need(
                all("$Label1" in c[1] for c in copies), f"flags were lost: {[c[1] for c in copies]}"
            )
            kit.wait_gone(token)
            return "COPY and MOVE keep octets and flags"

        report.step("imap-copy-move", copy_and_move)

        def append_and_delete():
            when = imaplib.Time2Internaldate(1_700_000_000)
            extra = kit.message(kit.token("py"))
            ok(m.append(box, "(\\Seen \\Flagged)", when, extra), "APPEND")
            count = int(ok(m.select(box), "SELECT")[0])
            data = ok(m.fetch(str(count), "(FLAGS INTERNALDATE BODY.PEEK[])"), "FETCH")
            need(fetched(data) == extra, "the appended message differs")
            need(
                b"\\Flagged" in fetched_head(data) and b"\\Seen" in fetched_head(data),
                "flags of APPEND were lost",
            )
            date = imaplib.Internaldate2tuple(fetched_head(data))
            need(
                date and int(time.mktime(date)) == 1_700_000_000,
                f"INTERNALDATE {fetched_head(data)!r}",
            )
            ok(m.store("1:*", "+FLAGS.SILENT", "(\\Deleted)"), "STORE")
            gone = ok(m.expunge(), "EXPUNGE")
            need(len(gone) == count, f"EXPUNGE of {count} told {gone}")
            ok(m.close(), "CLOSE")
            return f"{count} expunged"

        report.step("imap-append-expunge", append_and_delete)

        def folders():
            kit.drop_mailbox("ct-py-2")
            ok(m.rename(box, "ct-py-2"), "RENAME")
            need(
                "ct-py-2" in kit.mailboxes() and box not in kit.mailboxes(), "RENAME did not rename"
            )
            ok(m.subscribe("ct-py-2"), "SUBSCRIBE")
            need(any(b"ct-py-2" in x for x in ok(m.lsub(), "LSUB") if x), "LSUB lacks it")
            ok(m.unsubscribe("ct-py-2"), "UNSUBSCRIBE")
            status = ok(m.status("ct-py-2", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"), "STATUS")
            need(re.search(rb"MESSAGES 0\b", status[0]), f"STATUS gave {status}")
            ok(m.delete("ct-py-2"), "DELETE")
            need("ct-py-2" not in kit.mailboxes(), "DELETE did not delete")
            return "renamed, subscribed, counted, deleted"

        report.step("imap-folders", folders)

    report.step("imap-idle", idle, kit, server)

    def starttls():
        m = imaplib.IMAP4(server.host, server.ports["imap"], timeout=30)
        try:
            m.login(*server.users[1])
        except imaplib.IMAP4.error:
            pass
        else:
            raise Fail("LOGIN was taken without TLS")
        m.starttls(ssl_context=server.context)
        m.login(*server.users[1])
        ok(m.select("INBOX"), "SELECT")
        m.logout()
        return "LOGIN refused before TLS, taken after"

    report.step("imap-starttls", starttls)

    def wrong_password():
        m = imaplib.IMAP4_SSL(
            server.host, server.ports["imaps"], ssl_context=server.context, timeout=30
        )
        try:
            m.login(server.address(1), "wrong")
        except imaplib.IMAP4.error:
            pass
        else:
            raise Fail("a wrong password was taken")
        m.login(*server.users[1])
        m.logout()
        return "NO, then the right password works"

    report.step("imap-wrong-password", wrong_password)


def idle(kit, server):
    """A session in IDLE is told of a delivery without asking."""
    with server.imap(1, "INBOX") as m:
        tag = m._new_tag()
        m.send(tag + b" IDLE\r\n")
        while not (line := m.readline()).startswith(b"+"):
            need(line, "the connection ended instead of a continuation")
        token = kit.token("py")
        server.submit(server.address(0), [server.address(1)], kit.message(token))
        start = time.monotonic()
        while b"EXISTS" not in (line := m.readline()):
            need(line, "the connection ended in IDLE")
        woke = time.monotonic() - start
        m.send(b"DONE\r\n")
        while not (line := m.readline()).startswith(tag):
            need(line, "the connection ended after DONE")
        need(b" OK" in line, f"IDLE ended with {line!r}")
        need(
            ok(m.uid("SEARCH", None, "SUBJECT", token), "SEARCH")[0],
            "the announced message is not there",
        )
        return f"told {woke * 1000:.0f} ms after the 250"


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
