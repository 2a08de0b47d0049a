"""Postfix as a peer: its own configuration, queue and log; the system's is not touched."""

import shutil

from peer import Peer

MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = {host}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
notify_classes =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:{home}/later
smtpd_soft_error_limit = 200
smtpd_hard_error_limit = 500
header_checks = regexp:{home}/header_checks
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {mail}
virtual_mailbox_maps = texthash:{home}/users
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
transport_maps = inline:{{ example.test=smtp:[127.0.0.1]:{ours} }}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_loglevel = 1
smtp_tls_security_level = secure
smtp_tls_CAfile = {ca}
smtp_tls_secure_cert_match = mx.example.test
smtp_tls_loglevel = 1
"""

# The process that answers from outside takes one connection, so that it sees every change of `later`.
MASTER = """\
127.0.0.1:{mx} inet n - n - - smtpd -o max_use=1 -o smtpd_tls_security_level=encrypt -o message_size_limit={taken}
127.0.0.1:{mx_data} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_discard_ehlo_keywords=chunking
127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_recipient_restrictions= -o smtpd_reject_unlisted_recipient=no
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Peer):
    name, domain, address = "postfix", "postfix.test", "127.0.0.2"
    user = "nobody"

    def configure(self):
        if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None:
            self.stage.missing("postfix is not installed")
        (self.home / "queue").mkdir()
        (self.home / "data").mkdir()
        shutil.chown(self.home / "data", "postfix")
        (self.home / "users").write_text(
            "".join(f"{user}@{self.domain} {user}/\n" for user in self.users)
        )
        (self.home / "header_checks").write_text("/^X-Refuse:/ REJECT 5.7.1 Not such content\n")
        self.be_busy(False)
        (self.home / "main.cf").write_text(MAIN.format_map(self.settings()))
        (self.home / "master.cf").write_text(MASTER.format_map(self.settings()))

    def be_busy(self, busy):
        line = f"later@{self.domain} 450 4.2.1 Busy, come again\n"
        (self.home / "later").write_text(line if busy else "")

    def chunked(self):
        return self.log().count(" bdat=")

    def command(self):
        """The process that starts all others, itself and in the foreground: its process id is the one to stop."""
        self.stage.run(["/usr/sbin/postfix", "-c", self.home, "check"])
        return ["/usr/lib/postfix/sbin/master", "-c", self.home, "-s"]

    @property
    def log_file(self):
        return self.home / "log"
