"""Dovecot as a peer that takes mail by LMTP and shows it by IMAP and POP3."""

import imaplib
import pwd
import shutil

from kit import ok
from serve import free_ports

# Nothing is chrooted and no port of the system is bound; passwords are as open as everything here.
CONFIGURATION = """\
base_dir = {home}/run
state_dir = {home}/state
instance_name = peers
log_path = {home}/log
protocols = imap lmtp pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256
first_valid_uid = 1
mail_location = maildir:{home}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
mail_plugins = quota
lmtp_rcpt_check_quota = no
plugin {{
  quota = maildir:all
  quota_grace = 0
}}
hostname = mx.dovecot.test
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {home}/users
}}
userdb {{
  driver = passwd-file
  args = {home}/users
  default_fields = uid={uid} gid={gid} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
# These have a tree that our store has open too.
SHARED = ["shared1", "shared2"]
USERS = [f"u{n:02}" for n in range(1, 21)]
# Nobody but our IMAP client writes to this one.
CLIENT = "client"
# This one has room for a kilobyte. Dovecot finds out when the message is there.
FULL = "full"


class Dovecot:
    name, domain = "dovecot", "dovecot.test"

    def __init__(self, stage, folder=name, lmtp=None):
        """By LMTP it listens there, or on a free port."""
        self.stage, self.lmtp_port = stage, lmtp
        self.home = stage.folder / folder
        (self.home / "mail").mkdir(parents=True)

    def start(self, text=CONFIGURATION):
        if shutil.which("dovecot", path="/usr/sbin") is None:
            self.stage.missing("dovecot is not installed")
        self.imap_port, self.imaps_port, self.pop3_port, self.pop3s_port = free_ports(4)
        self.lmtp_port = self.lmtp_port or free_ports(1)[0]
        owner = pwd.getpwnam("nobody")
        shutil.chown(self.home / "mail", owner.pw_uid, owner.pw_gid)
        certificate, key = self.stage.certificate("localhost", self.home)
        (self.home / "users").write_text(
            "".join(f"{user}@{self.domain}:secret::::::\n" for user in [*USERS, *SHARED, CLIENT])
            + f"{FULL}@{self.domain}:secret::::::userdb_quota_rule=*:storage=1K\n"
        )
        configuration = self.home / "dovecot.conf"
        configuration.write_text(
            text.format(
                home=self.home,
                certificate=certificate,
                key=key,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                imap=self.imap_port,
                imaps=self.imaps_port,
                lmtp=self.lmtp_port,
                pop3=self.pop3_port,
                pop3s=self.pop3s_port,
            )
        )
        log = self.home / "log"
        log.touch()
        child = self.child = self.stage.spawn(["/usr/sbin/dovecot", "-F", "-c", configuration], log)
        self.stage.await_greeting(child, self.imap_port, log)
        self.stage.await_greeting(child, self.lmtp_port, log)
        self.stage.await_greeting(child, self.pop3_port, log)

    def stop(self):
        """Before the stage ends it."""
        self.child.terminate()
        self.child.wait(20)

    def delivered(self, user, token):
        """The messages of a user that have the token in their Subject, read back by IMAP."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as m:
            m.login(f"{user}@{self.domain}", "secret")
            ok(m.select("INBOX", readonly=True), "SELECT")
            uids = ok(m.uid("SEARCH", None, "HEADER", "Subject", token), "SEARCH")[0].split()
            return [m.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1] for uid in uids]
