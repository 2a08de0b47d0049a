"""A full disk is an answer, not a loss: the server keeps its data on a tmpfs of 64 MB, which is then filled up."""

import contextlib
import imaplib
import subprocess
import tempfile
from pathlib import Path

from kit import Fail, Kit, Skip, need, ok
from serve import Process
from wire import Imap, Pop3, Smtp, deliver, short

BIG = ("x" * 70 + "\r\n") * 20_000


def on_small_disk(kit, step):
    """Run one step with a server of its own on a file system of its own."""
    folder = Path(tempfile.mkdtemp(prefix="mail-disk-"))
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if mount.returncode:
        folder.rmdir()
        raise Skip(f"no small file system can be mounted here: {mount.stderr.strip()}")
    process = Process(kit.start, folder / "data", "example.test")
    try:
        own = Kit(process.start(), timeout=kit.timeout)
        try:
            return step(own, process, folder / "filler")
        finally:
            own.close()
    finally:
        process.stop()
        subprocess.run(["umount", str(folder)], stdin=subprocess.DEVNULL, check=False)
        with contextlib.suppress(OSError):
            folder.rmdir()


def full_disk_refuses(kit, process, filler):
    server = kit.server
    before = kit.token("disk")
    deliver(server, before)
    fill(filler)
    refused, refused_append = kit.token("disk"), kit.token("disk")
    with Smtp(server) as s:
        said = try_to_deliver(s, server, short(refused, BIG))
        need(said.code == 452 and said.enhanced == "4.3.1", f"a full disk was answered: {said}")
        s.goes_on()
    with Imap(server) as m:
        appended = append(m, short(refused_append, BIG))
        need(appended.startswith(b"a NO"), f"APPEND was answered {appended!r}")
        m.goes_on()
    kit.once(before, short(before))  # reading still works
    filler.unlink()
    after, again = kit.token("disk"), kit.token("disk")
    deliver(server, after)
    with server.imap(1) as m:
        ok(m.append("INBOX", None, imaplib.Time2Internaldate(0), short(again)), "APPEND")
    process.kill()
    process.start()
    for token in (before, after, again):
        kit.once(token, short(token))
    need(not kit.find(refused) and not kit.find(refused_append), "refused, and stored")
    return f"{said}; {appended.decode().strip()}; taken again when there is room"


def full_disk_to_the_last_octet(kit, process, filler):
    """Small messages until none fits: whatever got its 250 is there, also after kill -9, and nothing else."""
    fill(filler)
    taken, refused = [], 0
    for _ in range(3000):
        token = kit.token("disk")
        with Smtp(kit.server) as s:
            reply = try_to_deliver(s, kit.server, short(token, "line\r\n" * 200))
        need(reply.code in (250, 452), f"answered {reply}")
        if reply.code == 250:
            taken.append(token)
        else:
            refused += 1
        if refused == 5:
            break
    need(refused, "3,000 messages fitted on a full disk")
    process.kill()
    filler.unlink()
    process.start()
    with kit.server.imap(1, "INBOX", readonly=True) as m:
        data = ok(m.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"), "FETCH") if taken else []
    subjects = [p[1].split(b": ")[1].strip().decode() for p in data if isinstance(p, tuple)]
    need(sorted(subjects) == sorted(taken), f"{len(taken)} were taken, {len(subjects)} are there")
    return f"{len(taken)} taken, then 452; all of them are there"


def full_disk_changes(kit, process, filler):
    """Flags and deletions: what was answered OK holds after kill -9, what was answered NO did not happen."""
    server = kit.server
    tokens = [kit.token("disk") for _ in range(4)]
    for token in tokens:
        deliver(server, token)
    fill(filler)
    with Imap(server) as m:
        m.command("SELECT INBOX", "OK")
        flagged = (
            b" OK " in m.command("STORE 1 +FLAGS.SILENT (\\Flagged)", ("OK", "NO")).splitlines()[-1]
        )
        deleted = (
            b" OK " in m.command("STORE 2 +FLAGS.SILENT (\\Deleted)", ("OK", "NO")).splitlines()[-1]
        )
        gone = b" OK " in m.command("EXPUNGE", ("OK", "NO")).splitlines()[-1] and deleted
        m.goes_on()
    with Pop3(server) as p:
        last = int(p.command("STAT", "+OK").split()[1])
        p.command(f"DELE {last}", "+OK")
        p.send(b"QUIT\r\n")
        quit_ok = p.line().startswith(b"+OK")
    process.kill()
    filler.unlink()
    process.start()
    found = [kit.find(t) for t in tokens]
    need(
        ("\\Flagged" in found[0][0][1]) == flagged,
        f"STORE said {flagged}, the flags are {found[0][0][1]}",
    )
    need(
        bool(found[1]) != gone,
        f"EXPUNGE said {gone}, the message is {'there' if found[1] else 'gone'}",
    )
    need(found[2], "a message nobody touched is gone")
    need(
        bool(found[3]) != quit_ok,
        f"QUIT said {quit_ok}, the message is {'there' if found[3] else 'gone'}",
    )
    words = {True: "done", False: "refused"}
    return f"flag {words[flagged]}, expunge {words[gone]}, POP3 deletion {words[quit_ok]}; each as answered"


STEPS = (full_disk_refuses, full_disk_to_the_last_octet, full_disk_changes)


def append(m, text):
    """The tagged answer to an APPEND whose literal is sent if it is asked for."""
    m.send(f"a APPEND INBOX {{{len(text)}}}\r\n".encode())
    got = m.line()
    if got.startswith(b"+"):
        m.send(text + b"\r\n")
        got = m.line()
    while got.startswith(b"* "):
        got = m.line()
    return got


def fill(path):
    """Take every octet the file system has left."""
    with path.open("wb", buffering=0) as f:
        size = 1 << 20
        while size:
            try:
                while True:
                    need(f.write(b"\0" * size), "wrote nothing")
            except (OSError, Fail):
                size //= 2


def try_to_deliver(s, server, raw):
    """The last reply: 250, or 452 4.3.1 (RFC 5321 §4.2.3, RFC 3463 §3.4) at MAIL or at the end of the data."""
    s.send(b"MAIL FROM:<someone@elsewhere.test>\r\n")
    reply = s.reply()
    if reply.code == 250:
        s.command(f"RCPT TO:<{server.address(1)}>", 250)
        s.send(b"DATA\r\n")
        reply = s.reply()
        if reply.code == 354:
            s.send(raw + b".\r\n")
            reply = s.reply()
    s.command("RSET", 250)
    return reply
