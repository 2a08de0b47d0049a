"""Programs that keep mail elsewhere, by IMAP: offlineimap3 both ways, getmail6 one way, both in IDLE."""

import contextlib
import os
import re
import subprocess
import time

from kit import need, ok, tail

BOX = "ct-offline"


def offlineimap(kit, report):
    kit.missing("offlineimap")
    kit.drop_mailbox(BOX)
    root = kit.work / "offlineimap"
    token, raw = kit.seed("offlineimap")

    def config(more=""):
        name, password = kit.server.users[1]
        return kit.secret_file(
            "offlineimaprc",
            f"""[general]
accounts = test
metadata = {kit.work}/offlineimap-metadata
socktimeout = 60
[Account test]
localrepository = near
remoterepository = far
{"autorefresh = 1" if more else ""}
[Repository near]
type = Maildir
localfolders = {root}
[Repository far]
type = IMAP
remotehost = {kit.server.host}
remoteport = {kit.server.ports["imaps"]}
remoteuser = {name}
remotepass = {password}
ssl = yes
sslcacertfile = {kit.server.ca}
folderfilter = lambda name: name in ("INBOX", "{BOX}")
{more}
""",
        )

    def sync():
        return kit.sh(["offlineimap", "-c", config(), "-o", "-u", "basic"])

    def holding(token, mailbox="INBOX"):
        files = [f for s in ("new", "cur") for f in (root / mailbox / s).glob("*")]
        return [f for f in files if token.encode() in f.read_bytes()]

    def pull():
        sync()
        files = holding(token)
        need(len(files) == 1, f"{len(files)} local copies")
        same(files[0].read_bytes(), raw)
        return f"{len(raw)} octets"

    def flags():
        file = holding(token)[0]
        base = file.name.split(":2,")[0]
        file.rename(root / "INBOX/cur" / (base + ":2,FS"))
        sync()
        kit.wait_flag(token, "\\Flagged")
        with kit.server.imap(1, "INBOX") as m:
            ok(m.uid("STORE", kit.find(token)[0][0], "-FLAGS", "(\\Flagged)"), "STORE")
            ok(m.uid("STORE", kit.find(token)[0][0], "+FLAGS", "(\\Answered)"), "STORE")
        sync()
        need(holding(token)[0].name.endswith(":2,RS"), holding(token)[0].name)
        return "both ways"

    def folder_append():
        extra = kit.token("offlineimap")
        message = kit.message(extra)
        for s in ("new", "cur", "tmp"):
            (root / BOX / s).mkdir(parents=True)
        (root / BOX / "new/1.a:2,").write_bytes(message.replace(b"\r\n", b"\n"))
        sync()
        found = kit.wait(extra, mailbox=BOX)
        need(len(found) == 1, f"{len(found)} uploads")
        same(found[0][2].replace(b"\r\n", b"\n"), message)
        sync()
        need(len(kit.find(extra, mailbox=BOX)) == 1, "the second sync uploaded it again")
        return "a folder made, a message appended once"

    def move():
        file = holding(token)[0]
        target = root / BOX / "cur" / (re.sub(r",U=\d+,FMD5=[0-9a-f]+", "", file.name) or "2.a:2,S")
        file.rename(target)
        sync()
        sync()
        kit.wait(token, mailbox=BOX)
        kit.wait_gone(token)
        return "from folder to folder: appended there, expunged here"

    def expunge():
        holding(token, BOX)[0].unlink()
        sync()
        kit.wait_gone(token, mailbox=BOX)

    def idle():
        with running(kit, ["offlineimap", "-c", config('idlefolders = ["INBOX"]'), "-u", "basic"]) as log:
            first, _ = kit.seed("offlineimap")
            kit.until(lambda: holding(first), f"nothing came: {tail(log())}")
            time.sleep(2)  # it goes into IDLE
            extra, _ = kit.seed("offlineimap")
            start = time.monotonic()
            kit.until(lambda: holding(extra), f"not pulled: {tail(log())}")
            return f"pulled {time.monotonic() - start:.1f} s after its delivery"

    if not report.step("pull", pull):
        return
    for step in (flags, folder_append, move, expunge, idle):
        report.step(step.__name__.replace("_", "-"), step)
    kit.drop_mailbox(BOX)


@contextlib.contextmanager
def running(kit, argv):
    """A program in the background; gives what it has printed so far, and ends it."""
    path = kit.work / "background.log"
    with path.open("wb") as out:
        p = subprocess.Popen(
            [str(a) for a in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, HOME=str(kit.work), LC_ALL="C.UTF-8"),
            cwd=kit.work,
        )
    try:
        yield path.read_bytes
    finally:
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


def same(got, want):
    """Equal but for line ends and the field by which offlineimap finds its own uploads."""
    plain = [
        re.sub(rb"(?im)^X-OfflineIMAP: .*\n", b"", octets.replace(b"\r\n", b"\n")).rstrip(b"\n")
        for octets in (got, want)
    ]
    need(plain[0] == plain[1], f"the octets differ: {tail(got)}")


def getmail(kit, report):
    kit.missing("getmail")
    home = kit.work / "getmail-imap"
    home.mkdir(mode=0o700)
    (home / "mail").mkdir()

    def rc(name, options, retriever=""):
        return kit.secret_file(
            f"getmail-imap/{name}.rc",
            f"""[retriever]
type = SimpleIMAPSSLRetriever
server = {kit.server.host}
port = {kit.server.ports["imaps"]}
username = {kit.server.users[1][0]}
password = {kit.server.users[1][1]}
ca_certs = {kit.server.ca}
ssl_cert_hostname = {kit.server.host}
timeout = 60
{retriever}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {home}/mail/$$")
allow_root_commands = true
[options]
delivered_to = false
received = false
{options}
""",
        )

    def taken():
        found = [path.read_bytes() for path in sorted((home / "mail").iterdir())]
        for path in (home / "mail").iterdir():
            path.unlink()
        return found

    def fetch(*args):
        kit.sh(["getmail", "--getmaildir", home, "--rcfile", rc(*args)])
        return taken()

    def once(found, raw):
        need(len(found) == 1, f"{len(found)} messages")
        got = re.sub(rb"(?im)^X-getmail-[^\n]*\n", b"", found[0])  # a field of its own
        need(got.rstrip() == raw.replace(b"\r\n", b"\n").rstrip(), f"differs: {got[:600]}")

    def keep():
        kit.clean()
        token, raw = kit.seed("getmail")
        once(fetch("keep", "read_all = false"), raw)
        kit.wait_flag(token, "\\Seen", present=False)
        need(not fetch("keep", "read_all = false"), "the second run fetched it again")
        return "fetched once, by BODY.PEEK[]"

    def delete():
        kit.clean()
        token, raw = kit.seed("getmail")
        once(fetch("delete", "delete = true"), raw)
        kit.wait_gone(token)
        return "STORE and EXPUNGE"

    def move():
        kit.clean()
        kit.drop_mailbox(BOX)
        with kit.server.imap(1) as m:
            ok(m.create(BOX), "CREATE")
        token, raw = kit.seed("getmail")
        once(fetch("move", "delete = true", f"move_on_delete = {BOX}"), raw)
        kit.wait_gone(token)
        need(kit.wait(token, mailbox=BOX)[0][2] == raw, "the copy differs")
        return "COPY, STORE and EXPUNGE"

    def search():
        kit.clean()
        seen, _ = kit.seed("getmail")
        with kit.server.imap(1, "INBOX") as m:
            ok(m.store("1", "+FLAGS", "(\\Seen)"), "STORE")
        _, raw = kit.seed("getmail")
        once(fetch("search", "read_all = true", "imap_search = UNSEEN"), raw)
        return "UNSEEN only"

    def every_mailbox():
        kit.clean()
        token, raw = kit.seed("getmail")
        with kit.server.imap(1) as m:
            ok(m.create(BOX), "CREATE")
            ok(m.append(BOX, None, None, raw), "APPEND")
        need(len(fetch("all", "read_all = true", 'mailboxes = ("ALL",)')) >= 2, "a mailbox is left out")
        kit.drop_mailbox(BOX)
        return "by LIST"

    def idle():
        kit.clean()
        argv = ["getmail", "--getmaildir", home, "--rcfile", rc("idle", "read_all = false"), "--idle", "INBOX"]
        with running(kit, argv) as log:
            first, _ = kit.seed("getmail")
            kit.until(lambda: any(first.encode() in one for one in contents()), f"nothing came: {tail(log())}")
            time.sleep(1)
            second, _ = kit.seed("getmail")
            start = time.monotonic()
            kit.until(lambda: any(second.encode() in one for one in contents()), f"not woken: {tail(log())}")
            took = time.monotonic() - start
        taken()
        return f"fetched {took:.1f} s after its delivery"

    def contents():
        return [path.read_bytes() for path in (home / "mail").iterdir()]

    for step in (keep, delete, move, search, every_mailbox, idle):
        report.step("imaps-" + step.__name__.replace("_", "-"), step)
