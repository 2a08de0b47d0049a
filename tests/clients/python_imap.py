"""imaplib of Python's standard library."""

import imaplib
import re
import time
import zlib

from kit import Fail, fetched, fetched_head, need, ok


def run(kit, server, report):
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
    report.step("imap-two-sessions", two_sessions, kit, server)
    report.step("imap-names", names, kit, server)
    report.step("imap-search", search, kit, server)
    report.step("imap-sort-thread-sync", sort_thread_sync, kit, server)
    report.step("imap-uid-only", uid_only, kit, server)
    report.step("imap-compress", compress, kit, server)

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


def two_sessions(kit, server):
    """What one session does the other learns; sequence numbers stay put until it may be told (RFC 9051 §7.5.1)."""
    kit.clean()
    tokens = [kit.seed("py")[0] for _ in range(3)]
    with server.imap(1, "INBOX") as a, server.imap(1, "INBOX") as b:
        ok(a.store("1", "+FLAGS", "(\\Flagged)"), "STORE")
        b.response("FETCH")
        ok(b.noop(), "NOOP")
        told = b.response("FETCH")[1]
        need(told and told[0] and b"\\Flagged" in told[0], f"NOOP tells no flag: {told}")
        ok(a.store("2", "+FLAGS.SILENT", "(\\Deleted)"), "STORE")
        ok(a.expunge(), "EXPUNGE")
        data = ok(b.fetch("3", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"), "FETCH")
        need(
            tokens[2].encode() in fetched(data),
            "FETCH by number found another message after a foreign EXPUNGE",
        )
        need(b.response("EXPUNGE")[1] == [None], "EXPUNGE was told during FETCH")
        ok(b.noop(), "NOOP")
        need(b.response("EXPUNGE")[1] == [b"2"], "NOOP tells no EXPUNGE")
        data = ok(b.fetch("2", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"), "FETCH")
        need(tokens[2].encode() in fetched(data), "the third message is not the second now")
    return "flags and EXPUNGE told at NOOP, no sooner"


def uid_only(kit, server):
    """A session that says UIDs alone (RFC 9586), in a language it asked for (RFC 5255)."""
    kit.clean()
    tokens = [kit.seed("py")[0] for _ in range(2)]
    with server.imap(1) as m:
        for name in ("LANGUAGE", "UIDFETCH", "VANISHED"):
            imaplib.Commands.setdefault(name, ("AUTH", "SELECTED"))
        ok(m._simple_command("LANGUAGE", "DE", "EN"), "LANGUAGE")
        need(m._untagged_response("OK", [None], "LANGUAGE")[1] == [b"(EN)"], "not English")
        ok(m.enable("UIDONLY"), "ENABLE")
        ok(m.select("INBOX"), "SELECT")
        try:
            m.fetch("1", "(FLAGS)")
        except imaplib.IMAP4.error as error:
            need("UIDREQUIRED" in str(error), f"FETCH by number: {error}")
        else:
            raise Fail("FETCH by number was taken")
        uids = ok(m.uid("SEARCH", None, "SUBJECT", tokens[0]), "SEARCH")[0].split()
        need(len(uids) == 1, f"found {uids}")
        uid = uids[0].decode()
        ok(m.uid("STORE", uid, "+FLAGS", "(\\Deleted)"), "STORE")
        told = m._untagged_response("OK", [None], "UIDFETCH")[1]
        need(told[0] and told[0].startswith(uid.encode()), f"STORE tells {told}")
        ok(m.uid("EXPUNGE", uid), "EXPUNGE")
        gone = m._untagged_response("OK", [None], "VANISHED")[1]
        need(gone == [uid.encode()], f"EXPUNGE tells {gone}")
    return "numbers refused; UIDFETCH and VANISHED told"


REPORT = b"""From: MAILER-DAEMON@elsewhere.test\r
To: bob@example.test\r
Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r
Date: Tue, 07 Apr 2026 23:30:00 -0400\r
MIME-Version: 1.0\r
Content-Type: multipart/report; boundary=x\r
\r
--x\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
TcO8bGxlciBrb21tdA==\r
--x\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.elsewhere.test\r
\r
Final-Recipient: rfc822; nobody-here@elsewhere.test\r
--x\r
Content-Type: message/rfc822\r
\r
Subject: the inner subject\r
\r
the inner text\r
--x--\r
"""


def search(kit, server):
    """Decoded words, decoded bodies, reports, inner messages, dates, sizes (RFC 9051 §6.4.4)."""
    kit.clean()
    unlike = (
        "SUBJECT inner",
        "BODY mailer-daemon",
        "FROM bob",
        "SINCE 1-Jan-2100",
        "SENTSINCE 8-Apr-2026 FLAGGED",
        "LARGER 10000 FLAGGED",
    )
    with server.imap(1) as m:
        ok(m.append("INBOX", "(\\Flagged)", '"17-Jul-1996 02:44:25 -0700"', REPORT), "APPEND")
        ok(m.append("INBOX", None, None, kit.message("unlike")), "APPEND")
        ok(m.select("INBOX"), "SELECT")
        found = "SUBJECT gr; FROM mailer-daemon; TEXT komm; BODY komm; BODY nobody-here; TEXT final-recipient; BODY inner; "
        found += "SENTON 7-Apr-2026; SENTBEFORE 8-Apr-2026; SENTSINCE 7-Apr-2026; ON 17-Jul-1996; BEFORE 18-Jul-1996; SMALLER 2000; "
        found += 'FLAGGED; NOT UNFLAGGED; OR SUBJECT none FLAGGED; HEADER SUBJECT gr; HEADER MIME-Version ""; 1 FLAGGED; (NOT SINCE 1-Jan-2000)'
        wrong = []
        for keys in found.split("; "):
            if ok(m.search(None, keys), f"SEARCH {keys}")[0].split()[:1] != [b"1"]:
                wrong.append(f"{keys} does not match")
        for keys in unlike:
            if b"1" in ok(m.search(None, keys), f"SEARCH {keys}")[0].split():
                wrong.append(f"{keys} matches")
        need(not wrong, ", ".join(wrong))
        m.literal = "MÜLLER".encode()
        need(
            ok(m.search("UTF-8", "BODY"), "SEARCH CHARSET UTF-8 BODY")[0] == b"1",
            "no match in a base64 body in another case",
        )
        m.literal = "GRÜSSE".replace("SS", "ß").encode()
        need(
            ok(m.search("UTF-8", "SUBJECT"), "SEARCH CHARSET UTF-8 SUBJECT")[0] == b"1",
            "no match in an encoded word",
        )
    return f"{len(found.split('; '))} keys that match, {len(unlike)} that do not, two in UTF-8"


def sort_thread_sync(kit, server):
    """SORT and THREAD (RFC 5256), CONDSTORE and QRESYNC (RFC 7162), quota roots (RFC 9208), as imaplib asks for them."""
    kit.clean()
    head = "Date: {0} Feb 2026 10:00:00 +0000\r\nSubject: {1}\r\nMessage-ID: <{0}@x>\r\n{2}\r\nx\r\n"
    letters = [(5, "plans", ""), (3, "apples", ""), (9, "Re: plans", "References: <5@x>\r\n"), (7, "new name", "In-Reply-To: <5@x>\r\n")]
    with server.imap(1) as a, server.imap(1) as b:
        for letter in letters:
            ok(a.append("INBOX", None, None, head.format(*letter).encode()), "APPEND")
        ok(b.enable("QRESYNC"), "ENABLE")
        ok(a.select("INBOX"), "SELECT")
        ok(b.select("INBOX"), "SELECT")
        for keys, expected in (("DATE", b"2 1 4 3"), ("REVERSE DATE", b"3 4 1 2"), ("SUBJECT REVERSE DATE", b"2 4 3 1")):
            found = ok(a.sort(f"({keys})", "UTF-8", "ALL"), f"SORT {keys}")[0]
            need(found == expected, f"SORT ({keys}) gave {found}, not {expected}")
        threads = ok(a.thread("REFERENCES", "UTF-8", "ALL"), "THREAD")[0]
        need(threads == b"(2)(1 (4)(3))", f"THREAD REFERENCES gave {threads}")
        threads = ok(a.thread("ORDEREDSUBJECT", "UTF-8", "ALL"), "THREAD")[0]
        need(threads == b"(2)(1 3)(4)", f"THREAD ORDEREDSUBJECT gave {threads}")
        since = re.search(rb"HIGHESTMODSEQ (\d+)", b" ".join(ok(b.status("INBOX", "(HIGHESTMODSEQ)"), "STATUS"))).group(1).decode()
        first = ok(a.uid("SEARCH", None, "ALL"), "UID SEARCH")[0].split()
        ok(a.store("2", "+FLAGS.SILENT", "(\\Deleted)"), "STORE")
        ok(a.expunge(), "EXPUNGE")
        ok(a.store("1", "+FLAGS.SILENT", "(\\Answered)"), "STORE")
        rows = ok(b.uid("FETCH", "1:*", "(FLAGS)", f"(CHANGEDSINCE {since} VANISHED)"), "UID FETCH CHANGEDSINCE")
        need(len(rows) == 1 and b"\\Answered" in rows[0] and b"MODSEQ (" in rows[0], f"CHANGEDSINCE gave {rows}")
        gone = b.response("VANISHED")[1]
        need(any(first[1] in (one or b"") for one in gone), f"VANISHED gave {gone}, not {first[1]}")
        roots = ok(a.getquotaroot("INBOX"), "GETQUOTAROOT")
        need(b"INBOX" in roots[0][0], f"GETQUOTAROOT gave {roots}")
    return "three orders, two ways to thread, what was missed"


def compress(kit, server):
    """COMPRESS=DEFLATE (RFC 4978): imaplib does not know it, zlib does."""
    kit.clean()
    with server.imap(1) as m:
        ok(m.xatom("COMPRESS", "DEFLATE"), "COMPRESS")
        inflate, deflate = zlib.decompressobj(-15), zlib.compressobj(6, zlib.DEFLATED, -15)
        held, carried = bytearray(), [0]

        def more():
            octets = m.sock.recv(65536)
            need(octets, "the server closed the connection")
            carried[0] += len(octets)
            held.extend(inflate.decompress(octets))

        def read(size):
            while len(held) < size:
                more()
            piece = bytes(held[:size])
            del held[:size]
            return piece

        def readline():
            while b"\n" not in held:
                more()
            return read(held.index(b"\n") + 1)

        def send(octets):
            m.sock.sendall(deflate.compress(octets) + deflate.flush(zlib.Z_SYNC_FLUSH))

        m.read, m.readline, m.send = read, readline, send
        message = b"Subject: long\r\n\r\n" + b"the same line again and again\r\n" * 10_000
        ok(m.append("INBOX", None, None, message), "APPEND, compressed")
        ok(m.select("INBOX"), "SELECT, compressed")
        fetched = ok(m.fetch("1", "(BODY.PEEK[])"), "FETCH, compressed")[0][1]
        need(fetched == message, f"{len(fetched)} octets came back of {len(message)}")
        need(carried[0] < len(message) // 20, f"{carried[0]} octets for a message of {len(message)}: not compressed")
        ok(m.unselect(), "UNSELECT")
        need(m.xatom("COMPRESS", "DEFLATE")[0] == "NO", "a second COMPRESS is taken")
    return f"{len(message)} octets in {carried[0]}"


def names(kit, server):
    """Hierarchy, modified UTF-7, quotes and spaces in mailbox names."""
    with server.imap(1) as m:
        separator = re.search(rb'"(.)"', ok(m.list('""', '""'), "LIST")[0]).group(1).decode()
        tree = [
            f"ct-tree{separator}Entw&APw-rfe",
            f"ct-tree{separator}a b",
            f"ct-tree{separator}a b{separator}it's (x)",
        ]
        for name in tree:
            ok(m.create(f'"{name}"'), f"CREATE {name}")
        ok(m.append(f'"{tree[2]}"', None, None, kit.message(kit.token("py"))), "APPEND")
        ok(m.rename("ct-tree", "ct-tree2"), "RENAME of a parent")
        listed = ok(m.list('""', "ct-tree*"), "LIST")
        text = b" ".join(x[0] + x[1] if isinstance(x, tuple) else x for x in listed if x)
        need(
            b"ct-tree2" in text
            and b"Entw&APw-rfe" in text
            and b"ct-tree" + separator.encode() not in text,
            f"LIST gives {text!r}",
        )
        status = ok(
            m.status(f'"{tree[2].replace("ct-tree", "ct-tree2", 1)}"', "(MESSAGES)"), "STATUS"
        )
        need(b"MESSAGES 1" in status[0], f"the message did not move along: {status}")
        for name in reversed(tree):
            ok(m.delete('"' + name.replace("ct-tree", "ct-tree2", 1) + '"'), f"DELETE {name}")
        m.delete("ct-tree2")
    return f"separator {separator}"
