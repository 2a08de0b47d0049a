"""IMAPClient, a Python library: every step of a mailbox's life, and the extensions it has calls for."""

import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from kit import Fail, Skip, need

# Where .ci/run puts it; one that the interpreter has comes first.
PLACE = Path(__file__).resolve().parents[2] / "target/imapclient"
BOX = "ct-imapclient"


def run(kit, report):
    sys.path.append(str(PLACE))
    try:
        import imapclient
    except ImportError:
        raise (Fail if kit.strict else Skip)("IMAPClient is not installed") from None

    def session(port="imaps"):
        tls = port == "imaps"
        client = imapclient.IMAPClient(
            kit.server.host,
            port=kit.server.ports[port],
            ssl=tls,
            ssl_context=kit.server.context if tls else None,
            timeout=30,
        )
        if not tls:
            client.starttls(kit.server.context)
        client.login(*kit.server.users[1])
        return client

    kit.drop_mailbox(BOX)
    token, raw = kit.seed("imapclient")
    with session() as client:
        for action in (listing, headers_and_body, search, store, copy_move, append, expunge):
            if not report.step(action.__name__.replace("_", "-"), action, kit, client, token, raw):
                return
        report.step("extensions", extensions, kit, client)
    report.step("sync", sync, kit, session)
    report.step("idle", idle, kit, session)
    report.step("starttls", lambda: session("imap").logout() and None)
    kit.drop_mailbox(BOX)


def listing(kit, client, token, raw):
    client.create_folder(BOX)
    names = [name for _, _, name in client.list_folders()]
    need("INBOX" in names and BOX in names, f"LIST gave {names}")
    client.subscribe_folder(BOX)
    need(BOX in [name for _, _, name in client.list_sub_folders()], "LSUB lacks it")
    client.unsubscribe_folder(BOX)
    status = client.folder_status("INBOX", ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"])
    need(status[b"MESSAGES"] >= 1 and status[b"UNSEEN"] >= 1, f"STATUS gave {status}")
    return f"{len(names)} mailboxes"


def only(client, token):
    """The UID of the one message with this subject in the selected mailbox."""
    found = client.search(["SUBJECT", token])
    need(len(found) == 1, f"SEARCH found {found}")
    return found[0]


def headers_and_body(kit, client, token, raw):
    chosen = client.select_folder("INBOX")
    need(chosen[b"EXISTS"] >= 1 and chosen[b"UIDVALIDITY"], f"SELECT gave {chosen}")
    uid = only(client, token)
    items = ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE", "FLAGS", "BODY.PEEK[HEADER]"]
    row = client.fetch([uid], items)[uid]
    need(row[b"ENVELOPE"].subject == token.encode(), f"the envelope is {row[b'ENVELOPE']}")
    need(row[b"RFC822.SIZE"] == len(raw), f"the size is {row[b'RFC822.SIZE']}")
    need(row[b"BODY[HEADER]"] == raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", "header differs")
    need(row[b"BODYSTRUCTURE"].is_multipart, f"BODYSTRUCTURE is {row[b'BODYSTRUCTURE']}")
    need(b"\\Seen" not in row[b"FLAGS"], "a peek set \\Seen")
    need(client.fetch([uid], ["BODY[]"])[uid][b"BODY[]"] == raw, "the message differs")
    return f"{len(raw)} octets"


def search(kit, client, token, raw):
    uid = only(client, token)
    for keys in (
        ["SEEN", "SUBJECT", token],
        ["OR", ["SUBJECT", token], ["FROM", "nobody"]],
        ["NOT", ["LARGER", len(raw)], "SINCE", datetime(2020, 1, 1), "SUBJECT", token],
        ["UID", f"{uid}:*", "HEADER", "Message-ID", token],
    ):
        need(client.search(keys) == [uid], f"{keys} does not find it")
    need(uid in client.search(["TEXT", "Grüße aus Köln"], "UTF-8"), "a search in UTF-8 does not find it")
    need(client.search(["SUBJECT", token, "LARGER", len(raw)]) == [], "LARGER finds too much")
    return "six"


def store(kit, client, token, raw):
    uid = only(client, token)
    need(b"\\Flagged" in client.add_flags([uid], [b"\\Flagged", b"$Work"])[uid], "not flagged")
    left = client.remove_flags([uid], [b"\\Flagged"])[uid]
    need(b"\\Flagged" not in left and b"$Work" in left, f"the flags are {left}")
    client.set_flags([uid], [b"\\Answered", b"$Work"], silent=True)
    kit.wait_flag(token, "\\Answered")
    kit.wait_flag(token, "\\Seen", present=False)


def copy_move(kit, client, token, raw):
    uid = only(client, token)
    client.copy([uid], BOX)
    need(client.has_capability("MOVE"), "MOVE is not offered")
    client.move([uid], BOX)
    copies = kit.wait(token, mailbox=BOX, count=2)
    need(all(c[2] == raw and "$Work" in c[1] for c in copies), "a copy differs")
    kit.wait_gone(token)


def append(kit, client, token, raw):
    when = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    extra = kit.token("imapclient")
    told = client.append(BOX, kit.message(extra), [b"\\Flagged"], when)
    need(b"APPENDUID" in told, f"APPEND told {told}")
    client.select_folder(BOX)
    row = client.fetch([only(client, extra)], ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"])
    row = row[only(client, extra)]
    need(b"\\Flagged" in row[b"FLAGS"], f"the flags are {row[b'FLAGS']}")
    need(row[b"INTERNALDATE"].timestamp() == when.timestamp(), f"the date is {row[b'INTERNALDATE']}")
    if client.has_capability("MULTIAPPEND"):
        both = [kit.token("imapclient") for _ in range(2)]
        client.multiappend(BOX, [kit.message(both[0]), {"msg": kit.message(both[1]), "flags": [b"\\Seen"]}])
        need(all(only(client, one) for one in both), "MULTIAPPEND lost one")
        return "APPEND and MULTIAPPEND"
    return "APPEND"


def expunge(kit, client, token, raw):
    client.select_folder(BOX)
    every = client.search()
    client.delete_messages(every[:1], silent=True)
    client.uid_expunge(every[:1])
    need(client.search() == every[1:], "UID EXPUNGE did not take one away")
    client.delete_messages(every[1:])
    told, _ = client.expunge()
    need(client.search() == [], "EXPUNGE left some")
    client.close_folder()
    return f"{len(every)} expunged: {told.decode(errors='replace')}"


def extensions(kit, client):
    done = []
    client.select_folder("INBOX")
    if client.has_capability("NAMESPACE"):
        need(client.namespace().personal, "no personal namespace")
        done.append("NAMESPACE")
    if client.has_capability("ID"):
        client.id_({"name": "clients"})
        done.append("ID")
    if client.has_capability("SORT"):
        for order in ("ARRIVAL", "REVERSE DATE", ["SUBJECT", "REVERSE ARRIVAL"]):
            need(sorted(client.sort(order)) == sorted(client.search()), f"SORT {order} lost some")
        done.append("SORT")
    for algorithm in ("REFERENCES", "ORDEREDSUBJECT"):
        if client.has_capability(f"THREAD={algorithm}"):
            client.thread(algorithm)
            done.append(f"THREAD={algorithm}")
    if client.has_capability("QUOTA"):
        client.get_quota_root("INBOX")
        done.append("QUOTA")
    if client.has_capability("ACL"):
        need(client.getacl("INBOX"), "no rights on INBOX")
        done.append("ACL")
    if client.has_capability("SPECIAL-USE"):
        client.find_special_folder(b"\\Sent")
        done.append("SPECIAL-USE")
    return ", ".join(done)


def sync(kit, session):
    """What changed since a MODSEQ (RFC 7162), as the library asks for it."""
    with session() as client:
        if not client.has_capability("CONDSTORE"):
            return "CONDSTORE is not offered"
        highest = client.select_folder("INBOX")[b"HIGHESTMODSEQ"]
        uid = client.append("INBOX", kit.message(kit.token("imapclient"))) and client.search()[-1]
        rows = client.fetch(client.search(), ["FLAGS"], [f"CHANGEDSINCE {highest}"])
        need(list(rows) == [uid], f"CHANGEDSINCE gave {list(rows)}, not {uid}")
        return f"one row above {highest}"


def idle(kit, session):
    with session() as client:
        client.select_folder("INBOX")
        client.idle()
        token = kit.token("imapclient")
        kit.server.submit(kit.server.address(0), [kit.server.address(1)], kit.message(token))
        start = time.monotonic()
        told = []
        while not any(b"EXISTS" in line for line in told):
            need(time.monotonic() - start < 20, f"IDLE told only {told}")
            told += client.idle_check(timeout=5)
        woke = time.monotonic() - start
        client.idle_done()
        need(only(client, token), "the announced message is not there")
        return f"told {woke * 1000:.0f} ms after the 250"
