"""A Maildir++ tree that Dovecot and our store have open at once: each sees what the other did, UIDs stay."""

import imaplib
import re
import shutil
import subprocess

from dovecot import SHARED
from kit import need, ok

OURS, THEIRS = SHARED
WORDS = {
    "\\Seen": "seen",
    "\\Answered": "answered",
    "\\Flagged": "flagged",
    "\\Deleted": "deleted",
    "\\Draft": "draft",
}


class Maildir:
    """The example `maildir`, as the user Dovecot's mail belongs to."""

    def __init__(self, program, dovecot):
        self.dovecot, self.root = dovecot, dovecot.home / "mail"
        # Where that user may run it.
        self.program = shutil.copy(program, dovecot.home / "maildir")

    def start(self, command, user, *words):
        return subprocess.Popen(
            [self.program, self.root, command, f"{user}@{self.dovecot.domain}", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            user="nobody",
            group="nogroup",
            extra_groups=[],
            cwd="/",
        )

    def run(self, command, user, *words, text=b""):
        child = self.start(command, user, *words)
        out, err = child.communicate(text, timeout=30)
        need(child.returncode == 0, f"maildir {command}: {err.decode()}")
        return out.decode()

    def list(self, user, mailbox="INBOX"):
        return parsed(self.run("list", user, mailbox))


def parsed(text):
    """(UIDVALIDITY, {UID: (size, flags)})."""
    head, *lines = text.splitlines()
    rows = {}
    for line in lines:
        uid, size, flags = line.split(" ", 2)
        names = frozenset(re.findall(r'"([^"]+)"', flags))
        rows[int(uid)] = (int(size), names)
    return int(head.split()[0]), rows


class Imap:
    def __init__(self, dovecot, user):
        self.m = imaplib.IMAP4("127.0.0.1", dovecot.imap_port, timeout=10)
        self.m.login(f"{user}@{dovecot.domain}", "secret")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.m.logout()

    def list(self, mailbox="INBOX"):
        ok(self.m.select(mailbox), "SELECT")
        validity = int(self.m.response("UIDVALIDITY")[1][0])
        rows = {}
        for line in ok(self.m.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE)"), "FETCH"):
            if line is None:
                continue
            line = line.decode()
            flags = re.search(r"FLAGS \(([^)]*)\)", line)[1].split()
            names = frozenset(WORDS.get(flag, flag) for flag in flags if flag != "\\Recent")
            uid, size = re.search(r"UID (\d+)", line)[1], re.search(r"SIZE (\d+)", line)[1]
            rows[int(uid)] = (int(size), names)
        return validity, rows

    def store(self, uid, how, flags):
        ok(self.m.uid("STORE", str(uid), how, f"({flags})"), "STORE")


def message(n):
    return f"From: a@example.test\r\nSubject: {n}\r\n\r\nmessage {n}\r\n".encode()


def same(ours, theirs):
    need(ours == theirs, f"ours {ours}, Dovecot's {theirs}")
    return ours


def run(program, dovecot, report):
    maildir = Maildir(program, dovecot)
    for step in (ours_first, theirs_first, both_at_once):
        report.step(f"maildir.{step.__name__.replace('_', '-')}", step, maildir, dovecot)


def ours_first(maildir, dovecot):
    """Our tree, opened by Dovecot, written by it, and seen by us."""
    maildir.run("account", OURS)
    for n, flags in enumerate(["-", "seen,$Label", "flagged,draft", "answered,$Label,other"]):
        maildir.run("append", OURS, "INBOX", flags, text=message(n))
    maildir.run("append", OURS, "Lists/ü", "seen", text=message(9))
    first, (validity, rows) = maildir.list(OURS), maildir.list(OURS)
    need(sorted(rows) == [1, 2, 3, 4] and rows[2][1] == {"seen", "$Label"}, f"{rows}")
    with Imap(dovecot, OURS) as imap:
        same(first, imap.list())
        same(maildir.list(OURS, "Lists/ü"), imap.list("Lists.&APw-"))
        names = b" ".join(ok(imap.m.lsub(), "LSUB"))
        need(b"Lists.&APw-" in names, f"subscribed: {names}")

        ok(imap.m.select("INBOX"), "SELECT")
        imap.store(1, "+FLAGS", "\\Seen new-word")
        imap.store(2, "-FLAGS", "\\Seen $Label")
        imap.store(3, "+FLAGS", "\\Deleted")
        ok(imap.m.expunge(), "EXPUNGE")
        ok(imap.m.append("INBOX", "(\\Flagged $Label)", None, message(5)), "APPEND")
        ok(imap.m.create("Made.There"), "CREATE")
        ok(imap.m.subscribe("Made.There"), "SUBSCRIBE")
        ok(imap.m.uid("COPY", "4", "Made.There"), "COPY")
        now = same(maildir.list(OURS), imap.list())
        need(now[0] == validity and sorted(now[1]) == [1, 2, 4, 5], f"{now}")
        need(now[1][1][1] == {"seen", "new-word"}, f"{now}")
        same(maildir.list(OURS, "Made/There"), imap.list("Made.There"))
    need("Made/There *" in maildir.run("mailboxes", OURS), "the mailbox Dovecot made")

    maildir.run("append", OURS, "INBOX", "$Label,seen", text=message(6))
    maildir.run("flag", OURS, "INBOX", 1, "flagged,third-word")
    maildir.run("expunge", OURS, "INBOX", 4)
    with Imap(dovecot, OURS) as imap:
        now = same(maildir.list(OURS), imap.list())
    need(now[0] == validity and sorted(now[1]) == [1, 2, 5, 6], f"{now}")
    need(now[1][1][1] == {"flagged", "third-word"}, f"{now}")
    return f"UIDVALIDITY {validity} and all UIDs stayed"


def theirs_first(maildir, dovecot):
    """A tree Dovecot made, opened by us."""
    with Imap(dovecot, THEIRS) as imap:
        for n, flags in enumerate(["", "(\\Seen word)", "(\\Draft $Label)"]):
            ok(imap.m.append("INBOX", flags or None, None, message(n)), "APPEND")
        ok(imap.m.create("Old"), "CREATE")
        ok(imap.m.append("Old", "(\\Answered)", None, message(7)), "APPEND")
        before, old = imap.list(), imap.list("Old")
        maildir.run("account", THEIRS)
        same(maildir.list(THEIRS), before)
        same(maildir.list(THEIRS, "Old"), old)
        maildir.run("append", THEIRS, "INBOX", "word", text=message(3))
        now = same(maildir.list(THEIRS), imap.list())
        need(now[0] == before[0] and now[1].keys() > before[1].keys(), f"{before}, {now}")
        need(all(now[1][uid] == row for uid, row in before[1].items()), f"{before}, {now}")
    return f"{len(now[1])} messages, UIDVALIDITY {now[0]} kept"


def both_at_once(maildir, dovecot):
    """Both deliver into one mailbox at the same time; ours hears of all of it while it is open."""
    before = len(maildir.list(OURS)[1])
    watcher = maildir.start("watch", OURS, "INBOX", before + 20)
    need(watcher.stdout.readline() == b"watching\n", "it watches")
    with Imap(dovecot, OURS) as imap:
        for n in range(20):
            ok(imap.m.append("INBOX", None, None, message(n)), "APPEND")
        heard = parsed(watcher.communicate(timeout=20)[0].decode())
        same(heard, imap.list())
        for n in range(10):
            ok(imap.m.append("INBOX", None, None, message(n)), "APPEND")
            maildir.run("append", OURS, "INBOX", "seen", text=message(n))
        now = same(maildir.list(OURS), imap.list())
    need(len(now[1]) == before + 40, f"{len(now[1])} messages")
    return f"{len(now[1])} messages, the same to both"
