"""What all relaying peers share: where they listen, what they were given, what they delivered."""

import email
import grp
import pwd
import shutil
import smtplib

from kit import need
from serve import free_ports
from tap import Tap

TAKEN = 1_300_000  # octets of the largest message the peer takes from outside
SIZE = 10_000_000  # and from its own users
USERS = ["sender", "later", "one"] + [f"u{n:02}" for n in range(1, 41)]


class Peer:
    """Users `u01` to `u40` exist, `no01` and so on do not. `later` is told to come again while the peer is busy; a message
    with a field X-Refuse is refused when it is whole. Port `mx_data` is like `mx` without CHUNKING."""

    users = USERS

    def __init__(self, stage, relay_port, ours_port):
        """Ours reaches the peer at its address and `relay_port`; the peer reaches ours by a tap on `ours_port`."""
        self.stage = stage
        self.home = stage.folder / self.name
        self.mail = self.home / "mail"
        self.mail.mkdir(parents=True)
        shutil.chown(self.mail, self.user if self.exists(self.user) else "root")
        self.mx, self.mx_data, self.submission, inward = free_ports(4)
        self.certificate, self.key = stage.certificate(
            f"mx.{self.domain}", self.home, self.user if self.exists(self.user) else "root"
        )
        self.outward = Tap((self.address, relay_port), ("127.0.0.1", self.mx))
        self.inward = Tap(("127.0.0.1", inward), ("127.0.0.1", ours_port))
        self.ours = inward
        stage.closing += [self.outward.close, self.inward.close]

    @staticmethod
    def exists(user):
        try:
            return bool(pwd.getpwnam(user))
        except KeyError:
            return False

    def settings(self):
        owner = pwd.getpwnam(self.user)
        return dict(
            home=self.home,
            mail=self.mail,
            host=f"mx.{self.domain}",
            domain=self.domain,
            mx=self.mx,
            mx_data=self.mx_data,
            submission=self.submission,
            ours=self.ours,
            ca=self.home / "ours.pem",
            certificate=self.certificate,
            key=self.key,
            uid=owner.pw_uid,
            gid=grp.getgrgid(owner.pw_gid).gr_gid,
            size=SIZE,
            taken=TAKEN,
        )

    def start(self, ca_of_ours):
        shutil.copy(ca_of_ours, self.home / "ours.pem")
        self.configure()
        out = self.home / "output"
        child = self.stage.spawn(self.command(), out)
        for port in (self.mx, self.mx_data, self.submission):
            self.stage.await_greeting(child, port, out)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def submit(self, sender, recipients, raw):
        """Hands a message to the peer, as one of its own users would; it must take all recipients."""
        with smtplib.SMTP("127.0.0.1", self.submission, timeout=30) as s:
            options = [] if raw.isascii() else ["BODY=8BITMIME"]
            refused = s.sendmail(sender, recipients, raw, mail_options=options)
            need(not refused, f"{self.name} refused {refused}")

    def delivered(self, user, token):
        """The messages of a user that hold the token, with the line ends they travelled with."""
        found = []
        for path in sorted((self.mail / user / "new").glob("*")):
            octets = path.read_bytes().replace(b"\n", b"\r\n")
            if token.encode() in octets:
                found.append(octets)
        return found


def reported(octets):
    """{recipient: (action, status, diagnostic)} of a delivery report (RFC 3464), or None if it is something else."""
    message = email.message_from_bytes(octets)
    if message.get_content_type() != "multipart/report":
        return None
    found = {}
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            for group in part.get_payload():
                if to := group.get("Final-Recipient"):
                    address = to.partition(";")[2].strip()
                    need(address not in found, f"{address} is reported twice in one report")
                    fields = ("Action", "Status", "Diagnostic-Code")
                    found[address] = tuple((group.get(f) or "").strip() for f in fields)
    return found
