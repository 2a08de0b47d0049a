"""A scanner nobody here wrote: rspamd from Debian looks at what comes in, and what it says is done."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from kit import Fail, Kit, Skip, need
from serve import Process, free_ports
from wire import Smtp

CONFIG = """
options {{ pidfile = "{folder}/pid"; filters = "regexp"; dns {{ timeout = 1s; nameserver = ["127.0.0.1:1:10"]; }} }}
logging {{ type = "file"; filename = "{folder}/log"; level = "info"; }}
actions {{ reject = 15; add_header = 6; greylist = null; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
modules {{ path = "/usr/share/rspamd/lualib"; }}
regexp {{ MONEY {{ re = "Subject=/free money/i"; score = 7.0; }} }}
"""
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def run(kit, report):
    if kit.start is None:
        raise (Fail if kit.strict else Skip)("needs --start BINARY")
    if shutil.which("rspamd") is None:
        raise (Fail if kit.strict else Skip)("rspamd is not installed")
    folder = Path(tempfile.mkdtemp(prefix="mail-scanner-"))
    folder.chmod(0o755)
    scanner = server = own = None
    try:
        (port,) = free_ports(1)
        scanner = start(folder / "rspamd", port)
        settings = folder / "settings.toml"
        settings.write_text(f"[filter]\nrspamd = 'http://127.0.0.1:{port}'\n")
        server = Process(
            kit.start, folder / "data", "example.test", extra=["--config", str(settings)]
        )
        own = Kit(server.start(), timeout=kit.timeout)
        for step in (good_mail_comes_in, spam_is_put_aside, worse_is_refused, user_is_scanned_too):
            report.step(step.__name__.replace("_", "-"), step, own)
        report.step("without-it-mail-waits", without_it_mail_waits, own, scanner)
    finally:
        if own:
            own.close()
        if server:
            server.stop()
        if scanner and scanner.poll() is None:
            stop(scanner)
        shutil.rmtree(folder, ignore_errors=True)


def start(folder, port):
    folder.mkdir()
    folder.chmod(0o777)
    config = folder / "rspamd.conf"
    config.write_text(CONFIG.format(folder=folder, port=port))
    words = ["rspamd", "-c", str(config), "-f", "--insecure", "-u", "_rspamd", "-g", "_rspamd"]
    # A session of its own: its workers are to be ended with it.
    quiet = dict(stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child = subprocess.Popen(words, start_new_session=True, **quiet)
    end = time.monotonic() + 60
    while time.monotonic() < end and child.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).read()
            return child
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    stop(child)
    raise Fail("rspamd did not come up")


def stop(child):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def bring(kit, token, subject, text, codes, enhanced=""):
    server = kit.server
    with Smtp(server) as s:
        s.envelope("stranger@elsewhere.example", server.users[1][0])
        s.command("DATA", 354)
        raw = f"Subject: {subject} {token}\r\nFrom: x@elsewhere.example\r\n\r\n{text}\r\n."
        return s.command(raw, codes, enhanced)


def good_mail_comes_in(kit):
    token = kit.token("scanner")
    bring(kit, token, "hello", "Hello", 250)
    kit.wait(token)
    _, _, raw = kit.find(token)[-1]
    need(b"X-Spam-Status: No, score=0.00 required=15.00\r\n" in raw, f"no verdict in {raw[:400]!r}")
    return "with its verdict above it"


def spam_is_put_aside(kit):
    token = kit.token("scanner")
    bring(kit, token, "free money", "Hello", 250)
    kit.wait(token, mailbox="Junk")
    kit.need_absent(token, "spam lies in INBOX")
    return "in Junk"


def worse_is_refused(kit):
    token = kit.token("scanner")
    reply = bring(kit, token, "hello", GTUBE, 550, "5.7.1")
    need("Gtube" in str(reply), f"not the scanner's words: {reply}")
    return str(reply)


def user_is_scanned_too(kit):
    server = kit.server
    raw = f"Subject: hello\r\nFrom: {server.users[0][0]}\r\n\r\n{GTUBE}\r\n".encode()
    try:
        server.submit(server.users[0][0], [server.users[1][0]], raw)
    except Exception as error:  # smtplib has an exception of its own for each step
        need("5.7.1 Gtube" in str(error), f"refused otherwise: {error}")
        return "refused"
    raise Fail("spam of a user was taken")


def without_it_mail_waits(kit, scanner):
    stop(scanner)
    reply = bring(kit, kit.token("scanner"), "hello", "Hello", 451, "4.7.1")
    return str(reply)
