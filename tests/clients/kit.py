"""What every client test shares: the server under test, the report, test messages, and a reader of mailboxes."""

import contextlib
import email.policy
import email.utils
import imaplib
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

# imaplib refuses lines over 1 MB by default; a FETCH of a big mailbox is no error of the server.
imaplib._MAXLINE = 50_000_000

PORTS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")


class Skip(Exception):
    """This step cannot be done here; the text says why."""


class Fail(Exception):
    """The step was done and the result is wrong."""


def need(condition, why):
    if not condition:
        raise Fail(why)


@dataclass
class Server:
    """Where one server listens and who has an account there."""

    host: str
    ports: dict
    ca: str
    domain: str
    users: list  # (address, password)
    context: ssl.SSLContext = field(init=False)

    def __post_init__(self):
        self.ca = str(Path(self.ca).resolve())  # the clients run in a folder of their own
        self.context = ssl.create_default_context(cafile=self.ca)

    def address(self, n):
        return self.users[n][0]

    def imap(self, n, mailbox=None, readonly=False, timeout=30):
        """A logged-in IMAPS session of user `n`, with `mailbox` selected, which logs out by itself."""
        return _imap_session(self, n, mailbox, readonly, timeout)

    def submit(self, sender, recipients, raw, user=0, implicit_tls=False):
        """Submit with smtplib; every recipient must be taken."""
        if implicit_tls:
            s = smtplib.SMTP_SSL(
                self.host, self.ports["submissions"], context=self.context, timeout=30
            )
        else:
            s = smtplib.SMTP(self.host, self.ports["submission"], timeout=30)
            s.starttls(context=self.context)
        with s:
            s.login(*self.users[user])
            refused = s.sendmail(sender, recipients, raw)
            need(not refused, f"recipients refused: {refused}")
            return s.esmtp_features


@contextlib.contextmanager
def _imap_session(server, n, mailbox, readonly, timeout):
    m = imaplib.IMAP4_SSL(
        server.host, server.ports["imaps"], ssl_context=server.context, timeout=timeout
    )
    try:
        m.login(*server.users[n])
        if mailbox:
            ok(m.select(f'"{mailbox}"', readonly=readonly), f"SELECT {mailbox}")
        yield m
    finally:
        with contextlib.suppress(Exception):
            m.logout()


def ok(answer, what):
    """The data of an imaplib answer, which must be OK."""
    status, data = answer
    need(status == "OK", f"{what}: {status} {data}")
    return data


def fetched(data):
    """The literals of an imaplib FETCH answer, joined."""
    return b"".join(part[1] for part in data if isinstance(part, tuple))


def fetched_head(data):
    """All of an imaplib FETCH answer but its literals."""
    return b" ".join(part[0] if isinstance(part, tuple) else part for part in data if part)


class Report:
    """Prints one line a step and counts verdicts."""

    def __init__(self, verbose=False):
        self.counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
        self.verbose = verbose
        self.client = "?"

    def line(self, verdict, step, detail=""):
        self.counts[verdict] += 1
        text = " ".join(str(detail).split())[:400]
        print(f"{verdict} {self.client} {step} {text}".rstrip(), flush=True)
        return verdict == "PASS"

    def step(self, name, action, *args):
        """Run `action`; what it returns is the detail of the PASS line."""
        start = time.monotonic()
        try:
            detail = action(*args) or ""
        except Skip as why:
            return self.line("SKIP", name, why)
        except Exception as why:  # a client library's own exception is a failed step too
            if self.verbose:
                traceback.print_exc()
            return self.line("FAIL", name, f"{type(why).__name__}: {why}")
        return self.line("PASS", name, f"{detail} [{time.monotonic() - start:.2f}s]")

    def steps(self, prefix, kit, actions):
        """Run each function as a step named after it."""
        for action in actions:
            self.step(prefix + action.__name__.replace("_", "-"), action, kit)


class Kit:
    """The servers, a working folder, and helpers that speak of users by number: 0 alice, 1 bob, 2 carol.

    `server` is the one under test; `peer` (or None) holds the second domain.
    """

    def __init__(self, server, peer=None, start=None, strict=False, timeout=20):
        self.server, self.peer, self.start, self.strict, self.timeout = (
            server,
            peer,
            start,
            strict,
            timeout,
        )
        self.work = Path(tempfile.mkdtemp(prefix="mail-clients-"))
        self.serial = 0
        # Every octet value, lines of dots as raw data, and more than one buffer's worth of noise.
        self.blob = bytes(range(256)) * 40 + os.urandom(20_000) + b"\r\n.\r\n..\r\n\n.\n"
        self.text = (
            "First line.\n.\n..two dots\n.leading dot\nFrom the start of a line\nGrüße aus Köln\n"
            + "x" * 900
            + "\nlast\n"
        )

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)

    def missing(self, program):
        """Skips the step when a client is not installed, or fails it when every client is demanded."""
        if shutil.which(program) is None:
            raise (Fail if self.strict else Skip)(f"{program} is not installed")

    def token(self, client):
        """A word found in no other message; it goes into the Subject."""
        self.serial += 1
        return f"t{os.getpid()}n{self.serial}{re.sub('[^a-z0-9]', '', client)}"

    def message(self, token, bcc=False, to=None):
        """An 8-bit message with CRLF line ends, an attachment, and lines that transports like to damage."""
        m = EmailMessage(policy=email.policy.SMTP.clone(cte_type="8bit"))
        m["From"] = f"Alice <{self.server.address(0)}>"
        m["To"] = to or f"Bob <{self.server.address(1)}>"
        m["Cc"] = f"Carol <{self.server.address(2)}>"
        if bcc:
            m["Bcc"] = f"Alice again <{self.server.address(0)}>"
        m["Subject"] = token
        m["Date"] = email.utils.formatdate()
        m["Message-ID"] = f"<{token}@clients.test>"
        m.set_content(self.text, cte="8bit")
        m.add_attachment(
            self.blob, maintype="application", subtype="octet-stream", filename="blob.bin"
        )
        return m.as_bytes()

    # -- reading back

    def find(self, token, user=1, mailbox="INBOX", server=None):
        """[(uid, flags, octets)] of the messages whose Subject holds the token; sets no flag."""
        with (server or self.server).imap(user, mailbox, readonly=True) as m:
            found = []
            for uid in ok(m.uid("SEARCH", None, "HEADER", "Subject", token), "UID SEARCH")[
                0
            ].split():
                data = ok(m.uid("FETCH", uid, "(FLAGS BODY.PEEK[])"), "UID FETCH")
                flags = re.search(rb"FLAGS \(([^)]*)\)", fetched_head(data))
                found.append(
                    (uid.decode(), flags.group(1).decode().split() if flags else [], fetched(data))
                )
            return found

    def wait(self, token, user=1, mailbox="INBOX", count=1, server=None):
        """`find`, until `count` messages are there."""
        return self.until(
            lambda: (lambda f: f if len(f) >= count else None)(
                self.find(token, user, mailbox, server)
            ),
            f"{token} has not arrived in {mailbox} of user {user}",
        )

    def once(self, token, sent):
        """It is there, once, and whole."""
        found = self.find(token)
        need(len(found) == 1, f"{len(found)} copies of an acknowledged message")
        need(found[0][2].endswith(sent), "the octets differ")

    def wait_gone(self, token, user=1, mailbox="INBOX"):
        self.until(
            lambda: not self.find(token, user, mailbox),
            f"{token} is still in {mailbox} of user {user}",
        )

    def wait_flag(self, token, flag, present=True, user=1, mailbox="INBOX"):
        def look():
            found = self.find(token, user, mailbox)
            need(found, f"{token} has left {mailbox}")
            return (flag.lower() in [f.lower() for f in found[0][1]]) == present

        self.until(look, f"{flag} is {'absent' if present else 'present'} on {token}")

    def until(self, look, why):
        end = time.monotonic() + self.timeout
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > end:
                raise Fail(f"{why} after {self.timeout} s")
            time.sleep(0.05)

    def seed(self, client, user=1):
        """Deliver one message to `user` by submission; returns its token and the octets as stored."""
        token = self.token(client)
        self.server.submit(self.server.address(0), [self.server.address(user)], self.message(token))
        return token, self.wait(token, user)[0][2]

    def need_absent(self, token, why):
        """Nothing of it is in any mailbox; a delivery in between gives a slow store time to show it."""
        self.seed("absent")
        for user in (0, 1, 2):
            need(not self.find(token, user), why)

    def mailboxes(self, user=1):
        with self.server.imap(user) as m:
            lines = [
                x[0] + x[1] if isinstance(x, tuple) else x
                for x in ok(m.list('""', "*"), "LIST")
                if x
            ]
            return [re.search(rb'"?([^" ]+)"?$', x).group(1).decode() for x in lines]

    def drop_mailbox(self, name, user=1):
        if name in self.mailboxes(user):
            with self.server.imap(user) as m:
                ok(m.delete(f'"{name}"'), f"DELETE {name}")

    def clean(self):
        """Empty every INBOX of the test users and remove the folders a stopped run left behind."""
        for server in filter(None, (self.server, self.peer)):
            for n in range(len(server.users)):
                with server.imap(n, "INBOX") as m:
                    if ok(m.uid("SEARCH", None, "ALL"), "UID SEARCH")[0]:
                        ok(m.uid("STORE", "1:*", "+FLAGS.SILENT", "(\\Deleted)"), "UID STORE")
                        ok(m.expunge(), "EXPUNGE")
        for n in range(len(self.server.users)):
            for name in self.mailboxes(n):
                if name.startswith("ct-"):
                    self.drop_mailbox(name, n)

    # -- what a submitted message must look like on arrival

    def check_submitted(self, report, step, token, raw):
        """To, Cc and Bcc have it once, unchanged below the trace fields, and nobody sees a Bcc field."""
        expected = without_bcc(raw)

        def delivered():
            for user, name in ((1, "To"), (2, "Cc"), (0, "Bcc")):
                found = self.wait(token, user)
                need(len(found) == 1, f"{len(found)} copies for {name}")
            return "one copy each for To, Cc and Bcc"

        def intact():
            for user in (0, 1, 2):
                same_below_trace(self.find(token, user)[0][2], expected)
            return f"{len(expected)} octets as sent"

        def blind():
            for user in (0, 1, 2):
                head = self.find(token, user)[0][2].split(b"\r\n\r\n")[0]
                need(not re.search(rb"(?im)^bcc\s*:", head), f"user {user} sees a Bcc field")
            return "no Bcc field for anyone"

        if report.step(f"{step}.delivered", delivered):
            report.step(f"{step}.identical", intact)
            report.step(f"{step}.bcc-unseen", blind)

    def sh(self, argv, stdin=None, allow=(0,), env=None, timeout=120):
        """Run a client to its end; returns what it printed."""
        environment = dict(os.environ, LC_ALL="C.UTF-8", HOME=str(self.work), **(env or {}))
        given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        try:
            p = subprocess.run(
                [str(a) for a in argv],
                **given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self.work,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as e:
            raise Fail(f"{argv[0]} did not end in {timeout} s: {tail(e.output or b'')}") from None
        need(p.returncode in allow, f"{argv[0]} ended with {p.returncode}: {tail(p.stdout)}")
        return p.stdout

    def secret_file(self, name, text):
        path = self.work / name
        path.write_text(text)
        path.chmod(0o600)
        return path


def tail(octets, n=300):
    return " ".join(octets.decode("utf-8", "replace").split())[-n:]


def without_bcc(raw):
    """The message less its Bcc field, which a submission server or the client takes out."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    return re.sub(rb"(?im)^bcc\s*:.*\r\n([ \t].*\r\n)*", b"", head + b"\r\n")[:-2] + blank + body


def same_below_trace(stored, sent):
    """Every octet as sent, with trace fields (RFC 5321 §4.4) on top and nothing else changed."""
    if not stored.endswith(sent):
        at = next(
            (i for i, (a, b) in enumerate(zip(reversed(stored), reversed(sent))) if a != b),
            len(sent),
        )
        raise Fail(
            f"differs {at} octets before the end: stored …{stored[len(stored) - at - 30 :][:60]!r}, "
            f"sent …{sent[max(0, len(sent) - at - 30) :][:60]!r}"
        )
    trace = stored[: len(stored) - len(sent)]
    for line in re.split(rb"\r\n(?![ \t])", trace)[:-1]:
        need(
            re.match(
                rb"(?i)(received|return-path|delivered-to|authentication-results|x-[a-z-]+)\s*:",
                line,
            ),
            f"unexpected line on top: {line[:80]!r}",
        )
