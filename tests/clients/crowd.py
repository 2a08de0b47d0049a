"""Several sessions on one mailbox at once: each response is one that the session may see, nothing is lost, all agree."""

import os
import random
import threading
import time
import zlib

import moves
from kit import Fail, need
from ledger import Ledger
from view import OTHER, View
from wire import Imap, Pop3, Smtp, short

# Sessions and seconds. The first is the long one; CROWD_SECONDS makes it shorter or longer.
TWO = (2, int(os.environ.get("CROWD_SECONDS", "60")))
EIGHT = (8, 6)


def run(kit, report):
    report.step("two-sessions", crowd, kit, *TWO)
    report.step("eight-sessions", crowd, kit, *EIGHT)
    report.step("pop3-beside-imap", pop3_beside_imap, kit)


def crowd(kit, count, seconds):
    """IMAP sessions that do anything, deliveries by SMTP, removals by POP3; every response is checked."""
    kit.clean()
    kit.drop_mailbox(OTHER)
    with kit.server.imap(1) as m:
        m.create(OTHER)
    seed = random.SystemRandom().randrange(1 << 32) if "SEED" not in os.environ else int(os.environ["SEED"])
    ledger, faults = Ledger(), []
    for n in range(30):
        deliver(kit, ledger, f"first{n}")
    views = [View(kit.server, ledger, n, seed + n, qresync=n % 2 == 1) for n in range(count)]
    end = time.monotonic() + seconds
    rounds = [0] * (count + 2)

    def until_the_end(i, name, work, view=None):
        try:
            while time.monotonic() < end and not faults:
                work(rounds[i])
                rounds[i] += 1
        except Exception as e:
            faults.append(f"{name}: {type(e).__name__}: {e}; before: {view.past[-3:] if view else ''}; SEED={seed}")

    dice = random.Random(seed)
    tasks = [(f"session {i}", lambda _, v=v: moves.anything(v), v) for i, v in enumerate(views)]
    tasks.append(("SMTP", lambda n: delivery(kit, ledger, n), None))
    tasks.append(("POP3", lambda _: removal(kit, ledger, dice), None))
    threads = [threading.Thread(target=until_the_end, args=(i, *task)) for i, task in enumerate(tasks)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        raise Fail("; ".join(faults[:2]))
    last = View(kit.server, ledger, count, 0)

    def agreed():
        seen = [v.everything() for v in (*views, last)]
        return seen[0] if all(s == seen[0] for s in seen) else None

    # A server may still be delivering what it took; then all must agree, and a new session with them.
    present = kit.until(agreed, "the sessions see different mailboxes")
    tokens, popped = ledger.settle(set(present))
    for v in (*views, last):
        v.vanish()
    kit.drop_mailbox(OTHER)
    commands = sum(v.serial for v in views)
    return (
        f"{count} sessions, {commands} commands, {rounds[-2]} deliveries, {popped} removed by POP3; {tokens} messages accounted"
        f" for, {len(present)} of them there; seed {seed}"
    )


def deliver(kit, ledger, token):
    """One message by SMTP."""
    ledger.begin(token)
    with Smtp(kit.server) as s:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(token, f"{zlib.crc32(token.encode()):x}\r\n") + b".\r\n")
        s.expect(250)
    ledger.acknowledged(token)


def delivery(kit, ledger, n):
    deliver(kit, ledger, f"smtp{n}")
    time.sleep(0.05)  # so that the mailbox does not only grow


def removal(kit, ledger, dice):
    """A POP3 session that takes a few messages away."""
    time.sleep(0.1)
    with Pop3(kit.server) as p:
        count = int(p.command("STAT", "+OK").split()[1])
        for n in sorted(dice.sample(range(1, count + 1), min(count // 10, 5))):
            p.send(f"TOP {n} 0\r\n".encode())
            if p.line().startswith(b"+OK"):
                subject = next(line for line in p.multiline() if line.startswith(b"Subject:"))
                ledger.pop(subject.split()[1].decode())
                p.send(f"DELE {n}\r\n".encode())
                p.line()
        p.send(b"QUIT\r\n")
        need(p.line(), "no answer to QUIT")


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
