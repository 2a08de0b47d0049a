"""What was acknowledged survives kill -9; a full disk is an answer, not a loss. Runs servers of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import full_disk
from kit import Fail, Kit, Skip, need, ok
from serve import NAMES, NameServer, Process, free_ports
from wire import Imap, Pop3, Smtp, deliver, short


def run(kit, report):
    if kit.start is None:
        raise (Fail if kit.strict else Skip)("needs --start BINARY, to have a server to kill")
    folder = Path(tempfile.mkdtemp(prefix="mail-crash-"))
    process = Process(kit.start, folder / "data", "example.test")
    try:
        server = process.start()
        own = Kit(server, start=kit.start, strict=kit.strict, timeout=kit.timeout)
        for step in (
            killed_after_250,
            killed_after_append,
            killed_after_flags,
            killed_after_deletions,
            killed_under_load,
            killed_half_way,
        ):
            report.step(step.__name__.replace("_", "-"), step, own, process)
        for step in (stopped_gracefully, locked_store, taken_port):
            report.step(step.__name__.replace("_", "-"), step, own, process)
        own.close()
    finally:
        process.stop()
    report.step("killed-while-relaying", killed_while_relaying, kit, folder)
    for step in full_disk.STEPS:
        report.step(step.__name__.replace("_", "-"), full_disk.on_small_disk, kit, step)
    shutil.rmtree(folder, ignore_errors=True)


def killed_after_250(kit, process):
    for _ in range(5):
        token = kit.token("crash")
        deliver(kit.server, token)
        process.kill()
        process.start()
        kit.once(token, short(token))
    return "five times, the message was there once each time"


def killed_after_append(kit, process):
    for _ in range(3):
        token = kit.token("crash")
        with Imap(kit.server) as m:
            m.send(
                f"a APPEND INBOX (\\Flagged) {{{len(short(token))}+}}\r\n".encode()
                + short(token)
                + b"\r\n"
            )
            got = m.line()
            while got.startswith(b"* "):
                got = m.line()
            need(got.startswith(b"a OK [APPENDUID "), f"answer {got!r}")
            process.kill()
        process.start()
        kit.once(token, short(token))
        validity, uid = got.split()[3:5]
        need(kit.find(token)[0][0] == uid.strip(b"]").decode(), "another UID than APPENDUID said")
        need("\\Flagged" in kit.find(token)[0][1], "the flag is gone")
        with kit.server.imap(1) as m:
            need(
                validity in ok(m.status("INBOX", "(UIDVALIDITY)"), "STATUS")[0],
                "another UIDVALIDITY",
            )
    return "UID, UIDVALIDITY, flags and octets kept"


def killed_after_flags(kit, process):
    token = kit.token("crash")
    deliver(kit.server, token)
    uid = kit.find(token)[0][0]
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        m.command(f"UID STORE {uid} +FLAGS (\\Seen $Kept)", "OK")
        process.kill()
    process.start()
    flags = kit.find(token)[0][1]
    need("\\Seen" in flags and "$Kept" in flags, f"flags {flags}")
    return " ".join(flags)


def killed_after_deletions(kit, process):
    kit.clean()
    first, second = kit.token("crash"), kit.token("crash")
    deliver(kit.server, first)
    deliver(kit.server, second)
    with Pop3(kit.server) as p:
        p.command("DELE 1", "+OK")
        p.command("QUIT", "+OK")
        process.kill()
    process.start()
    need(not kit.find(first), "POP3: deleted with QUIT, and back")
    with Imap(kit.server) as m:
        m.command("SELECT INBOX", "OK")
        m.command("STORE 1 +FLAGS (\\Deleted)", "OK")
        m.command("EXPUNGE", "OK")
        process.kill()
    process.start()
    need(not kit.find(second), "IMAP: expunged, and back")
    return "POP3 QUIT and IMAP EXPUNGE hold"


def killed_under_load(kit, process):
    """Eight connections deliver without a pause; the server dies among them."""
    kit.clean()
    acknowledged, lock, enough = [], threading.Lock(), threading.Event()

    def client(n):
        with contextlib.suppress(Exception):  # the kill ends every one of these sessions somewhere
            with Smtp(kit.server) as s:
                for i in range(1000):
                    token = f"load{os.getpid()}c{n}i{i}z"
                    s.envelope("someone@elsewhere.test", kit.server.address(1))
                    s.command("DATA", 354)
                    s.send(short(token, "line\r\n" * 500) + b".\r\n")
                    s.expect(250)
                    with lock:
                        acknowledged.append(token)
                        if len(acknowledged) >= 200:
                            enough.set()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    need(enough.wait(60), f"only {len(acknowledged)} deliveries in 60 s")
    process.kill()
    for t in threads:
        t.join()
    process.start()
    with kit.server.imap(1, "INBOX", readonly=True) as m:
        data = ok(m.fetch("1:*", "(BODY.PEEK[])"), "FETCH")
    bodies = [part[1] for part in data if isinstance(part, tuple)]
    subjects = [b.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for b in bodies]
    lost = set(acknowledged) - set(subjects)
    need(not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages are gone")
    need(len(set(subjects)) == len(subjects), "a message is there twice")
    need(
        all(b.endswith(b"line\r\n" * 500) and b.count(b"line\r\n") == 500 for b in bodies),
        "a message is there in part",
    )
    kit.clean()
    return f"{len(acknowledged)} acknowledged, {len(bodies)} there, all whole"


def killed_half_way(kit, process):
    first, second = kit.token("crash"), kit.token("crash")
    with Smtp(kit.server) as s, Imap(kit.server) as m:
        s.envelope("someone@elsewhere.test", kit.server.address(1))
        s.command("DATA", 354)
        s.send(short(first, "x\r\n" * 50_000))
        m.send(b"a APPEND INBOX {200000}\r\n")
        need(m.line().startswith(b"+"), "no continuation")
        m.send(short(second, "x\r\n" * 50_000))
        process.kill()
    process.start()
    need(not kit.find(first) and not kit.find(second), "half a message is there")
    token = kit.token("crash")
    deliver(kit.server, token)
    kit.once(token, short(token))
    return "in DATA and in APPEND; nothing of it is there"


def stopped_gracefully(kit, process):
    token = kit.token("crash")
    deliver(kit.server, token)
    with Imap(kit.server) as m:
        status = process.stop()
        said = m.rest()
    need(status == 0, f"exit status {status}: {process.last_words()}")
    need(b"* BYE" in said, f"an idle session was told {said!r}")
    process.start()
    kit.once(token, short(token))
    return "exit status 0, BYE to an open session"


def locked_store(kit, process):
    other = Process(kit.start, process.data, "example.test")
    return second_start(other)


def taken_port(kit, process):
    with tempfile.TemporaryDirectory() as folder:
        return second_start(
            Process(kit.start, Path(folder, "data"), "example.test", ports=process.ports)
        )


def second_start(process):
    p = subprocess.run(
        [str(process.binary), *process.arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    need(p.returncode not in (0, None) and p.returncode > 0, f"exit status {p.returncode}")
    said = p.stderr.decode().strip()
    need(said and "panicked" not in said, f"said {said!r}")
    need(len(said.splitlines()) <= 2, f"more than a sentence: {said!r}")
    return said


def killed_while_relaying(kit, folder):
    """The queue outlives its server: killed in the middle of a relay attempt, it delivers after the restart, once."""
    names = NameServer()
    port = free_ports(1)[0]
    silent = socket.create_server(("127.0.0.1", port))  # takes the connection and never greets
    main = Process(kit.start, folder / "relay", "example.test", dns=names.port, relay_port=port)
    peer = Process(
        kit.start,
        folder / "next",
        "peer.test",
        ports=dict(
            zip(
                ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"),
                [port, *free_ports(6)],
            )
        ),
    )
    try:
        own = Kit(main.start(), timeout=90)
        token = own.token("crash")
        raw = own.message(token)
        own.server.submit(own.server.address(0), [f"{NAMES[0]}@peer.test"], raw)
        silent.settimeout(30)
        connection, _ = silent.accept()  # the attempt is under way
        main.kill()
        connection.close()
        silent.close()
        target = peer.start()
        main.start()
        found = own.wait(token, user=0, server=target)
        need(len(found) == 1 and found[0][2].endswith(raw), "the relayed message differs")
        own.close()
        return "delivered after the restart"
    finally:
        silent.close()
        for process in (main, peer):
            process.stop()
        names.close()
