"""Many sessions on one mailbox at once: nobody's sequence numbers slip, and all agree in the end."""

import random
import re
import threading
import time

from kit import Fail, need
from wire import Imap, Pop3, Smtp, short

SESSIONS = 8
SECONDS = 6
# Answers to these may not renumber messages: RFC 9051 §7.5.1.
NO_EXPUNGE = ("FETCH", "STORE", "SEARCH")


def run(kit, report):
    report.step("imap-view", imap_view, kit)
    report.step("pop3-beside-imap", pop3_beside_imap, kit)


class Session(Imap):
    """An IMAP session that keeps the list of UIDs by sequence number as the server tells it, and finds fault."""

    def __init__(self, server, seed):
        super().__init__(server)
        self.random = random.Random(seed)
        self.uids, self.flags = [], {}
        self.do("SELECT INBOX")
        self.do("FETCH 1:* (UID FLAGS)")

    def do(self, command, literal=b""):
        tag = self.tag()
        self.send(f"{tag} {command}\r\n".encode() + literal)
        while not (line := self.line()).startswith(tag.encode() + b" "):
            need(line, f"the connection ended in {command}")
            self.untagged(line, command)
        need(line.split(b" ")[1] in (b"OK", b"NO"), f"{command} was answered {line!r}")
        return line

    def untagged(self, line, command):
        if found := re.match(rb"\* (\d+) EXISTS", line):
            count = int(found.group(1))
            need(count >= len(self.uids), f"EXISTS {count} after {len(self.uids)}, in {command}")
            self.uids += [None] * (count - len(self.uids))
        elif found := re.match(rb"\* (\d+) EXPUNGE", line):
            n = int(found.group(1))
            need(command.split(" ")[0] not in NO_EXPUNGE, f"EXPUNGE in answer to {command}")
            need(1 <= n <= len(self.uids), f"EXPUNGE {n} of {len(self.uids)}")
            del self.uids[n - 1]
        elif found := re.match(rb"\* (\d+) FETCH \((.*)\)", line):
            n = int(found.group(1))
            need(1 <= n <= len(self.uids), f"FETCH {n} of {len(self.uids)}")
            if uid := re.search(rb"UID (\d+)", found.group(2)):
                known, uid = self.uids[n - 1], int(uid.group(1))
                need(known in (None, uid), f"message {n} had UID {known}, now {uid}")
                self.uids[n - 1] = uid
            if flags := re.search(rb"FLAGS \(([^)]*)\)", found.group(2)):
                self.flags[self.uids[n - 1]] = frozenset(flags.group(1).split()) - {b"\\Recent"}

    def anything(self):
        """One command, picked by chance."""
        r, count = self.random, len(self.uids)
        n = r.randint(1, count) if count else 0
        uid = (self.uids[n - 1] if n else None) or 1
        kind = r.randrange(12)
        if kind == 0:
            message = short(f"crowd{r.random()}")
            self.do(f"APPEND INBOX {{{len(message)}+}}", message + b"\r\n")
        elif kind == 1 and count > 20:
            self.do(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
            self.do(f"UID EXPUNGE {uid}" if r.random() < 0.5 else "EXPUNGE")
        elif kind == 2 and count > 20:
            self.do(f"UID MOVE {uid} ct-crowd")
        elif kind == 3:
            self.do(f"UID COPY {uid} INBOX")
        elif kind == 4 and n:
            self.do(f"STORE {n} {r.choice('+-')}FLAGS (\\Flagged k{r.randrange(3)})")
        elif kind == 5:
            self.do("SEARCH UNFLAGGED")
        elif kind == 6:
            self.send(f"{(tag := self.tag())} IDLE\r\n".encode())
            while not (line := self.line()).startswith(b"+"):
                self.untagged(line, "IDLE")
            time.sleep(r.random() * 0.02)  # for changes to come in while idle
            self.send(b"DONE\r\n")
            while not (line := self.line()).startswith(tag.encode()):
                need(line, "the connection ended in IDLE")
                self.untagged(line, "IDLE")
        elif kind == 7 and n:
            self.do(f"FETCH {n}:* (UID FLAGS)")
        elif kind == 8:
            self.do(f"UID FETCH {uid}:* (FLAGS RFC822.SIZE)")
        else:
            self.do("NOOP")

    def everything(self):
        """The whole mailbox as this session sees it, once it has been told all."""
        for _ in range(5):  # a server may leave out of a FETCH what others have just removed
            self.do("NOOP")
            self.flags = {}
            self.do("UID FETCH 1:* (FLAGS)")
            if None not in self.uids:
                break
        need(self.uids == sorted(set(self.uids)), "UIDs do not ascend")
        return {u: self.flags[u] for u in self.uids}


def imap_view(kit):
    kit.clean()
    kit.drop_mailbox("ct-crowd")
    with kit.server.imap(1) as m:
        m.create("ct-crowd")
    for _ in range(30):
        deliver(kit)
    sessions = [Session(kit.server, seed) for seed in range(SESSIONS)]
    faults, rounds, end = [], [0] * SESSIONS, time.monotonic() + SECONDS

    def work(i):
        try:
            while time.monotonic() < end and not faults:
                sessions[i].anything()
                rounds[i] += 1
        except Exception as e:
            faults.append(f"session {i}: {type(e).__name__}: {e}")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(SESSIONS)]
    for t in threads:
        t.start()
    delivered = 0
    while time.monotonic() < end and not faults:
        deliver(kit)
        delivered += 1
    for t in threads:
        t.join()
    if faults:
        raise Fail("; ".join(faults[:3]))
    sessions.append(Session(kit.server, 0))

    def agreed():
        views = [s.everything() for s in sessions]
        return len(views[0]) or 1 if all(v == views[0] for v in views) else 0

    # A server may still be delivering what it took; then all must agree, and a new session with them.
    count = kit.until(agreed, "the sessions see different mailboxes")
    for s in sessions:
        s.vanish()
    kit.drop_mailbox("ct-crowd")
    return f"{SESSIONS} sessions, {sum(rounds)} commands, {delivered} deliveries, {count} messages in the end, all views equal"


def deliver(kit):
    with Smtp(kit.server) as s:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short("crowd") + b".\r\n")
        s.expect(250)


def pop3_beside_imap(kit):
    """A POP3 session keeps its numbers while IMAP expunges under it; what is gone is -ERR, never another message."""
    kit.clean()
    tokens = [kit.seed("crowd")[0] for _ in range(4)]
    with Pop3(kit.server) as p:
        p.command("STAT", "+OK 4 ")
        with Imap(kit.server) as m:
            m.command("SELECT INBOX", "OK")
            m.command("STORE 2 +FLAGS (\\Deleted)", "OK")
            m.command("EXPUNGE", ("OK", "NO"))
        p.send(b"RETR 2\r\n")
        if p.line().startswith(b"+OK"):
            need(
                any(tokens[1].encode() in x for x in p.multiline()), "RETR 2 gives another message"
            )
        p.command("RETR 3", "+OK")
        need(any(tokens[2].encode() in x for x in p.multiline()), "RETR 3 gives another message")
        p.command("DELE 4", "+OK")
        p.command("QUIT", "+OK")
    kit.wait_gone(tokens[3])
    need(kit.find(tokens[0]) and kit.find(tokens[2]), "POP3 deleted another message")
    return "numbers stay"
