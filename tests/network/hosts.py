"""The hosts of the network, and what the name server says of them."""

import contextlib
import http.server
import imaplib
import os
import pwd
import re
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import exim
import postfix
from kit import need

DNS = "127.0.1.53"

ZONE = """\
$ORIGIN test.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 1
@ NS ns
ns A {dns}
; strangers may not write in these names
strict TXT "v=spf1 -all"
_dmarc.strict TXT "v=DMARC1; p=reject"
soft TXT "v=spf1 -all"
_dmarc.soft TXT "v=DMARC1; p=quarantine"
; takes no mail (RFC 7505)
null MX 0 .
; nobody answers at the first host
failover MX 10 dead.failover
failover MX 20 mx.b
dead.failover A 127.0.1.9
; the way is by a smarthost
smart MX 10 mx.b
grey MX 10 mx.grey
; MTA-STS: both of b's names are in the policy of the first, the host of the other has no TLS
_mta-sts.sts TXT "v=STSv1; id=1;"
mta-sts.sts A 127.0.1.6
sts MX 10 mx.b
_mta-sts.sts-clear TXT "v=STSv1; id=1;"
mta-sts.sts-clear A 127.0.1.7
sts-clear MX 10 mx.grey
_mta-sts.sts-other TXT "v=STSv1; id=1;"
mta-sts.sts-other A 127.0.1.7
sts-other MX 10 mx.exim
mx.grey A 127.0.1.5
"""

HOST = """\
{name} MX 10 mx.{name}
mx.{name} A {address}
{name} TXT "v=spf1 ip4:{address} -all"
mx.{name} TXT "v=spf1 a -all"
_dmarc.{name} TXT "v=DMARC1; p=reject"
"""

NSD = """\
server:
  ip-address: {dns}
  port: 53
  username: ""
  chroot: ""
  zonesdir: "{home}"
  database: ""
  pidfile: "{home}/pid"
  xfrdfile: "{home}/xfrd"
  zonelistfile: "{home}/zones.list"
  logfile: "{home}/log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "test"
  zonefile: "zone"
"""


def names(stage, ours):
    """Starts the name server, and has everything here ask it."""
    home = stage.folder / "dns"
    home.mkdir()
    addresses = {"a": "127.0.1.1", "b": "127.0.1.2", "postfix": "127.0.1.3", "exim": "127.0.1.4"}
    zone = ZONE.format(dns=DNS)
    zone += "".join(HOST.format(name=n, address=a) for n, a in addresses.items())
    for host in ours:
        zone += "".join(host.keys)
    (home / "zone").write_text(zone)
    (home / "nsd.conf").write_text(NSD.format(dns=DNS, home=home))
    child = stage.spawn(["/usr/sbin/nsd", "-d", "-c", home / "nsd.conf"], home / "output")
    resolver = home / "resolv.conf"
    resolver.write_text(f"nameserver {DNS}\n")
    subprocess.run(["mount", "--bind", resolver, os.path.realpath("/etc/resolv.conf")], check=True)
    for _ in range(100):
        try:
            if socket.gethostbyname("mx.a.test") == addresses["a"]:
                return
        except OSError:
            need(child.poll() is None, (home / "output").read_text())
            threading.Event().wait(0.1)
    raise need(False, "the name server does not answer: " + (home / "output").read_text())


OURS = """\
hostname = "mx.{domain}"
domains = ["{domain}"]
data = "{home}/data"
listen = ["{address}"]
[ports]
smtp = 25
submission = 587
imaps = 993
submissions = "off"
imap = "off"
pop3 = "off"
pop3s = "off"
[tls]
certificate = "{certificate}"
key = "{key}"
[relay]
source = ["{address}"]
ca = "{ca}"
first-retry-seconds = 1
[[relay.routes]]
domains = ["smart.test"]
host = "mx.exim.test"
port = 587
user = "smart"
password-file = "{home}/smart"
[checks]
exempt = []
[accounts]
ready-made = false
[limits]
# A single user has thousands of messages wait.
user-recipients-per-hour = 0
"""


class Ours:
    def __init__(self, stage, program, number):
        self.stage, self.program = stage, program
        letter = "ab"[number - 1]
        self.name, self.domain, self.address = letter, f"{letter}.test", f"127.0.1.{number}"
        self.user = f"alice@{self.domain}"
        home = stage.folder / letter
        home.mkdir()
        certificate, key = stage.certificate(f"mx.{self.domain}", home)
        self.configuration, self.output = home / "mail.toml", home / "output"
        (home / "smart").write_text("smart-secret\n")
        settings = dict(domain=self.domain, home=home, address=self.address, ca=stage.ca)
        self.configuration.write_text(OURS.format(**settings, certificate=certificate, key=key))
        self.command("user", "add", self.user, "--password-stdin", stdin=b"secret\n")
        records = [line.split("  ") for line in self.command("dkim", "add").splitlines()]
        self.keys = [
            f"{record[1].replace('DOMAIN', letter)} TXT {quoted(record[2])}\n"
            for record in records
            if record[0] == ""
        ]
        need(len(self.keys) == 2, records)

    def command(self, *words, stdin=b""):
        argv = [self.program, "--config", self.configuration, *words]
        return self.stage.run(argv, stdin)

    def start(self):
        argv = [self.program, "--config", self.configuration, "--log", "debug"]
        self.child = self.stage.spawn(argv, self.output)
        self.stage.await_greeting(self.child, 25, self.output, self.address)

    def lines(self, word):
        """Of its log, with this word."""
        return [line for line in self.output.read_text().splitlines() if word in line]

    def kill(self):
        """As `kill -9` does it."""
        self.child.kill()
        self.child.wait(10)

    @contextlib.contextmanager
    def session(self):
        context = ssl.create_default_context(cafile=self.stage.ca)
        with smtplib.SMTP(f"mx.{self.domain}", 587, timeout=20) as s:
            s.starttls(context=context)
            s.login(self.user, "secret")
            yield s

    def submit(self, recipients, raw):
        with self.session() as s:
            refused = s.sendmail(self.user, recipients, raw)
            need(not refused, f"{refused}")

    def arrivals(self, start):
        """When each message whose subject begins so came, in seconds since 1970."""
        context = ssl.create_default_context(cafile=self.stage.ca)
        found = {}
        with imaplib.IMAP4_SSL(f"mx.{self.domain}", 993, ssl_context=context, timeout=60) as m:
            m.login(self.user, "secret")
            m.select("INBOX", readonly=True)
            parts = m.uid("FETCH", "1:*", "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            for part in parts:
                words = part[1].decode().split() if isinstance(part, tuple) else []
                if len(words) > 1 and words[1].startswith(start):
                    at = time.mktime(imaplib.Internaldate2tuple(part[0]))
                    found.setdefault(words[1], []).append(at)
        return {subject: sorted(times) for subject, times in found.items()}

    def delivered(self, token, mailbox="INBOX"):
        context = ssl.create_default_context(cafile=self.stage.ca)
        with imaplib.IMAP4_SSL(f"mx.{self.domain}", 993, ssl_context=context, timeout=20) as m:
            m.login(self.user, "secret")
            m.select(mailbox, readonly=True)
            found = m.uid("SEARCH", None, "TEXT", token)[1][0].split()
            return [m.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in found]


def quoted(record):
    """RFC 1035 §5.1: strings of at most 255 octets."""
    return " ".join(f'"{record[i : i + 250]}"' for i in range(0, len(record), 250))


class Peer:
    """Postfix or Exim, with the configuration of tests/peers changed to stand in this network."""

    def __init__(self, stage):
        self.stage, self.domain = stage, f"{self.name}.test"
        self.user = f"u01@{self.domain}"
        self.home = stage.folder / self.name
        self.mail = self.home / "mail"
        self.mail.mkdir(parents=True)
        shutil.chown(self.mail, self.owner)
        self.certificate, self.key = stage.certificate(f"mx.{self.domain}", self.home, self.owner)

    def settings(self):
        owner = pwd.getpwnam(self.owner)
        return dict(
            home=self.home, mail=self.mail, host=f"mx.{self.domain}", domain=self.domain,
            certificate=self.certificate, key=self.key, ca=self.stage.ca, ours=25,
            uid=owner.pw_uid, gid=owner.pw_gid, size=10_000_000, taken=10_000_000,
            mx=25, mx_data=26, submission=587,
        )  # fmt: skip

    def start(self):
        self.configure()
        out = self.home / "output"
        self.stage.await_greeting(self.stage.spawn(self.argv, out), 25, out, self.address)

    def submit(self, recipients, raw):
        with smtplib.SMTP(self.address, 587, timeout=20) as s:
            need(not s.sendmail(self.user, recipients, raw), "refused")

    def delivered(self, token, mailbox=""):
        found = [path.read_bytes() for path in (self.mail / "u01" / "new").glob("*")]
        return [octets.replace(b"\n", b"\r\n") for octets in found if token.encode() in octets]


def changed(text, *changes):
    for old, new in changes:
        need(old in text, f"the configuration has no {old!r}")
        text = text.replace(old, new)
    return text


class Postfix(Peer):
    name, address, owner = "postfix", "127.0.1.3", "nobody"

    def configure(self):
        (self.home / "queue").mkdir()
        (self.home / "data").mkdir()
        shutil.chown(self.home / "data", "postfix")
        (self.home / "users").write_text(f"{self.user} u01/\n")
        (self.home / "header_checks").write_text("")
        (self.home / "later").write_text("")
        main = changed(
            postfix.MAIN.format_map(self.settings()),
            ("inet_interfaces = 127.0.0.1", "inet_interfaces = 127.0.1.3"),
            ("smtp_dns_support_level = disabled", "smtp_bind_address = 127.0.1.3"),
            ("transport_maps = inline:{ example.test=smtp:[127.0.0.1]:25 }\n", ""),
            ("smtp_tls_security_level = secure", "smtp_tls_security_level = encrypt"),
        )
        (self.home / "main.cf").write_text(main)
        master = postfix.MASTER.format_map(self.settings()).replace("127.0.0.1:", "127.0.1.3:")
        (self.home / "master.cf").write_text(master)
        self.stage.run(["/usr/sbin/postfix", "-c", self.home, "check"])
        self.argv = ["/usr/lib/postfix/sbin/master", "-c", self.home, "-s"]


# Exim takes mail at port 587 from all the same; who has logged in stands in its trace (RFC 3848).
AUTHENTICATORS = """
begin authenticators

cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{smart}{smart-secret}fail}
  server_set_id = $auth1
"""


class Exim(Peer):
    name, address, owner = "exim", "127.0.1.4", "Debian-exim"

    def configure(self):
        program = Path(os.environ.get("EXIM") or "/usr/sbin/exim4").resolve()
        (self.home / "spool").mkdir()
        for folder in (self.home, self.home / "spool"):
            shutil.chown(folder, self.owner)
        (self.home / "users").write_text("u01: u01\n")
        text = exim.CONFIGURATION.format_map(dict(self.settings(), program=program))
        router = text.index("ours:\n  driver = manualroute")
        text = (
            text[:router]
            + "ours:\n  driver = dnslookup\n  domains = ! exim.test\n  self = send\n"
            + "  transport = ours\n  no_more\n\n"
            + text[text.index("here:\n  driver = accept") :]
        )
        text = changed(
            text,
            ("local_interfaces = 127.0.0.1", "local_interfaces = 127.0.1.4"),
            ("  tls_verify_hosts = *\n", "  tls_try_verify_hosts =\n  interface = 127.0.1.4\n"),
            ("  tls_verify_cert_hostnames =\n", ""),
        )
        text += AUTHENTICATORS
        configuration = self.home / "exim.conf"
        configuration.write_text(text)
        self.argv = [program, "-C", configuration, "-bdf", "-q1s"]

    def connections(self, address):
        """How many there have been from there."""
        log = (self.home / "mainlog").read_text()
        return len(re.findall(rf"SMTP connection from .*\[{re.escape(address)}\].*\(TCP/IP", log))


class PolicyHost:
    """Serves an MTA-STS policy by HTTPS for these domains."""

    def __init__(self, stage, address, domains, policy):
        self.asked = 0
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host.asked += 1
                known = self.path == "/.well-known/mta-sts.txt"
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(policy)))
                self.end_headers()
                self.wfile.write(policy.encode())

            def log_message(self, *_):
                pass

        contexts = {}
        for domain in domains:
            name = f"mta-sts.{domain}"
            home = stage.folder / name
            home.mkdir()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*stage.certificate(name, home))
            contexts[name] = context
        outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        outer.sni_callback = lambda s, name, _: setattr(s, "context", contexts[name])
        self.server = http.server.ThreadingHTTPServer((address, 443), Handler)
        self.server.socket = outer.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Greylist:
    """A host that takes nothing at the first attempt."""

    def __init__(self):
        self.tries, self.messages = [], []
        self.listener = socket.create_server(("127.0.1.5", 25))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as f:
                self._serve(f)

    def _serve(self, f):
        def say(line):
            f.write(line.encode() + b"\r\n")
            f.flush()

        say("220 mx.grey.test")
        while line := f.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                self.tries.append(line)
                say("451 4.7.1 Greylisted" if len(self.tries) == 1 else "250 ok")
            elif verb == b"DATA":
                say("354 go on")
                message = b""
                while (part := f.readline()) not in (b".\r\n", b""):
                    message += part
                self.messages.append(message)
                say("250 ok")
            elif verb == b"QUIT":
                return say("221 bye")
            else:
                say("250 ok")
