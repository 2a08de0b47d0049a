"""Our POP3 client reads Dovecot: the example `session` of pop3-proto, command by command, and `pop3-download`."""

import contextlib
import os
import poplib
import random
import re
import signal
import subprocess
import time

from into_dovecot import send
from kit import need
from letters import BODIES, letter

# Not touched by the other steps.
READER, LEAVER, MBOX, KILLED = "u17", "u18", "u19", "u20"


def run(kit, dovecot, report):
    for step in (
        commands,
        pipelined,
        not_pipelined,
        mechanisms,
        refusals,
        downloaded_and_deleted,
        left_there,
        killed,
    ):
        report.step(f"pop3.{step.__name__.replace('_', '-')}", step, kit, dovecot)


def deliver(kit, dovecot, user, count=None):
    """Puts messages that are easily damaged into the maildrop; returns what Dovecot has, in order."""
    kinds = list(BODIES.items())
    for n in range(count or len(kinds)):
        name, (body, fields) = kinds[n % len(kinds)]
        replies, _ = send(kit, dovecot, letter(kit.token(name), body, fields=fields), [user])
        need(replies[user].startswith("250"), f"{replies}")
    return maildrop(dovecot, user)


def maildrop(dovecot, user):
    """[(unique id, octets)], by Python's poplib."""
    poplib._MAXLINE = 1_000_000
    m = poplib.POP3("127.0.0.1", dovecot.pop3_port, timeout=30)
    with contextlib.closing(m):
        m.user(f"{user}@{dovecot.domain}")
        m.pass_("secret")
        uids = [line.split()[1].decode() for line in m.uidl()[1]]
        found = [(uid, octets(m.retr(n)[1])) for n, uid in enumerate(uids, 1)]
        m.quit()
        return found


def octets(lines):
    return b"".join(line + b"\r\n" for line in lines)


def session(kit, dovecot, lines, tls=True):
    """The events of a session."""
    options = ["--tls", kit.authority] if tls else []
    done = subprocess.run(
        [kit.pop3_session, *options, f"localhost:{dovecot.pop3_port}"],
        input="".join(line + "\n" for line in lines).encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    need(done.returncode == 0, f"session: {done.stderr.decode()}")
    return done.stdout.decode().splitlines()


def body(events):
    """The octets of all messages in the events."""
    pieces = [e[5:-1] for e in events if e.startswith("Body(")]
    return "".join(pieces).encode().decode("unicode_escape").encode("latin-1")


def account(dovecot, user):
    return f"{user}@{dovecot.domain} secret"


def commands(kit, dovecot):
    """Each command in each of its forms, one at a time, under STLS."""
    there = deliver(kit, dovecot, READER)
    n = len(there)
    lines = ["capa", "stls", "capa", f"login {account(dovecot, READER)}", "capa", "stat", "list"]
    lines += ["list 1", "uidl", "uidl 2", "top 1 0", "noop", "dele 1", "list 1", "rset", "list 1"]
    events = session(kit, dovecot, [*lines, "quit"])
    total = sum(len(raw) for _, raw in there)
    expected = [
        "Done(StartTls)",
        "Done(LoggedIn)",
        f"Done(Stat(Stat {{ messages: {n}, octets: {total} }}))",
        f"Scan(Scan {{ message: 1, octets: {len(there[0][1])} }})",
        f"Done(Scan(Scan {{ message: 1, octets: {len(there[0][1])} }}))",
        *(f'UniqueId(UniqueId {{ message: {i}, uidl: "{uid}" }})' for i, (uid, _) in enumerate(there, 1)),
        f'Done(UniqueId(UniqueId {{ message: 2, uidl: "{there[1][0]}" }}))',
        "Done(Noop)",
        "Done(Dele { message: 1 })",
        "Done(Rset)",
        "Done(Quit)",
    ]
    missing = [e for e in expected if e not in events]
    need(not missing, f"{missing} not in {events}")
    capabilities = [e for e in events if e.startswith("Done(Capabilities")]
    need(len(capabilities) == 3, "three times CAPA")
    need('"STLS"' in capabilities[0] and '"STLS"' not in capabilities[1], f"{capabilities}")
    head = there[0][1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    need(body(events) == head, "TOP is not the header")
    need(sum("Refused" in e for e in events) == 1, "LIST of a deleted message is refused, once")
    offered = re.findall(r'"([^"]*)"', capabilities[1])
    return f"{n} messages, {total} octets; under TLS it offers {', '.join(offered)}"


def pipelined(kit, dovecot):
    """All at once; every message is read octet by octet."""
    return whole(kit, dovecot, ["stls", "capa"], "; ")


def not_pipelined(kit, dovecot):
    """In the clear and without CAPA: one at a time."""
    return whole(kit, dovecot, [], "\n", tls=False)


def whole(kit, dovecot, before, between, tls=True):
    there = maildrop(dovecot, READER)
    retrieve = between.join(f"retr {n}" for n in range(1, len(there) + 1))
    lines = [*before, f"login {account(dovecot, READER)}", retrieve, "quit"]
    events = session(kit, dovecot, lines, tls)
    need(body(events) == b"".join(raw for _, raw in there), "the octets differ")
    for n, (_, raw) in enumerate(there, 1):
        done = f"Done(Retr {{ message: {n}, octets: {len(raw)} }})"
        need(done in events, f"{done} not in the events")
    return f"{len(there)} messages as poplib reads them"


def mechanisms(kit, dovecot):
    """Every way to log in that Dovecot has, and the one that is chosen."""
    who = account(dovecot, READER)
    names = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")
    for way in (*(f"auth {name} {who}" for name in names), f"auth {who}", f"login {who}"):
        for before in (["stls", "capa"], ["stls"]):
            events = session(kit, dovecot, [*before, way, "stat", "quit"])
            need("Done(LoggedIn)" in events and "Done(Quit)" in events, f"{way}: {events}")
    events = session(kit, dovecot, [f"apop {who}", "stat", "quit"], tls=False)
    need("Done(LoggedIn)" in events, f"APOP: {events}")
    return ", ".join((*names, "APOP", "USER"))


def refusals(kit, dovecot):
    wrong = f"{READER}@{dovecot.domain} wrong"
    for way in (f"login {wrong}", f"auth SCRAM-SHA-256 {wrong}", f"auth PLAIN {wrong}"):
        events = session(kit, dovecot, ["stls", "capa", way, "quit"])
        refused = [e for e in events if "Refused" in e]
        need(len(refused) == 1 and "code: Some(Auth)" in refused[0], f"{way}: {events}")
    who = account(dovecot, READER)
    events = session(kit, dovecot, [f"login {who}", "stat; retr 99; stat", "utf8", "quit"], tls=False)
    need(sum("Refused" in e for e in events) == 2, f"{events}")
    need(sum(e.startswith("Done(Stat") for e in events) == 2, f"{events}")
    return refused[0]


def download(kit, dovecot, user, *options, tls="stls"):
    port = dovecot.pop3_port if tls == "stls" else dovecot.pop3s_port
    return [
        str(kit.pop3_download),
        f"localhost:{port}",
        *("--tls", tls, "--ca", str(kit.authority)),
        *("--user", f"{user}@{dovecot.domain}"),
        *map(str, options),
    ]


def fetch(argv):
    environment = dict(os.environ, POP3_PASSWORD="secret")
    done = subprocess.run(argv, env=environment, capture_output=True, timeout=60, check=False)
    need(done.returncode == 0, f"pop3-download: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def files(folder):
    found = [p.read_bytes() for p in (folder / "new").iterdir()]
    return sorted(lf(raw) for raw in found)


def lf(raw):
    return raw.replace(b"\r\n", b"\n")


def downloaded_and_deleted(kit, dovecot):
    there = deliver(kit, dovecot, MBOX)
    box = kit.work / "dovecot.mbox"
    said = fetch(download(kit, dovecot, MBOX, "--mbox", box, tls="implicit"))
    need(said == f"{len(there)} messages fetched, {len(there)} deleted, 0 left there", said)
    need(not maildrop(dovecot, MBOX), "they are still there")
    found = [m.partition(b"\n")[2] for m in re.split(rb"(?m)^From ", box.read_bytes())[1:]]
    found = sorted(re.sub(rb"(?m)^>(>*From )", rb"\1", m) for m in found)
    need(found == sorted(lf(raw) + b"\n" for _, raw in there), "the octets differ")
    return said


def left_there(kit, dovecot):
    first = deliver(kit, dovecot, LEAVER)
    folder = kit.work / "dovecot.maildir"
    argv = download(kit, dovecot, LEAVER, "--maildir", folder, "--delete-after-days", 3)
    need(fetch(argv).endswith(f"{len(first)} left there"), "some are gone")
    there = deliver(kit, dovecot, LEAVER, 2)
    said = fetch(argv)
    need(said == f"2 messages fetched, 0 deleted, {len(there)} left there", said)
    need(files(folder) == sorted(lf(raw) for _, raw in there), "the octets differ")
    gone = fetch(download(kit, dovecot, LEAVER, "--maildir", folder, "--delete-after-days", 0))
    need(gone == f"0 messages fetched, {len(there)} deleted, 0 left there", gone)
    return said


def killed(kit, dovecot):
    """kill -9 again and again; each message is there once."""
    there = deliver(kit, dovecot, KILLED, 18)
    folder = kit.work / "dovecot.killed"
    argv = download(kit, dovecot, KILLED, "--maildir", folder, "--quiet")
    dice = random.Random()
    environment = dict(os.environ, POP3_PASSWORD="secret")
    rounds = 15
    for _ in range(rounds):
        p = subprocess.Popen(argv, env=environment, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0, 0.25))
        p.send_signal(signal.SIGKILL)
        p.wait()
    # Dovecot may not have noticed yet that the last one is gone.
    for _ in range(20):
        p = subprocess.run(argv, env=environment, capture_output=True, timeout=60, check=False)
        if p.returncode == 0:
            break
        time.sleep(0.2)
    need(p.returncode == 0, p.stderr.decode())
    need(files(folder) == sorted(lf(raw) for _, raw in there), f"{len(files(folder))} files")
    need(not maildrop(dovecot, KILLED), "some are still there")
    return f"{len(there)} messages, each once, after {rounds} kills"
