"""curl: smtp and smtps, imap and imaps, pop3 and pop3s."""

import re

from kit import need, same_below_trace, without_bcc


def run(kit, report):
    kit.missing("curl")
    server = kit.server

    def curl(user, *args, allow=(0,)):
        name, password = server.users[user]
        config = (
            f'user = "{name}:{password}"\n'.encode()
        )  # on standard input, so that no process list shows it
        return kit.sh(
            ["curl", "-sS", "--cacert", server.ca, "--max-time", "60", "-K", "-", *args],
            stdin=config,
            allow=allow,
        )

    def url(scheme, port, path=""):
        return f"{scheme}://{server.host}:{server.ports[port]}/{path}"

    submit(kit, report, curl, url)
    imap(kit, report, curl, url)
    pop3(kit, report, curl, url)


def submit(kit, report, curl, url):
    server = kit.server

    def go(raw, address):
        path = kit.work / "curl.eml"
        path.write_bytes(raw)
        recipients = [x for n in (1, 2, 0) for x in ("--mail-rcpt", server.address(n))]
        curl(0, "--ssl-reqd", "--mail-from", server.address(0), *recipients, "-T", path, address)

    for step, address, bcc in (
        ("submit-starttls", url("smtp", "submission"), False),
        ("submit-tls", url("smtps", "submissions"), True),
    ):
        token = kit.token("curl")
        raw = kit.message(token, bcc=bcc)
        if report.step(step, go, raw, address):
            kit.check_submitted(report, step, token, raw)

    def relay():
        if kit.peer is None:
            return "left to the python steps"
        token = kit.token("curl")
        raw = kit.message(token, to=kit.peer.address(0))
        path = kit.work / "curl.eml"
        path.write_bytes(raw)
        curl(
            0,
            "--ssl-reqd",
            "--mail-from",
            server.address(0),
            "--mail-rcpt",
            kit.peer.address(0),
            "-T",
            path,
            url("smtp", "submission"),
        )
        same_below_trace(kit.wait(token, user=0, server=kit.peer)[0][2], without_bcc(raw))
        return "read at the other domain, octets as sent"

    if kit.peer is not None:
        report.step("relay", relay)


def imap(kit, report, curl, url):
    token, raw = kit.seed("curl")
    box = "ct-curl"

    def uid_of(token, mailbox="INBOX"):
        found = re.search(
            rb"\* SEARCH (\d+)",
            curl(1, url("imaps", "imaps", mailbox), "-X", f"UID SEARCH SUBJECT {token}"),
        )
        need(found, "SEARCH found nothing")
        return found.group(1).decode()

    def fetch():
        uid = uid_of(token)
        need(
            curl(1, url("imaps", "imaps", f"INBOX;UID={uid};SECTION=HEADER"))
            == raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n",
            "header differs",
        )
        need(curl(1, url("imaps", "imaps", f"INBOX;UID={uid}")) == raw, "message differs")
        return f"{len(raw)} octets"

    if not report.step("imaps-fetch", fetch):
        return

    def listing():
        need(b"INBOX" in curl(1, url("imaps", "imaps")), "LIST lacks INBOX")

    report.step("imaps-list", listing)

    def flag():
        curl(
            1, url("imaps", "imaps", "INBOX"), "-X", f"UID STORE {uid_of(token)} +FLAGS (\\Flagged)"
        )
        kit.wait_flag(token, "\\Flagged")

    report.step("imaps-flag", flag)

    def move():
        kit.drop_mailbox(box)
        curl(1, url("imaps", "imaps"), "-X", f"CREATE {box}")
        curl(1, url("imaps", "imaps", "INBOX"), "-X", f"UID MOVE {uid_of(token)} {box}")
        found = kit.wait(token, mailbox=box)
        need(found[0][2] == raw and "\\Flagged" in found[0][1], "the moved message is not the same")
        kit.wait_gone(token)

    report.step("imaps-move", move)

    def append():
        extra = kit.token("curl")
        path = kit.work / "append.eml"
        path.write_bytes(kit.message(extra))
        curl(1, "-T", path, url("imaps", "imaps", box))
        need(
            kit.wait(extra, mailbox=box)[0][2] == path.read_bytes(), "the appended message differs"
        )

    report.step("imaps-append", append)

    def delete():
        curl(1, url("imaps", "imaps", box), "-X", "STORE 1:* +FLAGS.SILENT (\\Deleted)")
        curl(1, url("imaps", "imaps", box), "-X", "EXPUNGE")
        kit.wait_gone(token, mailbox=box)
        curl(1, url("imaps", "imaps"), "-X", f"DELETE {box}")
        need(box not in kit.mailboxes(), "the folder is still there")

    report.step("imaps-delete", delete)

    def starttls():
        need(b"INBOX" in curl(1, "--ssl-reqd", url("imap", "imap")), "LIST lacks INBOX")

    report.step("imap-starttls", starttls)

    def wrong_password():
        kit.sh(
            [
                "curl",
                "-sS",
                "--cacert",
                kit.server.ca,
                "-u",
                f"{kit.server.address(1)}:wrong",
                url("imaps", "imaps"),
            ],
            allow=(67,),
        )
        return "login denied"

    report.step("imaps-wrong-password", wrong_password)


def pop3(kit, report, curl, url):
    def read_and_delete(scheme, port):
        token, raw = kit.seed("curl")
        listed = [x for x in curl(1, "--ssl-reqd", url(scheme, port)).split(b"\r\n") if x.strip()]
        n, size = listed[-1].split()[:2]
        need(int(size) == len(raw), f"LIST says {size}, the message has {len(raw)}")
        need(curl(1, "--ssl-reqd", url(scheme, port, n.decode())) == raw, "RETR differs")
        need(
            len(curl(1, "--ssl-reqd", url(scheme, port), "-X", "UIDL").splitlines()) == len(listed),
            "UIDL and LIST disagree",
        )
        curl(1, "--ssl-reqd", url(scheme, port, n.decode()), "-X", "DELE", "-I")
        kit.wait_gone(token)
        return f"{len(raw)} octets"

    report.step("pop3s-read-delete", read_and_delete, "pop3s", "pop3s")
    report.step("pop3-stls-read-delete", read_and_delete, "pop3", "pop3")
