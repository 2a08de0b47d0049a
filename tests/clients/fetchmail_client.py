"""fetchmail: polling over IMAP and POP3, with and without keeping, and IDLE."""

import os
import re
import subprocess
import time

from kit import need, tail


def run(kit, report):
    kit.missing("fetchmail")
    home = kit.work / "fetchmail"
    home.mkdir(mode=0o700)
    box = home / "box"

    def config(protocol, port, tls, options, uidl=False):
        name, password = kit.server.users[1]
        return kit.secret_file(
            "fetchmail/rc",
            f"""set no syslog
set no bouncemail
set invisible
poll {kit.server.host} service {kit.server.ports[port]} protocol {protocol} timeout 60{" uidl" if uidl else ""}
  user "{name}" password "{password}" is root here
  {tls} sslcertck sslcertfile "{kit.server.ca}"
  {options} no rewrite mda "cat >> {box}"
""",
        )

    def poll(*args, **more):
        """One poll; returns what the delivery program was given. Status 1 means no mail."""
        box.write_bytes(b"")
        kit.sh(
            [
                "fetchmail",
                "-f",
                config(*args, **more),
                "--nodetach",
                "-v",
                "--pidfile",
                home / "pid",
            ],
            env={"FETCHMAILHOME": str(home)},
            allow=(0, 1),
        )
        return box.read_bytes()

    def check(got, raw):
        # fetchmail hands on LF line ends and may add fields of its own on top of the header or below it.
        head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        need(got.rstrip(b"\n").endswith(body.rstrip(b"\n")), f"body differs: {tail(got)}")
        missing = [x for x in re.split(rb"\n(?![ \t])", head) if x not in got]
        need(not missing, f"header lines are gone: {missing}")

    def once(protocol, port, tls, keep):
        kit.clean()
        token, raw = kit.seed("fetchmail")
        check(poll(protocol, port, tls, "keep fetchall" if keep else "nokeep fetchall"), raw)
        if keep:
            need(kit.find(token), "the message is gone")
            return "kept"
        kit.wait_gone(token)
        return "deleted"

    report.step("imaps-keep", once, "imap", "imaps", "ssl", True)
    report.step("imaps-delete", once, "imap", "imaps", "ssl", False)
    report.step("imap-starttls-keep", once, "imap", "imap", 'sslproto "TLS1.2+"', True)
    report.step("pop3s-keep", once, "pop3", "pop3s", "ssl", True)
    report.step("pop3s-delete", once, "pop3", "pop3s", "ssl", False)
    report.step("pop3-stls-keep", once, "pop3", "pop3", 'sslproto "TLS1.2+"', True)

    def uidl_remembers():
        kit.clean()
        token, raw = kit.seed("fetchmail")
        check(poll("pop3", "pop3s", "ssl", "keep", uidl=True), raw)
        need(
            poll("pop3", "pop3s", "ssl", "keep", uidl=True) == b"",
            "the second poll fetched it again",
        )
        second, raw = kit.seed("fetchmail")
        got = poll("pop3", "pop3s", "ssl", "keep", uidl=True)
        check(got, raw)
        need(token.encode() not in got, "an old message came again")
        return "the second poll fetches nothing, the third what is new"

    report.step("pop3s-uidl", uidl_remembers)

    def unseen_only():
        kit.clean()
        token, raw = kit.seed("fetchmail")
        check(poll("imap", "imaps", "ssl", "keep"), raw)
        kit.wait_flag(token, "\\Seen")
        need(poll("imap", "imaps", "ssl", "keep") == b"", "the second poll fetched it again")
        return "the second poll fetches nothing"

    report.step("imaps-unseen-only", unseen_only)

    def wrong_password():
        rc = config("imap", "imaps", "ssl", "keep")
        rc.write_text(rc.read_text().replace(kit.server.users[1][1], "wrong"))
        kit.sh(
            ["fetchmail", "-f", rc, "--nodetach", "--pidfile", home / "pid"],
            env={"FETCHMAILHOME": str(home)},
            allow=(3,),
        )
        return "authorization failed"

    report.step("imaps-wrong-password", wrong_password)

    report.step("imaps-idle", idle, kit, home, box, config)


def idle(kit, home, box, config):
    """fetchmail sits in IDLE and hands on a message within the second of its delivery."""
    kit.clean()
    box.write_bytes(b"")
    log = home / "idle.log"
    with log.open("wb") as out:
        p = subprocess.Popen(
            [
                "fetchmail",
                "-f",
                str(config("imap", "imaps", "ssl", "keep idle")),
                "--nodetach",
                "-vv",
                "--pidfile",
                str(home / "idle.pid"),
            ],
            env=dict(os.environ, FETCHMAILHOME=str(home), HOME=str(home)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        kit.until(
            lambda: (
                b"IDLE" in (text := log.read_bytes()) and b"IMAP< +" in text.rpartition(b" IDLE")[2]
            ),
            f"fetchmail is not in IDLE: {tail(log.read_bytes())}",
        )
        start = time.monotonic()
        token, raw = kit.seed("fetchmail")
        kit.until(
            lambda: token.encode() in box.read_bytes(),
            f"the message was not handed on: {tail(log.read_bytes())}",
        )
        return f"handed on {time.monotonic() - start:.1f} s after it was submitted"
    finally:
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
