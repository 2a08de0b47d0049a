"""Exim as a peer. Its package cannot be installed beside Postfix's, but its program runs from anywhere."""

import os
import pwd
import re
import shutil
from pathlib import Path

from peer import Peer

CONFIGURATION = r"""
exim_path = {program}
primary_hostname = {host}
qualify_domain = {domain}
spool_directory = {home}/spool
log_file_path = {home}/%slog
log_selector = +tls_cipher +smtp_connection +pipelining
local_interfaces = 127.0.0.1
daemon_smtp_ports = {mx} : {mx_data} : {submission}
deliver_drop_privilege
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
recipients_max = 1000
message_size_limit = ${{if ={{$received_port}}{{{mx}}}{{{taken}}}{{{size}}}}}
tls_advertise_hosts = *
chunking_advertise_hosts = ${{if ={{$received_port}}{{{mx}}}{{*}}}}
tls_certificate = {certificate}
tls_privatekey = {key}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data

begin acl

mail:
  deny condition = ${{if and{{{{!={{$received_port}}{{{submission}}}}}{{eq{{$tls_in_cipher}}{{}}}}}}}}
       message = TLS first
  accept

rcpt:
  accept condition = ${{if ={{$received_port}}{{{submission}}}}}
  defer local_parts = later
        condition = ${{if exists{{{home}/busy}}}}
        message = Busy, come again
  accept domains = {domain}
         local_parts = lsearch;{home}/users
  deny message = No such user

data:
  deny condition = ${{if and{{{{={{$received_port}}{{{mx}}}}}{{def:h_X-Refuse:}}}}}}
       message = Not such content
  accept

begin routers

ours:
  driver = manualroute
  domains = example.test
  route_list = * 127.0.0.1::{ours} byname
  self = send
  transport = ours

here:
  driver = accept
  domains = {domain}
  local_parts = lsearch;{home}/users
  transport = maildir

begin transports

ours:
  driver = smtp
  allow_localhost
  hosts_require_tls = *
  tls_verify_hosts = *
  tls_verify_certificates = {ca}
  tls_verify_cert_hostnames =
  max_rcpt = 0

maildir:
  driver = appendfile
  directory = {mail}/$local_part_data
  maildir_format
  create_directory
  directory_mode = 0755
  return_path_add

begin retry

* * F,1h,1s
"""


class Exim(Peer):
    name, domain, address = "exim", "exim.test", "127.0.0.3"
    user = "Debian-exim"

    def configure(self):
        program = os.environ.get("EXIM") or shutil.which("exim4", path="/usr/sbin")
        if program is None:
            self.stage.missing("exim4 is not installed, and EXIM names no unpacked one")
        try:
            pwd.getpwnam(self.user)
        except KeyError:
            self.stage.missing(f"there is no user {self.user}, which Exim insists on")
        self.program = Path(program).resolve()
        spool = self.home / "spool"
        spool.mkdir()
        for folder in (self.home, spool):
            shutil.chown(folder, self.user)
        (self.home / "users").write_text("".join(f"{user}: {user}\n" for user in self.users))
        self.configuration = self.home / "exim.conf"
        self.configuration.write_text(
            CONFIGURATION.format_map(dict(self.settings(), program=self.program))
        )

    def be_busy(self, busy):
        flag = self.home / "busy"
        if busy:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    def chunked(self):
        return len(re.findall(r" <= .* K ", self.log()))

    def command(self):
        return [self.program, "-C", self.configuration, "-bdf", "-q1s"]

    @property
    def log_file(self):
        return self.home / "mainlog"
